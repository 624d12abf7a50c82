"""Every public name of the installed Optuna is there, or is said to be absent and why."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna as real
import pytest

import sonde.optuna as ours
from sonde.optuna.doors import ABSENT
from sonde.store.memory import MemoryStore

MODULES = [
    "distributions", "exceptions", "importance", "logging", "pruners", "samplers", "storages",
    "study", "trial", "visualization",
]  # fmt: skip
ITEMS: dict[str, tuple[type, Callable[[], Any]]] = {
    "Study": (real.Study, lambda: ours.create_study(storage=MemoryStore())),
    "Trial": (real.trial.Trial, lambda: ours.create_study(storage=MemoryStore()).ask()),
    "FrozenTrial": (real.trial.FrozenTrial, lambda: ours.create_trial(value=1.0)),
    "FixedTrial": (real.trial.FixedTrial, lambda: ours.trial.FixedTrial({})),
}
DOCS = Path(__file__).parents[2] / "docs" / "optuna.md"


def public(module: ModuleType) -> list[str]:
    """Return the names that a module offers, or for one that does not say: those made there."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return [name for name in listed if not name.startswith("_")]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def names() -> list[str]:
    found = [name for name in public(real) if name != "__version__"]
    for module in MODULES:
        theirs = import_module(f"optuna.{module}")
        found += [f"{module}.{name}" for name in public(theirs)]
    return sorted(found)


@pytest.mark.parametrize("path", names())
def test_a_public_name_of_optuna_is_there_or_said_to_be_absent_with_what_to_use(path: str) -> None:
    module, _, name = path.rpartition(".")
    place = getattr(ours, module) if module else ours
    if path in ABSENT:
        with pytest.raises(AttributeError) as told:
            getattr(place, name)
        assert str(told.value).endswith(f"has no {name}: {ABSENT[path]}")
    else:
        assert getattr(place, name) is not None


def test_nothing_is_said_to_be_absent_that_optuna_has_not() -> None:
    without_a_list = {f"distributions.{name}" for name in dir(real.distributions)}
    assert ABSENT.keys() <= {*names(), *without_a_list}


@pytest.mark.parametrize("kind", ITEMS)
def test_studies_and_trials_have_all_that_those_of_optuna_have(kind: str) -> None:
    theirs, make = ITEMS[kind]
    offered = [name for name in dir(theirs) if not name.startswith("_")]
    item = make()
    if kind == "Study":  # what reads a result has one
        item.add_trial(ours.create_trial(value=1.0))
    assert [name for name in offered if not hasattr(item, name)] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_can_be_imported_by_itself_and_takes_its_names_along(name: str) -> None:
    scope: dict[str, object] = {}
    listed = [each for each in public(import_module(f"optuna.{name}"))
              if f"{name}.{each}" not in ABSENT]  # fmt: skip
    exec(f"from sonde.optuna.{name} import {', '.join(listed)}", scope)
    assert set(listed) <= set(scope)


def test_what_optuna_has_not_either_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Tri'"):
        _ = ours.trial.Tri
    with pytest.raises(AttributeError, match="no attribute 'creat_study'"):
        _ = ours.creat_study


def test_the_page_names_what_is_absent() -> None:
    page = DOCS.read_text("utf-8")
    assert [path for path in ABSENT if path.rpartition(".")[2] not in page] == []
