"""The store behind a server: the protocol, over HTTP.

Each call is one request with one message (`sonde.store.wire`). A request that got no answer
is sent again a few times, under the same idempotency key, so that the server does it once;
after that it is a `StoreError`, and whoever called decides how long to go on. Times in calls
are the server's to say: it goes by its own clock.
"""

import itertools
import json
import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar
from urllib.parse import quote, unquote, urlsplit

import httpx

from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, Trial, Verdict
from sonde.errors import (
    AmbiguousError,
    ConfigError,
    ConfigErrors,
    ConflictError,
    ExhaustedError,
    IllegalTransitionError,
    LeaseLostError,
    NotFoundError,
    ReportsLostError,
    SondeError,
    StoreError,
    StoreVersionError,
    SweepExistsError,
)
from sonde.store import wire
from sonde.store.protocol import (
    Ask,
    Changes,
    Curve,
    Decision,
    Definition,
    PastTrial,
    SweepRecord,
)

__all__ = ["HttpStore", "ServerFacts"]

_API = "/api/v1"
_Write = (
    wire.Create | wire.PutSweep | wire.PutTrials | wire.Update | wire.Commit | wire.LeaseTrials
    | wire.Renew | wire.SendReports | wire.Revalue | wire.Finish | wire.Release
)  # fmt: skip
_PAUSES = (0.05, 0.2)  # before a request that got no answer is sent again
_TIMEOUT = httpx.Timeout(60.0, connect=4.0)
_PART = 4 << 20  # bytes of a file at a time
_NO_SUCH_RANGE = 416
_BUSY = frozenset({502, 503, 504})  # of a proxy before a server that is being started again
_ERRORS: dict[str, type[SondeError]] = {
    kind.__name__: kind
    for kind in (
        AmbiguousError,
        ConflictError,
        ExhaustedError,
        IllegalTransitionError,
        LeaseLostError,
        NotFoundError,
        ReportsLostError,
        StoreError,
        StoreVersionError,
        SweepExistsError,
    )
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server says of itself.

    Attributes:
        version: Of sonde.
        decides: Whether it takes the controller's role for its sweeps.
        role: What the caller may do: `viewer`, `agent` or `admin`.
        ahead: How far its clock is ahead of ours, to the time that an answer takes.
    """

    version: str
    decides: bool
    role: str
    ahead: timedelta


class HttpStore:
    """Sweeps on a server.

    Args:
        url: `http://HOST:PORT`, with a path where the server stands behind one. A token may
            stand before the host: `http://TOKEN@HOST`; it is not part of `store.url`.
        token: Shown to the server; by default that of the URL, or SONDE_TOKEN.

    Attributes:
        token: That is shown.

    Raises:
        ConfigError: If that is no URL of a server.
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self.url, in_url = _split(url)
        self.token = token or in_url or os.environ.get("SONDE_TOKEN") or None
        self._definitions = wire.Definitions()
        self._closed = False
        self._pid = 0
        self._facts: ServerFacts | None = None
        self._unanswered: dict[str, tuple[object, dict[str, str]]] = {}
        self._connect()

    def _connect(self) -> None:
        headers = {"content-type": wire.MEDIA_TYPE, "accept": wire.MEDIA_TYPE}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        # Proxies of the environment are for the outside world; NO_PROXY is heeded by httpx.
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT)
        self._pid = os.getpid()
        self._key = os.urandom(9).hex()
        self._count = itertools.count()

    def create_sweep(
        self, sweep: Sweep, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> SweepRecord:
        """Add a sweep."""
        call = wire.Create(definition=wire.text_of(sweep), now=now, facts=dict(facts or {}))
        return self._record(self._write("create_sweep", call, wire.WireRecord))

    def put_sweep(
        self, record: SweepRecord, versions: Sequence[Definition], trials: Collection[PastTrial]
    ) -> SweepRecord:
        """Add a sweep as it is elsewhere, whole: one message."""
        call = wire.PutSweep(
            record=wire.Definitions().to_wire(record),
            versions=[wire.version_for_wire(version) for version in versions],
            trials=wire.past_for_wire(trials),
            now=record.updated,
        )
        return self._record(self._write("put_sweep", call, wire.WireRecord))

    def put_trials(
        self,
        sweep: str,
        trials: Sequence[PastTrial],
        now: datetime,
        against: int | None = None,
    ) -> SweepRecord:
        """Add trials as they are elsewhere, all or none."""
        call = wire.PutTrials(
            sweep=sweep, trials=wire.past_for_wire(trials), now=now, against=against
        )
        return self._record(self._write("put_trials", call, wire.WireRecord))

    def get_sweep(self, sweep: str) -> SweepRecord:
        """Return the sweep as it is now."""
        return self._record(self._read("get_sweep", wire.OneSweep(sweep=sweep), wire.WireRecord))

    def list_sweeps(self) -> Sequence[SweepRecord]:
        """Return all sweeps, oldest first."""
        found = self._read("list_sweeps", None, list[wire.WireRecord])
        return [self._record(one) for one in found]

    def find_sweep(self, text: str) -> SweepRecord:
        """Return the sweep that `text` means."""
        return self._record(self._read("find_sweep", wire.Find(text=text), wire.WireRecord))

    def update_sweep(
        self,
        sweep: str,
        now: datetime,
        *,
        control: Control | None = None,
        reason: str | None = None,
        budget: Budget | None = None,
        definition: Sweep | None = None,
        notes: str | None = None,
        tags: Sequence[str] | None = None,
        why: str = "",
        against: int | None = None,
    ) -> SweepRecord:
        """Change what is given."""
        call = wire.Update(
            sweep=sweep,
            now=now,
            control=control,
            reason=reason,
            budget=budget,
            definition=None if definition is None else wire.text_of(definition),
            notes=notes,
            tags=None if tags is None else tuple(tags),
            why=why,
            against=against,
        )
        return self._record(self._write("update_sweep", call, wire.WireRecord))

    def versions(self, sweep: str) -> Sequence[Definition]:
        """Return all versions of the definition, oldest first."""
        found = self._read("versions", wire.OneSweep(sweep=sweep), list[wire.WireDefinition])
        return [self._definitions.version(one) for one in found]

    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        """Apply a decision whole, or not at all, then lease if `ask` is given."""
        call = wire.Commit(sweep=sweep, decision=decision, now=now, ask=ask)
        done = self._write("commit", call, wire.Committed)
        return self._record(done.record), done.leases

    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        """Lease waiting trials, and running ones whose lease lapsed."""
        return self._write("lease", wire.LeaseTrials(sweep=sweep, ask=ask, now=now), list[Lease])

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        """Hold on to leases; return a verdict for each."""
        held = [wire.for_wire(lease) for lease in leases]
        return self._write(
            "renew", wire.Renew(leases=held, now=now, lease_s=lease_s), list[Verdict]
        )

    def report(self, lease: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
        """Keep reports of an attempt; update summaries."""
        call = wire.SendReports(
            lease=wire.for_wire(lease), first=first, reports=wire.floats(reports), now=now
        )
        return self._write("report", call, int)

    def revalue(self, lease: Lease, params: Mapping[str, Any], now: datetime) -> Trial:
        """Give a running trial the values that it turned out to have."""
        call = wire.Revalue(lease=wire.for_wire(lease), params=dict(params), now=now)
        return self._write("revalue", call, Trial)

    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        now: datetime,
        ask: Ask | None = None,
        *,
        reports: Sequence[Report] = (),
        first: int = 1,
    ) -> tuple[Trial, Sequence[Lease]]:
        """Keep the last reports, end an attempt, then lease if `ask` is given."""
        call = wire.Finish(
            lease=wire.for_wire(lease),
            outcome=outcome,
            now=now,
            ask=ask,
            reports=wire.floats(reports),
            first=first,
        )
        done = self._write("finish", call, wire.Ended)
        return done.trial, done.leases

    def release(self, sweep: str, agents: Sequence[str], now: datetime) -> int:
        """Give back the trials of agents that are known to be dead."""
        call = wire.Release(sweep=sweep, agents=list(agents), now=now)
        return self._write("release", call, int)

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Return the sweep and every trial whose version is above `after`."""
        feed = self._read("changes", wire.ChangesAfter(sweep=sweep, after=after), wire.Feed)
        record = self._record(feed.record)
        return Changes(version=feed.version, record=record, trials=feed.trials, anew=feed.anew)

    def curves(
        self, sweep: str, trials: Sequence[int] | None = None, metrics: Sequence[str] | None = None
    ) -> Mapping[int, Mapping[str, Curve]]:
        """Return joined curves by trial number and metric."""
        call = wire.CurvesOf(
            sweep=sweep,
            trials=None if trials is None else list(trials),
            metrics=None if metrics is None else list(metrics),
        )
        return self._read("curves", call, dict[int, dict[str, Curve]])

    def put_blob(self, data: bytes) -> str:
        """Keep bytes under their SHA-256."""
        headers = {"content-type": "application/octet-stream"}
        answer = self._send("POST", "/store/blobs", data, self._keyed() | headers)
        return str(json.loads(answer.content)["key"])

    def get_blob(self, key: str) -> bytes:
        """Return the bytes of a key."""
        if not key.isalnum() or not key.isascii():
            raise NotFoundError(f"the store has nothing under the key '{key}'")
        return self._send("GET", f"/store/blobs/{key}").content

    def get_code(self, sweep: str) -> bytes | None:
        """Return the code that a sweep carries, packed; None if the server has none."""
        try:
            return self._send("GET", f"/store/code/{sweep}").content
        except NotFoundError:
            return None

    def keep_files(self, lease: Lease, files: Sequence[wire.FileMark], *, whole: bool) -> wire.Kept:
        """Say which artifacts an attempt has; return what the server still lacks of them.

        Args:
            lease: The attempt's: under way, or the trial's last.
            files: By their contents; those whose content the server has are in place then.
            whole: That is all of them: others are taken away.

        Raises:
            IllegalTransitionError: If they are where the server is, as the attempt ran there.
            LeaseLostError: If the trial has another attempt.
        """
        call = wire.KeepFiles(lease=wire.for_wire(lease), files=list(files), whole=whole)
        return self._read("keep_files", call, wire.Kept)

    def put_part(self, lease: Lease, sha256: str, offset: int, data: bytes) -> int:
        """Send bytes of a content that was named before; return how many the server has.

        Raises:
            ConflictError: If it was not named since the server was started.
            ValueError: If the content is whole and has another hash: then it has none of it.
        """
        call = wire.PutPart(lease=wire.for_wire(lease), sha256=sha256, offset=offset, data=data)
        return self._read("put_part", call, int)

    def put_log(
        self, lease: Lease, stream: Literal["stdout", "stderr"], offset: int, data: bytes
    ) -> int:
        """Send what a trial printed, from an offset on; return how much the server has."""
        call = wire.PutLog(lease=wire.for_wire(lease), stream=stream, offset=offset, data=data)
        return self._read("put_log", call, int)

    def list_files(self, sweep: str, number: int, attempt: int | None = None) -> Mapping[str, Any]:
        """Return what a trial left there: `attempt`, `logs` and `artifacts`, as the API has it."""
        path = f"/sweeps/{sweep}/trials/{number}/files"
        found: dict[str, Any] = json.loads(self._send("GET", path + _attempt(attempt)).content)
        return found

    def read_file(
        self, sweep: str, number: int, name: str, offset: int, attempt: int | None = None
    ) -> bytes:
        """Return some of a file from an offset on; nothing: that was all.

        Args:
            sweep: The sweep's id.
            number: The trial's.
            name: `logs/stdout`, `logs/stderr`, or `artifacts/` and the name of one.
            offset: In bytes.
            attempt: Of this one; None: the last.

        Raises:
            NotFoundError: If it is not there.
        """
        path = f"/sweeps/{sweep}/trials/{number}/{quote(name)}{_attempt(attempt)}"
        wanted = {"range": f"bytes={offset}-{offset + _PART - 1}"}
        answer = self._send("GET", path, headers=wanted)
        return b"" if answer.status_code == _NO_SUCH_RANGE else answer.content

    def stamp(self) -> object:
        """Return something that differs after any change by any process; one request."""
        return self._read("stamp", None, str)

    def facts(self) -> ServerFacts:
        """Return what the server says of itself; asked for once."""
        if self._facts is None:
            before = datetime.now(UTC)
            found = json.loads(self._send("GET", "/server").content)
            took = datetime.now(UTC) - before
            self._facts = ServerFacts(
                version=found["version"],
                decides=found["decides"],
                role=found["role"],
                ahead=datetime.fromisoformat(found["now"]) - (before + took / 2),
            )
        return self._facts

    def now(self) -> datetime:
        """Return the time by the server's clock, which all times of its sweeps are from."""
        return datetime.now(UTC) + self.facts().ahead

    def close(self) -> None:
        """Let go of the connections."""
        self._closed = True
        self._client.close()

    def _record(self, record: wire.WireRecord) -> SweepRecord:
        return self._definitions.from_wire(record)

    def _read(self, name: str, call: object, shape: type[T]) -> T:
        return self._call(name, call, shape, {})

    def _write(self, name: str, call: "_Write", shape: type[T]) -> T:
        """Make a change; one that got no answer before is made under its key of then."""
        timeless = replace(call, now=wire.NO_TIME)
        unanswered = self._unanswered.pop(name, None)
        headers = self._keyed()
        if unanswered is not None and unanswered[0] == timeless:
            headers = unanswered[1]
        try:
            return self._call(name, call, shape, headers)
        except StoreError as error:
            if isinstance(error.__cause__, httpx.HTTPError):
                self._unanswered[name] = (timeless, headers)
            raise

    def _keyed(self) -> dict[str, str]:
        return {"idempotency-key": f"{self._key}-{next(self._count)}"}

    def _call(self, name: str, call: object, shape: type[T], headers: dict[str, str]) -> T:
        answer = self._send("POST", f"/store/{name}", wire.encode(call), headers)
        try:
            return wire.decode(answer.content, shape)
        except ValueError as error:
            raise StoreError(f"{self.url}: its answer cannot be read: {error}") from error

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request until it is answered, a few times; return a good answer."""
        if self._pid != os.getpid():
            self._connect()  # after a fork: the connections are the parent's
        for pause in (*_PAUSES, None):
            if self._closed:
                raise StoreError(f"{self.url}: the store is closed; open it again")
            try:
                answer = self._client.request(
                    method, _API + path, content=body, headers=dict(headers or {})
                )
            except (httpx.TransportError, httpx.DecodingError) as error:
                if pause is None or isinstance(error, httpx.ConnectTimeout | httpx.ReadTimeout):
                    raise StoreError(
                        f"{self.url}: no answer: {str(error) or type(error).__name__}; "
                        "is `sonde serve` running there?"
                    ) from error
            else:
                if answer.is_success or answer.status_code == _NO_SUCH_RANGE:
                    return answer
                if pause is None or answer.status_code not in _BUSY:
                    raise self._error(answer)
            time.sleep(pause)
        raise AssertionError

    def _error(self, answer: httpx.Response) -> Exception:
        """Return the error that a problem tells of."""
        try:
            problem = answer.json()
            kind, detail = str(problem["type"]), str(problem["detail"])
        except (ValueError, LookupError, TypeError):
            text = f"{answer.status_code} {answer.reason_phrase}"
            return StoreError(f"{self.url}: it does not answer as a sonde server does: {text}")
        if kind == "HTTPError" and answer.status_code == 404:
            return StoreError(f"{self.url}: it does not answer as a sonde server does: 404")
        if answer.status_code in {401, 403}:
            remedy = "put a token that may into SONDE_TOKEN"
            return ConfigError(self.url, detail, remedy)
        if kind == "ValueError":
            return ValueError(detail)
        if kind == "ConfigErrors" and problem.get("faults"):
            return ConfigErrors([_fault(fault) for fault in problem["faults"]])
        if kind in {"ConfigError", "ConfigErrors"}:
            return _fault(problem)
        if kind in _ERRORS:
            return _ERRORS[kind](detail)
        return StoreError(f"{self.url}: {detail}")


def _attempt(attempt: int | None) -> str:
    return "" if attempt is None else f"?attempt={attempt}"


def _fault(found: Mapping[str, Any]) -> ConfigError:
    return ConfigError(str(found.get("where")), str(found.get("found")), str(found.get("remedy")))


def _split(url: str) -> tuple[str, str | None]:
    """Return the URL without a token, and the token."""
    where = f"--store {url.rpartition('@')[2]}"
    remedy = "write http://HOST:PORT, as `sonde serve` prints it"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(where, f"that is no URL ({error})", remedy) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(where, "that names no server", remedy)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if port is None else f"{host}:{port}"
    token = parts.password or parts.username
    bare = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
    return bare, None if token is None else unquote(token)
