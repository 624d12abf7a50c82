"""The manifest of agents on Kubernetes, held against its own schemas."""

import kubernetes_validate
import pytest

from sonde.executors.cloud.kubernetes import job
from sonde.executors.resources import Resources

URL = "http://store.example:7733"


@pytest.mark.parametrize("version", ["1.31", "1.34"])
@pytest.mark.parametrize(
    "each",
    [Resources(), Resources(cpus=0.5, gpus=2, memory=8 * 10**9, others={"example.com/fpga": 1})],
)
def test_kubernetes_takes_it(version: str, each: Resources) -> None:
    made = job(URL, "Ada's digits", image="img:1", agents=4, each=each, allow=["python *"])
    kubernetes_validate.validate(made, version, strict=True)
    assert made["metadata"]["name"] == "sonde-ada-s-digits"


def test_its_schema_would_have_found_a_slip() -> None:
    made = job(URL, "x", image="img:1")
    made["spec"]["paralelism"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(made, "1.34", strict=True)
