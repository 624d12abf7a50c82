"""Plugins are found by name, loaded when asked for, and named where they are at fault."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugin_packages import pretend
from sonde.errors import ConfigError
from sonde.executors.places import executor
from sonde.plugins import found
from sonde.plugins.methods import method
from sonde.plugins.rules import rule
from sonde.store import open_store

METHOD = """
from sonde.core.search.random import Random
class Mine(Random):
    name = "mine"
    def __init__(self, *, rate=1):
        self.rate = rate
"""

RULE = """
class Rule:
    name = "patience"
    def __init__(self, *, steps=3):
        self.steps = steps
    def start(self): ...
    def hear(self, state, heard): ...
    def judge(self, state, number): ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, in which distributions may be installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_method_of_another_distribution_goes_by_its_name(folder: Path) -> None:
    pretend(folder, "sonde-mine", "[sonde.methods]\nmine = sonde_mine:Mine\n", METHOD)
    assert method("mine").name == "mine"
    made: Any = method("mine(rate=3)")
    assert vars(made.inner) == {"rate": 3}
    with pytest.raises(ConfigError, match="mine has no option rat; it has rate"):
        method("mine(rat=3)")


def test_the_names_of_plugins_are_offered_where_one_is_mistyped(folder: Path) -> None:
    pretend(folder, "sonde-mine", "[sonde.methods]\nzigzag = sonde_mine:Mine\n", METHOD)
    with pytest.raises(ConfigError, match=r"did you mean zigzag\?"):
        method("zigzga")
    with pytest.raises(ConfigError, match=r"use auto, grid, .*, optuna, zigzag$"):
        method("nothing-like-it")


def test_a_name_of_ours_stays_ours(folder: Path) -> None:
    points = "[sonde.methods]\ntpe = sonde_other:Mine\noptuna = sonde_other:Mine\n"
    pretend(folder, "sonde-other", points, METHOD)
    assert type(method("tpe")).__module__ == "sonde.core.search.tpe"
    assert method("optuna:RandomSampler").name == "optuna:RandomSampler"


def test_a_stopping_rule_goes_by_its_name_too(folder: Path) -> None:
    pretend(folder, "sonde-rule", "[sonde.rules]\npatience = sonde_rule:Rule\n", RULE)
    assert vars(rule("patience(steps=4)")) == {"steps": 4}
    with pytest.raises(ConfigError, match="patience has no option step; it has steps"):
        rule("patience(step=4)")
    with pytest.raises(ConfigError, match=r"stop patienc: .* did you mean patience\?"):
        rule("patienc")
    pretend(folder, "sonde-half", "[sonde.rules]\nhalf = sonde_half:Half\n", "class Half: ...\n")
    with pytest.raises(ConfigError, match=r"is no stopping rule: it has no start; see sonde\.core"):
        rule("half")


def test_a_place_goes_by_its_name_and_what_it_lacks_is_named(folder: Path) -> None:
    code = (
        "from sonde.executors.local import LocalExecutor\n"
        "class Mine(LocalExecutor):\n"
        "    def __init__(self, *, queue='short'):\n"
        "        super().__init__()\n"
        "        self.queue = queue\n"
        "class Half: ...\n"
    )
    points = "[sonde.executors]\ncluster = sonde_place:Mine\nhalf = sonde_place:Half\n"
    pretend(folder, "sonde-place", f"{points}local = sonde_place:Half\n", code)
    assert vars(executor("cluster(queue='long')"))["queue"] == "long"
    assert type(executor("local")).__module__ == "sonde.executors.local"
    with pytest.raises(ConfigError, match=r"--on cluster\(q=1\): cluster has no option q; it has"):
        executor("cluster(q=1)")
    with pytest.raises(ConfigError, match=r"--on half: .* is no executor: it has no start"):
        executor("half")
    with pytest.raises(ConfigError, match=r"--cloud clustr: .* did you mean cluster\?"):
        executor("clustr", flag="--cloud")


