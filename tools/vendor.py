"""Fetch what others wrote from npm: the dashboard's libraries, and axe for its tests.

    python tools/vendor.py            needs npm; nothing else in sonde does

The libraries go to src/sonde/web/vendor as they are served, axe to tests/web/vendor.

Imports by name become relative ones, because the page's content security policy allows no
inline import map. Nothing else is changed.
VENDOR.json says for each file where it came from, and its SHA-256, which a test checks.
"""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVED, TESTED = ROOT / "src" / "sonde" / "web" / "vendor", ROOT / "tests" / "web" / "vendor"
# package -> (folder, version, licence, home, {file in the package: our name})
PACKAGES = {
    "preact": (
        SERVED,
        "11.2.0",
        "MIT",
        "https://github.com/preactjs/preact",
        {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js"},
    ),
    "htm": (
        SERVED,
        "3.1.1",
        "Apache-2.0",
        "https://github.com/developit/htm",
        {"dist/htm.module.js": "htm.js"},
    ),
    "@preact/signals": (
        SERVED,
        "2.11.4",
        "MIT",
        "https://github.com/preactjs/signals",
        {"dist/signals.mjs": "signals.js"},
    ),
    "@preact/signals-core": (
        SERVED,
        "1.14.5",
        "MIT",
        "https://github.com/preactjs/signals",
        {"dist/signals-core.mjs": "signals-core.js"},
    ),
    "axe-core": (
        TESTED,
        "4.14.1",
        "MPL-2.0",
        "https://github.com/dequelabs/axe-core",
        {"axe.min.js": "axe.min.js"},
    ),
}
NAMES = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "@preact/signals-core": "./signals-core.js",
}


def main() -> None:
    """Write the folders anew."""
    listed: dict[Path, dict[str, dict[str, str]]] = {SERVED: {}, TESTED: {}}
    for package, (target, version, licence, home, files) in PACKAGES.items():
        target.mkdir(exist_ok=True)
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
        sources = {ours: _served(source) for ours, source in sources.items()}
        sources[f"LICENSE.{name}"] = text
        for ours, source in sources.items():
            (target / ours).write_text(source, encoding="utf-8")
            listed[target][ours] = {
                "package": package,
                "version": version,
                "licence": licence,
                "origin": home,
                "integrity": about["integrity"],
                "sha256": hashlib.sha256(source.encode()).hexdigest(),
            }
    for target, found in listed.items():
        text = json.dumps(found, indent=2) + "\n"
        (target / "VENDOR.json").write_text(text, encoding="utf-8")


def _text(archive: tarfile.TarFile, path: str) -> str:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise FileNotFoundError(path)
    return member.read().decode()


def _served(source: str) -> str:
    source = re.sub(r"\n?//# sourceMappingURL=.*\s*$", "\n", source)
    for bare, relative in NAMES.items():
        source = source.replace(f'from"{bare}"', f'from"{relative}"')
    return source


if __name__ == "__main__":
    main()
