"""The scripts that a Redis server runs for the store, each one transaction."""

from pathlib import Path

__all__ = ["load_scripts"]

_HERE = Path(__file__).parent


def load_scripts() -> dict[str, str]:
    """Return the scripts by name."""
    return {file.stem: file.read_text("utf-8") for file in sorted(_HERE.glob("*.lua"))}
