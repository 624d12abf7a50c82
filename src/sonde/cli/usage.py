"""What was typed wrongly, in sonde's words: where, what was found, what to do."""

import click
from click.exceptions import BadOptionUsage, MissingParameter, NoSuchOption

__all__ = ["usage_line"]


def usage_line(error: click.UsageError) -> str:
    """Return the line for what click refuses."""
    path = error.ctx.command_path if error.ctx is not None else "sonde"
    command = path.removeprefix("sonde").strip()
    look = f"see {path} --help"
    if isinstance(error, NoSuchOption):
        near = " or ".join(error.possibilities or ())
        remedy = f"did you mean {near}?" if near else look
        return _line(command, error.option_name, "there is no such option", remedy)
    if isinstance(error, BadOptionUsage):
        _, quote, rest = error.message.partition("' ")
        text = (rest if quote else error.message).rstrip(".")
        found = "it needs a value" if text == "requires an argument" else text
        return _line(command, error.option_name, found, look)
    if isinstance(error, MissingParameter):
        return _line(command, "", f"{_name(error) or 'something'} is missing", look)
    if isinstance(error, click.BadParameter):
        return _line(command, _name(error), error.message.rstrip("."), look)
    if error.message.startswith("Got unexpected extra argument"):
        words = error.message.partition("(")[2].rpartition(")")[0]
        return _line(command, words, "that is more than it takes", look)
    text = error.message.rstrip(".")
    return text if ";" in text else _line(command, "", text, look)


def _line(command: str, where: str, found: str, remedy: str) -> str:
    place = f"{command} {where}".strip()
    return f"{place}: {found}; {remedy}" if place else f"{found}; {remedy}"


def _name(error: click.BadParameter) -> str:
    """Return what an option or argument is called: its longest name."""
    hint = error.param_hint
    if hint is None and error.param is not None and error.ctx is not None:
        hint = error.param.get_error_hint(error.ctx)
    names = [hint or ""] if isinstance(hint, str | None) else list(hint)
    return max((" / ".join(names)).replace("'", "").split(" / "), key=len)
