"""What others wrote and the dashboard carries: each file as it came, with its origin."""

import json
import re
from hashlib import sha256
from pathlib import Path

import sonde

WEB = Path(sonde.__file__).parent / "web"
LISTED = json.loads((WEB / "vendor" / "VENDOR.json").read_text(encoding="utf-8"))


def test_every_file_is_listed_with_its_hash_version_licence_and_origin() -> None:
    found = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in (WEB / "vendor").iterdir()
        if path.name != "VENDOR.json"
    }
    assert found == {name: about["sha256"] for name, about in LISTED.items()}
    for about in LISTED.values():
        assert about["licence"] in {"MIT", "Apache-2.0"}
        assert about["origin"].startswith("https://www.npmjs.com/package/")
        assert about["version"] in about["origin"]


def test_every_package_comes_with_the_text_of_its_licence() -> None:
    packages = {about["package"] for about in LISTED.values()}
    with_text = {about["package"] for name, about in LISTED.items() if name.startswith("LICENSE.")}
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
