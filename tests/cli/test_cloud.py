"""`sonde cloud`, and what `sonde run` says of machines before there are any."""

import os
import pty
import subprocess
import sys

import pytest
import yaml

from cli_said import Sonde
from sonde.cli.clouds import agree
from sonde.errors import ConfigError

RUN = ["run", "--cloud=ec2", "--num-workers=4", "--hyperparam", "lr=1,2", "--metric", "loss"]


def test_a_dry_run_shows_the_machines_and_what_they_cost(cli: Sonde) -> None:
    said = cli(*RUN, "--gpus=1", "--cloud-spot", "--dry-run", "sh", "-c", "true {lr}")
    assert "machines    ec2: 4 machines of g4dn.xlarge spot at 0.526 USD an hour each" in said.out
    assert "at most 2.20 USD an hour while all are up" in said.out
    assert said.lines[-1] == "nothing was run"


def test_as_json_it_has_the_cluster_file(cli: Sonde) -> None:
    words = ["--gpus=1", "--disk=80GB", "--cloud-timeout=10m", "--dry-run", "--json"]
    shown = cli(*RUN, *words, "sh", "-c", "true {lr}").json
    assert shown["cluster"]["idle_timeout_minutes"] == 10
    assert shown["cluster"]["max_workers"] == 4
    assert len(shown["cost"]) == 4


def test_without_machines_there_is_nothing_to_tell_of(cli: Sonde) -> None:
    assert cli("cloud", "status", "--json").json == []
    assert "no machines were started from this folder" in cli("cloud", "status").err
    assert "no machines were started from this folder" in cli("cloud", "down").err


def test_a_manifest_for_kubernetes_is_printed(cli: Sonde) -> None:
    said = cli(
        "cloud", "manifest", "http://far:7733/digits", "--image", "img:1", "--agents", "2",
        "--gpus", "1", "--ram", "8GB", "--allow-command", "python train.py *",
    )  # fmt: skip
    made = yaml.safe_load(said.out)
    assert made["spec"]["parallelism"] == 2
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["command"] == [
        "sonde", "agent", "--store", "http://far:7733", "digits",
        "--allow-command", "python train.py *",
    ]  # fmt: skip


def test_nothing_that_costs_money_is_started_where_nobody_can_agree(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ConfigError, match="this costs money: 1 USD; add --yes if you agree"):
        agree(["1 USD"], "ec2")
    agree(["1 USD"], "ec2", yes=True)
    assert capsys.readouterr().err == "1 USD\n"


@pytest.mark.parametrize(("typed", "code"), [(b"n\n", 2), (b"\n", 2), (b"y\n", 0)])
def test_at_a_terminal_a_y_agrees(typed: bytes, code: int) -> None:
    program = (
        "from sonde.cli.clouds import agree\nfrom sonde.errors import ConfigError\n"
        "try: agree(['1 USD'], 'ec2')\nexcept ConfigError as e: raise SystemExit(e.exit_code)"
    )
    ours, theirs = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-c", program], stdin=theirs, stderr=theirs, stdout=theirs
    )
    os.write(ours, typed)
    assert asked.wait(100) == code
    os.close(theirs)
    os.close(ours)
