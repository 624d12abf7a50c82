"""The `hp` namespace against TensorBoard's own, which runs without TensorFlow in part."""

import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams import summary_v2 as theirs

from sonde.tensorboard import hparams as ours

texts = st.text(max_size=8)
simple = st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), texts)
lists = st.one_of(
    st.lists(st.booleans()),
    st.lists(st.integers(-99, 99)),
    st.lists(st.floats(-9, 9)),
    st.lists(texts),
)
optional = st.none() | texts


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (TypeError, ValueError, IndexError) as error:
        return type(error)


def domain(hp: Any, kind: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(hp, kind)(*arguments)


@given(values=lists, dtype=st.sampled_from([None, int, float, bool, str, list]), seed=st.integers())
def test_discrete_keeps_refuses_and_draws_what_tensorboards_does(
    values: list[Any], dtype: Any, seed: int
) -> None:
    def described(hp: Any) -> Any:
        one = hp.Discrete(values, dtype)
        drawn = outcome(lambda: one.sample_uniform(random.Random(seed)))
        return one.values, one.dtype, str(one), repr(one), drawn

    assert outcome(lambda: described(ours)) == outcome(lambda: described(theirs))


@pytest.mark.parametrize("kind", ["IntInterval", "RealInterval"])
@given(
    low=st.one_of(st.none(), st.integers(-9, 9), st.floats(-9, 9), texts),
    high=st.one_of(st.none(), st.integers(-9, 9), st.floats(-9, 9), texts),
)
def test_intervals_keep_refuse_and_draw_what_tensorboards_do(
    kind: str, low: Any, high: Any
) -> None:
    def described(hp: Any) -> Any:
        one = getattr(hp, kind)(low, high)
        drawn = one.sample_uniform(random.Random(3))
        return one.min_value, one.max_value, one.dtype, str(one), repr(one), drawn

    assert outcome(lambda: described(ours)) == outcome(lambda: described(theirs))


def test_values_of_two_types_are_refused() -> None:
    with pytest.raises(TypeError, match=r"2\.0 is no int"):
        ours.Discrete([1, 2.0])
    with pytest.raises(TypeError, match=r"0 is not; write 0\.0"):
        ours.RealInterval(0, 1)
    with pytest.raises(ValueError, match=r"use Discrete\(\[\.\.\.\]\)"):
        ours.HParam("lr", [0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Metric\.TRAINING"):
        ours.Metric("loss", dataset_type=7)


@given(
    hparams=st.lists(
        st.tuples(
            texts,
            st.one_of(
                st.none(),
                st.tuples(st.just("Discrete"), st.tuples(lists.filter(bool))),
                st.tuples(st.just("IntInterval"), st.tuples(st.just(-3), st.integers(-3, 9))),
                st.tuples(st.just("RealInterval"), st.tuples(st.just(0.0), st.floats(0, 9))),
            ),
            optional,
            optional,
        ),
        max_size=4,
    ),
    metrics=st.lists(
        st.tuples(texts, optional, optional, optional, st.sampled_from([None, 1, 2])), max_size=3
    ),
    created=st.none() | st.floats(0, 2e9),
)
def test_an_experiment_is_the_message_that_tensorboard_makes(
    hparams: Any, metrics: Any, created: float | None
) -> None:
    def message(hp: Any) -> Any:
        declared = [
            hp.HParam(name, of and domain(hp, *of), shown, told)
            for name, of, shown, told in hparams
        ]
        return hp.hparams_config_pb(declared, [hp.Metric(*one) for one in metrics], created)

    assert content(message(ours), "experiment") == content(message(theirs), "experiment")


@given(
    values=st.dictionaries(texts, simple, max_size=5),
    trial_id=optional,
    started=st.floats(0, 2e9),
)
def test_a_trial_is_the_message_that_tensorboard_makes(
    values: dict[str, Any], trial_id: str | None, started: float
) -> None:
    ours_pb, theirs_pb = (hp.hparams_pb(values, trial_id, started) for hp in (ours, theirs))
    assert content(ours_pb, "session_start") == content(theirs_pb, "session_start")
    assert ours_pb.value[0].tag == theirs_pb.value[0].tag
    assert ours_pb.value[0].tensor == theirs_pb.value[0].tensor


@pytest.mark.parametrize(
    "value", [None, [1], {"a": 1}, b"bytes", np.array([1.0]), np.array("text", object), 1j]
)
def test_other_values_are_refused_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match="'lr'"):
        ours.hparams_pb({"lr": value})


@pytest.mark.parametrize("value", [np.float32(0.5), np.int64(3), np.bool_(True), np.str_("x")])
def test_numpy_scalars_are_taken_as_pythons_own(value: Any) -> None:
    mine, real = (hp.hparams_pb({"lr": value}, "t", 1.0) for hp in (ours, theirs))
    assert content(mine, "session_start") == content(real, "session_start")


def test_a_name_that_is_given_twice_and_an_id_that_is_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match="'lr' is given twice"):
        ours.hparams_pb({ours.HParam("lr"): 1, "lr": 2})
    with pytest.raises(TypeError, match="trial_id"):
        ours.hparams_pb({"lr": 1}, trial_id=7)  # type: ignore[arg-type]


def test_without_a_writer_nothing_is_written_and_that_is_said() -> None:
    assert ours.hparams({"lr": 1}) is False
    assert ours.hparams_config([], []) is False


def test_it_loads_the_standard_library_only() -> None:
    program = """
import sys
before = set(sys.modules)
import sonde.tensorboard as tf
from sonde.tensorboard import hparams as hp
hp.Metric("loss"), tf.summary.scalar
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(loaded - sys.stdlib_module_names - {"sonde"} or "nothing else")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "nothing else\n"


def test_without_tensorboard_a_message_is_bytes_that_tensorboard_reads() -> None:
    program = """
import sys
sys.modules["tensorboard"] = None
from sonde.tensorboard import hparams as hp
sys.stdout.buffer.write(hp.hparams_pb({"lr": 0.5}, "t", 1.0).SerializeToString())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    real = theirs.hparams_pb({"lr": 0.5}, "t", 1.0)
    assert content(type(real).FromString(done.stdout), "session_start") == content(
        real, "session_start"
    )


def content(summary: Any, kind: str) -> Any:
    """The message of the plugin in a summary; the order of fields does not count."""
    (value,) = summary.value
    assert value.metadata.plugin_data.plugin_name == "hparams"
    parse = {
        "experiment": metadata.parse_experiment_plugin_data,
        "session_start": metadata.parse_session_start_info_plugin_data,
        "session_end": metadata.parse_session_end_info_plugin_data,
    }[kind]
    return parse(value.metadata.plugin_data.content)
