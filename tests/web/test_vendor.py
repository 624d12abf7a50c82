"""What others wrote and the dashboard carries: each file as it came, with its origin."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

import sonde

WEB = Path(sonde.__file__).parent / "web"
FOLDERS = [WEB / "vendor", Path(__file__).parent / "vendor"]


def listed(folder: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((folder / "VENDOR.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=["served", "tested"])
def test_every_file_is_listed_with_its_hash_version_licence_and_origin(folder: Path) -> None:
    found = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "VENDOR.json"
    }
    about = listed(folder)
    assert found == {name: one["sha256"] for name, one in about.items()}
    for one in about.values():
        assert one["licence"] in {"MIT", "Apache-2.0", "MPL-2.0"}
        assert one["origin"].startswith("https://github.com/")
        assert one["package"]
        assert one["version"]


@pytest.mark.parametrize("folder", FOLDERS, ids=["served", "tested"])
def test_every_package_comes_with_the_text_of_its_licence(folder: Path) -> None:
    about = listed(folder)
    packages = {one["package"] for one in about.values()}
    with_text = {one["package"] for name, one in about.items() if name.startswith("LICENSE.")}
    assert packages == with_text


def test_no_module_imports_by_name_or_from_elsewhere() -> None:
    for path in WEB.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"\b(?:from|import\(?)\s*[\"']([^\"'\s]+)[\"']", text):
            assert target.startswith(("./", "../")), (path.name, target)
            assert (path.parent / target).is_file(), (path.name, target)


def test_no_page_puts_text_in_as_markup() -> None:
    # What a sweep is called must never become a script.
    for path in WEB.rglob("*.js"):
        if path.parent.name != "vendor":
            assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write", path.read_text())
