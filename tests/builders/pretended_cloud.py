"""A cloud on this machine: moto's EC2 over HTTP, and an SSH server behind every address.

All of it lives in namespaces of its own. There every address is this machine's, so what moto
says is a machine's address leads to the SSH server, whoever asks; and what an SSH session starts
is where a machine's processes would be. So Ray's launcher, its autoscaler and ours run as they
are, against a cloud that bills nobody.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["PretendedCloud"]

_URL = "http://127.0.0.1:5999"
_KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}


class PretendedCloud:
    """It is up while this is open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.machines_home = folder / "home", folder / "machines"
        for path in (self.home / ".ssh", self.machines_home / ".ssh", folder / "ray"):
            path.mkdir(parents=True)
        self.key = self.home / ".ssh" / "mine.pem"
        for path in (self.key, folder / "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        given = f'AWS_ENDPOINT_URL="{_URL}" ' + " ".join(f'{n}="{v}"' for n, v in _KEYS.items())
        (self.machines_home / ".bashrc").touch()
        # A user of their own, by the name of ours: SSH asks for its home here, not for $HOME.
        users = Path("/etc/passwd").read_text()
        (folder / "passwd").write_text(users.replace(":/root:", f":{self.machines_home}:", 1))
        (folder / "sshd_config").write_text(
            f"HostKey {folder}/host\nAuthorizedKeysFile {self.key}.pub\nStrictModes no\n"
            f"UsePAM no\nPermitRootLogin yes\nPidFile none\nMaxStartups 100\nSetEnv {given}\n"
            "Subsystem sftp internal-sftp\n"
        )
        # Its first process is the SSH server: all ends with that.
        start = (
            "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && "
            f"mount --bind {folder}/passwd /etc/passwd && "
            f"mkdir -p /tmp/ray && mount --bind {folder}/ray /tmp/ray && "
            "mount -t tmpfs tmpfs /run && mkdir -p /run/sshd && "
            f"exec /usr/sbin/sshd -D -e -f {folder}/sshd_config"
        )
        with (folder / "sshd.log").open("w") as log:
            self._space = subprocess.Popen(
                ["unshare", "-n", "-m", "-p", "-f", "--mount-proc", "sh", "-c", start],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._inside = self._first_inside()
        with (folder / "moto.log").open("w") as log:
            self._moto = subprocess.Popen(
                [*self.there, sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "5999"],
                env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._until_up()
        self._have_roles()

    @property
    def there(self) -> list[str]:
        """What stands before a command that is to run where the cloud is."""
        return ["nsenter", "-t", str(self._inside), "-n", "-m", "-p"]

    @property
    def env(self) -> dict[str, str]:
        """The variables of a user of that cloud."""
        mine = {**_KEYS, "AWS_ENDPOINT_URL": _URL, "AWS_DEFAULT_REGION": "us-west-2",
                "HOME": str(self.home), "RAY_USAGE_STATS_ENABLED": "0"}  # fmt: skip
        return os.environ | mine

    def place(self, timeout: str) -> str:
        """Return what is written behind `--cloud`: machines that have sonde already."""
        return (
            f"ec2(python={sys.executable!r}, user='root', key={str(self.key)!r}, "
            f"timeout={timeout!r}, name='sonde-up-{timeout}')"
        )

    def command(self, folder: Path, *words: str) -> list[str]:
        """Return the words that run our Python with these words, there and in a folder."""
        return [*self.there, "env", "-C", str(folder), sys.executable, *words]

    def run(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Run our Python with these words there and in a folder, for eight minutes at most."""
        return subprocess.run(
            self.command(folder, *words), env=self.env, capture_output=True, text=True,
            timeout=480, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def python(self, text: str, *argv: str) -> str:
        """Run some Python there and return what it prints."""
        done = self.run(self.folder, "-c", text, *argv)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def instances(self) -> list[Mapping[str, Any]]:
        """Return the machines that the cloud has had, as EC2 describes them."""
        found: list[Mapping[str, Any]] = json.loads(self.python(
            "import boto3, json; print(json.dumps([i for r in boto3.client('ec2')"
            ".describe_instances()['Reservations'] for i in r['Instances']], default=str))"
        ))  # fmt: skip
        return found

    def close(self) -> None:
        """End all of it."""
        os.kill(self._inside, signal.SIGKILL)
        for process in (self._moto, self._space):
            process.wait(60)

    def _first_inside(self) -> int:
        children = Path(f"/proc/{self._space.pid}/task/{self._space.pid}/children")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = children.read_text().split()
            if found and Path(f"/proc/{found[0]}/exe").readlink().name == "sshd":
                return int(found[0])
            time.sleep(0.05)
        raise TimeoutError((self.folder / "sshd.log").read_text())

    def _have_roles(self) -> None:
        """Have what Ray would make, and wait half a minute for."""
        self.python(
            "import boto3; iam = boto3.client('iam', region_name='us-west-2')\n"
            "name = 'ray-autoscaler-v1'\n"
            "iam.create_instance_profile(InstanceProfileName=name)\n"
            "iam.create_role(RoleName=name, AssumeRolePolicyDocument='{}')\n"
            "iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)"
        )

    def _until_up(self) -> None:
        for _ in range(300):
            try:
                self.python(f"import urllib.request; urllib.request.urlopen({_URL!r}, timeout=1)")
            except AssertionError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError((self.folder / "moto.log").read_text())
