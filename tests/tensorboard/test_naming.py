import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.tensorboard.naming import matches, names_of

names = st.text("abc_/", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("tag", "run", "best"),
    [
        ("val_loss", "", "val_loss"),
        ("loss", "tb", "loss"),
        ("epoch_loss", "validation", "val_loss"),
        ("epoch_val_loss", "validation", "val_loss"),
        ("epoch_loss", "logs/fit/validation", "val_loss"),
        ("epoch_loss", "train", "loss"),
        ("epoch_loss", "logs/Train", "loss"),
        ("loss", "validation", "val_loss"),
        ("loss", "test", "test_loss"),
        ("epoch_accuracy", "tb", "epoch_accuracy"),
        ("evaluation_loss_vs_iterations", "train", "evaluation_loss_vs_iterations"),
    ],
)
def test_a_scalar_has_the_name_that_people_use(tag: str, run: str, best: str) -> None:
    assert names_of(tag, run)[0] == best


@pytest.mark.parametrize(
    ("tag", "run", "wanted"),
    [
        ("epoch_loss", "validation", "epoch_loss"),
        ("epoch_loss", "validation", "validation/epoch_loss"),
        ("epoch_loss", "tb/validation", "validation/epoch_loss"),
        ("epoch_loss", "tb/validation", "tb/validation/epoch_loss"),
        ("epoch_loss", "validation", "epoch_val_loss"),
        ("loss", "runs/a", "runs/a/loss"),
        ("loss", "runs/a", "a/loss"),
    ],
)
def test_a_scalar_is_found_by_its_tag_and_with_its_directories(
    tag: str, run: str, wanted: str
) -> None:
    assert matches(tag, run, wanted)


@pytest.mark.parametrize(
    ("tag", "run", "wanted"),
    [
        ("epoch_loss", "train", "val_loss"),
        ("epoch_loss", "", "loss"),
        ("val_loss", "", "loss"),
        ("loss", "", "los"),
        ("loss", "runs/a", "runs/loss"),
    ],
)
def test_a_scalar_is_not_found_by_another_name(tag: str, run: str, wanted: str) -> None:
    assert not matches(tag, run, wanted)


def test_of_kerass_two_runs_the_better_name_tells_which_is_meant() -> None:
    train, validation = names_of("epoch_loss", "train"), names_of("epoch_loss", "validation")
    assert train.index("loss") == 0 == validation.index("val_loss")
    assert "loss" not in validation
    assert "val_loss" not in train


@given(names, st.sampled_from(["", "tb", "train", "validation", "a/test"]))
def test_every_scalar_has_its_own_tag_among_its_names_each_once(tag: str, run: str) -> None:
    found = names_of(tag, run)
    assert tag in found
    assert len(set(found)) == len(found)
