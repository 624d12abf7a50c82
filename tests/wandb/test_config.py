"""The config of a run."""

from argparse import Namespace

import pytest

from sonde.errors import ConfigError
from sonde.wandb.values import Config


def config(**locked: object) -> Config:
    found = Config()
    found.lock(locked)
    return found


def test_values_are_attributes_and_items_and_a_mapping() -> None:
    found = config(lr=0.1, opt={"name": "sgd"})
    assert (found.lr, found["lr"], found.get("lr"), found.get("bs", 8)) == (0.1, 0.1, 0.1, 8)
    assert dict(found) == found.as_dict() == {"lr": 0.1, "opt": {"name": "sgd"}}
    assert "lr" in found
    assert found.opt["name"] == "sgd"


def test_what_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(AttributeError, match="no value is called 'rl'; there are lr"):
        _ = config(lr=0.1).rl
    with pytest.raises(KeyError, match="there are none"):
        _ = config()["lr"]


def test_what_the_sweep_has_chosen_cannot_be_set_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = config(lr=0.125)
    found.lr = 5
    found.update({"lr": 6, "bs": 8}, allow_val_change=True)
    assert found.as_dict() == {"lr": 0.125, "bs": 8}
    assert "config.lr is the sweep's (0.125); 5 is ignored" in capsys.readouterr().err


def test_a_nested_value_of_the_sweep_is_joined_with_what_init_was_given() -> None:
    found = Config()
    found.update({"opt": {"lr": 9, "name": "sgd", "deep": {"a": 1}}, "bs": {"x": 1}})
    found.lock({"opt": {"lr": 0.1, "deep": {"b": 2}}, "bs": 8})
    assert found.as_dict() == {
        "opt": {"lr": 0.1, "name": "sgd", "deep": {"a": 1, "b": 2}}, "bs": 8,
    }  # fmt: skip


def test_other_values_may_be_added_and_changed_only_when_that_is_said() -> None:
    found = config()
    found.update(Namespace(lr=0.1, epochs=3))
    found["bs"] = 8
    found.lr = 0.1
    with pytest.raises(ConfigError, match=r"config\.lr: it is 0.1 and would become 0.2"):
        found.lr = 0.2
    found.update({"lr": 0.2}, allow_val_change=True)
    assert found.setdefault("lr", 9) == 0.2
    found.setdefaults({"lr": 9, "seed": 1})
    assert found.as_dict() == {"lr": 0.2, "epochs": 3, "bs": 8, "seed": 1}


def test_a_config_that_may_change_takes_anything() -> None:
    found = Config(allow_val_change=True)
    found.lr = 1
    found.lr = 2
    assert found.lr == 2
