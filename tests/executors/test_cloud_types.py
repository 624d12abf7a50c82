"""Which machines are chosen, and what they come to."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.errors import ConfigError
from sonde.executors.cloud.cost import Span, bill_of, dollars, spent
from sonde.executors.cloud.request import request_of
from sonde.executors.cloud.types import HEAD, TYPES, choose
from sonde.executors.resources import Resources

amounts = st.builds(
    Resources,
    cpus=st.none() | st.sampled_from([0.5, 1.0, 2.0, 3.0, 16.0]),
    gpus=st.sampled_from([0, 0.25, 0.5, 1, 2]),
    memory=st.sampled_from([0, 10**9, 30 * 10**9]),
)
clouds = st.sampled_from(["ec2", "gcloud"])


@given(clouds, amounts, st.integers(1, 40))
def test_the_machines_have_room_for_all_trials_and_none_is_idle(
    cloud: str, each: Resources, workers: int
) -> None:
    found = choose(cloud, each, workers, where="--cloud")
    counted = Resources(cpus=each.cpus or 1, gpus=each.gpus, memory=each.memory)
    assert found.type.machine.room(counted) == found.per
    assert found.machines == math.ceil(workers / found.per)
    assert bool(found.type.gpus) == bool(each.gpus)


@given(clouds, amounts, st.integers(1, 40))
def test_no_other_type_with_a_price_would_cost_less(
    cloud: str, each: Resources, workers: int
) -> None:
    found = choose(cloud, each, workers, where="--cloud")
    if found.type.price is None:
        return
    for one in TYPES:
        if one.cloud != cloud or one.price is None or bool(one.gpus) != bool(each.gpus):
            continue
        other = choose(cloud, each, workers, where="--cloud") if one is found.type else None
        per = one.machine.room(Resources(cpus=each.cpus or 1, gpus=each.gpus, memory=each.memory))
        if per and other is None:
            theirs = one.price * math.ceil(workers / per)
            assert found.type.price * found.machines <= theirs + 1e-9


def test_names_are_unique_and_the_heads_have_prices() -> None:
    names = [(one.cloud, one.name) for one in TYPES]
    assert len(set(names)) == len(names)
    prices = {(one.cloud, one.name): one.price for one in TYPES}
    assert all(prices[cloud, name] for cloud, name in HEAD.items())


def test_it_says_what_was_chosen_and_why() -> None:
    found = choose("ec2", Resources(gpus=0.5), 4, where="--cloud ec2")
    assert found.type.told() == "g4dn.xlarge (4 cpus, 16 GiB, 1 t4)"
    assert found.machines == 2
    assert found.why.endswith("for 1 cpus, 0.5 gpus a trial; each runs 2 trials at once")
    named = choose("ec2", Resources(cpus=1), 8, where="--cloud ec2", name="c6i.4xlarge")
    assert (named.per, named.machines) == (16, 1)
    assert choose("ec2", Resources(gpus=1), 1, where="", gpu="A10G").type.name == "g5.xlarge"


@pytest.mark.parametrize(
    ("each", "options", "message"),
    [
        (Resources(cpus=500), {}, "each is to have 500 cpus, and the largest that sonde knows is"),
        (Resources(gpus=16), {}, "the largest that sonde knows is p5.48xlarge"),
        (Resources(), {"name": "t2.nano"}, "sonde knows no machine type t2.nano; there are c6i."),
        (Resources(gpus=1), {"gpu": "tpu"}, "no machine has GPUs tpu; there are t4, a10g"),
        (Resources(), {"gpu": "t4"}, "gpu='t4' without a GPU for each trial; add --gpus 1"),
        (Resources(others={"disk": 1}), {}, "cores, memory and GPUs only; leave it out"),
    ],
)
def test_what_no_machine_has_is_refused(
    each: Resources, options: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        choose("ec2", each, 1, where="--cloud ec2", **options)
    assert message in str(refusal.value)


def test_the_cost_is_that_of_all_machines_and_an_unknown_price_is_said_to_be_one() -> None:
    request = request_of("ec2", {"region": "us-west-2"})
    bill = bill_of(request, choose("ec2", Resources(cpus=2), 4, where=""))
    assert bill.hourly == pytest.approx(4 * 0.085 + 0.096)
    assert "0.436 USD an hour while all are up" in bill.lines(300)[2]
    huge = bill_of(request, choose("ec2", Resources(gpus=8), 1, where="", name="p5.48xlarge"))
    assert huge.hourly is None
    assert "unknown: --cloud-price" in huge.lines(300)[2]
    said = bill_of(
        request_of("ec2", {"price": 55.04}),
        choose("ec2", Resources(gpus=8), 1, where="", name="p5.48xlarge"),
    )
    assert said.hourly == pytest.approx(55.04 + 0.096)


def test_another_region_is_said_to_have_other_prices() -> None:
    request = request_of("ec2", {"region": "eu-central-1", "spot": True})
    bill = bill_of(request, choose("ec2", Resources(), 1, where=""))
    line = bill.lines(300)[2]
    assert "at most" in line
    assert "eu-central-1 has others" in line


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10**6)), max_size=9))
def test_what_was_spent_is_hours_times_price(spans: list[tuple[bool, int]]) -> None:
    bill = bill_of(request_of("ec2", {}), choose("ec2", Resources(cpus=2), 4, where=""))
    began = datetime(2026, 1, 1, tzinfo=UTC)
    times = [
        Span(is_head=is_head, since=began, until=began + timedelta(seconds=seconds))
        for is_head, seconds in spans
    ]
    want = sum((0.096 if is_head else 0.085) * s / 3600 for is_head, s in spans)
    assert spent(bill, times) == pytest.approx(want)


def test_amounts_are_written_for_people() -> None:
    assert [dollars(a) for a in (0.085, 12.3, None)] == [
        "0.085 USD", "12.30 USD", "an unknown price",
    ]  # fmt: skip
