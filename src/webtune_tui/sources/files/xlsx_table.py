"""Excel workbooks: each sheet with a header row, one record a row, read by calamine within limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, snippet
from webtune_tui.sources.files.packed import Unpackable
from webtune_tui.sources.files.plain_values import characters_in, plain
from webtune_tui.sources.files.table_chats import with_chats
from webtune_tui.sources.files.xlsx_bounds import bounds_of_sheets


def rows(path: Path, encoding: str = "", limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """Every row below the header of every sheet; the sheet is the row's ``part``."""
    import python_calamine

    try:
        bounds = bounds_of_sheets(path, limits)
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            for sheet_facts in book.sheets_metadata:
                name = sheet_facts.name
                if sheet_facts.typ != python_calamine.SheetTypeEnum.WorkSheet:
                    continue  # a sheet that is a chart holds no rows
                try:
                    sheet = book.get_sheet_by_name(name)
                except (python_calamine.CalamineError, ValueError) as error:
                    yield Reject(1, f"sheet {name!r} can't be read: {_said(error)}", "")
                    continue
                errors = bounds[name].errors if name in bounds else {}
                yield from _of_sheet(name, sheet.iter_rows(), errors, limits)
    except python_calamine.CalamineError as error:
        yield Reject(1, f"the workbook can't be read: {_said(error)}", "")
    except Unpackable as fault:
        yield Reject(1, f"the workbook {fault}", "")


def _of_sheet(
    name: str, found: Iterator[Sequence[Any]], errors: Mapping[int, set[int]], limits: ReadLimits
) -> Iterator[Row | Reject]:
    header: list[str] | None = None
    above: Reject | None = None
    for number, values in enumerate(found, start=1):
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
        if wrong := errors.get(number):
            columns = ", ".join(repr(_name_of(header, column)) for column in sorted(wrong))
            yield Reject(number, f"sheet {name!r}, row {number}: an error in {columns}", snippet(str(list(values))))
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
        try:
            fields[name] = plain(_tidy(value), limits)
        except RowUnusable as fault:
            return Reject(number, f"sheet {sheet!r}, row {number}, column {name!r}: {fault}", "")
    if characters_in(fields) > limits.record_characters:
        return Reject(number, f"sheet {sheet!r}, row {number}: longer than {limits.record_mb} million characters", "")
    return Row(number, with_chats(fields), part=sheet)


def _name_of(header: Sequence[str], column: int) -> str:
    return header[column - 1] if column <= len(header) else f"column_{column}"


def _tidy(value: Any) -> Any:
    """Excel stores every number as a double: whole ones are whole again."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _said(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
