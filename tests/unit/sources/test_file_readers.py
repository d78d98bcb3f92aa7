"""The readers of files: every row found, every bad one named, nothing held whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webtune_tui.domain.limits import ReadLimits
from webtune_tui.sources.files import base, csv_table, json_document, json_lines
from webtune_tui.sources.files.base import Reject, Row

Reader = Callable[[Path, str], Iterator[Row | Reject]]

text_values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text_values, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(text_values, json_values, max_size=4)
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def read(reader: Reader, folder: Path, content: str | bytes, encoding: str = "utf-8", name: str = "x") -> list[Any]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return list(reader(path, encoding))


def fields(found: list[Row | Reject]) -> list[Any]:
    return [dict(item.fields) for item in found if isinstance(item, Row)]


def reasons(found: list[Row | Reject]) -> list[tuple[int, str]]:
    return [(item.line, item.reason) for item in found if isinstance(item, Reject)]


@relaxed
@given(rows=st.lists(objects, max_size=6), indent=st.sampled_from([None, 1]), chunk=st.sampled_from([1, 7, 64, 4096]))
def test_an_array_gives_back_what_was_written_whatever_the_size_of_the_pieces(
    tmp_path: Path, rows: list[Any], indent: int | None, chunk: int
) -> None:
    before, json_document._CHUNK = json_document._CHUNK, chunk
    try:
        assert fields(read(json_document.rows, tmp_path, json.dumps(rows, indent=indent))) == rows
    finally:
        json_document._CHUNK = before


@relaxed
@given(rows=st.lists(objects, max_size=6), end=st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_lines_give_back_what_was_written(tmp_path: Path, rows: list[Any], end: str) -> None:
    content = end.join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert fields(read(json_lines.rows, tmp_path, content)) == rows


@settings(relaxed, max_examples=300)
@given(content=st.binary(max_size=300) | st.text('[]{},:"\\ 1an\n', max_size=40).map(str.encode))
def test_no_bytes_make_a_reader_raise(tmp_path: Path, content: bytes) -> None:
    for reader in (json_lines.rows, json_document.rows, csv_table.rows):
        read(reader, tmp_path, content)


@relaxed
@given(rows=st.lists(objects, min_size=1, max_size=4), cut=st.integers(0, 40))
def test_a_cut_array_keeps_the_records_before_the_cut(tmp_path: Path, rows: list[Any], cut: int) -> None:
    whole = json.dumps(rows)
    found = read(json_document.rows, tmp_path, whole[: max(1, len(whole) - 1 - cut)])
    assert fields(found) == rows[: len(fields(found))]
    assert len(reasons(found)) == 1


def test_separators_inside_strings_end_no_line(tmp_path: Path) -> None:
    content = '{"a":"x\u2028y\u0085z"}\r\n{"a":2}\r\n'
    assert fields(read(json_lines.rows, tmp_path, content)) == [{"a": "x\u2028y\u0085z"}, {"a": 2}]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"{bad", "not valid JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "more than 1,000 digits"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "caf\xe9"}', "0xE9"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper"),
        (b"[1, 2]", "a list"),
        (b'"text"', "a string"),
    ],
)
def test_one_bad_line_is_named_and_the_rest_is_read(tmp_path: Path, line: bytes, word: str) -> None:
    found = read(json_lines.rows, tmp_path, b'{"n": 1}\n' + line + b'\n{"n": 2}\n')
    assert fields(found) == [{"n": 1}, {"n": 2}]
    ((number, reason),) = reasons(found)
    assert number == 2 and word in reason


@pytest.mark.parametrize("bad", ["NaN", '"\\ud800"', "1e999", "[" * 3000 + "]" * 3000, "tru", "1,,2"])
def test_one_bad_element_of_an_array_is_stepped_over(tmp_path: Path, bad: str) -> None:
    found = read(json_document.rows, tmp_path, '[{"n": 1}, {"a": ' + bad + '}, {"n": 2}]')
    assert fields(found) == [{"n": 1}, {"n": 2}]
    assert len(reasons(found)) == 1


def test_a_row_that_was_paid_for_is_mended_instead_of_rejected(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('{"a": "x\\ud800y", "b": NaN, "c": 1e999, "d": "\\u0000"}\n')
    (row,) = json_lines.rows(path, "utf-8", mend=True)
    assert isinstance(row, Row)
    assert row.fields == {"a": "x\ufffdy", "b": None, "c": None, "d": "\ufffd"}


def test_an_overlong_line_is_rejected_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('{"a":"' + "x" * 2 * 1024**2 + '"}\n{"n": 2}\n')
    found = list(json_lines.rows(path, "utf-8", ReadLimits(record_mb=1)))
    assert fields(found) == [{"n": 2}]
    assert reasons(found)[0][1].startswith("longer than")
    assert len(found[0].snippet) <= base.LONGEST_SNIPPET


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"n": 1, "few": [{"x": 1}], "data": {"items": [{"a": 1}, {"a": 2}]}}, [{"a": 1}, {"a": 2}]),
        ({"a": 1, "tags": ["x", "y"]}, [{"a": 1, "tags": ["x", "y"]}]),
        ({"messages": [{"role": "user", "content": "q"}]}, [{"messages": [{"role": "user", "content": "q"}]}]),
        ({"orders": [{"id": 1, "lines": [{}, {}, {}]}]}, [{"id": 1, "lines": [{}, {}, {}]}]),
        ({}, [{}]),
        ([], []),
    ],
)
def test_the_largest_list_of_objects_is_taken(tmp_path: Path, document: Any, expected: list[Any]) -> None:
    for indent in (None, 2):
        assert fields(read(json_document.rows, tmp_path, json.dumps(document, indent=indent))) == expected


def test_lines_know_where_elements_of_a_document_begin(tmp_path: Path) -> None:
    found = read(json_document.rows, tmp_path, '[\n  {"a": 1},\n  {"a": 2}\n]\n')
    assert [item.line for item in found] == [2, 3]


def test_tables_keep_quotes_over_lines_and_name_what_does_not_fit(tmp_path: Path) -> None:
    content = 'a,b\n1,"x\ny"\n2,3,4\n5\n\n6,"open\n7,8\n'
    found = read(csv_table.rows, tmp_path, content)
    assert fields(found) == [{"a": "1", "b": "x\ny"}, {"a": "5"}]
    assert reasons(found) == [(4, "3 cells, the header has 2"), (7, "a quote that opens here is never closed")]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header(tmp_path: Path, mark: str) -> None:
    content = f"name{mark}text\r\n1{mark}a, b; c\r\n" if mark not in ",;" else f"name{mark}text\r\n1{mark}x\r\n"
    (row,) = fields(read(csv_table.rows, tmp_path, content))
    assert set(row) == {"name", "text"}


def test_column_names_are_never_empty_nor_twice_the_same(tmp_path: Path) -> None:
    assert fields(read(csv_table.rows, tmp_path, "a,,a\n1,2,3\n")) == [{"a": "1", "column_2": "2", "a_3": "3"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "utf-32"])
def test_other_encodings_are_read_as_they_are(tmp_path: Path, encoding: str) -> None:
    rows = [{"a": "café"}, {"a": "naïve"}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert fields(read(json_lines.rows, tmp_path, lines, encoding)) == rows
    assert fields(read(json_document.rows, tmp_path, json.dumps(rows, ensure_ascii=False), encoding)) == rows
    assert fields(read(csv_table.rows, tmp_path, "a\ncafé\nnaïve\n", encoding)) == rows


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "cp932"]


@relaxed
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["a", "b"]), st.text("aé日\n\r,", max_size=6), min_size=1), max_size=5
    ),
    encoding=st.sampled_from(ENCODINGS[:5]),
    chunk=st.sampled_from([3, 64, 4096]),
)
def test_the_range_of_a_record_holds_its_bytes_whatever_the_encoding(
    tmp_path: Path, rows: list[Any], encoding: str, chunk: int
) -> None:
    content = json.dumps(rows, ensure_ascii=False, indent=1).encode(encoding)
    before, json_document._CHUNK = json_document._CHUNK, chunk
    try:
        found = read(json_document.rows, tmp_path, content, encoding)
    finally:
        json_document._CHUNK = before
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    ranges = [content[item.start : item.start + item.length] for item in found]
    assert [json.loads(piece.decode(plain)) for piece in ranges] == rows


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_range_of_a_table_row_holds_its_bytes(tmp_path: Path, encoding: str) -> None:
    text = '\n\na,b\r\n1,"x\ny"\r\n\r\n2,z\n3,"é"\n'.replace("é", "日" if encoding == "cp932" else "é")
    content = text.encode(encoding)
    found = read(csv_table.rows, tmp_path, content, encoding)
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    pieces = [content[item.start : item.start + item.length].decode(plain) for item in found]
    assert [piece.strip("\r\n") for piece in pieces] == ['1,"x\ny"', "2,z", text.split("\n")[-2]]
    assert [item.line for item in found] == [4, 7, 8]


def test_a_bad_byte_does_not_shift_what_comes_after_it(tmp_path: Path) -> None:
    content = b"a\ncaf\xe9\nx\n"
    (item,) = [one for one in read(csv_table.rows, tmp_path, content) if isinstance(one, Row)]
    assert item.start is not None and item.length is not None
    assert content[item.start : item.start + item.length] == b"x\n"
