"""`sonde cloud`: which machines are up that sweeps started, and ending them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sonde.cli.options import format_of, store_option

if TYPE_CHECKING:
    from sonde.executors.cloud.machines import CloudMachine
    from sonde.executors.cloud.shelf import Kept, Shelf

__all__ = ["cloud"]


@click.group()
def cloud() -> None:
    """Look after the machines that `sonde run --cloud` has started.

    They end with their sweep, and by themselves when nobody is there any more. These commands
    ask the cloud itself, so they tell the truth after a crash, too.
    """


@cloud.command()
@click.argument("name", required=False)
@store_option
@format_of(["table", "json"], "How to print: for people, or for programs.")
def status(name: str | None, store: str | None, form: str) -> None:
    """Show what is up, since when, and what it has cost about."""
    from sonde.cli.output import emit, say

    shelf = _shelf(store)
    found = [_looked_at(kept) for kept in _chosen(shelf, name)]
    if form != "table":
        emit(form, [_data(*one) for one in found])
        return
    if not found:
        say("no machines were started from this folder, or all are ended")
        return
    for kept, machines, trouble in found:
        for line in _lines(kept, machines, trouble):
            click.echo(line)


@cloud.command()
@click.argument("name", required=False)
@store_option
@format_of(["table", "json"], "How to print: for people, or for programs.")
def down(name: str | None, store: str | None, form: str) -> None:
    """End the machines of one cluster, or of all that were started from this folder."""
    from sonde.cli.output import emit, say
    from sonde.executors.cloud.machines import down as end

    shelf = _shelf(store)
    ended = []
    for kept in _chosen(shelf, name):
        many = end(kept.config)
        shelf.remove(kept.name)
        ended.append({"name": kept.name, "ended": many})
        if form == "table":
            click.echo(f"{kept.name}: {many} machine{'s' * (many != 1)} ended")
    if form != "table":
        emit(form, ended)
    elif not ended:
        say("no machines were started from this folder, or all are ended")


@cloud.command()
@click.argument("sweep")
@click.option("--image", required=True, metavar="NAME",
              help="A container image with sonde and what the trials import.")  # fmt: skip
@click.option("--agents", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
              help="How many pods, each of which runs one trial at a time.")  # fmt: skip
@click.option("--cpus", metavar="X", help="Cores of each; 1 if you do not say.")
@click.option("--gpus", metavar="N", help="GPUs of each.")
@click.option("--ram", metavar="SIZE", help="Memory of each, such as 8GB.")
@click.option("--resource", "resources", multiple=True, metavar="NAME=X",
              help="Other resources that the cluster counts; repeatable.")  # fmt: skip
@click.option("--secret", default="sonde", show_default=True, metavar="NAME",
              help="The Secret whose key `token` is the token of the store.")  # fmt: skip
@click.option("--allow-command", multiple=True, metavar="PATTERN",
              help="Commands that agents may run: 'python train.py *'; repeatable.")  # fmt: skip
@click.option("--idle-timeout", type=click.FloatRange(min=0), metavar="S",
              help="Agents leave when there was nothing to run for S seconds.")  # fmt: skip
@store_option
def manifest(
    sweep: str,
    image: str,
    agents: int,
    cpus: str | None,
    gpus: str | None,
    ram: str | None,
    resources: tuple[str, ...],
    secret: str,
    allow_command: tuple[str, ...],
    idle_timeout: float | None,
    store: str | None,
) -> None:
    """Print a Job for Kubernetes whose pods are agents of SWEEP, such as http://HOST:7733/digits.

    \b
    sonde cloud manifest http://HOST:7733/digits --image IMAGE --agents 4 | kubectl apply -f -

    Nothing is asked or started. The token is not in it: it comes from a Secret, made once by
    kubectl create secret generic sonde --from-literal=token=...
    """  # noqa: D301 - click reads the \b itself, so the string is not raw
    import os

    import yaml

    from sonde.executors.cloud.kubernetes import job
    from sonde.executors.resources import resources_of
    from sonde.store import is_served

    if is_served(sweep):
        store, _, sweep = sweep.rstrip("/").rpartition("/")
    flags = ("--cpus {}", "--gpus {}", "--ram {}", "--resource {}")
    made = job(
        store or os.environ.get("SONDE_STORE") or ".sonde/sonde.db", sweep, image=image,
        agents=agents, each=resources_of(cpus, gpus, ram, resources, flags=flags), secret=secret,
        allow=allow_command, idle_s=idle_timeout,
    )  # fmt: skip
    click.echo(yaml.safe_dump(made, sort_keys=False, width=1000), nl=False)


def _shelf(store: str | None) -> "Shelf":
    import os
    from pathlib import Path

    from sonde.agent.place import root_of
    from sonde.executors.cloud.shelf import Shelf
    from sonde.store import default_path

    given = store or os.environ.get("SONDE_STORE") or str(default_path(Path.cwd()))
    is_url = "://" in given or given.startswith("memory:")
    return Shelf(root_of(given if is_url else f"sqlite:///{Path(given).expanduser().absolute()}"))


def _chosen(shelf: "Shelf", name: str | None) -> "list[Kept]":
    return shelf.all() if name is None else [shelf.get(name)]


def _looked_at(kept: "Kept") -> "tuple[Kept, Sequence[CloudMachine], str | None]":
    from sonde.errors import SondeError
    from sonde.executors.cloud.machines import up

    try:
        return kept, up(kept.config), None
    except SondeError as error:
        return kept, [], str(error)


def _cost(kept: "Kept", machines: "Sequence[CloudMachine]") -> float | None:
    """What these machines have cost if they are as old as their cluster: at most that."""
    from sonde.executors.cloud.cost import Span, spent

    now = datetime.now(UTC)
    spans = [Span(is_head=one.is_head, since=kept.began, until=now) for one in machines]
    return spent(kept.bill, spans)


def _lines(kept: "Kept", machines: "Sequence[CloudMachine]", trouble: str | None) -> list[str]:
    from sonde.executors.cloud.cost import dollars

    age = (datetime.now(UTC) - kept.began).total_seconds()
    driver = "its sweep is run from here" if kept.is_driven else "nobody here runs its sweep"
    lines = [f"{kept.name}  {kept.cloud}  sweep {kept.sweep}  since {age / 60:.0f} min  {driver}"]
    if trouble is not None:
        return [*lines, f"  {trouble}"]
    if not machines:
        return [*lines, f"  no machine is up; sonde cloud down {kept.name} forgets it"]
    for one in machines:
        kind = kept.bill.head if one.is_head else kept.bill.worker
        lines.append(f"  {one.type:<7}{one.id:<22}{kind:<14}{one.ip or '-':<16}{one.state}")
    hourly = _hourly(kept, machines)
    now = "" if hourly is None else f"{dollars(hourly)} an hour now, "
    cost = _cost(kept, machines)
    lines.append(f"  {now}at most {dollars(cost)} so far ({kept.bill.origin})")
    return lines


def _hourly(kept: "Kept", machines: "Sequence[CloudMachine]") -> float | None:
    prices = [kept.bill.head_price if one.is_head else kept.bill.worker_price for one in machines]
    return None if None in prices else sum(price or 0.0 for price in prices)


def _data(kept: "Kept", machines: "Sequence[CloudMachine]", trouble: str | None) -> dict[str, Any]:
    return {
        "name": kept.name, "cloud": kept.cloud, "sweep": kept.sweep,
        "began": kept.began.isoformat(), "driven": kept.is_driven,
        "timeout_s": kept.timeout_s,
        "machines": [
            {"id": one.id, "role": one.type, "ip": one.ip, "state": one.state,
             "type": kept.bill.head if one.is_head else kept.bill.worker}
            for one in machines
        ],
        "usd_per_hour": _hourly(kept, machines), "usd_at_most": _cost(kept, machines),
        "trouble": trouble,
    }  # fmt: skip
