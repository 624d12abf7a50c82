"""From the positions of a syntax tree to positions in the text.

A tree counts lines as Python does and columns in bytes of UTF-8; text is cut by characters.
"""

import ast
import re
from bisect import bisect_right

__all__ = ["Spans"]

_MARK = "\ufeff"
_LINE_END = re.compile(r"\r\n|\r|\n")  # Python's; form feeds and Unicode separators are none


class Spans:
    """Positions in one source text.

    Attributes:
        body: The text without its byte order mark, as the parser wants it.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._mark = len(_MARK) if source.startswith(_MARK) else 0
        self.body = source[self._mark :]
        ends = (match.end() for match in _LINE_END.finditer(source))
        self._starts = [self._mark, *ends]

    def of(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node of the tree of `body` begins and ends in the whole text."""
        end_line, end_column = node.end_lineno, node.end_col_offset
        if end_line is None or end_column is None:
            raise ValueError("a node that was not parsed from text")
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end_column)

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column, both counted from 1 and the column in characters."""
        line = max(bisect_right(self._starts, offset), 1)
        return line, offset - self._starts[line - 1] + 1

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        # At most one character a byte, so this piece is long enough.
        piece = self._source[start : start + column]
        if piece.isascii():
            return start + column
        return start + len(piece.encode("utf-8", "surrogatepass")[:column].decode())
