"""`python -m sonde.ray [--on PLACE] [--address HOST:PORT] PROGRAM ARGS...`: run it there."""

import argparse
import os
import runpy
import sys
from pathlib import Path

from sonde.core.wanted import PLACE, parse_wanted, written

__all__ = ["main"]


def main(argv: list[str]) -> None:
    """Run a program that imports `sonde.ray` with its calls at some place."""
    parser = argparse.ArgumentParser(prog="python -m sonde.ray", description=__doc__)
    parser.add_argument("--on", metavar="PLACE", default="local")
    parser.add_argument("--address", metavar="HOST:PORT")
    parser.add_argument("program")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    given = parser.parse_args(argv)
    place = given.on
    if given.address is not None:
        wanted = parse_wanted(place, PLACE)
        place = written(str(wanted), {**wanted.options, "address": given.address})
    os.environ["SONDE_ON"] = place
    sys.argv = [given.program, *given.args]
    sys.path[0] = str(Path(given.program).absolute().parent)
    runpy.run_path(given.program, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
