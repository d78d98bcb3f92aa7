"""Excel workbooks: each sheet with a header row, one record a row, read by calamine within limits."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from webtune_tui.domain.limits import DEFAULT_LIMITS, MEGABYTE, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, snippet
from webtune_tui.sources.files.packed import Budget, Unpackable
from webtune_tui.sources.files.plain_values import characters_in, plain

_LARGEST = 1024 * MEGABYTE  # of a workbook unpacked: calamine holds a sheet whole
_MOST_CELLS = 20_000_000  # of the rectangle of one sheet, empty ones included: about 0.6 GB
_CELL = re.compile(rb"""<(?:\w{1,20}:)?(?:c|row)\b[^>]{0,80}?\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})""")
_PIECE = 256 * 1024
_WIDEST_TAG = 128
_ERRORS = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA)")


def rows(path: Path, encoding: str = "", limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """Every row below the header of every sheet; the sheet is the row's ``part``."""
    import python_calamine

    try:
        _require_bounded(path, limits)
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            for name in book.sheet_names:
                try:
                    sheet = book.get_sheet_by_name(name)
                except (python_calamine.CalamineError, ValueError) as error:
                    yield Reject(1, f"sheet {name!r} can't be read: {_said(error)}", "")
                    continue
                first = sheet.start[0] + 1 if sheet.start else 1
                yield from _of_sheet(name, sheet.iter_rows(), first, limits)
    except (python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        yield Reject(1, f"the workbook can't be read: {_said(error)}", "")
    except Unpackable as fault:
        yield Reject(1, f"the workbook {fault}", "")


def _of_sheet(name: str, found: Iterator[Sequence[Any]], first: int, limits: ReadLimits) -> Iterator[Row | Reject]:
    header: list[str] | None = None
    above: Reject | None = None
    for number, values in enumerate(found, start=first):
        filled = [value for value in values if value not in ("", None)]
        if not filled:
            continue
        if header is None:
            if len(filled) == 1 and above is None and len(values) > 1:
                words = f"sheet {name!r}, row {number}: stands alone above the header"
                above = Reject(number, words, snippet(str(filled[0])))
                continue
            if above is not None and len(filled) > 1:
                yield above
            elif above is not None:  # a list of one column after all, in a sheet that is wider elsewhere
                header = ["column_1"]
                yield above
            header = _names(values)
            continue
        yield _row(name, number, header, values, limits)


def _names(values: Sequence[Any]) -> list[str]:
    """The column names, each once; a column without one is named by its place."""
    names: list[str] = []
    for number, value in enumerate(values, start=1):
        name = str(_tidy(value)).strip() or f"column_{number}"
        wanted = name if name not in names else f"{name}_{number}"
        while wanted in names:
            wanted += "_"
        names.append(wanted)
    return names


def _row(sheet: str, number: int, header: Sequence[str], values: Sequence[Any], limits: ReadLimits) -> Row | Reject:
    fields: dict[str, Any] = {}
    for name, value in zip(header, values, strict=False):
        if value == "" or value is None:
            continue
        if isinstance(value, str) and _ERRORS.fullmatch(value):
            reason = f"sheet {sheet!r}, row {number}, column {name!r}: the cell holds the error {value}"
            return Reject(number, reason, snippet(str(list(values))))
        try:
            fields[name] = plain(_tidy(value), limits)
        except RowUnusable as fault:
            return Reject(number, f"sheet {sheet!r}, row {number}, column {name!r}: {fault}", "")
    if any(value not in ("", None) for value in values[len(header) :]):
        return Reject(number, f"sheet {sheet!r}, row {number}: more cells than the header has", "")
    if characters_in(fields) > limits.record_characters:
        return Reject(number, f"sheet {sheet!r}, row {number}: longer than {limits.record_mb} million characters", "")
    return Row(number, fields, part=sheet)


def _tidy(value: Any) -> Any:
    """Excel stores every number as a double: whole ones are whole again."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _require_bounded(path: Path, limits: ReadLimits) -> None:
    """Reads the workbook once without keeping it. Raises Unpackable for a bomb or a sheet that is far too large."""
    budget = Budget(limits, path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) > limits.members:
            raise Unpackable(f"holds more than {limits.members:,} parts (limits.members)")
        for info in archive.infolist():
            columns, lines, rest = [0, 0], [0, 0], b""
            with archive.open(info) as stream:
                while piece := stream.read(_PIECE):
                    budget.spend(len(piece))
                    if budget.spent > _LARGEST:
                        raise Unpackable(f"unpacks to more than {_LARGEST // MEGABYTE} MB; save its sheets as CSV")
                    rest = _widen(rest + piece, columns, lines)
            cells = (columns[1] - columns[0] + 1) * (lines[1] - lines[0] + 1)
            if cells > _MOST_CELLS:
                raise Unpackable(f"has a sheet of {cells:,} cells; save it as CSV")


def _widen(piece: bytes, columns: list[int], lines: list[int]) -> bytes:
    """Takes the places of a piece's cells into the bounds of its sheet; gives what the next piece begins with."""
    for letters, digits in _CELL.findall(piece):
        column, line = _column(letters) or columns[0] or 1, int(digits)  # a row's own mark has no column
        columns[0], columns[1] = min(columns[0] or column, column), max(columns[1], column)
        lines[0], lines[1] = min(lines[0] or line, line), max(lines[1], line)
    return piece[-_WIDEST_TAG:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _said(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
