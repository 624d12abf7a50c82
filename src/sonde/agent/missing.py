"""What to say of a trial that ended well and never reported what the sweep looks for."""

import os
import re
import shlex
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path

__all__ = ["missing", "printed_numbers"]

_TAIL = 1 << 16  # bytes of a log in which numbers are looked for
_MOST = 6  # names that are listed
# `val loss: 0.31`, `val_loss=3e-1`, `"acc": 0.9`
_PRINTED = re.compile(
    r"([A-Za-z_][\w./-]*(?: [A-Za-z_][\w./-]*){0,2})[\"']?(\s*[:=]\s*)"
    r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)(?![\w.])"
)


def missing(
    wanted: Sequence[str],
    came: Collection[str],
    *,
    stdout: Path | None = None,
    pattern: str | None = None,
) -> str | None:
    """Say which metrics never came, what came instead, and what would help; None: all came.

    Args:
        wanted: The metrics that goals and constraints use.
        came: Those that were reported.
        stdout: What the trial printed, where it is a program that may only have printed it.
        pattern: The regular expression that was looked for in it.
    """
    absent = [name for name in wanted if name not in came]
    if not absent:
        return None
    names = list(dict.fromkeys(came))
    text = f"{' and '.join(absent)} never came; metrics that did: {_listed(names)}"
    if stdout is None:
        near = _near(absent[0], names)
        return f"{text}; {near}" if near else text
    printed = printed_numbers(stdout)
    if pattern is not None:
        text += f"; {shlex.quote(pattern)} found no number in what it printed"
    if printed:
        shown = [
            f"{name}={value}" if "=" in sign else f"{name}: {value}"
            for name, (sign, value) in printed.items()
        ]
        text += f"; numbers that it printed: {_listed(shown[-_MOST:])}"
    near = _near(absent[0], names)
    match = next((name for name in printed if _plain(name) == _plain(absent[0])), None)
    if near:
        return f"{text}; {near}"
    if match is not None and pattern is None:
        sign = printed[match][0]
        return f"{text}; --metric-regex {_pattern(match, sign)} would read it"
    alike = _alike(absent[0], printed) if pattern is None and not names else None
    if alike is not None:
        sign = printed[alike][0]
        tag = shlex.quote(alike)
        return f"{text}; --metric={tag} --metric-regex {_pattern(alike, sign)} would go by {alike}"
    if pattern is None and not names:
        example = _pattern(absent[0], ": ")
        text += (
            f"; log it with sonde.log or for TensorBoard, or print it for --metric-regex {example}"
        )
    return text


def printed_numbers(stdout: Path) -> dict[str, tuple[str, str]]:
    """Return the numbers with a name at the end of a log: the sign between them, the last value."""
    try:
        with stdout.open("rb") as source:
            source.seek(max(0, source.seek(0, os.SEEK_END) - _TAIL))
            text = source.read().decode(errors="replace")
    except OSError:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for match in _PRINTED.finditer(text):
        found.pop(match[1], None)  # the last one stands last
        found[match[1]] = match[2], match[3]
    return found


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return (", ".join(names[:_MOST]) or "none") + more


def _alike(absent: str, names: Collection[str]) -> str | None:
    """Return the name that may be meant: `loss` where `val_loss` is absent, or nearly its own."""
    plain = {_plain(name): name for name in names}
    wanted = _plain(absent)
    ends = [one for one in plain if wanted.endswith(f"_{one}") or one.endswith(f"_{wanted}")]
    found = ends or get_close_matches(wanted, plain, 1, 0.75)
    return plain[found[0]] if found else None


def _near(absent: str, names: Sequence[str]) -> str | None:
    plain = {_plain(name): name for name in names}
    found = get_close_matches(_plain(absent), plain, 1, 0.6)
    ends = [name for name in names if name.endswith(f"/{absent}") or absent.endswith(f"/{name}")]
    near = ends[:1] or [plain[one] for one in found]
    return f"did you mean {near[0]}?" if near else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name).lower()


def _pattern(name: str, sign: str) -> str:
    between = r"\s*=\s*" if "=" in sign else r":\s*"
    return shlex.quote(re.escape(name).replace(r"\ ", " ") + between + r"(\S+)")
