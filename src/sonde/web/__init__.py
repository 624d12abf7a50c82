"""The dashboard's page: its modules as people read them, and the one script that a browser gets."""

from pathlib import Path

from sonde.web.joined import Joined, joined

__all__ = ["WEB", "Joined", "joined"]

WEB = Path(__file__).parent
"""Where the page, its style and its modules lie."""
