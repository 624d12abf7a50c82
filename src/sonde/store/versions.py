"""Which versions of database libraries are at work, for `sonde doctor`."""

import sqlite3

__all__ = ["sqlite_version"]


def sqlite_version() -> str:
    """Return the version of the SQLite library that Python was built with."""
    return sqlite3.sqlite_version
