"""`sonde show`: a sweep, or one of its trials, in full."""

import sys
import textwrap
from typing import TYPE_CHECKING

import click

from sonde.cli.options import format_option, opened, store_option

if TYPE_CHECKING:
    from sonde.store.protocol import Store, SweepRecord

__all__ = ["show"]


@click.command()
@click.argument("what", metavar="SWEEP[/N]")
@click.option("--diff", is_flag=True, help="Print what git had not committed, nothing else.")
@click.option("--packages", is_flag=True, help="Print the Python packages, nothing else.")
@store_option
@format_option
def show(what: str, diff: bool, packages: bool, store: str | None, form: str) -> None:
    """Show a sweep: what is searched, how far it is, what it was made from; or one trial."""
    from sonde.analysis.past import standing
    from sonde.cli.describe import sweep_data, sweep_facts, trial_data, trial_facts
    from sonde.cli.options import trial_key
    from sonde.cli.output import emit
    from sonde.cli.reading import load, one_trial
    from sonde.cli.screen import screen_of
    from sonde.editing import history_of
    from sonde.errors import NotFoundError
    from sonde.store.protocol import definition_of

    with opened(store) as opened_store:
        try:
            record, history = load(opened_store, what)
            number = None
        except NotFoundError:
            # A name may hold a slash, so the whole text is tried first.
            if "/" not in what:
                raise
            name, number = trial_key(what)
            record, history = load(opened_store, name)
        if diff or packages:
            _print_kept(opened_store, record, diff=diff, packages=packages)
            return
        url = opened_store.url
        if number is None:
            steps = history_of(opened_store, record.id)
            past = standing(opened_store, record, history)
            data = sweep_data(record, history, url, steps, past)
            facts = sweep_facts(record, history, url, steps, past)
        else:
            trial = one_trial(record, history, number)
            version = definition_of(opened_store.versions(record.id), number).number
            data = trial_data(record, history, trial, url) | {"definition_version": version}
            facts = trial_facts(record, history, trial, url)
            if record.sweep.version > 1:
                now = record.sweep.version
                facts.insert(2, ("proposed", f"under version {version} of {now} of the sweep"))
    if form != "table":
        emit(form, data)
        return
    facts = [(name, text) for name, text in facts if text]
    indent = max(len(name) for name, _ in facts) + 2
    room = screen_of().width
    for name, text in facts:
        lines = [text] if room is None else _wrapped(text, max(room - indent, 20))
        click.echo(f"{name:<{indent}}{lines[0]}")
        for line in lines[1:]:
            click.echo(" " * indent + line)


def _print_kept(store: "Store", record: "SweepRecord", *, diff: bool, packages: bool) -> None:
    """Print what was recorded in full when the sweep was made, byte for byte."""
    from sonde.cli.output import say

    out = sys.stdout.buffer
    if diff:
        git = record.facts.get("git") or {}
        if git.get("diff"):
            out.write(store.get_blob(git["diff"]))
        elif git:
            say(f"no file that git knows differed from commit {git['commit'][:12]}")
        else:
            say(f"{record.name} was not made in a git repository")
        if git.get("untracked"):
            say(f"unknown to git: {', '.join(git['untracked'])}")
    if packages:
        key = record.facts.get("packages")
        if key:
            out.write(store.get_blob(key) + b"\n")
        else:
            say(f"the packages of {record.name} could not be listed")
    out.flush()


def _wrapped(text: str, width: int) -> list[str]:
    """Break at blanks only, so that paths and values stay whole."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
