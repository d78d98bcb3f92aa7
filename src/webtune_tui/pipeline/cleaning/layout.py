"""The page being written while its tags are read: pending breaks, open lists, tables and code blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MEANT = re.compile(r"\s*(?:(?:[-*+•‣◦–]|\d{1,3}[.)]|#{1,6})[^\S\n]+\S|\|)")
_DEEPEST_LIST = 6
_DEEPEST_TABLE = 4
_LONGEST_CELL = 200  # characters; a longer one with several lines says that the table lays out a page


@dataclass(slots=True)
class _Column:
    """A run of text: the page itself or one cell of a table."""

    parts: list[str] = field(default_factory=list)
    breaks: int = 0
    """Line ends to come before the next text."""
    is_spaced: bool = False
    """Whether a space comes before the next text."""
    lead: str = ""
    """What comes before the next text in its line, such as a list item's dash."""
    lists: list[list[int]] = field(default_factory=list)
    """For each open list its next number, 0 without numbers, and the count of its items."""
    is_header: bool = False
    is_after_term: bool = False

    def text(self) -> str:
        return "".join(self.parts)


@dataclass(slots=True)
class _Table:
    rows: int = 0
    cells: list[_Column] | None = None
    """Those of the open row."""


class Lines:
    """A text in which tags only mark words: its lines are as they stand."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_after_break = False

    def text(self) -> str:
        """All that was written."""
        return "".join(self._parts)

    def write(self, text: str) -> None:
        """Text between two tags, with its characters decoded. The source's own line end after a break is none."""
        if self._is_after_break:
            first, newline, rest = text.partition("\n")
            text = rest if newline and not first.strip() else text
            self._is_after_break = False
        self._parts.append(text)

    def line_end(self, count: int) -> None:
        """The line ends here."""
        self._parts.append("\n" * count)

    def line_break(self) -> None:
        """A new line begins."""
        self._parts.append("\n")
        self._is_after_break = True


