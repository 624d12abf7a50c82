"""The store's operations as the server does them: plain functions from message to answer."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any, TypeVar

from sonde.controller import utc_now
from sonde.core.sweep import Control, check_name
from sonde.core.trial import Lease, Trial, Verdict
from sonde.server.roles import Role
from sonde.server.uploads import Uploads
from sonde.store import wire
from sonde.store.protocol import Ask, Curve, Store

__all__ = ["OPERATIONS", "Clock", "Operation", "Operations", "Wish", "server_time"]

T = TypeVar("T")
Clock = Callable[[datetime], datetime]
_LONGEST_LEASE_S = 1e10
_ID = re.compile(r"[a-z2-7]{8}")


def server_time(_: datetime) -> datetime:
    """Return the time, whatever the caller says it is."""
    return utc_now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An agent's wish that the store has nothing for, in a sweep that may have more to try.

    Attributes:
        answer: Makes the leases that were found after all into the call's answer.
    """

    sweep: str
    ask: Ask
    answer: Callable[[Sequence[Lease]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One of them.

    Attributes:
        shape: Of the message.
        work: What it does, on a thread of the desk.
        role: Who may ask for it.
        is_brief: Whether it never waits for the disk: it reads little, or what it writes may be
            lost with the power, but with nothing less.
        shares: Whether it may share a transaction with others, as it reads and writes little.
        once: Whether doing it a second time could do harm.
        added: Finds what it added since some time, where to do it twice would add it twice.
    """

    shape: Any
    work: "Callable[[Operations, Any], Any]"
    role: Role = Role.VIEWER
    is_brief: bool = False
    shares: bool = False
    once: bool = False
    added: "Callable[[Operations, Any, float], Any] | None" = None


class Operations:
    """The operations over one store.

    Args:
        store: What they are done on.
        clock: The time of a call, given what the caller says it is.
        uploads: Where files of trials go.
        deciding: Whether somebody here decides for agents that find nothing.
    """

    def __init__(self, store: Store, clock: Clock, uploads: Uploads, *, deciding: bool) -> None:
        self.store, self.clock, self.uploads, self.deciding = store, clock, uploads, deciding
        self._definitions = wire.Definitions()
        # A store's stamps may begin anew when it is opened anew.
        self._started = os.urandom(4).hex()

    def create_sweep(self, call: wire.Create) -> wire.WireRecord:
        """Add a sweep."""
        sweep = self._definitions.sweep(call.definition)
        return self._definitions.to_wire(
            self.store.create_sweep(sweep, self.clock(call.now), call.facts)
        )

    def created_since(self, call: wire.Create, since: float) -> wire.WireRecord | None:
        """Return the sweep that the call made since then, if it did."""
        sweep = self._definitions.sweep(call.definition)
        for record in self.store.list_sweeps():
            is_it = record.sweep in (sweep, replace(sweep, name=record.name))
            if is_it and record.created.timestamp() >= since - 1 and record.facts == call.facts:
                return self._definitions.to_wire(record)
        return None

    def put_sweep(self, call: wire.PutSweep) -> wire.WireRecord:
        """Add a sweep as it is elsewhere."""
        versions = [self._definitions.version(one) for one in call.versions]
        if not versions:
            raise ValueError("a sweep has at least one version of its definition")
        if not _ID.fullmatch(call.record.id):
            raise ValueError(f"{call.record.id!r:.40} is no id of a sweep: 8 of a-z and 2-7")
        check_name(call.record.name, "name")
        record = self._definitions.from_wire(call.record)
        return self._definitions.to_wire(self.store.put_sweep(record, versions, call.trials))

    def put_since(self, call: wire.PutSweep, since: float) -> wire.WireRecord | None:
        """Return the sweep of the call's id, if it is there by now: there is but one of it."""
        for record in self.store.list_sweeps():
            if record.id == call.record.id and record.created == call.record.created:
                return self._definitions.to_wire(record)
        return None

    def put_trials(self, call: wire.PutTrials) -> wire.WireRecord:
        """Add trials as they are elsewhere."""
        now = self.clock(call.now)
        record = self.store.put_trials(call.sweep, call.trials, now, call.against)
        return self._definitions.to_wire(record)

    def get_sweep(self, call: wire.OneSweep) -> wire.WireRecord:
        """Return a sweep."""
        return self._definitions.to_wire(self.store.get_sweep(call.sweep))

    def list_sweeps(self, _: None) -> Sequence[wire.WireRecord]:
        """Return all sweeps."""
        return [self._definitions.to_wire(record) for record in self.store.list_sweeps()]

    def find_sweep(self, call: wire.Find) -> wire.WireRecord:
        """Return the sweep that a text means."""
        return self._definitions.to_wire(self.store.find_sweep(call.text))

    def update_sweep(self, call: wire.Update) -> wire.WireRecord:
        """Change a sweep."""
        text = call.definition
        record = self.store.update_sweep(
            call.sweep,
            self.clock(call.now),
            control=call.control,
            reason=call.reason,
            budget=call.budget,
            definition=None if text is None else self._definitions.sweep(text),
            notes=call.notes,
            tags=call.tags,
            why=call.why,
            against=call.against,
        )
        return self._definitions.to_wire(record)

    def versions(self, call: wire.OneSweep) -> Sequence[wire.WireDefinition]:
        """Return the versions of a definition."""
        return [wire.version_for_wire(version) for version in self.store.versions(call.sweep)]

    def commit(self, call: wire.Commit) -> wire.Committed:
        """Commit a decision."""
        ask = None if call.ask is None else _checked(call.ask)
        record, leases = self.store.commit(call.sweep, call.decision, self.clock(call.now), ask)
        return wire.Committed(record=self._definitions.to_wire(record), leases=leases)

    def lease(self, call: wire.LeaseTrials) -> Sequence[Lease] | Wish:
        """Lease trials."""
        ask = _checked(call.ask)
        leases = self.store.lease(call.sweep, ask, self.clock(call.now))
        return self._or_wish(call.sweep, ask, leases, lambda more: more)

    def renew(self, call: wire.Renew) -> Sequence[Verdict]:
        """Renew leases."""
        lease_s = _checked_s(call.lease_s)
        return self.store.renew(call.leases, self.clock(call.now), lease_s)

    def report(self, call: wire.SendReports) -> int:
        """Keep reports."""
        return self.store.report(call.lease, call.first, call.reports, self.clock(call.now))

    def revalue(self, call: wire.Revalue) -> Trial:
        """Give a trial the values that it turned out to have."""
        return self.store.revalue(call.lease, call.params, self.clock(call.now))

    def finish(self, call: wire.Finish) -> wire.Ended | Wish:
        """End an attempt."""
        ask = None if call.ask is None else _checked(call.ask)
        trial, leases = self.store.finish(
            call.lease,
            call.outcome,
            self.clock(call.now),
            ask,
            reports=call.reports,
            first=call.first,
        )

        def ended(more: Sequence[Lease]) -> wire.Ended:
            return wire.Ended(trial=trial, leases=more)

        if ask is None:
            return ended(leases)
        return self._or_wish(call.lease.sweep, ask, leases, ended)

    def release(self, call: wire.Release) -> int:
        """Give back what dead agents held."""
        return self.store.release(call.sweep, call.agents, self.clock(call.now))

    def changes(self, call: wire.ChangesAfter) -> wire.Feed:
        """Return what has changed."""
        found = self.store.changes(call.sweep, call.after)
        record = self._definitions.to_wire(found.record)
        return wire.Feed(version=found.version, record=record, trials=found.trials, anew=found.anew)

    def curves(self, call: wire.CurvesOf) -> Mapping[int, Mapping[str, Curve]]:
        """Return curves."""
        return self.store.curves(call.sweep, call.trials, call.metrics)

    def stamp(self, _: None) -> str:
        """Return the stamp."""
        return f"{self._started} {self.store.stamp()}"

    def keep_files(self, call: wire.KeepFiles) -> wire.Kept:
        """Keep the artifacts of a trial; say what lacks of them."""
        return self.uploads.keep(call)

    def put_part(self, call: wire.PutPart) -> int:
        """Add to the content of an artifact."""
        return self.uploads.put_part(call)

    def put_log(self, call: wire.PutLog) -> int:
        """Add to what a trial printed."""
        return self.uploads.put_log(call)

    def _or_wish(
        self,
        sweep: str,
        ask: Ask,
        leases: Sequence[Lease],
        answer: Callable[[Sequence[Lease]], T],
    ) -> T | Wish:
        """Return the answer, or the wish for what is missing if more can be decided."""
        missing = ask.count - len(leases)
        if not self.deciding or missing <= 0:
            return answer(leases)
        if self.store.get_sweep(sweep).control is not Control.RUNNING:
            return answer(leases)
        rest = replace(ask, count=missing)
        return Wish(sweep=sweep, ask=rest, answer=lambda more: answer([*leases, *more]))


def _checked(ask: Ask) -> Ask:
    return replace(ask, lease_s=_checked_s(ask.lease_s))


def _checked_s(lease_s: float) -> float:
    if not (isfinite(lease_s) and 0 <= lease_s <= _LONGEST_LEASE_S):
        raise ValueError(f"a lease of {lease_s} s is none")
    return lease_s


OPERATIONS: Mapping[str, Operation] = {
    "create_sweep": Operation(
        shape=wire.Create,
        work=Operations.create_sweep,
        role=Role.ADMIN,
        once=True,
        added=Operations.created_since,
    ),
    "put_sweep": Operation(
        shape=wire.PutSweep,
        work=Operations.put_sweep,
        role=Role.ADMIN,
        once=True,
        added=Operations.put_since,
    ),
    "put_trials": Operation(
        shape=wire.PutTrials, work=Operations.put_trials, role=Role.ADMIN, once=True
    ),
    "get_sweep": Operation(shape=wire.OneSweep, work=Operations.get_sweep, is_brief=True),
    "list_sweeps": Operation(shape=None, work=Operations.list_sweeps),
    "find_sweep": Operation(shape=wire.Find, work=Operations.find_sweep),
    "update_sweep": Operation(
        shape=wire.Update, work=Operations.update_sweep, role=Role.ADMIN, once=True
    ),
    "versions": Operation(shape=wire.OneSweep, work=Operations.versions),
    "commit": Operation(shape=wire.Commit, work=Operations.commit, role=Role.AGENT, once=True),
    "lease": Operation(
        shape=wire.LeaseTrials, work=Operations.lease, role=Role.AGENT, shares=True, once=True
    ),
    "renew": Operation(shape=wire.Renew, work=Operations.renew, role=Role.AGENT, is_brief=True),
    "report": Operation(
        shape=wire.SendReports, work=Operations.report, role=Role.AGENT, is_brief=True
    ),
    "revalue": Operation(shape=wire.Revalue, work=Operations.revalue, role=Role.AGENT, shares=True),
    "finish": Operation(
        shape=wire.Finish, work=Operations.finish, role=Role.AGENT, shares=True, once=True
    ),
    "release": Operation(shape=wire.Release, work=Operations.release, role=Role.AGENT),
    "changes": Operation(shape=wire.ChangesAfter, work=Operations.changes),
    "curves": Operation(shape=wire.CurvesOf, work=Operations.curves),
    "keep_files": Operation(shape=wire.KeepFiles, work=Operations.keep_files, role=Role.AGENT),
    "put_part": Operation(shape=wire.PutPart, work=Operations.put_part, role=Role.AGENT),
    "put_log": Operation(shape=wire.PutLog, work=Operations.put_log, role=Role.AGENT),
    "stamp": Operation(shape=None, work=Operations.stamp, is_brief=True),
}
