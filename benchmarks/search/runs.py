"""One run of a search, and the folder that keeps what was run: a JSON line a run.

Workers are simulated: with eight, eight trials are pending at any time, and each takes from 0.8 to
1.2 units of time.
"""

import heapq
import json
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from peers import searcher
from problem import Outcome, Params, Problem

__all__ = ["Run", "have", "keep", "kept", "perform"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a run.

    Attributes:
        observed: One list a trial, in the order in which they ended: losses, then limits.
        true: The same, free of noise; empty where nothing is noisy.
        ask_ms: CPU milliseconds of asking and telling, a trial.
    """

    problem: str
    suite: str
    split: str
    seed: int
    method: str
    trials: int
    workers: int
    goals: int
    observed: list[list[float]]
    true: list[list[float]]
    ask_ms: list[float]

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What it is a run of, but for its length."""
        return self.problem, self.seed, self.method, self.workers

    def outcomes(self) -> tuple[list[Outcome], list[Outcome]]:
        """Return what was observed, and what was true."""
        seen = [self._outcome(values) for values in self.observed]
        return seen, [self._outcome(values) for values in self.true] or seen

    def _outcome(self, values: Sequence[float]) -> Outcome:
        return Outcome(tuple(values[: self.goals]), tuple(values[self.goals :]))


def perform(
    problem: Problem, split: str, method: str, *, seed: int, trials: int, workers: int = 1
) -> Run:
    """Search, and note everything.

    Raises:
        Unsuitable: If the method does not work for this problem.
    """
    random = np.random.default_rng([seed, zlib.crc32(problem.name.encode())])
    began = time.process_time()
    search = searcher(method, problem, seed, trials)
    started, spent = 0, [time.process_time() - began]
    clock = 0.0
    under_way: list[tuple[float, int, object, Params]] = []
    observed: list[list[float]] = []
    true: list[list[float]] = []
    while len(observed) < trials:
        while started < trials and len(under_way) < workers:
            began = time.process_time()
            try:
                token, params = search.ask()
            except StopIteration:
                trials = started
                break
            spent[-1] += time.process_time() - began
            heapq.heappush(under_way, (clock + random.uniform(0.8, 1.2), started, token, params))
            started += 1
        if not under_way:
            break
        clock, number, token, params = heapq.heappop(under_way)
        truth = problem.true(params)
        seen = problem.observed(truth, params, (seed, number))
        began = time.process_time()
        search.tell(token, params, seen)
        spent[-1] += time.process_time() - began
        spent.append(0.0)
        observed.append(_short((*seen.losses, *seen.limits)))
        if problem.noise is not None:
            true.append(_short((*truth.losses, *truth.limits)))
    return Run(
        problem=problem.name, suite=problem.suite, split=split, seed=seed, method=method,
        trials=len(observed), workers=workers, goals=problem.goals, observed=observed, true=true,
        ask_ms=_short([1e3 * s for s in spent[: len(observed)]], 3),
    )  # fmt: skip


def _short(values: Iterable[float], digits: int = 9) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values]


def keep(run: Run, folder: Path) -> None:
    """Add a run to a folder; several processes may."""
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(run), separators=(",", ":")) + "\n"
    with (folder / f"{run.method.replace(':', '-')}.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)


def kept(folder: Path) -> Iterator[Run]:
    """Read the runs of a folder; a line that is not whole, as of a process killed, is passed by."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                document = json.loads(line)
            except ValueError:
                continue
            yield Run(**document)


def have(folder: Path) -> dict[tuple[str, int, str, int], int]:
    """Return how many trials there are of each run in a folder."""
    found: dict[tuple[str, int, str, int], int] = {}
    for run in kept(folder):
        found[run.key] = max(run.trials, found.get(run.key, 0))
    return found
