"""What somebody asked of a cloud: the options of `--cloud`, read and checked."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.core.notation.sizes import bytes_of
from sonde.core.notation.spans import seconds_of
from sonde.core.wanted import written
from sonde.errors import ConfigError
from sonde.executors.options import OptionReader

__all__ = ["CLOUDS", "CloudRequest", "request_of"]

CLOUDS = ("ec2", "gcloud")
TIMEOUT_S = 300.0
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?")
_REGION = {"ec2": "us-west-2", "gcloud": "us-central1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudRequest:
    """What machines are to be, besides what trials are to have.

    Attributes:
        cloud: `ec2` or `gcloud`.
        where: How it was written, for errors.
        is_spot: Whether workers are spot machines, which may be taken away at any time.
        bid: What a spot machine may cost an hour at most, in US dollars; None: its usual price.
        type: Of the workers; None: the cheapest that will do.
        gpu: The kind of GPU, such as `a10g`.
        disk_gb: Of each machine; None: the image's, or Ray's default where there is no image.
        image: The machine image: an AMI, or the path of an image of Google's.
        timeout_s: After how long without a driver, or of a worker without a trial, machines end.
        region, zone, project: Where; project is Google's.
        price: What a worker costs an hour, in US dollars, if not what the table says.
        key: The file of the private key for SSH, named as EC2's key pair; None: Ray makes one.
        user: Who logs in to the machines.
        setup: Lines of shell that run on every machine.
        python: One that has sonde and Ray on the machines; None: they are installed.
        name: Of the cluster; None: one is drawn.
    """

    cloud: str
    where: str
    is_spot: bool = False
    bid: float | None = None
    type: str | None = None
    gpu: str | None = None
    disk_gb: int | None = None
    image: str | None = None
    timeout_s: float = TIMEOUT_S
    region: str = ""
    zone: str | None = None
    project: str | None = None
    price: float | None = None
    key: str | None = None
    user: str = "ubuntu"
    setup: str = ""
    python: str | None = None
    name: str | None = None


def request_of(
    cloud: str, options: Mapping[str, Any], env: Mapping[str, str] | None = None
) -> CloudRequest:
    """Read the options of a place.

    Args:
        cloud: `ec2` or `gcloud`.
        options: By name; those that are None were not said.
        env: The variables of this process; region and project may stand there.

    Raises:
        ConfigErrors: With all that is wrong.
    """
    env = os.environ if env is None else env
    where = f"--cloud {written(cloud, options)}"
    reader = _Reader(where, _SHOWN)
    found = reader.read(cloud, options, _READ)
    if cloud == "ec2":
        default = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or _REGION[cloud]
        found.setdefault("region", default)
        if "project" in found:
            reader.fault("EC2 has no projects", "leave it out")
    else:
        zone = found.setdefault("zone", f"{found.get('region', _REGION[cloud])}-a")
        found.setdefault("region", zone.rpartition("-")[0])
        found.setdefault("project", env.get("GOOGLE_CLOUD_PROJECT") or None)
        if found["project"] is None and not reader.faults:
            reader.fault(
                "there is no project", "set GOOGLE_CLOUD_PROJECT, or write project='my-project-1'"
            )
        if "key" in found:
            reader.fault("on Google's machines Ray makes the key", "leave key out")
        if found.get("bid") is not None:
            reader.fault("Google has no bids", "leave bid out: a spot machine has one price")
    if found.get("bid") is not None and not found.get("is_spot"):
        reader.fault("a bid is for spot machines", "add --cloud-spot, or leave it out")
    reader.check()
    return CloudRequest(cloud=cloud, where=where, **found)


class _Reader(OptionReader):
    def name(self, key: str, value: Any) -> str:
        text = self.text(key, value)
        if text and not _NAME.fullmatch(text):
            self.fault(
                f"name={text!r} is no name of a cluster",
                "use small letters, digits and hyphens, a letter first",
            )
        return text

    def flag(self, key: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self.fault(f"{key}={value!r} is neither true nor false", f"write {key}=true")
        return bool(value)

    def dollars(self, key: str, value: Any) -> float:
        try:
            amount = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            amount = math.nan
        if not 0 <= amount < math.inf:
            self.fault(
                f"{key}={value!r} is no price", f"write US dollars an hour: {key}={_SHOWN[key]}"
            )
            return 0.0
        return amount

    def gigabytes(self, key: str, value: Any) -> int:
        try:
            size = value * 10**9 if isinstance(value, int) else bytes_of(str(value), "")
        except ConfigError:
            size = 0
        if isinstance(value, bool) or size < 10**9:
            self.fault(f"{key}={value!r} is no size of a disk", "write for instance disk='100GB'")
            return 1
        return math.ceil(size / 10**9)

    def seconds(self, key: str, value: Any) -> float:
        try:
            text = str(value) if isinstance(value, (int, float, str)) else ""
            found = 0.0 if isinstance(value, bool) else seconds_of(text, key)
        except ConfigError:
            found = 0.0
        if found < 10:
            self.fault(f"{key}={value!r} is no time of 10 s or more", "write for instance '5m'")
            return TIMEOUT_S
        return found

    def file(self, key: str, value: Any) -> str:
        path = Path(self.text(key, value)).expanduser()
        if not path.is_file():
            self.fault(f"{key}={value!r}: there is no such file", "name the file of a private key")
        return str(path)


_READ: Mapping[str, tuple[str, Any]] = {
    "spot": ("is_spot", _Reader.flag),
    "bid": ("bid", _Reader.dollars),
    "type": ("type", _Reader.text),
    "gpu": ("gpu", _Reader.text),
    "disk": ("disk_gb", _Reader.gigabytes),
    "image": ("image", _Reader.text),
    "timeout": ("timeout_s", _Reader.seconds),
    "region": ("region", _Reader.text),
    "zone": ("zone", _Reader.text),
    "project": ("project", _Reader.text),
    "price": ("price", _Reader.dollars),
    "key": ("key", _Reader.file),
    "user": ("user", _Reader.text),
    "setup": ("setup", _Reader.lines),
    "python": ("python", _Reader.text),
    "name": ("name", _Reader.name),
}
_SHOWN: Mapping[str, Any] = {
    "bid": 0.2, "type": "g5.xlarge", "gpu": "a10g", "image": "ami-0123456789abcdef0",
    "region": "eu-central-1", "zone": "us-central1-a", "project": "my-project-1", "price": 0.5,
    "key": "~/.ssh/mine.pem", "user": "ubuntu", "python": "/opt/venv/bin/python",
    "name": "digits", "setup": "setup.sh",
}  # fmt: skip
