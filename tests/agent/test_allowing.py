"""Which commands of a server's sweeps an agent runs."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sonde.agent.allowing import check_allowed
from sonde.core.space import space_of
from sonde.core.sweep import Command, Function, Sweep
from sonde.errors import ConfigError
from sonde.store.memory import MemoryStore

URL = "http://node7:7733"


def refusal(work: Command | Function, *allowed: str) -> ConfigError:
    sweep = Sweep(space=space_of({"lr": [1]}), work=work)
    record = MemoryStore().create_sweep(sweep, datetime.now(UTC))
    with pytest.raises(ConfigError) as refused:
        check_allowed(URL, record, allowed, Path("/x"))
    return refused.value


@pytest.mark.parametrize(
    ("work", "suggested"),
    [
        (Command(argv=("/usr/bin/python", "train.py", "--lr={lr}"), folder="/f"),
         "--allow-command 'python train.py *'"),
        (Command(argv=("/venv/bin/python3.11", "train.py"), folder="/f"),
         "--allow-command 'python train.py'"),
        (Command(argv=("python", "${program}", "${args}"), folder="/f", program="t.py"),
         "--allow-command 'python t.py *'"),
        (Command(argv=("./go", "{lr}"), folder="/f"), "--allow-command './go *'"),
        (Command(argv=("python", "train.py"), folder="/f"), "--allow-command 'python train.py'"),
        (Function(name="train", folder="/f"), "--allow-command 'function train'"),
    ],
)  # fmt: skip
def test_what_would_allow_it_is_a_pattern_that_can_be_read_and_that_works(
    work: Command | Function, suggested: str
) -> None:
    remedy = refusal(work, "something else").remedy
    pattern = shlex.split(remedy.partition("--allow-command ")[2])[0]
    sweep = Sweep(space=space_of({"lr": [1]}), work=work)
    record = MemoryStore().create_sweep(sweep, datetime.now(UTC))
    check_allowed(URL, record, [pattern], Path("/x"))
    assert remedy.endswith(suggested)
