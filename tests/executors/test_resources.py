"""What each trial is to have: read from text and numbers, and counted on machines."""

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.agent.devices import cores
from sonde.errors import ConfigError, ConfigErrors
from sonde.executors.local import LocalExecutor
from sonde.executors.places import executor
from sonde.executors.resources import Machine, Resources, resources_of, room_in

tenths = st.integers(1, 40)


def test_text_of_the_command_line_and_numbers_of_a_program_mean_the_same() -> None:
    written = resources_of("2", "0.5", "1.5GB", ["a100=1", "licence = 0.25"])
    assert written == resources_of(2, 0.5, 1_500_000_000, {"a100": 1, "licence": 0.25})
    assert written.told() == "2 cpus, 0.5 gpus, 1.5 GB memory, 1 a100, 0.25 licence"


def test_what_was_not_said_is_told_from_none() -> None:
    assert resources_of().cpus is None
    assert resources_of("0").cpus == 0
    assert not resources_of("0").is_asking


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cpus": "two"}, "--cpus-per-trial two: that is no number, or below 0; write 1, 2, ... "),
        ({"cpus": -1}, "--cpus-per-trial -1: that is no number"),
        ({"cpus": True}, "--cpus-per-trial True: that is no number"),
        ({"gpus": 1.5}, "--gpus-per-trial 1.5: this is no share of devices; use 0.5"),
        ({"gpus": "nan"}, "--gpus-per-trial nan: that is no number"),
        ({"memory": "lots"}, "--mem-per-trial lots: that is no size; write such as 500MB or 2GB"),
        ({"others": ["a100"]}, "--resource a100: that is no NAME=AMOUNT; write for instance"),
        ({"others": ["=1"]}, "--resource =1: that is no NAME=AMOUNT"),
        ({"others": ["a100=few"]}, "--resource a100=few: that is no number"),
    ],
)
def test_what_is_no_amount_is_refused_by_its_flag(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        resources_of(**asked)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigErrors) as refusal:
        resources_of("x", "y", "z", ["w"])
    assert len(refusal.value.faults) == 4


@given(tenths, st.integers(1, 400))
def test_as_many_trials_fit_as_their_cores_add_up_to(each: int, have: int) -> None:
    machine = Machine(name="m", cpus=have / 10)
    assert machine.room(Resources(cpus=each / 10)) == Fraction(have, 10) // Fraction(each, 10)


@pytest.mark.parametrize(
    ("devices", "each", "room"), [(1, 0.3, 3), (2, 0.3, 6), (2, 0.25, 8), (3, 2, 1), (4, 2, 2)]
)
def test_no_trial_is_split_over_two_devices(devices: int, each: float, room: int) -> None:
    assert Machine(name="m", gpus=devices).room(Resources(gpus=each)) == room


@given(st.lists(st.integers(0, 9), max_size=4), st.integers(0, 9))
def test_another_machine_never_means_less_room(amounts: list[int], more: int) -> None:
    def room(of: list[int]) -> int:
        machines = [Machine(name=str(n), cpus=n) for n in of]
        try:
            return room_in(machines, Resources(cpus=3), "--on x", "") or 0
        except ConfigError:
            return 0

    assert room([*amounts, more]) == room(amounts) + more // 3


def test_what_no_machine_has_is_refused_with_what_there_is() -> None:
    machines = [Machine(name="node a", cpus=4, gpus=0), Machine(name="node b", cpus=8, gpus=1)]
    with pytest.raises(ConfigError) as refusal:
        room_in(machines, Resources(cpus=4, gpus=2), "--on ray", "ask for less")
    assert str(refusal.value) == (
        "--on ray: no machine there can run a trial: each is to have 4 cpus, 2 gpus, and node a "
        "has 4 cpus, 0 gpus; node b has 8 cpus, 1 gpus; ask for less"
    )


def test_what_nobody_counts_bounds_nothing() -> None:
    assert LocalExecutor().room(Resources(gpus=0.5)) is None
    assert Machine(name="m").room(Resources(cpus=3, memory=10**15)) is None


def test_this_machine_has_its_cores_and_its_memory() -> None:
    place = LocalExecutor()
    assert place.room(Resources(cpus=1)) == cores()
    assert place.room(Resources(cpus=0.5, memory=1)) == 2 * cores()
    with pytest.raises(ConfigError, match=r"--on local: .*1e\+03 TB memory.*this machine has"):
        place.room(Resources(memory=10**15))


def test_custom_resources_of_this_machine_are_said_with_the_place() -> None:
    assert executor("local(licence=2)").room(Resources(others={"licence": 0.5})) == 4
    with pytest.raises(ConfigError, match=r'say how much there is: --on "local\(licence=2\)"'):
        executor("local").room(Resources(others={"licence": 1}))
