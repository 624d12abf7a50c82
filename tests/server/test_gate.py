"""Which requests come in: none for foreign names, no writes from other sites."""

import httpx
import pytest


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7733", "", "[::1", "127.0.0.1.evil"]
)
def test_a_foreign_host_is_refused_even_for_reading(client: httpx.Client, host: str) -> None:
    answer = client.get("/api/v1/sweeps", headers={"host": host})
    assert (answer.status_code, answer.json()["type"]) == (421, "ForeignHost")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1234", "[::1]:80"])
def test_every_name_of_this_machine_is_ours(client: httpx.Client, host: str) -> None:
    assert client.get("/api/v1/sweeps", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},  # another port is another site
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_pages_of_other_sites_may_not_write(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/api/v1/sweeps", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "ForeignOrigin")


def test_our_own_pages_and_programs_may(client: httpx.Client) -> None:
    own = {"origin": str(client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    for headers in (own, {}):
        assert client.post("/api/v1/nothing", headers=headers).status_code == 404
