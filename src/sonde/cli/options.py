"""Options and arguments that many commands share: which store, which format, which sweep."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sonde.store.protocol import Store

__all__ = [
    "STORE_HELP",
    "exists",
    "format_of",
    "format_option",
    "opened",
    "storage_option",
    "store_option",
    "trial_key",
]

STORE_HELP = (
    "The store: a path or a URL. Default: SONDE_STORE, or .sonde/sonde.db of the nearest folder "
    "that has one."
)
F = TypeVar("F", bound=Callable[..., Any])


def _chosen_store(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """`--store` behind the command, or the one before it."""
    return value if value is not None else ctx.find_root().obj


def store_option(function: F) -> F:
    """Add `--store`; it may also stand before the command."""
    return click.option("--store", metavar="URL", callback=_chosen_store, help=STORE_HELP)(function)


def storage_option(function: F) -> F:
    """Add `--store`, also by the name that Optuna's and Hydra's users know: `--storage`."""
    return click.option(
        "--store", "--storage", "store", metavar="URL", callback=_chosen_store, help=STORE_HELP
    )(function)


def format_option(function: F) -> F:
    """Add `--format`, as the argument `form`, and `--json` for short."""
    return format_of(["table", "json", "csv"], "How to print: for people, or for programs.")(
        function
    )


def format_of(forms: Sequence[str], explained: str) -> Callable[[F], F]:
    """Return what adds `--format` with these forms, by default the first, and `--json`."""
    chosen = click.option("--format", "form", type=click.Choice(forms), default=forms[0],
                          show_default=True, callback=_form, help=explained)  # fmt: skip
    short = click.option("--json", is_flag=True, is_eager=True, expose_value=False,
                         callback=_note_json, help="The same as --format json.")  # fmt: skip
    return lambda function: chosen(short(function))


def _note_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta["sonde.json"] = value


def _form(ctx: click.Context, _: click.Parameter, value: str) -> str:
    return "json" if ctx.meta.get("sonde.json") else value


@contextmanager
def opened(url: str | None, *, new: bool = False) -> "Iterator[Store]":
    """Open the store for the time of a block.

    Args:
        url: As the user gave it.
        new: Whether it is made where there is none; looking at a store never makes one.

    Raises:
        NotFoundError: If there is none.
    """
    from sonde.store import open_store

    if not new:
        _refuse_absent(url)
    with _told():
        store = open_store(url)
    if isinstance(token := getattr(store, "token", None), str):
        os.environ["SONDE_TOKEN"] = token  # for the agents that this command starts
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _told() -> "Iterator[None]":
    """Say what a block warns of as we say things, not as Python does."""
    import warnings

    from sonde.cli.output import say

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        say(str(warning.message))


def exists(url: str | None) -> bool:
    """Tell whether there is a store already; of one that is no file, only its opener knows."""
    from sonde.errors import NotFoundError

    try:
        _refuse_absent(url)
    except NotFoundError:
        return False
    return True


def _refuse_absent(url: str | None) -> None:
    from sonde.errors import NotFoundError
    from sonde.store import default_path

    given = url if url is not None else os.environ.get("SONDE_STORE") or None
    if given is None:
        path = default_path(Path.cwd())
    elif given.startswith("sqlite:///"):
        path = Path(given.removeprefix("sqlite:///")).expanduser()
    elif ":" not in given.partition("/")[0]:
        path = Path(given).expanduser()
    else:
        return  # no file; whoever opens it knows
    if given != "" and not os.path.lexists(path):
        raise NotFoundError(
            f"there is no store at {path}; sonde run makes one, --store names another"
        )


def trial_key(text: str) -> tuple[str, int]:
    """Split `SWEEP/N`.

    Raises:
        ConfigError: If there is no `/N`.
    """
    from sonde.errors import ConfigError

    sweep, slash, number = text.rpartition("/")
    number = number.removeprefix("#")
    if not slash or not sweep or not (number.isascii() and number.isdigit()):
        raise ConfigError(text, "that is no trial", "write SWEEP/N, such as digits/3")
    return sweep, int(number)