class Page:
    """Takes text and the beginnings and ends of elements in order; ``text()`` gives the whole."""

    def __init__(self) -> None:
        self._columns = [_Column()]
        self._tables: list[_Table] = []
        self._tables_ignored = 0
        self._code: list[str] | None = None

    def text(self) -> str:
        """All that was written."""
        self.end_code()
        while self._tables:
            self.end_table()
        return self._columns[0].text()

    # Running text

    def write(self, text: str) -> None:
        """Text between two tags, with its characters decoded."""
        if not text:
            return
        if self._code is not None:
            self._code.append(text)
        elif "\n" in text and "\n" in text.strip():
            self._write_lines(text)
        else:
            self._write_words(text)

    def _write_lines(self, text: str) -> None:
        """Text with line ends of its own: those that Markdown means count, the others are spaces."""
        together: list[str] = []
        for line in text.split("\n"):
            is_blank = not line.strip()
            if is_blank or _MEANT.match(line):
                self._write_words("\n".join(together) + "\n")
                self.line_end(2 if is_blank and "".join(together).strip() else 1)
                together = []
            together.append(line)
        self._write_words("\n".join(together))

    def _write_words(self, text: str) -> None:
        column = self._columns[-1]
        words = " ".join(text.split())
        if not words:
            column.is_spaced = column.is_spaced or bool(text)
            return
        if column.breaks:
            if column.parts:
                column.parts.append("\n" * column.breaks)
        elif column.parts and not column.lead and (column.is_spaced or text[0].isspace()):
            column.parts.append(" ")
        if column.lead:
            column.parts.append(column.lead)
            column.lead = ""
        column.parts.append(words)
        column.breaks = 0
        column.is_spaced = text[-1].isspace()

    def line_end(self, count: int) -> None:
        """The line ends here; with 2 an empty line follows. Before an item's own text nothing ends."""
        column = self._columns[-1]
        if self._code is not None:
            self._code.append("\n")
        elif not column.lead and column.breaks < count:
            column.breaks = count

    def line_break(self) -> None:
        """A break within a paragraph; two in a row leave an empty line."""
        self.line_end(min(2, self._columns[-1].breaks + 1))

    # Lists

    def start_list(self, first_number: int) -> None:
        """A list begins; 0 for one without numbers."""
        self.line_end(1)
        self._columns[-1].lists.append([first_number, 0])

    def end_list(self) -> None:
        """The innermost list ends."""
        column = self._columns[-1]
        if column.lists:
            column.lists.pop()
        column.lead = ""
        self.line_end(1 if column.lists else 2)

    def start_item(self) -> None:
        """An item of the innermost list; one without text leaves no line."""
        column = self._columns[-1]
        is_first, number, depth = True, 0, 0
        if column.lists:
            innermost = column.lists[-1]
            number, count = innermost
            is_first, depth = not count, min(len(column.lists) - 1, _DEEPEST_LIST)
            innermost[0] += bool(number)
            innermost[1] += 1
        column.lead = ""
        self.line_end(1)
        if not is_first:
            column.breaks = 1
        column.lead = f"{'  ' * depth}{f'{number}.' if number else '-'} "

    def end_item(self) -> None:
        """The item's line ends."""
        self._columns[-1].lead = ""
        self.line_end(1)

    def start_term(self) -> None:
        """A term of a definition list."""
        self.end_item()
        self._columns[-1].is_after_term = False

    def end_term(self) -> None:
        """Its meaning is to follow on the same line."""
        self.end_item()
        self._columns[-1].is_after_term = True

    def start_meaning(self) -> None:
        """The meaning of the term before."""
        column = self._columns[-1]
        self.end_item()
        if column.is_after_term and column.parts and self._code is None:
            column.breaks = 0
            column.lead = " " if column.parts[-1].endswith((":", "?")) else ": "
        column.is_after_term = False

    # Tables

    def start_table(self) -> None:
        """A table begins; one nested too deep is read as running text."""
        if len(self._tables) >= _DEEPEST_TABLE:
            self._tables_ignored += 1
            return
        self.end_code()
        self.line_end(2)
        self._tables.append(_Table())

    def end_table(self) -> None:
        """The innermost table ends, with its open row."""
        if self._tables_ignored:
            self._tables_ignored -= 1
        elif self._tables:
            self.end_row()
            self._tables.pop()
            self.line_end(2)

    def start_row(self) -> None:
        """A row begins, also where the table's own tag is missing."""
        if self._tables_ignored:
            self.line_end(1)
            return
        if not self._tables:
            self.start_table()
        self.end_row()
        self._tables[-1].cells = []

    def end_row(self) -> None:
        """The row's cells become a line, or several where the table lays out a page."""
        if self._tables_ignored or not self._tables or self._tables[-1].cells is None:
            return
        self.end_code()
        table = self._tables[-1]
        cells = table.cells or []
        table.cells = None
        if cells:
            self._columns.pop()
        self._write_row(table, cells)

    def start_cell(self, *, is_header: bool = False) -> None:
        """A cell begins; the one before ends."""
        if self._tables_ignored:
            self._columns[-1].is_spaced = True
            return
        if not self._tables or self._tables[-1].cells is None:
            self.start_row()
        self.end_code()
        cells = self._tables[-1].cells
        assert cells is not None
        if cells:
            self._columns.pop()
        cells.append(_Column(is_header=is_header))
        self._columns.append(cells[-1])

    def start_header(self) -> None:
        """A cell that names its column or row."""
        self.start_cell(is_header=True)

    def end_cell(self) -> None:
        """What follows is not of the cell's last line."""
        self.line_end(1)

    def _write_row(self, table: _Table, cells: list[_Column]) -> None:
        texts = [cell.text() for cell in cells]
        if not any(texts):
            return
        lays_out = any("\n" in text and (len(text) > _LONGEST_CELL or "```" in text) for text in texts)
        if lays_out:
            for text in filter(None, texts):
                self._write_block(text, 2)
            return
        self._write_block(" | ".join(map(_in_one_line, texts)).strip(), 1)
        table.rows += 1
        if table.rows == 1 and len(cells) > 1 and all(cell.is_header for cell in cells):
            self._write_block(" | ".join(["---"] * len(cells)), 1)

    def _write_block(self, text: str, breaks: int) -> None:
        column = self._columns[-1]
        self.line_end(breaks)
        if column.parts and column.breaks:
            column.parts.append("\n" * column.breaks)
        column.parts.append(f"{column.lead}{text}")
        column.lead = ""
        column.breaks = breaks

    # Code

    def start_code(self) -> None:
        """Text whose lines and spaces are meant."""
        self.end_code()
        self._code = []

    def end_code(self) -> None:
        """The code stands in a fence, or in the line where it is of one line."""
        if self._code is None:
            return
        code = "".join(self._code).replace("\r\n", "\n").strip("\n").replace("```", "'''")
        self._code = None
        if "\n" in code.strip():
            self._columns[-1].lead = ""
            self._write_block(f"```\n{code}\n```", 2)
        else:
            self._write_words(code)


def _in_one_line(text: str) -> str:
    if "\n" not in text:
        return text
    return "; ".join(line.strip().removeprefix("- ") for line in text.split("\n") if line.strip())
