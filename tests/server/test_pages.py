"""The dashboard's files: nothing but them, and under a policy that lets no foreign script in."""

import httpx
import pytest

from sonde.web import WEB


def test_the_page_allows_scripts_from_here_only(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in answer.text


def test_a_file_that_is_known_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/web/app.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = client.get("/web/app.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_is_the_same_compressed_or_not(client: httpx.Client) -> None:
    plain = client.get("/web/app.js", headers={"accept-encoding": "identity"})
    small = client.get("/web/app.js", headers={"accept-encoding": "gzip"})
    assert "gzip" not in plain.headers["content-encoding"]
    assert small.headers["content-encoding"] == "gzip"
    assert plain.content == small.content == (WEB / "app.js").read_bytes()
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"]) / 2


@pytest.mark.parametrize(
    "path", ["../server/app.py", "%2e%2e/server/app.py", "..%2fserver/app.py", "/etc/passwd", ""]
)
def test_nothing_beside_the_folder_is_served(client: httpx.Client, path: str) -> None:
    assert client.get(f"/web/{path}").status_code == 404
