"""Names of W&B's library that scripts call and that mean little here: accepted, without effect."""

from sonde.wandb.telling import say, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Artifact", "Audio", "Histogram", "Html", "Image", "Object3D", "Plotly", "Table", "Video",
    "alert", "login", "save", "setup", "unwatch", "watch",
]  # fmt: skip


def login(*given: "Any", **options: "Any") -> bool:
    """Return True: there is no account, and nothing to log into."""
    return True


def setup(*given: "Any", **options: "Any") -> None:
    """Do nothing: there is no service to be started."""


def watch(*models: "Any", **options: "Any") -> None:
    """Accept models; gradients are not recorded."""
    warn("watch: gradients and topology are not recorded")


def unwatch(*models: "Any") -> None:
    """Accept models."""


def save(*given: "Any", **options: "Any") -> None:
    """Accept paths; files stay where they are."""


def alert(title: str, text: str = "", **options: "Any") -> None:
    """Print an alert."""
    say(f"alert: {title}" + (f": {text}" if text else ""))


class _Media:
    """A thing that W&B would show; it can be made and logged, and is not recorded."""

    def __init__(self, *given: "Any", **options: "Any") -> None:
        self.given, self.options = given, options


class Image(_Media):
    """A picture."""


class Audio(_Media):
    """A sound."""


class Video(_Media):
    """A video."""


class Html(_Media):
    """A page."""


class Object3D(_Media):
    """A body."""


class Plotly(_Media):
    """A figure."""


class Histogram(_Media):
    """Counts of values."""


class Table(_Media):
    """Rows and columns."""

    def add_data(self, *row: "Any") -> None:
        """Accept a row."""

    def add_column(self, name: str, data: "Any", optional: bool = False) -> None:
        """Accept a column."""


class Artifact(_Media):
    """Files with a name."""

    def add_file(self, *given: "Any", **options: "Any") -> None:
        """Accept a file, which stays where it is."""

    def add_dir(self, *given: "Any", **options: "Any") -> None:
        """Accept a folder, which stays where it is."""
