"""The description of the API, in OpenAPI: what FastAPI knows, and what passes it by."""

import inspect
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from sonde.server.operations import OPERATIONS
from sonde.server.shapes import REFUSALS, ProblemShape
from sonde.store.wire import MEDIA_TYPE

__all__ = ["describe"]

_TEXT = """\
A store of sweeps over HTTP. Answers are strict JSON: NaN and infinities are the strings "NaN",
"Infinity" and "-Infinity". What goes wrong is a problem (RFC 9457). Every request shows a
token (`Authorization: Bearer ...`) once the server has any; roles are viewer, agent and admin.

`/store` is for agents: MessagePack messages whose shapes are sonde.store.wire's."""


def describe(app: FastAPI, prefix: str) -> dict[str, Any]:
    """Return the description.

    Args:
        app: With its routes.
        prefix: Of the store's operations, `/api/v1/store/`.
    """
    found: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=_TEXT,
        routes=app.routes,
    )  # fmt: skip
    components = found.setdefault("components", {})
    problem = ProblemShape.model_json_schema()
    components.setdefault("schemas", {})["ProblemShape"] = problem
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}, {}]
    # Bodies are refused as problems of our own; FastAPI's shape for that is never sent.
    for path in found["paths"].values():
        for operation in path.values():
            operation["responses"]["422"] = REFUSALS[422]
            operation["responses"]["400"] = REFUSALS[422] | {"description": "That is no request"}
    for name, operation in OPERATIONS.items():
        found["paths"][prefix + name] = {"post": _operation(name, operation.work)}
    found["paths"][f"{prefix}blobs"] = {"post": _put_blob()}
    for what, text in (("blobs/{key}", "Return the bytes of a key."), ("code/{sweep}", "")):
        found["paths"][prefix + what] = {"get": _bytes(what, text or "Return a sweep's code.")}
    return found


def _operation(name: str, work: Any) -> dict[str, Any]:
    bytes_ = {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    return {
        "operationId": f"store_{name}",
        "tags": ["store"],
        "summary": inspect.getdoc(work),
        "requestBody": {"required": True} | bytes_,
        "responses": {"200": {"description": "The answer"} | bytes_} | _refusals(),
    }


def _put_blob() -> dict[str, Any]:
    media = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    key = {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]}
    answer = {"description": "Its key", "content": {"application/json": {"schema": key}}}
    return {
        "operationId": "store_put_blob",
        "tags": ["store"],
        "summary": "Keep bytes under their SHA-256.",
        "requestBody": {"required": True, "content": media},
        "responses": {"200": answer} | _refusals(),
    }


def _bytes(what: str, text: str) -> dict[str, Any]:
    kind, _, name = what.partition("/")
    media = "application/gzip" if kind == "code" else "application/octet-stream"
    name = name.strip("{}")
    parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    return {
        "operationId": f"store_get_{kind}",
        "tags": ["store"],
        "summary": text,
        "parameters": [parameter],
        "responses": {"200": {"description": "The bytes", "content": content}} | _refusals(),
    }


def _refusals() -> dict[str, Any]:
    return {str(code): refusal for code, refusal in REFUSALS.items()}