def test_two_distributions_with_one_name_are_both_named(folder: Path) -> None:
    for name in ("sonde-one", "sonde-two"):
        pretend(folder, name, f"[sonde.methods]\nmine = {name.replace('-', '_')}:Mine\n", METHOD)
    with pytest.raises(ConfigError) as refusal:
        method("mine")
    assert str(refusal.value) == (
        "method mine: sonde-one 1.2 and sonde-two 1.2 both have a mine; uninstall one of them"
    )


def test_a_plugin_that_fails_to_import_says_whose_it_is_and_why(folder: Path) -> None:
    pretend(folder, "sonde-bad", "[sonde.methods]\nbad = sonde_bad:Mine\n", "import not_there_xyz")
    with pytest.raises(ConfigError) as refusal:
        method("bad")
    assert str(refusal.value) == (
        "method bad: sonde-bad 1.2 gives it (sonde_bad:Mine), which fails to import: "
        "ModuleNotFoundError: No module named 'not_there_xyz'; repair or uninstall sonde-bad"
    )


def test_what_is_no_method_is_refused(folder: Path) -> None:
    pretend(folder, "sonde-odd", "[sonde.methods]\nodd = sonde_odd:Odd\n", "class Odd: pass")
    with pytest.raises(ConfigError, match="no search method: it has no start"):
        method("odd")


def test_a_store_of_another_distribution_goes_by_its_scheme(folder: Path) -> None:
    code = (
        "from sonde.store.memory import MemoryStore\n"
        "class Mine(MemoryStore):\n"
        "    def __init__(self, url):\n"
        "        super().__init__()\n"
        "        self.place = url\n"
    )
    pretend(folder, "sonde-shelf", "[sonde.stores]\nshelf = sonde_shelf:Mine\n", code)
    store = open_store("shelf://here/there")
    assert vars(store)["place"] == "shelf://here/there"
    store.close()
    with pytest.raises(ConfigError, match="no kind of store that is known"):
        open_store("shelve://here")


@pytest.mark.parametrize(
    "code",
    [
        "import sonde.cli.group",
        "from sonde.plugins.methods import method; method('random'); method('tpe()')",
        "from sonde.plugins.rules import rule; rule('asha'); rule('median()')",
        "from sonde.store import open_store; open_store('memory:')",
        "from sonde.executors.places import executor; executor('local')",
    ],
)
def test_nothing_is_looked_for_while_our_own_names_suffice(code: str) -> None:
    watch = (
        "import sys, importlib.metadata as m\n"
        "def refuse(**_): raise AssertionError('looked')\n"
        "m.entry_points = refuse\n"
    )
    tail = "\nassert 'optuna' not in sys.modules and 'sonde.optuna' not in sys.modules"
    subprocess.run([sys.executable, "-c", watch + code + tail], check=True)


def test_the_doctor_lists_plugins_and_those_that_can_never_be_used(folder: Path) -> None:
    from sonde.cli.checks import checks

    points = "[sonde.methods]\nmine = sonde_mine:Mine\ntpe = sonde_mine:Mine\n"
    points += "[sonde.rules]\npatience = sonde_mine:Rule\nasha = sonde_mine:Rule\n"
    points += "[sonde.executors]\nmodest = sonde_mine:Modest\nlocal = sonde_mine:Modest\n"
    pretend(folder, "sonde-mine", points, "raise RuntimeError('it is not imported')")
    said = {check.name: check for check in checks("memory:")}
    assert said["method mine"].found == "of sonde-mine 1.2"
    assert said["method tpe"].found == "sonde has one of that name, which is the one that is used"
    assert said["rule patience"].found == "of sonde-mine 1.2"
    assert said["rule asha"].found == "sonde has one of that name, which is the one that is used"
    assert said["executor modest"].found == "of sonde-mine 1.2"
    assert said["executor local"].found.startswith("sonde has one of that name")
    assert [p.name for p in found.plugins(found.METHODS) if p.is_ours] == ["optuna"]
