"""The SQL of the stores: named queries, the schema, and numbered migrations.

What stands here is SQLite's; a folder beside it, such as `postgresql`, has another database's
schema and migrations, and the queries that it puts otherwise.
"""

from pathlib import Path

__all__ = ["APPLICATION_ID", "load_migrations", "load_queries", "load_schema"]

APPLICATION_ID = 0x736F6E64  # "sond", in the header of every SQLite file of ours

_HERE = Path(__file__).parent


def load_queries(database: str = "") -> dict[str, str]:
    """Return the queries by name, without their comments, with `?` where values go."""
    found = _queries(_HERE / "queries.sql")
    return found | _queries(_HERE / database / "queries.sql") if database else found


def load_schema(database: str = "") -> str:
    """Return the whole schema as one script."""
    return (_HERE / database / "schema.sql").read_text("utf-8")


def load_migrations(database: str = "") -> list[str]:
    """Return the scripts that lead from an empty database to the present schema, in order.

    How many of them it has behind it is the version of a database's layout.
    """
    files = sorted((_HERE / database / "migrations").glob("*.sql"))
    return [file.read_text("utf-8") for file in files]


def _queries(file: Path) -> dict[str, str]:
    queries: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("-- name: "):
            lines = queries[line.removeprefix("-- name: ").strip()] = []
        elif not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(text).strip().rstrip(";") for name, text in queries.items()}
