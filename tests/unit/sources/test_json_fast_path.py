"""The fast parser is used only where it gives exactly what the exact one gives."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.limits import ReadLimits
from webtune_tui.json_text import content_hash, encode
from webtune_tui.sources.files import json_lines
from webtune_tui.sources.files.base import Reject, Row, RowUnusable
from webtune_tui.sources.files.json_values import parse_object, parse_plain

LIMITS = ReadLimits(nesting=6)

_numbers = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**63, 2**63 - 1, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**19, 10**20, -(10**18), -(10**19)]),
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, st.text(max_size=12)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
_objects = st.dictionaries(st.text(max_size=4), _values, max_size=5)
_NUMBERS = re.findall(
    r"\S+", "-0 -0.0 1E400 1e-400 NaN -Infinity 0.1e1 00 1. .5 +1 1e22 1e23 5e-324 2.2250738585e-308 tru"
)
_LONG_NUMBERS = ["123456789012345678901234567890", "12345678901234567890.5", "-9223372036854775809"]
_TEXTS = [
    r'"\ud800"',
    r'"\ud83d\ude00"',
    r'"\u0000"',
    r'"\\u0000"',
    '"\t"',
    '"\x7f"',
    '"\u2028\u0085"',
    r'"\x"',
    r'"\/"',
]
_DEPTHS = ["[" * 7 + "]" * 7, "[" * 5 + "]" * 5, '{"a":' * 6 + "1" + "}" * 6, '"[[[[[[[[["', r'"\"[[[[[\\"']
_literals = st.sampled_from([*_NUMBERS, *_LONG_NUMBERS, *_TEXTS, *_DEPTHS])
_forms = st.sampled_from(['{"a":%s,"b":%s}', '{"a":%s,"a":%s}', ' {"a" : [%s, {"x":%s}]}\r\n', "[%s,%s]"])


def exactly(line: bytes) -> Any:
    """What the exact parser makes of a line, written so that types and order count; ``None`` where it refuses."""
    try:
        return written(parse_object(line.decode("utf-8"), LIMITS))
    except (RowUnusable, UnicodeDecodeError):
        return None


def written(value: Any) -> str:
    return repr(value)


@given(_objects, st.booleans(), st.sampled_from([None, 1]))
def test_any_object_is_read_alike(fields: dict[str, Any], is_ascii: bool, indent: int | None) -> None:
    text = json.dumps(fields, ensure_ascii=is_ascii, indent=indent)
    line = text.encode("utf-8", "surrogatepass")
    found = parse_plain(line, LIMITS)
    assert found is None or written(found) == exactly(line)


@given(_literals, _literals, _forms)
def test_odd_values_are_read_alike_or_left_to_the_exact_parser(one: str, other: str, form: str) -> None:
    line = (form % (one, other)).encode("utf-8", "surrogatepass")
    found = parse_plain(line, LIMITS)
    assert found is None or written(found) == exactly(line)


@given(_objects, st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_damaged_lines_are_read_alike_or_left_to_the_exact_parser(fields: dict[str, Any], at: int, bad: bytes) -> None:
    line = json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")
    line = line[:at] + bad + line[at + 1 :]
    found = parse_plain(line, LIMITS)
    assert found is None or written(found) == exactly(line)


def test_most_records_take_the_fast_path() -> None:
    record = {"id": 2**63 - 1, "asin": "B000012345", "price": 12.5, "text": 'a "quoted"\nline, café 日本', "none": None}
    assert parse_plain(json.dumps(record, ensure_ascii=False).encode()) == record


@given(_objects)
def test_equal_fields_hash_equal_in_any_order_and_from_any_parser(fields: dict[str, Any]) -> None:
    again = json.loads(encode(dict(reversed(fields.items()))))
    assert content_hash(again) == content_hash(fields)
    assert written(json.loads(encode(fields))) == written(fields)


def test_other_values_hash_otherwise() -> None:
    values: list[Any] = [1, 1.0, "1", True, None, [], {}, 2**64, 2**64 + 1, float(2**64)]
    assert len({content_hash({"a": value}) for value in values}) == len(values)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_bytes_of_each_row_lie_where_the_row_says(tmp_path: Path, encoding: str) -> None:
    rows = [{"n": 1, "t": "café"}, {"n": 2**70}, {"t": "\u2028 \u0085 日本"}, {"n": 3, "deep": [[{"x": "\\u"}]]}]
    texts = [json.dumps(row, ensure_ascii=number % 2 == 0) for number, row in enumerate(rows)]
    path = tmp_path / "x.jsonl"
    path.write_bytes(f"{texts[0]}\r\n\n  {texts[1]} \n{{broken\n{texts[2]}\n{texts[3]}".encode(encoding))
    found = list(json_lines.rows(path, encoding))
    raw = path.read_bytes()
    assert [row.fields for row in found if isinstance(row, Row)] == rows
    assert [item.line for item in found] == [1, 3, 4, 5, 6]
    for row in found:
        if isinstance(row, Row):
            assert row.start is not None and row.length is not None
            assert parse_object(raw[row.start : row.start + row.length].decode()) == row.fields


def test_a_number_longer_than_the_limit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    whole, longer, fraction = "9" * 40, "9" * 400, "0." + "1" * 400
    path.write_text(f'{{"n": {whole}}}\n{{"n": {longer}}}\n{{"f": {fraction}}}\n')
    found = list(json_lines.rows(path, "utf-8", ReadLimits(digits=50)))
    assert isinstance(found[0], Row) and found[0].fields == {"n": int(whole)}
    assert all(isinstance(item, Reject) and "more than 50 digits" in item.reason for item in found[1:])


def test_an_endless_line_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with path.open("wb") as stream:
        stream.write(b'{"n": 1}\n{"t": "')
        stream.seek(400 * 1024**2, 1)  # a hole: NULs that take no disk
        stream.write(b'"}\n{"n": 2}\n')
    tracemalloc.start()
    found = list(json_lines.rows(path, "utf-8", ReadLimits(record_mb=1)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row.fields for row in found if isinstance(row, Row)] == [{"n": 1}, {"n": 2}]
    assert [(item.line, item.reason) for item in found if isinstance(item, Reject)] == [(2, "longer than 1 MB")]
    assert peak < 10 * 1024**2
    last = found[-1]
    assert isinstance(last, Row) and last.start is not None and last.length is not None
    with path.open("rb") as stream:
        stream.seek(last.start)
        assert stream.read(last.length) == b'{"n": 2}'
