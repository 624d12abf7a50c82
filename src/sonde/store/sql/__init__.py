"""The SQL of the SQLite store: named queries, the schema, and numbered migrations."""

from pathlib import Path

__all__ = ["APPLICATION_ID", "load_migrations", "load_queries", "load_schema"]

APPLICATION_ID = 0x736F6E64  # "sond", in the header of every SQLite file of ours

_HERE = Path(__file__).parent


def load_queries() -> dict[str, str]:
    """Return the queries of queries.sql by name, without their comments."""
    queries: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (_HERE / "queries.sql").read_text("utf-8").splitlines():
        if line.startswith("-- name: "):
            lines = queries[line.removeprefix("-- name: ").strip()] = []
        elif not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(text).strip().rstrip(";") for name, text in queries.items()}


def load_schema() -> str:
    """Return the whole schema as one script."""
    return (_HERE / "schema.sql").read_text("utf-8")


def load_migrations() -> list[str]:
    """Return the scripts that lead from an empty file to the present schema, in order.

    The database's `user_version` is how many of them it has behind it.
    """
    files = sorted((_HERE / "migrations").glob("*.sql"))
    return [file.read_text("utf-8") for file in files]
