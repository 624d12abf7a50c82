"""The command of a W&B sweep: macros such as `${args}`, and what a trial puts in for them.

    ${program} ${interpreter} ${env}      the script, the Python that runs it, env(1)
    ${args}                               --lr=0.1 --flag=True
    ${args_no_hyphens}                    lr=0.1 flag=True
    ${args_no_equals}                     --lr 0.1 --flag True
    ${args_no_boolean_flags}              --lr=0.1 --flag, and nothing for a False
    ${args_append_hydra} ${args_override_hydra}       +lr=0.1, ++lr=0.1
    ${args_json} ${args_json_file}        {"lr": 0.1, "flag": true}, or a file with it
    ${envvar:NAME}                        a variable of the environment, or else NAME

Values are written as Python's `str` writes them. A word that is one macro becomes as many words
as the macro has. Within a longer word sonde also puts in parameters
(`--bs=${batch_size}`); in a line for a shell, which has blanks, it quotes them. What it does not
know stays there as it is.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

__all__ = ["DEFAULT_COMMAND", "MACROS", "expand", "for_people", "nested", "unknown_macros"]

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")
MACROS = (
    "env", "interpreter", "program", "args", "args_no_hyphens", "args_no_equals",
    "args_no_boolean_flags", "args_append_hydra", "args_override_hydra", "args_json",
    "args_json_file",
)  # fmt: skip
_MACRO = re.compile(r"\$\{([^${}]*)\}")
_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")


def nested(params: Mapping[str, Any], groups: Iterable[str] = ()) -> dict[str, Any]:
    """Return the values of a trial as programs are given them: groups as dicts, tuples as lists.

    Args:
        params: By flat name.
        groups: Their names, each of which no other parameter's name begins with.
    """
    known = sorted(groups, key=len)
    found: dict[str, Any] = {}
    for name, value in params.items():
        target, prefix = found, ""
        for group in known:
            if name.startswith(f"{group}."):
                target = target.setdefault(group.removeprefix(prefix), {})
                prefix = f"{group}."
        target[name.removeprefix(prefix)] = _plain(value)
    return found


def expand(
    words: Sequence[str],
    values: Mapping[str, Any],
    *,
    program: str,
    interpreter: str,
    json_file: str,
    environ: Mapping[str, str],
    names: Iterable[str] = (),
) -> list[str]:
    """Return the command of a trial.

    Args:
        words: The command with its macros.
        values: What the trial tries, as `nested` gives it.
        program: What `${program}` stands for.
        interpreter: The Python.
        json_file: The path of a file that has the values as JSON.
        environ: The trial's variables.
        names: All parameters: a word that asks for one which this trial has not is left out.
    """
    lists = _lists(values, program, interpreter, json_file)
    absent = {name for name in names if name not in values}
    result: list[str] = []
    for word in words:
        word = _VARIABLE.sub(lambda found: environ.get(found[1], found[1]), word)
        whole = _MACRO.fullmatch(word)
        if whole is not None:
            result += lists.get(
                whole[1], [] if whole[1] in MACROS or whole[1] in absent else [word]
            )
            continue
        if any(found in absent for found in _MACRO.findall(word)):
            continue
        result.append(_MACRO.sub(partial(_joined, lists, word), word))
    return result


def for_people(words: Iterable[str], program: str) -> list[str]:
    """Return a command in which only what the values decide is left as a macro.

    `env`, which finds the interpreter by its name, is left out.
    """
    fixed = {"interpreter": "python", "program": program, "env": "env"}
    kept = [word for word in words if word != "${env}"]
    return [_MACRO.sub(lambda found: fixed.get(found[1], found[0]), word) for word in kept]


def unknown_macros(words: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the words that are a macro which nobody knows; W&B drops them in silence."""
    known = {*MACROS, *names}
    found = (_MACRO.fullmatch(word) for word in words)
    return [m[0] for m in found if m and m[1] not in known and not _VARIABLE.fullmatch(m[0])]


def _lists(
    values: Mapping[str, Any], program: str, interpreter: str, json_file: str
) -> dict[str, list[str]]:
    pairs = [(name, str(value)) for name, value in values.items()]
    flags = [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in values.items()
        if value is not False
    ]
    found = {name: [text] for name, text in pairs}
    return found | {
        "env": ["/usr/bin/env"],
        "interpreter": [interpreter],
        "program": [program],
        "args": [f"--{name}={text}" for name, text in pairs],
        "args_no_hyphens": [f"{name}={text}" for name, text in pairs],
        "args_no_equals": [word for name, text in pairs for word in (f"--{name}", text)],
        "args_no_boolean_flags": flags,
        "args_append_hydra": [f"+{name}={text}" for name, text in pairs],
        "args_override_hydra": [f"++{name}={text}" for name, text in pairs],
        "args_json": [json.dumps(dict(values))],
        "args_json_file": [json_file],
    }


def _joined(lists: Mapping[str, Sequence[str]], word: str, found: re.Match[str]) -> str:
    """Return what stands for a macro within a word; quoted if the word is a line for a shell."""
    if found[1] not in lists:
        return found[0]
    parts = lists[found[1]]
    is_line = any(letter.isspace() for letter in _MACRO.sub("", word))
    return shlex.join(parts) if is_line or len(parts) > 1 else parts[0]


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value
