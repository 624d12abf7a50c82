"""Handing out devices and cores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.agent.devices import Devices, cores, thread_limits
from sonde.errors import ConfigError


@given(
    st.integers(1, 8),
    st.sampled_from([0.1, 0.25, 0.3, 0.5, 1.0]),
    st.lists(st.booleans(), max_size=60),
)
def test_no_device_is_shared_by_more_trials_than_asked(
    count: int, share: float, steps: list[bool]
) -> None:
    devices = Devices([str(i) for i in range(count)], share)
    taken: list[tuple[str, ...]] = []
    for take in steps:
        if take:
            got = devices.take()
            assert (got is None) == (len(taken) == devices.capacity)
            if got is not None:
                taken.append(got)
        elif taken:
            devices.give_back(taken.pop(0))
        names = [name for one in taken for name in one]
        assert all(names.count(name) * share <= 1 + 1e-9 for name in names)


def test_several_devices_for_one_trial_are_different_ones() -> None:
    devices = Devices(["a", "b", "c", "d", "e"], 2)
    assert devices.capacity == 2
    first, second = devices.take(), devices.take()
    assert first is not None
    assert second is not None
    assert len({*first, *second}) == 4
    assert devices.take() is None


def test_the_least_used_device_is_taken_first() -> None:
    devices = Devices(["0", "1"], 0.5)
    assert [devices.take() for _ in range(4)] == [("0",), ("1",), ("0",), ("1",)]


def test_without_devices_every_trial_gets_none_and_there_is_no_bound() -> None:
    devices = Devices([], 0)
    assert devices.capacity is None
    assert devices.take() == ()


@pytest.mark.parametrize(
    ("names", "share", "message"),
    [
        (["0"], 1.5, ("--gpus-per-trial 1.5: this is no share of devices; "
                     "use 0.5, 0.25, 1, 2, ...")),
        (["0"], -1, ("--gpus-per-trial -1: this is no share of devices; "
                    "use 0.5, 0.25, 1, 2, ...")),
        ([], 1, "--gpus-per-trial 1: no devices are named; add for instance --gpus 0,1"),
        (["0"], 2, "--gpus-per-trial 2: there are only 1; use fewer, or add to --gpus"),
        (["0", "0"], 1, "--gpus 0,0: a device is named twice; drop one"),
    ],
)  # fmt: skip
def test_what_cannot_be_handed_out_is_refused(names: list[str], share: float, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Devices(names, share)
    assert str(refusal.value) == message


def test_thread_limits_leave_alone_what_the_user_has_set() -> None:
    limits = thread_limits(3, {"OMP_NUM_THREADS": "8"})
    assert "OMP_NUM_THREADS" not in limits
    assert limits["MKL_NUM_THREADS"] == "3"
    assert thread_limits(0, {}) == {}


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1
