"""What `sonde doctor` looks at."""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from sonde.cli import machine
from sonde.cli.check import Check, Level
from sonde.errors import SondeError

__all__ = ["checks"]

# Extras that its own tests, benchmarks and examples install.
_FOR_SONDE_ITSELF = {"test", "check", "bench", "engines", "examples", "frameworks", "tensorflow"}

OLDEST_PYTHON = (3, 11)


def checks(url: str | None) -> list[Check]:
    """Look at everything."""
    return [
        _python(),
        _sonde(),
        *_store(url),
        _sqlite(),
        machine.cores(),
        machine.memory(),
        machine.gpus(),
        machine.git(),
        *machine.disk(),
        *_extras(),
        *_plugins(),
    ]


def _python() -> Check:
    enough = sys.version_info[:2] >= OLDEST_PYTHON
    return Check(
        name="Python",
        level=Level.OK if enough else Level.FAILS,
        found=f"{platform.python_version()} at {sys.executable}, {platform.platform()}",
        remedy="" if enough else "install Python 3.11 or newer",
        facts={"version": platform.python_version(), "executable": sys.executable},
    )


def _sonde() -> Check:
    lacking = [name for name, extra in _requirements() if not extra and not _installed(name)]
    return Check(
        name="sonde",
        level=Level.FAILS if lacking else Level.OK,
        found=version("sonde") + (f", without {', '.join(lacking)}" if lacking else ""),
        remedy=f"pip install {' '.join(lacking)}" if lacking else "",
        facts={"version": version("sonde"), "missing": lacking},
    )


def _store(url: str | None) -> Iterator[Check]:
    from sonde.cli.options import opened
    from sonde.errors import NotFoundError
    from sonde.store import default_path, is_database

    try:
        with opened(url) as store:
            sweeps = store.list_sweeps()
            place = store.url
    except NotFoundError as none:
        # Whether one could be made is a question to the folder that it would lie in.
        path = default_path(Path.cwd()) if url is None else Path(url.removeprefix("sqlite:///"))
        folder = next(p for p in path.absolute().parents if p.exists())
        able = folder.is_dir() and os.access(folder, os.W_OK)
        yield Check(
            name="store",
            level=Level.OK if able else Level.FAILS,
            found=f"none yet; sonde run would make {path}" if able else f"{folder}: no writing",
            remedy="" if able else "--store or SONDE_STORE names another place",
            facts={"path": str(path), "exists": False, "writable": able, "detail": str(none)},
        )
        return
    except SondeError as error:
        yield Check(
            name="store", level=Level.FAILS, found=str(error),
            remedy="--store or SONDE_STORE names another place",
            facts={"error": type(error).__name__},
        )  # fmt: skip
        return
    trials = sum(record.trials for record in sweeps)
    facts = {"url": place, "exists": True, "sweeps": len(sweeps), "trials": trials}
    found = f"{place}, {len(sweeps)} sweeps, {trials} trials"
    if is_database(place):
        # What it can write it has just shown: a replica is refused.
        yield Check(name="store", level=Level.OK, found=found, facts=facts | {"writable": True})
        return
    path = Path(place.removeprefix("sqlite:///"))
    size = path.stat().st_size if path.exists() else 0
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    yield Check(
        name="store",
        level=Level.OK if writable else Level.FAILS,
        found=f"{found}, {size / 1e6:.1f} MB" + ("" if writable else ", cannot be written"),
        remedy="" if writable else f"make {path} and its folder writable for you",
        facts=facts | {"bytes": size, "writable": writable},
    )


def _sqlite() -> Check:
    from sonde.store.versions import sqlite_version

    return Check(
        name="SQLite", level=Level.OK, found=sqlite_version(), facts={"version": sqlite_version()}
    )


def _extras() -> Iterator[Check]:
    """The extras that a user may want; those for working on sonde itself are left out."""
    for extra in metadata("sonde").get_all("Provides-Extra") or []:
        if extra in _FOR_SONDE_ITSELF:
            continue
        names = [name for name, of in _requirements() if of == extra]
        lacking = [name for name in names if not _installed(name)]
        yield Check(
            name=f"extra {extra}",
            level=Level.LACKS if lacking else Level.OK,
            found=f"without {', '.join(lacking)}" if lacking else f"{', '.join(names)} installed",
            remedy=f"pip install {' '.join(lacking)}" if lacking else "",
            facts={"packages": names, "missing": lacking},
        )


def _plugins() -> Iterator[Check]:
    """What other distributions add, without importing it; a name that is taken never is."""
    from sonde.core.search import METHODS
    from sonde.core.stopping import RULES
    from sonde.executors.places import PLACES
    from sonde.plugins import found
    from sonde.store import OWN_KINDS

    own = {
        found.METHODS: {"auto", *METHODS}, found.RULES: RULES.keys(),
        found.STORES: OWN_KINDS, found.EXECUTORS: PLACES.keys(),
    }  # fmt: skip
    for group in found.GROUPS:
        kind = group.partition(".")[2].removesuffix("s")
        added = list(found.plugins(group))
        for plugin in added:
            same = [other for other in added if other.name == plugin.name and other != plugin]
            if plugin.is_ours:
                continue
            if plugin.name in own[group] or any(other.is_ours for other in same):
                wrong = "sonde has one of that name, which is the one that is used"
            elif same:
                wrong = f"{same[0].distribution} has one of that name too: neither can be used"
            else:
                wrong = ""
            yield Check(
                name=f"{kind} {plugin.name}",
                level=Level.LACKS if wrong else Level.OK,
                found=wrong or f"of {plugin.distribution}",
                remedy=f"uninstall {plugin.distribution}, or ask for another name" if wrong else "",
                facts={
                    "group": group, "target": plugin.target, "distribution": plugin.distribution,
                },
            )  # fmt: skip


def _requirements() -> Iterator[tuple[str, str]]:
    """What sonde's metadata asks for: package, and the extra it belongs to or nothing."""
    for line in requires("sonde") or []:
        requirement, _, marker = line.partition(";")
        name = requirement
        for sign in "<>=!~[ (":
            name = name.partition(sign)[0]
        extra = marker.partition("extra ==")[2].strip().strip("'\"") if "extra" in marker else ""
        yield name.strip(), extra


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
