"""Fetch the dashboard's four libraries from npm into src/sonde/web/vendor, as they are served.

    python tools/vendor.py            needs npm; nothing else in sonde does

Imports by name become relative ones, because the page's content security policy allows no
inline import map; uPlot's minified script gets an `export`. Nothing else is changed.
VENDOR.json says for each file where it came from, and its SHA-256, which a test checks.
"""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "src" / "sonde" / "web" / "vendor"
# package -> (version, licence, {file in the package: our name})
PACKAGES = {
    "preact": (
        "11.2.0",
        "MIT",
        {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js"},
    ),
    "htm": ("3.1.1", "Apache-2.0", {"dist/htm.module.js": "htm.js"}),
    "@preact/signals": ("2.11.4", "MIT", {"dist/signals.mjs": "signals.js"}),
    "@preact/signals-core": ("1.14.5", "MIT", {"dist/signals-core.mjs": "signals-core.js"}),
    "uplot": (
        "1.6.32",
        "MIT",
        {"dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"},
    ),
}
NAMES = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "@preact/signals-core": "./signals-core.js",
}


def main() -> None:
    """Write the folder anew."""
    VENDOR.mkdir(exist_ok=True)
    listed = {}
    for package, (version, licence, files) in PACKAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            packed = subprocess.run(
                ["npm", "pack", "--silent", f"{package}@{version}", "--json"],
                check=True,
                capture_output=True,
                text=True,
                cwd=folder,
            )
            about = json.loads(packed.stdout)[0]
            with tarfile.open(Path(folder, about["filename"])) as archive:
                text = _text(archive, "LICENSE")
                sources = {ours: _text(archive, theirs) for theirs, ours in files.items()}
        name = package.replace("@", "").replace("/", "-")
        sources = {ours: _served(ours, source) for ours, source in sources.items()}
        sources[f"LICENSE.{name}"] = text
        for ours, source in sources.items():
            (VENDOR / ours).write_text(source, encoding="utf-8")
            listed[ours] = {
                "package": package,
                "version": version,
                "licence": licence,
                "origin": f"https://www.npmjs.com/package/{package}/v/{version}",
                "integrity": about["integrity"],
                "sha256": hashlib.sha256(source.encode()).hexdigest(),
            }
    (VENDOR / "VENDOR.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def _text(archive: tarfile.TarFile, path: str) -> str:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise FileNotFoundError(path)
    return member.read().decode()


def _served(name: str, source: str) -> str:
    source = re.sub(r"\n?//# sourceMappingURL=.*\s*$", "\n", source)
    for bare, relative in NAMES.items():
        source = source.replace(f'from"{bare}"', f'from"{relative}"')
    if name == "uplot.js":
        source = source.rstrip() + "\nexport default uPlot;\n"
    return source


if __name__ == "__main__":
    main()
