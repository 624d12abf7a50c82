"""The command line: one file a command, and what they share.

Only `main` is loaded at the start: a command's module is imported when it is used, so that
`sonde --help` stays quick.
"""

import os
import sys

__all__ = ["main"]

REPORT = "This is a fault of sonde, not yours. Please report it with the lines above."
INTERNAL_ERROR = 70  # EX_SOFTWARE: unlike any exit code that tells how a sweep went
INTERRUPTED = 130  # what a shell shows for a program that Ctrl-C ended
BROKEN_PIPE = 141  # what a shell shows for a program that SIGPIPE ended


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    try:
        code = run_line(sys.argv[1:])
        import signal

        # All is said and done: one more Ctrl-C changes neither that nor the exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:  # while modules are loaded, or on the way out
        code = INTERRUPTED
    sys.exit(code)


def run_line(argv: list[str]) -> int:
    """Run one command line; return the exit code.

    What the user did wrong is printed without a traceback (exit code 2); a fault of sonde
    keeps its traceback.
    """
    import click

    from sonde.cli.group import sonde
    from sonde.errors import SondeError

    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = sonde.main(argv, prog_name="sonde", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        # Whoever read our output has left (`| head`). Nothing may be flushed into the pipe
        # at exit either, or the interpreter complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except click.exceptions.NoArgsIsHelpError as error:
        error.show(sys.stdout)
        return 0
    except click.UsageError as error:
        from sonde.cli.usage import usage_line

        click.echo(f"sonde: {usage_line(error)}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SondeError as error:
        for line in str(error).splitlines():
            click.echo(f"sonde: {line}", err=True)
        return error.exit_code
    except Exception:  # noqa: BLE001 the last one who can tell the user what to do
        import traceback

        traceback.print_exc()
        click.echo(REPORT, err=True)
        return INTERNAL_ERROR
