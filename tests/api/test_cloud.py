"""Which place a program's `run(on=, cloud=)` means."""

from typing import Any

import pytest

import sonde
from sonde.api.crew import place_of
from sonde.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"on": "cloud"}, "there are several; add cloud='ec2' or 'gcloud'"),
        ({"cloud": "mars"}, "there is no such cloud; use ec2 or gcloud"),
        ({"cloud": "ec2", "on": "ray"}, "that contradicts on='ray'; leave one of them out"),
        ({"cloud": "ec2(sppot=True)"}, "ec2 has no option sppot"),
    ],
)
def test_what_is_no_cloud_is_refused(given: dict[str, Any], message: str) -> None:
    sweep = sonde.sweep(lambda x: x, {"x": [1, 2]}, minimize="value", store="memory:")
    with pytest.raises(ConfigError) as refusal:
        sweep.run(workers=2, **given)
    assert message in str(refusal.value)


def test_a_cloud_by_its_name_is_a_place_with_its_options() -> None:
    assert place_of(None, "ec2(spot=True)") == place_of("cloud", "ec2(spot=True)")
    assert place_of("cloud", "gcloud") == "gcloud"
    assert place_of("ray", None) == "ray"
    assert place_of(None, None) is None
