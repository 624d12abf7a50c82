"""Take the pictures of docs/dashboard.md: a real sweep, edited on the way, in a real Chromium.

Run: python docs/images/make_dashboard.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "builders"))

from browsing import launched  # noqa: E402
from sonde.server.app import create_app  # noqa: E402
from sonde.server.serving import serving  # noqa: E402
from sonde.store import open_store  # noqa: E402

TRAIN = '''\
"""Fit a sine with random features, batch by batch."""
import os
from pathlib import Path

import numpy as np
import sonde

sonde.init()
c = sonde.config
rng = np.random.default_rng(1)
x, x_val = rng.uniform(-3, 3, 256), np.linspace(-3, 3, 80)
y, y_val = np.sin(2 * x) + rng.normal(scale=0.1, size=256), np.sin(2 * x_val)
slopes, offsets = rng.normal(scale=2, size=c.width), rng.uniform(-3, 3, c.width)
features = lambda x: np.tanh(np.outer(x, slopes) + offsets) / np.sqrt(c.width)
w, v, s = np.zeros(c.width), np.zeros(c.width), np.ones(c.width) * 1e-8
for epoch in range(27):
    for batch in np.array_split(rng.permutation(256), 256 // c.batch):
        for _ in range(8):
            f = features(x[batch])
            g = f.T @ (f @ w - y[batch]) / len(batch) + c.decay * w
            if c.optimizer == "sgd":
                v = c.momentum * v - c.lr * g
                w = w + v
            else:
                s = 0.99 * s + 0.01 * g * g
                w = w - c.lr * 0.1 * g / np.sqrt(s)
    loss = float(np.mean((features(x_val) @ w - y_val) ** 2))
    if loss > 50:
        raise FloatingPointError(f"diverged at epoch {epoch}: the loss is {loss:.3g}")
    sonde.log(val_loss=loss)
    print(f"epoch {epoch} val_loss {loss:.5f}")
line = lambda ys: " ".join(f"{60 * (a + 3):.1f},{60 - 40 * b:.1f}" for a, b in zip(x_val, ys))
Path(os.environ["SONDE_TRIAL_DIR"], "artifacts", "fit.svg").write_text(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 120" width="360" height="120">'
    f'<polyline points="{line(y_val)}" fill="none" stroke="#999" stroke-width="5"/>'
    f'<polyline points="{line(features(x_val) @ w)}" fill="none" stroke="#0b5cad"/></svg>')
'''
RUN = [
    "run", "-j2", "--name=sine", "--project=fits", "--method=random", "--seed=7", "--trials=90",
    "--stop=asha(eta=3)", "--metric=val_loss:min", "lr=1e-3..3:log", "width=8,16,32,64",
    "batch=16,64,256", "optimizer=sgd,adam", "momentum=0..0.95", "decay=1e-6..1e-1:log",
    "--when=momentum=optimizer == 'sgd'", "train.py",
]  # fmt: skip
TWO = [
    "run", "-j2", "--name=size-and-loss", "--project=fits", "--method=random", "--seed=1",
    "--trials=40", "--metric=val_loss:min", "--metric=size:min", "lr=1e-3..3:log", "width=4..64",
    "two.py",
]  # fmt: skip
VIEWS = {
    "sweep": "?sweep=sine", "brush": "?sweep=sine&b.m.val_loss=0..0.03",
    "trials": "?sweep=sine&tab=trials&sel=5,12",
    "compare": "?sweep=sine&tab=compare&sel={best},5,12",
    "importance": "?sweep=sine&tab=analysis", "slice": "?sweep=sine&tab=analysis&kind=slice",
    "pair": "?sweep=sine&tab=analysis&kind=pair&px=lr&py=decay",
    "edf": "?sweep=sine&tab=analysis&kind=edf&filter=optimizer=adam",
    "matrix": "?sweep=sine&tab=analysis&kind=matrix",
    "pareto": "?sweep=size-and-loss&tab=analysis&kind=pareto",
    "config": "?sweep=sine&tab=config", "agents": "?sweep=sine&tab=agents",
    "notes": "?sweep=sine&tab=notes", "trial": "?sweep=sine&trial={best}", "sweeps": "",
}  # fmt: skip
DARK = {"brush", "slice"}


def main() -> None:
    """Run the sweeps, and take the pictures."""
    with tempfile.TemporaryDirectory() as text, sync_playwright() as playwright:
        folder = Path(text, "fits")
        folder.mkdir()
        (folder / "train.py").write_text(TRAIN)
        two = (
            TRAIN.replace("c.optimizer", '"adam"').replace("c.batch", "64").replace("c.decay", "0")
        )
        two = two.replace("val_loss=loss)", "val_loss=loss, size=c.width)")
        (folder / "two.py").write_text(two)
        _git(folder, "init", "-q", "-b", "main")
        _git(folder, "add", "-A")
        _git(folder, "-c", "user.name=anne", "-c", "user.email=a@b", "commit", "-qm", "A sine")
        for words in ([*RUN[:-1], "--trials=60", *RUN[-1:]], TWO):
            _sonde(folder, words)
        store = open_store(str(folder / ".sonde" / "sonde.db"))
        with serving(create_app(store)) as url:
            _edit(url)
            _sonde(folder, ["resume", "--trials=90", "sine"])
            best = next(s for s in _get(url, "sweeps") if s["name"] == "sine")["best"]["number"]
            browser = launched(playwright)
            for name, query in VIEWS.items():
                theme = "dark" if name in DARK else "light"
                _shoot(browser, f"{url}/{query.format(best=best)}", name, theme)
            _shoot(browser, f"{url}/?sweep=sine", "phone", "light", width=390, height=844)
            browser.close()
        store.close()


def _edit(url: str) -> None:
    """Narrow the space after sixty trials, as one does; note why."""
    _post(
        url, "api/v1/sweeps/sine/definition",
        {"parameters": {"lr": "1e-2..3:log", "width": [32, 64]}, "why": "small ones are no good"},
    )  # fmt: skip
    note = "Random search first.\nSmall widths went after 60 trials."
    _post(url, "api/v1/view/about?sweep=sine", {"notes": note, "tags": ["baseline", "paper"]})


def _sonde(folder: Path, words: list[str]) -> None:
    command = [sys.executable, "-m", "sonde", *words]
    subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=600)


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True)


def _get(url: str, path: str) -> list[dict[str, dict[str, int]]]:
    import httpx

    found: list[dict[str, dict[str, int]]] = httpx.get(f"{url}/api/v1/{path}").json()
    return found


def _post(url: str, path: str, body: dict[str, object]) -> None:
    import httpx

    httpx.post(f"{url}/{path}", json=body).raise_for_status()


def _shoot(
    browser: Browser, url: str, name: str, theme: str, width: int = 1440, height: int = 900
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(4000)  # what it shows comes in several answers
    if name == "config":
        height = 740  # below stand paths of this machine
    # The store lies in a folder that is gone with this script.
    page.locator(".path").evaluate_all(
        "(all, text) => all.forEach((one) => { one.textContent = text; })",
        "sqlite:////home/anne/fits/.sonde/sonde.db",
    )
    target = Path(__file__).with_name(f"dashboard-{name}.png")
    clip = {"x": 0.0, "y": 0.0, "width": float(width), "height": float(height)}
    page.screenshot(clip=clip, path=str(target))  # type: ignore[arg-type]
    Image.open(target).quantize(160).save(target, optimize=True)
    context.close()


if __name__ == "__main__":
    main()
