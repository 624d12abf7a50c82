"""Tell what the runs in one or more folders say, suite by suite.

    python benchmarks/search/report.py DIR [DIR...] [--methods A,B] [--json FILE]

Regret is normalised: 0 is the best known, 1 what random search has left after 20 trials (see
score.py). Means are over problems of the means over seeds, with 95 % bootstrap intervals over
problems; all methods of a table are compared on the runs that each of them has. Where two folders
have runs of the same method, the folder's name is added to the method's: so variants are compared.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from figures import MARKS, Curves, by_problem, common, duel, interval, mean_curve, ranks, reached
from reference import reference
from runs import Run, kept
from score import curve, regret

__all__ = ["load", "main", "suite_report"]

Methods = dict[str, dict[tuple[str, int], Run]]


def load(folders: Iterable[Path], workers: int = 1) -> Methods:
    """Return the longest run of each problem and seed, by method."""
    found: dict[str, dict[str, dict[tuple[str, int], Run]]] = defaultdict(dict)
    for folder in folders:
        for run in kept(folder):
            if run.workers == workers:
                runs = found[run.method].setdefault(folder.name, {})
                before = runs.get((run.problem, run.seed))
                if before is None or before.trials < run.trials:
                    runs[run.problem, run.seed] = run
    return {
        method if len(places) == 1 else f"{method} ({place})": runs
        for method, places in found.items()
        for place, runs in places.items()
    }


def regrets(run: Run) -> list[float]:
    """Return the regret after each trial."""
    unit = reference(run.problem, run.seed)
    seen, true = run.outcomes()
    found = [regret(score, unit) for score in curve(seen, true, unit.corner)]
    if found and min(curve(seen, true, unit.corner)) < unit.best - 1e-6 * abs(unit.best) - 1e-9:
        print(f"note: {run.method} has found better than the best known of {run.problem}")
    return found


def suite_report(curves: Mapping[str, Curves], costs: Mapping[str, list[list[float]]]) -> Any:
    """Work out all figures of a suite, ready for JSON."""
    marks = [n for n in MARKS if common(curves.values(), n)]
    table: dict[str, Any] = {method: {"regret": {}, "rank": {}} for method in curves}
    size = {}
    for n in marks:
        keys = common(curves.values(), n)
        size[n] = {"problems": len({problem for problem, _ in keys}), "runs": len(keys)}
        places = ranks(curves, keys, n)
        for method, runs in curves.items():
            values = by_problem(runs, keys, n).values()
            low, high = interval(values)
            mean = float(np.mean(list(values)))
            table[method]["regret"][n] = {"mean": mean, "low": low, "high": high}
            table[method]["rank"][n] = places[method]
    peers = [method for method in curves if method.startswith("optuna:")]
    if marks and peers:
        last, keys = marks[-1], common(curves.values(), marks[-1])
        lines = {method: mean_curve(runs, keys, last) for method, runs in curves.items()}
        best = min(peers, key=lambda method: lines[method][-1])
        for method, line in lines.items():
            table[method]["reaches"] = {"peer": best, "trials": reached(line, lines[best][-1])}
    for method, spent in costs.items():
        table[method]["ask_ms"] = {
            n: float(np.median([np.mean(s[n - 10 : n]) for s in spent if len(s) >= n]))
            for n in (10, *MARKS)
            if any(len(s) >= n for s in spent)
        }
        table[method]["run_s"] = float(np.median([sum(s) for s in spent])) / 1e3
    duels = {
        method: {
            peer: {n: asdict(found) for n in MARKS if (found := duel(runs, curves[peer], n))}
            for peer in peers
        }
        for method, runs in curves.items()
        if method not in peers
    }
    return {"size": size, "methods": table, "duels": duels}


def show(suite: str, found: Any) -> None:
    """Print a suite's figures."""
    sizes = [f"{s['problems']} problems, {s['runs']} runs at {n}" for n, s in found["size"].items()]
    print(f"\n## {suite}: {'; '.join(sizes) or 'no runs in common'}\n")
    marks = list(found["size"])
    print(f"{'method':28}" + "".join(f"{f'regret at {n}':>22}" for n in marks)
          + "".join(f"{f'rank {n}':>9}" for n in marks)
          + f"{'reaches':>9}{'ms/ask at 50':>14}{'s/run':>8}")  # fmt: skip
    order = sorted(
        found["methods"].items(),
        key=lambda item: item[1]["regret"][marks[-1]]["mean"] if marks else 0,
    )
    for method, row in order:
        cells = "".join(
            f"{row['regret'][n]['mean']:8.3f} [{_cut(row['regret'][n]['low'])},"
            f"{_cut(row['regret'][n]['high'])}]"
            for n in marks
        )
        places = "".join(f"{row['rank'][n]:9.2f}" for n in marks)
        trials = str(row.get("reaches", {}).get("trials") or "-")
        ask = row.get("ask_ms", {}).get(50, math.nan)
        print(f"{method:28}{cells}{places}{trials:>9}{ask:14.2f}{row.get('run_s', math.nan):8.2f}")
    for method, against in found["duels"].items():
        for peer, rows in against.items():
            for n, row in rows.items():
                print(
                    f"  {method} - {peer} at {n}: {row['difference']:+.3f} "
                    f"[{row['low']:+.3f},{row['high']:+.3f}], p {row['p']:.3g}; "
                    f"{row['wins']} won, {row['losses']} lost, {row['ties']} even of {row['runs']}"
                )


def _cut(value: float) -> str:
    return f"{value:5.3f}" if math.isfinite(value) else "  -  "


def main() -> None:
    """Report."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    words.add_argument("--methods", help="only these, comma-separated")
    words.add_argument("--split", default="all", choices=("tune", "judge", "all"))
    words.add_argument("--workers", type=int, default=1)
    words.add_argument("--problems", action="store_true", help="also each problem by itself")
    words.add_argument("--json", type=Path, metavar="FILE")
    given = words.parse_args()
    methods = load(given.folders, given.workers)
    if given.methods:
        wanted = given.methods.split(",")
        methods = {m: r for m, r in methods.items() if m in wanted or m.split(" (")[0] in wanted}
    curves: dict[str, dict[str, dict[tuple[str, int], list[float]]]] = defaultdict(dict)
    costs: dict[str, dict[str, list[list[float]]]] = defaultdict(dict)
    for method, runs in methods.items():
        for key, run in runs.items():
            if given.split in {"all", run.split}:
                found = regrets(run)
                for suite in (run.suite, "all suites"):
                    curves[suite].setdefault(method, {})[key] = found
                    costs[suite].setdefault(method, []).append(run.ask_ms)
    everything = {suite: suite_report(curves[suite], costs[suite]) for suite in sorted(curves)}
    if len(everything) == 2:
        del everything["all suites"]
    for suite, figures in everything.items():
        show(suite, figures)
        if given.problems:
            show_problems(curves[suite])
    if given.json:
        given.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


def show_problems(curves: Mapping[str, Curves]) -> None:
    """Print the mean regret of each problem at the last mark that all methods reach."""
    last = [n for n in MARKS if common(curves.values(), n)]
    if not last:
        return
    keys = common(curves.values(), last[-1])
    rows = {method: by_problem(runs, keys, last[-1]) for method, runs in curves.items()}
    print(f"\n{f'regret at {last[-1]}':34}" + "".join(f"{method[:18]:>19}" for method in rows))
    for problem in sorted({problem for problem, _ in keys}):
        print(f"{problem:34}" + "".join(f"{row[problem]:19.3f}" for row in rows.values()))


if __name__ == "__main__":
    main()
