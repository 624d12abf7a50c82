"""Pictures: figures drawn, by matplotlib for files and in letters for a terminal.

Nothing is computed here but where on the paper a number lies: the numbers are those of
`sonde.analysis.figures`. matplotlib is imported when a file is first drawn.
"""

from sonde.analysis.pictures.picture import FORMATS, Picture
from sonde.analysis.pictures.terminal import text_of

__all__ = ["FORMATS", "Picture", "text_of"]
