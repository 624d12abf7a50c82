"""`sonde workers`: how many trials of a sweep run at once at most, whoever runs them."""

from datetime import UTC, datetime

import click

from sonde.cli.options import opened, store_option

__all__ = ["workers"]


@click.command()
@click.argument("sweep")
@click.argument("n", required=False)
@store_option
def workers(sweep: str, n: str | None, store: str | None) -> None:
    """Say how many trials of a sweep run at once at most, on all machines together.

    \b
    sonde workers digits 2       no more than two
    sonde workers digits none    as many as agents take
    sonde workers digits         what it is now

    Trials that run already go on. `sonde run` and `sonde resume` start further agents where it is
    raised above their -j; elsewhere start some with `sonde agent`.
    """  # noqa: D301 - click reads the \b itself, so the string is not raw
    from sonde.core.trial import State
    from sonde.editing import limit_workers
    from sonde.errors import ConfigError

    limit, over_by = None, ""
    if n is not None and n != "none":
        try:
            limit = int(n)
        except ValueError:
            remedy = "write 1 or more, or none for no limit"
            raise ConfigError(f"workers {n}", "that is no number", remedy) from None
    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        if n is not None:
            record, _ = limit_workers(opened_store, record.id, limit, datetime.now(UTC))
        if n is not None and record.is_ended:
            over_by = f"; it is {record.state}, so this counts if it goes on"
    running = record.counts.get(State.RUNNING, 0)
    runs = f"{running} run{'s' if running == 1 else ''} now"
    most = record.budget.workers
    if most is None:
        click.echo(f"{record.name}: as many trials run at once as agents take; {runs}")
        return
    many = f"{most} trial{'s run' if most > 1 else ' runs'} at once at most"
    over = "; none begins until there is room" if running > most else ""
    click.echo(f"{record.name}: {many}; {runs}{over}{over_by}")
