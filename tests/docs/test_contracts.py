"""The import contracts of pyproject.toml name what is there."""

import tomllib
from pathlib import Path
from typing import Any

from sonde.core.search import METHODS

ROOT = Path(__file__).parents[2]
LINTER: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]
CONTRACTS = {contract["id"]: contract for contract in LINTER["contracts"]}


def test_every_search_method_is_kept_independent_of_the_others() -> None:
    modules = {f"sonde.core.search.{name}" for name in METHODS}
    assert set(CONTRACTS["methods"]["modules"]) == modules


def test_every_part_but_the_store_is_kept_from_database_drivers() -> None:
    parts = {
        f"sonde.{path.stem}"
        for path in (ROOT / "src" / "sonde").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    free = parts - {"sonde.store", "sonde.__init__", "sonde.__main__"}
    assert set(CONTRACTS["drivers"]["source_modules"]) == free


def test_every_name_that_tells_what_stands_where_is_on_the_architecture_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    layers = " ".join(CONTRACTS["layers"]["layers"]).replace("|", " ").replace(":", " ").split()
    named = {layer for layer in layers if not layer.startswith(("_", "("))}
    assert not {name for name in named if f"`{name}" not in page}
