"""Distributions beside sonde, for tests of plugins: installed, or only their metadata."""

import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["install", "pretend"]


def install(source: Path, target: Path) -> None:
    """Build a distribution and install it into a folder, without asking any index."""
    # pip builds in place; the source is not to be changed by it.
    copy = target.parent / "source"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".sonde", "__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    subprocess.run([*pip, *options, str(copy)], check=True, capture_output=True)


def pretend(folder: Path, name: str, entry_points: str, module: str = "") -> None:
    """Put into a folder what an installed distribution leaves there."""
    package = name.replace("-", "_")
    metadata = folder / f"{package}-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(entry_points)
    (folder / f"{package}.py").write_text(module)
