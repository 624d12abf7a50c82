"""Every name that `import sonde` shows is documented."""

import re
from pathlib import Path

import pytest

import sonde

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
ERRORS = (ROOT / "src" / "sonde" / "errors.py").read_text(encoding="utf-8").split('"""')[1]


@pytest.mark.parametrize("name", [name for name in sonde.__all__ if name != "__version__"])
def test_every_public_name_stands_in_the_documentation(name: str) -> None:
    stands = re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`|\bsonde\.{name}\b", PAGES)
    assert stands or re.search(rf"\b{name}\b", ERRORS)


@pytest.mark.parametrize("name", sonde.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(sonde, name) is not None
