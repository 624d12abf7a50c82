"""Take the pictures of docs/figures.md: `.venv/bin/python docs/images/make_figures.py`.

Runs small sweeps in a folder of its own, draws each kind, and photographs one HTML file.
"""

import math
import random
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import sonde
from sonde.api.sweep import Sweep

HERE = Path(__file__).parent
DPI = 80


def space() -> sonde.Space:
    """Logarithmic, whole, of categories, and under a condition."""
    return sonde.Space(
        lr=sonde.Float(1e-4, 1e-1, log=True),
        width=sonde.Int(8, 256, log=True),
        dropout=sonde.Float(0, 0.5),
        opt=["adam", "sgd"],
        momentum=sonde.Float(0, 0.99, when="opt == 'sgd'"),
    )


def train(lr: float, width: int, dropout: float, opt: str, momentum: float = 0.9) -> object:
    """A training that one can wait for: a valley over lr and width, noise, some failures."""
    noise = random.Random(f"{lr} {width} {dropout}")
    if noise.random() < 0.05:
        raise MemoryError("out of memory")
    far = abs(math.log10(lr) + 2.4) + 0.15 * abs(math.log2(width / 64)) + 0.5 * dropout
    far += 0.4 * abs(momentum - 0.9) if opt == "sgd" else 0.05
    speed = 900 / (20 + width) + noise.random()
    for epoch in range(12):
        loss = 0.1 + far * (0.4 + 0.6 * math.exp(-epoch / 3)) + noise.gauss(0, 0.015)
        sonde.log(val_loss=loss, speed=speed)
    return {"val_loss": loss, "speed": speed}


def ran(store: str, name: str, method: str, *, stop: str | None = None, **goals: str) -> Sweep:
    """A sweep of sixty trials."""
    found = sonde.sweep(
        train, space(), name=name, method=method, stop=stop, seed=5, store=store, **goals
    )
    return found.run(trials=60, workers=0, progress=False)


def small(file: Path) -> None:
    """Make a picture a third of its bytes."""
    Image.open(file).convert("RGB").quantize(64).save(file, optimize=True)


def main() -> None:
    """Draw everything."""
    folder = Path(tempfile.mkdtemp())
    store = f"sqlite:///{folder}/figures.db"
    chance = ran(store, "chance", "random", minimize="val_loss")
    model = ran(store, "model", "tpe", minimize="val_loss")
    early = ran(store, "early", "random", stop="asha", minimize="val_loss")
    both = ran(store, "both", "random", minimize="val_loss", maximize="speed")
    pictures = {
        "history": chance.plot("history", model),
        "importance": chance.plot("importance", model),
        "parallel": chance.plot("parallel"),
        "rank": chance.plot("rank", params=["lr", "width", "dropout"]),
        "edf": chance.plot("edf", model),
        "timeline": chance.plot("timeline", early),
        "pareto": both.plot("pareto"),
        "curves": early.plot("curves"),
        "scatter-matrix": both.plot("scatter-matrix", params=["lr", "width", "dropout"]),
        "correlation": both.plot("correlation"),
    }
    for kind, picture in pictures.items():
        file = HERE / f"figure-{kind}.png"
        picture.figure.savefig(file, dpi=DPI, facecolor="white")
        small(file)
    page = chance.plot("slice", model).save(folder / "slice.html")
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": 1100, "height": 760}, color_scheme="dark")
        shown.goto(page.as_uri())
        shown.wait_for_selector(".figure-page h1")
        shown.screenshot(path=HERE / "figure-page.png")
        small(HERE / "figure-page.png")
        browser.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
