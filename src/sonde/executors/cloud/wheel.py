"""sonde itself, as a file that pip installs: machines get the one that runs here.

Made from the installed package, so that what runs there is what runs here, also where it was
installed from a checkout.
"""

import importlib.metadata
import sys
import zipfile
from pathlib import Path

__all__ = ["wheel_of_this"]


def wheel_of_this(folder: Path) -> Path:
    """Write the wheel into a folder and return it."""
    found = importlib.metadata.distribution("sonde")
    name = f"sonde-{found.version}"
    path = folder / f"{name}-py3-none-any.whl"
    root = Path(sys.modules["sonde"].__file__ or "").parent
    info = f"{name}.dist-info"
    texts = {
        "METADATA": found.read_text("METADATA") or "",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: sonde\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": found.read_text("entry_points.txt") or "",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        record = []
        for file in sorted(root.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                inside = str(Path("sonde") / file.relative_to(root))
                wheel.write(file, inside)
                record.append(inside)
        for inside, text in ((f"{info}/{part}", text) for part, text in texts.items()):
            wheel.writestr(inside, text)
            record.append(inside)
        lines = [f"{inside},,\n" for inside in (*record, f"{info}/RECORD")]
        wheel.writestr(f"{info}/RECORD", "".join(lines))
    return path
