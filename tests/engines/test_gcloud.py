"""What Google's cloud would be sent, as Ray writes it: nothing of Google's is reached."""

import json
from typing import Any

from googleapiclient import discovery
from googleapiclient.http import HttpMockSequence
from ray.autoscaler._private.gcp.node import GCPCompute

from sonde.executors.places import executor
from sonde.executors.resources import Resources


class Recording(HttpMockSequence):  # type: ignore[misc]
    """Answers that it was done, and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__([({"status": "200"}, '{"name": "op", "status": "DONE"}')])


def test_each_request_is_one_that_google_s_own_description_knows() -> None:
    place: Any = executor("gcloud(project='p-1', spot=True, disk='80GB', zone='europe-west4-b')")
    place.bill(Resources(cpus=4), 2)
    types = place.preview()["available_node_types"]
    head, worker = (_sent(types[name]["node_config"]) for name in ("head", "worker"))
    at = "projects/p-1/zones/europe-west4-b/machineTypes"
    assert head["machineType"].endswith("e2-standard-2")
    assert worker["machineType"].endswith("e2-standard-4")
    assert at in worker["machineType"] or worker["machineType"].startswith("zones/europe-west4-b")
    assert "scheduling" not in head
    assert worker["scheduling"]["provisioningModel"] == "SPOT"
    assert worker["scheduling"]["instanceTerminationAction"] == "DELETE"
    assert worker["disks"][0]["initializeParams"]["diskSizeGb"] == 80


def test_a_machine_with_gpus_is_one_that_google_may_not_move() -> None:
    place: Any = executor("gcloud(project='p-1', image='projects/p/global/images/family/f')")
    place.bill(Resources(gpus=1), 1)
    worker = _sent(place.preview()["available_node_types"]["worker"]["node_config"])
    assert worker["machineType"].endswith("g2-standard-4")
    assert worker["scheduling"] == {"onHostMaintenance": "TERMINATE", "automaticRestart": False}


def _sent(node: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the request for a machine, in which every key is one of Google's."""
    http = Recording()
    service = discovery.build("compute", "v1", http=http, static_discovery=True)
    compute = GCPCompute(service, "p-1", "europe-west4-b", "sonde-x")
    compute.get_new_authorized_http = lambda http: http
    labels = {"ray-node-name": "ray-sonde-x-worker", "ray-node-type": "worker"}
    compute.create_instance(node, labels, wait_for_operation=False)
    ((uri, method, body, _),) = http.request_sequence
    assert method == "POST"
    assert "/projects/p-1/zones/europe-west4-b/instances" in uri
    found: dict[str, Any] = json.loads(body)
    schemas = service._rootDesc["schemas"]
    _check(found, schemas["Instance"], schemas, "Instance")
    return found


def _check(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str) -> None:
    """Hold a value against Google's description: keys that are there, and the words of a choice."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    if isinstance(value, dict):
        for key, inner in value.items():
            known = schema.get("properties", {})
            each = schema.get("additionalProperties")
            assert key in known or each is not None, f"{at} has no {key}"
            _check(inner, known.get(key, each), schemas, f"{at}.{key}")
    elif isinstance(value, list):
        assert schema["type"] == "array", at
        for inner in value:
            _check(inner, schema["items"], schemas, at)
    elif "enum" in schema:
        assert value in schema["enum"], f"{at}: {value}"
