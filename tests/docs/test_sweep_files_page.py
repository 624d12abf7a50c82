"""docs/sweep-files.md has every key, distribution and macro, and its examples are sweeps."""

import re
from pathlib import Path

import pytest

from sonde.core.distributions.schema import KINDS
from sonde.core.notation.yaml_text import read_yaml
from sonde.core.wandb import read_sweep
from sonde.core.wandb.definition import KEYS
from sonde.core.wandb.macros import MACROS

PAGE = (Path(__file__).parents[2] / "docs" / "sweep-files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_every_key_distribution_and_macro_is_on_the_page() -> None:
    assert not [key for key in KEYS if not re.search(rf"`{key}\b", PAGE)]
    assert not [kind for kind in KINDS if f"`{kind}`" not in PAGE]
    assert not [macro for macro in MACROS if f"`${{{macro}}}`" not in PAGE]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_on_the_page_is_a_sweep(text: str) -> None:
    whole = text if "method:" in text else f"method: random\n{text}"
    assert read_sweep(read_yaml(whole, "page.yaml")).sweep.space.parameters
