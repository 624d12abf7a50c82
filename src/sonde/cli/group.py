"""The group `sonde`: a table of its commands, each imported only when it is used."""

from importlib import import_module

import click

from sonde.cli.options import STORE_HELP

__all__ = ["COMMANDS", "LazyGroup", "sonde"]

# Heading -> command -> (module in this package, one line of help). The attribute in the module
# is called like the command.
_SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Search": {
        "run": ("run", "Tune a script: sonde run --hyperparam lr=1e-5:l5:0.1 train.py"),
        "sweep": ("sweep", "Make a sweep from a file in W&B's notation; agents run it."),
        "resume": ("resume", "Go on with a sweep that was paused, stopped or interrupted."),
        "agent": ("agent", "Run trials of a sweep here, from any terminal or machine."),
        "serve": ("serve", "Serve a store over HTTP: agents on other machines, programs."),
        "controller": ("controller", "Decide for a sweep here, while agents elsewhere run it."),
        "rerun": ("rerun", "Run one trial again with exactly its values."),
    },
    "Look": {
        "ls": ("ls", "List the sweeps of a store."),
        "show": ("show", "Show a sweep, or one trial of it."),
        "trials": ("trials", "List the trials of a sweep, sorted as you like."),
        "best": ("best", "Show the best trials of a sweep, and how to run the best again."),
        "importance": ("importance", "Show which parameters matter, and how sure that is."),
        "plot": ("plot", "Draw a figure, here or as png, pdf, svg, html: sonde plot history SWEEP"),
        "export": ("export", "Write the trials to a file: csv, json, tex, parquet."),
        "logs": ("logs", "Print what a trial printed."),
        "artifacts": ("artifacts", "List the files that a trial left, or copy them."),
        "tensorboard": ("tensorboard", "Show a sweep in TensorBoard, or take one from there."),
        "optuna": ("optuna", "Take a study of Optuna into the store, or write a sweep as one."),
        "tail": ("tail", "Follow a sweep: a line for each thing that happens."),
        "ui": ("ui", "Show the sweeps in a browser, live, and steer them."),
    },
    "Control": {
        "pause": ("control", "Start no new trials; running ones end by themselves."),
        "stop": ("control", "Start no new trials, and end the sweep when running ones ended."),
        "cancel": ("control", "End a sweep and its running trials now, for good."),
        "workers": ("workers", "Say how many trials of a sweep run at once at most."),
        "runs": ("runs", "List, stop and kill runs, in StudioML's words."),
    },
    "Machine": {
        "cloud": ("cloud", "Show what is up of the machines that sweeps started, or end it."),
        "store": ("store", "Copy a store, check it, or keep it in a file."),
        "token": ("token", "Make, list and revoke the tokens that sonde serve asks for."),
        "doctor": ("doctor", "Say what this machine has and lacks."),
    },
}
COMMANDS = {name: entry for section in _SECTIONS.values() for name, entry in section.items()}


class LazyGroup(click.Group):
    """A group that knows its commands' names and first lines without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"sonde.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands, without importing any."""
        for heading, commands in _SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, line) for name, (_, line) in commands.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for one that does not exist name those that are near."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see sonde --help"
            if name.endswith((".py", ".sh")):
                hint = f"to tune it: sonde run --hyperparam NAME=RANGE {name}"
            raise click.UsageError(f"there is no command {name}; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="SWEEP is an id, a unique beginning of one, or a name. Results go to stdout, "
    "everything else to stderr.",
)
@click.option("--store", metavar="URL", help=STORE_HELP)
@click.version_option(package_name="sonde", message="sonde %(version)s")
@click.pass_context
def sonde(ctx: click.Context, store: str | None) -> None:
    """Find good hyperparameters for any training script, on any machine."""
    ctx.obj = store
