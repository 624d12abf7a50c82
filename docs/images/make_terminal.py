"""Draw docs/images/terminal.svg: what `sonde run` shows while it tunes examples/digits.

Runs the sweep of the README in a terminal of its own (a pty, read by pyte) in a copy of the
example, and draws the screen as it was at about two thirds of the way.

Run: python docs/images/make_terminal.py
"""

import fcntl
import os
import pty
import select
import shutil
import struct
import sys
import tempfile
import termios
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
TARGET = Path(__file__).with_name("terminal.svg")
COLUMNS, LINES = 88, 30
COMMAND = ["run", "--hyperparam=lr=1e-4:l10:1", "--metric=val_loss:min", "train.py", "30"]
SHARE = "7/10"  # of the trials done, in the picture

CELL_WIDTH, CELL_HEIGHT, MARGIN, BAR = 8.4, 18, 16, 28
NAMESPACE = "http://www.w3.org/2000/svg"
LABEL = "sonde run in a terminal: progress, the best trial so far, the trials"
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
BACKGROUND, TEXT = "#14171c", "#d5dae1"
COLOURS = {
    "black": "#4a525e", "red": "#f07178", "green": "#a5d66f", "brown": "#f0c36a",
    "blue": "#76aef0", "magenta": "#cf9bf0", "cyan": "#70cfd6", "white": TEXT,
    "brightblack": "#7c8796", "brightred": "#ff8b92", "brightgreen": "#bdea8c",
    "brightbrown": "#ffd98a", "brightblue": "#97c3ff", "brightmagenta": "#dfb5ff",
    "brightcyan": "#93e4ea", "brightwhite": "#ffffff",
}  # fmt: skip


def main() -> None:
    """Record the run, choose the moment and draw it."""
    with tempfile.TemporaryDirectory() as folder:
        example = Path(folder).resolve() / "digits"
        shutil.copytree(
            ROOT / "examples" / "digits", example, ignore=shutil.ignore_patterns("runs", ".sonde")
        )
        rows = record(example)
        for row in rows:
            blank(row, f"{example}{os.sep}")
    TARGET.write_text(draw(rows), encoding="utf-8")
    print(f"{TARGET} written")


def record(folder: Path) -> list[list[pyte.screens.Char]]:
    """Run the sweep in a pty and return the rows of the chosen moment, without empty ones."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(
            TERM="xterm-256color", COLORTERM="truecolor",
            PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        )  # fmt: skip
        for name in ("CI", "NO_COLOR", "COLUMNS", "LINES", "SONDE_STORE"):
            os.environ.pop(name, None)
        os.execv(sys.executable, [sys.executable, "-m", "sonde", *COMMAND])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[32m$\x1b[0m sonde {' '.join(COMMAND)}\r\n\r\n".encode())
    chosen: list[list[pyte.screens.Char]] = []
    while True:
        select.select([terminal], [], [])
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # EIO: the child has closed its end
            break
        if not data:
            break
        stream.feed(data)
        text = "\n".join(screen.display)
        if not chosen or (SHARE in text and "running" in text):
            chosen = [[screen.buffer[y][x] for x in range(COLUMNS)] for y in range(LINES)]
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit("the sweep failed:\n" + "\n".join(screen.display))
    while chosen and not "".join(char.data for char in chosen[-1]).strip():
        chosen.pop()
    return chosen


def blank(row: list[pyte.screens.Char], text: str) -> None:
    """Put blanks where a row has the text: where the picture was made is nobody's business."""
    start = "".join(char.data for char in row).find(text)
    if start >= 0:
        row[start : start + len(text)] = [pyte.screens.Char(" ")] * len(text)


def draw(rows: list[list[pyte.screens.Char]]) -> str:
    """Return the rows as an SVG that needs no font and no style from elsewhere."""
    width = round(COLUMNS * CELL_WIDTH + 2 * MARGIN)
    height = len(rows) * CELL_HEIGHT + BAR + MARGIN
    lines = [
        f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {width} {height}" role="img" aria-label="{LABEL}">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
        *(
            f'<circle cx="{MARGIN + 4 + 18 * i}" cy="14" r="5" fill="{colour}"/>'
            for i, colour in enumerate(("#f0605a", "#f0b94a", "#5dc45c"))
        ),
        f'<g font-family="{FONTS}" font-size="14" fill="{TEXT}" xml:space="preserve">',
    ]
    for y, row in enumerate(rows):
        baseline = BAR + (y + 0.75) * CELL_HEIGHT
        x = 0
        for (colour, bold), run in groupby(row, key=lambda char: (char.fg, char.bold)):
            text = "".join(char.data for char in run)
            if text.strip():
                # The length is given, so that block characters meet in any font.
                style = f' fill="{paint(colour)}"' if colour != "default" else ""
                style += ' font-weight="bold"' if bold else ""
                lines.append(
                    f'<text x="{MARGIN + x * CELL_WIDTH:.1f}" y="{baseline:.1f}"{style} '
                    f'textLength="{len(text) * CELL_WIDTH:.1f}" lengthAdjust="spacingAndGlyphs">'
                    f"{escape(text)}</text>"
                )
            x += len(text)
    lines += ["</g>", "</svg>"]
    return "\n".join(lines) + "\n"


def paint(colour: str) -> str:
    """Return a colour of pyte's as SVG writes it."""
    return COLOURS.get(colour, f"#{colour}")


if __name__ == "__main__":
    main()
