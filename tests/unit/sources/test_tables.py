"""Parquet and Excel: every row with plain JSON values, every bad one named with its place."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.sources.reading import read, rejects_of, rows_of
from webtune_tui.domain.limits import ReadLimits
from webtune_tui.sources.files.base import Row

BOOK = '<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheets}</sheets></workbook>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAIVE = dt.datetime.fromisoformat("2024-01-02T03:04:05")
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def write_book(path: Path, sheets: dict[str, str]) -> Path:
    """A workbook whose sheets are given as the XML of their rows."""
    names = list(sheets)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/s{n}.xml" ContentType="{TYPE}.worksheet+xml"/>'
            for n in range(len(names))
        )
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>{parts}</Types>',
        )
        relations = "http://schemas.openxmlformats.org/package/2006/relationships"
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="r" Type="{OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="{name}" sheetId="{n + 1}" r:id="r{n}"/>' for n, name in enumerate(names))
        archive.writestr("xl/workbook.xml", BOOK.format(main=MAIN, office=OFFICE, sheets=listed))
        links = "".join(
            f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n in range(len(names))
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{relations}">{links}</Relationships>')
        for n, name in enumerate(names):
            body = f'<worksheet xmlns="{MAIN}"><sheetData>{sheets[name]}</sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/s{n}.xml", body)
    return path


def row(number: int, *cells: Any) -> str:
    """A row of a sheet; ``None`` leaves a cell out, ``#...`` is an error."""
    found = ""
    for place, value in enumerate(cells):
        at = f"{chr(65 + place)}{number}"
        if isinstance(value, str) and value.startswith("#"):
            found += f'<c r="{at}" t="e"><v>{value}</v></c>'
        elif isinstance(value, str):
            found += f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
        elif value is not None:
            found += f'<c r="{at}"><v>{value}</v></c>'
    return f'<row r="{number}">{found}</row>'


def test_every_kind_of_parquet_value_becomes_plain_json(tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": [1],
            "date": [dt.date(2024, 1, 2)],
            "zoned": pa.array([NAIVE], pa.timestamp("us", tz="America/Sao_Paulo")),
            "naive": pa.array([NAIVE], pa.timestamp("ns")),
            "time": [dt.time(1, 2, 3)],
            "price": pa.array([decimal.Decimal("1.10")], pa.decimal128(10, 2)),
            "exact": pa.array([decimal.Decimal("12345678901234567890.123")], pa.decimal128(30, 3)),
            "nested": [{"x": 1, "y": [{"z": None}]}],
            "map": pa.array([[("k", [1.5])]], pa.map_(pa.string(), pa.list_(pa.float64()))),
            "text_bytes": ["café".encode()],
            "bytes": [b"\xff\x00"],
            "missing": [float("nan")],
            "word": pa.array(["x"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "x")
    (fields,) = rows_of(read(tmp_path / "x"))
    assert json.loads(json.dumps(fields)) == {
        "n": 1,
        "date": "2024-01-02",
        "zoned": "2024-01-02T03:04:05+00:00",
        "naive": "2024-01-02T03:04:05",
        "time": "01:02:03",
        "price": 1.1,
        "exact": "12345678901234567890.123",
        "nested": {"x": 1, "y": [{"z": None}]},
        "map": {"k": [1.5]},
        "text_bytes": "café",
        "bytes": "data:application/octet-stream;base64,/wA=",
        "missing": None,
        "word": "x",
    }


def test_one_bad_row_of_a_parquet_file_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "odd [1]*.parquet"
    pq.write_table(pa.table({"a": ["x", "y\x00", "z"], "b": [1.0, 2.0, float("inf")]}), path)
    found = read(path)
    assert rows_of(found) == [{"a": "x", "b": 1.0}]
    assert [line for line, _ in rejects_of(found)] == [2, 3]
    assert "column 'a': holds a NUL" in rejects_of(found)[0][1] and "column 'b'" in rejects_of(found)[1][1]


def test_a_parquet_file_that_is_cut_or_damaged_ends_with_one_reject(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"n": list(range(30_000)), "t": [f"{n} words {n * 7919 % 1000}" for n in range(30_000)]})
    pq.write_table(table, path, row_group_size=3000, compression="snappy")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    ((line, reason),) = rejects_of(read(path))
    assert line == 1 and "can't be read" in reason and str(tmp_path) not in reason
    damaged = bytearray(whole)
    damaged[len(whole) * 7 // 10 : len(whole) * 7 // 10 + 4000] = b"\xff" * 4000
    path.write_bytes(damaged)
    found = read(path)
    assert len(rows_of(found)) < 30_000 and len(rejects_of(found)) == 1


def test_a_row_beyond_the_limit_is_rejected(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": ["x" * 2 * 1024**2, "y"]}), tmp_path / "x.parquet")
    found = read(tmp_path / "x.parquet", ReadLimits(record_mb=1))
    assert rows_of(found) == [{"t": "y"}] and "longer than 1 million" in rejects_of(found)[0][1]


def test_sheets_are_read_with_their_rows_as_excel_counts_them(tmp_path: Path) -> None:
    book = write_book(
        tmp_path / "x",
        {
            "One": row(3, "A title above") + row(5, "id", "name", "name") + row(6, 1, "x", 2.5) + row(9, 12345678901),
            "Two": row(1, None, "b") + row(2, None, "c"),
        },
    )
    found = read(book)
    assert rows_of(found) == [{"id": 1, "name": "x", "name_3": 2.5}, {"id": 12345678901}, {"b": "c"}]
    assert [(item.line, item.part) for item in found if isinstance(item, Row)] == [(6, "One"), (9, "One"), (2, "Two")]
    assert rejects_of(found) == [(3, "sheet 'One', row 3: stands alone above the header")]


def test_a_bad_cell_is_named_with_sheet_row_and_column(tmp_path: Path) -> None:
    rows = row(1, "id", "price") + row(2, 1, "#DIV/0!") + row(3, 2, 5) + row(4, 3, 4, "more")
    found = read(write_book(tmp_path / "x", {"Prices": rows}))
    assert rows_of(found) == [{"id": 2, "price": 5}, {"id": 3, "price": 4, "column_3": "more"}]
    assert rejects_of(found) == [(2, "sheet 'Prices', row 2: an error in 'price'")]


def test_a_sheet_with_one_cell_far_away_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    far = row(1, "a") + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ((_, reason),) = rejects_of(read(write_book(tmp_path / "x", {"s": far})))
    assert "cells; save it as CSV" in reason


def test_a_workbook_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    bomb = row(1, "a") + " " * 20_000_000
    ((_, reason),) = rejects_of(read(write_book(tmp_path / "x", {"s": bomb})))
    assert "limits.expansion" in reason


@pytest.mark.parametrize("part", ["xl/worksheets/s0.xml", "xl/workbook.xml"])
def test_a_damaged_workbook_is_a_reject(tmp_path: Path, part: str) -> None:
    book = write_book(tmp_path / "x.xlsx", {"s": row(1, "a", "b") + row(2, 1, 2)})
    with zipfile.ZipFile(book) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(book, "w") as archive:
        for name, data in kept.items():
            archive.writestr(name, data[: len(data) // 2] if name == part else data)
    found = read(book)
    assert rows_of(found) == [] and rejects_of(found)
    book.write_bytes(book.read_bytes()[:-40])
    ((_, reason),) = rejects_of(list(read_as_xlsx(book)))
    assert "can't be read" in reason or "damaged" in reason


def read_as_xlsx(path: Path) -> Any:
    from webtune_tui.sources.files import xlsx_table

    return xlsx_table.rows(path)
