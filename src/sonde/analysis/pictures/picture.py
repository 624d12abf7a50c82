"""A picture of a figure, in any format; also what `Sweep.plot` returns."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonde.analysis.pictures.words import title_of
from sonde.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "Picture"]

FORMATS = ("png", "pdf", "svg", "html", "json")
"""Suffixes that a picture can be saved under."""
_DPI = 150


class Picture:
    """A figure that can be shown and saved.

    Attributes:
        data: The figure: one of the dataclasses of `sonde.analysis.figures`.
    """

    def __init__(self, data: Any) -> None:
        self.data = data
        self._figure: Figure | None = None

    @property
    def kind(self) -> str:
        """What it shows, such as `history`."""
        kind: str = self.data.kind
        return kind

    @property
    def figure(self) -> "Figure":
        """It as matplotlib's figure, to be changed at will before it is saved.

        Raises:
            ConfigError: If matplotlib is not installed.
        """
        if self._figure is None:
            try:
                import matplotlib.figure  # noqa: F401 - said more clearly than by what draws
            except ImportError as error:
                raise ConfigError(
                    f"plot {self.kind}",
                    "matplotlib is not installed",
                    "pip install matplotlib; .html, .json and the terminal need none",
                ) from error
            from sonde.analysis.pictures.plots import drawn

            self._figure = drawn(self.data)
        return self._figure

    def to_json(self) -> dict[str, Any]:
        """Return the numbers behind it, as strict JSON has them."""
        from sonde.analysis.figures import json_of

        found: dict[str, Any] = json_of(self.data)
        return found

    def render(self, form: str) -> bytes:
        """Return it as the bytes of a file.

        Args:
            form: One of `FORMATS`.

        Raises:
            ConfigError: If there is no such format.
        """
        if form not in FORMATS:
            raise ConfigError(
                f"plot .{form}", "there is no such format", f"choose from {', '.join(FORMATS)}"
            )
        if form == "json":
            return (json.dumps(self.to_json(), allow_nan=False) + "\n").encode()
        if form == "html":
            from sonde.analysis.pictures.page import page_of

            return page_of(self.data).encode()
        figure = self.figure  # which says so where there is no matplotlib
        # Text stays text, so that it can be searched, and the same figure gives the same file.
        from matplotlib import rc_context

        found = io.BytesIO()
        look: dict[Any, Any] = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "sonde"}
        undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        with rc_context(look):
            figure.savefig(
                found, format=form, dpi=_DPI, metadata=undated.get(form), facecolor="white"
            )
        return found.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write it to a file whose suffix says how; return its path.

        Raises:
            ConfigError: If the suffix is none of `FORMATS`, or it cannot be written.
        """
        path = Path(path)
        data = self.render(path.suffix.lower().removeprefix("."))
        try:
            path.write_bytes(data)
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError(f"plot {path}", why, "choose another place") from error
        return path

    def __str__(self) -> str:
        from sonde.analysis.pictures.terminal import text_of

        return text_of(self.data)

    def __repr__(self) -> str:
        return f"<sonde {title_of(self.data)}>"

    def _repr_svg_(self) -> str:
        return self.render("svg").decode()
