"""Lines of a file at any place, and their numbers, whatever the file is like and becomes."""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.services.file_glance import glance
from webtune_tui.services.line_counting import counting
from webtune_tui.services.line_file import Change, LineFile
from webtune_tui.services.line_index import LineIndex, block_size
from webtune_tui.services.viewed_file import ViewedFile

ODD_FILES = {
    "empty": b"",
    "one line": b"{}\n",
    "no end": b'{"a": 1}\n{"b": 2}',
    "crlf": b'{"a": 1}\r\n{"b": 2}\r\n',
    "empty lines": b"\n\n{}\n\n",
    "bom": b"\xef\xbb\xbf{}\n{}\n",
    "bom alone": b"\xef\xbb\xbf",
    "bytes": b"\xff\xfe\x00\n\x80\x1b[2J\n",
}


def lines_in(content: bytes) -> list[bytes]:
    body = content.removeprefix(b"\xef\xbb\xbf")
    lines = body.split(b"\n")
    return [line.removesuffix(b"\r") for line in (lines[:-1] if lines[-1] == b"" else lines)]


@pytest.mark.parametrize("content", ODD_FILES.values(), ids=ODD_FILES.keys())
async def test_lines_of_odd_files_are_found_from_both_ends_and_counted(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    # what begins like UTF-16 is refused, so here it does not stand at the beginning
    path.write_bytes(content := (b"x" + content if content.startswith(b"\xff\xfe") else content))
    viewed = ViewedFile(path)
    expected = lines_in(content)
    assert [line.raw for line in viewed.file.lines_from(viewed.file.begin)] == expected
    starts = [line.offset for line in viewed.file.lines_from(viewed.file.begin)]
    assert viewed.file.starts_before(viewed.file.size, 100) == starts
    async for _ in viewed.counting():
        pass
    assert viewed.index.is_whole
    assert viewed.index.rows_known == len(expected) == glance(path, 3).rows
    assert [viewed.index.offset_of(row) for row in range(len(starts))] == starts
    assert [viewed.index.row_of(offset) for offset in starts] == list(range(len(starts)))
    viewed.close()


@given(st.lists(st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"")), max_size=40), st.booleans())
def test_every_row_is_found_with_blocks_of_any_size(lines: list[bytes], has_end: bool) -> None:
    content = b"x" + b"\n".join(lines) + (b"\n" if has_end else b"")
    path = Path(os.environ["HOME"]) / f"rows-{os.getpid()}.jsonl"
    path.write_bytes(content)
    file = LineFile(path)
    index = LineIndex(file, block=7)
    index.add(array("Q", [content[at : at + 7].count(b"\n") for at in range(0, len(content), 7)]))
    index.finish()
    starts = [line.offset for line in file.lines_from(0)]
    assert index.rows_known == len(starts)
    assert [index.offset_of(row) for row in range(len(starts))] == starts
    assert [index.row_of(start) for start in starts] == list(range(len(starts)))
    for place, start in enumerate(starts):
        assert file.starts_before(start, 3) == starts[max(place - 3, 0) : place]
        assert file.line_start(start) == start
    file.close()
    path.unlink()


def test_a_huge_line_is_read_in_part_alone_and_the_next_one_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": "' + b"x" * 3_000_000 + b'"}\n{"b": 1}\n')
    file = LineFile(path)
    huge, after = file.lines_from(0)
    assert (huge.size, huge.is_whole, len(huge.raw)) == (3_000_009, False, 1024 * 1024)
    assert after.raw == b'{"b": 1}'
    assert file.line_at(0, 10).raw == b'{"a": "xxx'
    assert file.starts_before(file.size, 5) == [0, 3_000_010]
    file.close()


def test_the_index_stays_small_whatever_the_size_of_the_file() -> None:
    for size in (0, 10**6, 10**9, 10**13):
        assert size / block_size(size) * 8 <= 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x1f\x8b\x08\x00", "gunzip -k rows.jsonl"),
        (b"\x28\xb5\x2f\xfd\x00", "zstd -d rows.jsonl"),
        (b"PK\x03\x04", "unzip rows.jsonl"),
        (b"\xff\xfe{\x00", "iconv"),
        (b"PAR1", "webtune import"),
    ],
    ids=["gzip", "zstd", "zip", "utf-16", "parquet"],
)
def test_a_packed_file_is_refused_with_what_to_do(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        LineFile(path)
    assert words in refused.value.hint


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("", "a folder"), ("pipe", "no plain file"), ("missing", "There is no file")):
        with pytest.raises(InvalidInput, match=words):
            LineFile(tmp_path / name)


async def test_a_file_that_grows_is_counted_on_and_one_that_is_cut_or_replaced_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"{}\n" * 30_000 + b'{"half":')
    viewed = ViewedFile(path)
    async for _ in viewed.counting():
        pass
    assert viewed.index.rows_known == 30_001
    with path.open("ab") as out:
        out.write(b" 1}\n{}\n")
    assert viewed.change() is Change.GROWN
    async for _ in viewed.counting():
        pass
    assert viewed.index.rows_known == 30_002
    assert viewed.lines(30_000, 5)[0].raw == b'{"half": 1}'
    os.truncate(path, 10)
    assert viewed.change() is Change.CUT
    assert viewed.lines(30_000, 5) == []
    assert len(list(viewed.file.lines_from(0))) == 4
    path.unlink()
    assert viewed.change() is Change.GONE
    path.write_bytes(b"{}\n")
    assert viewed.change() is Change.REPLACED
    viewed.close()


def test_a_file_that_was_cut_stays_so_also_when_as_much_is_written_behind_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"{}\n" * 10)
    file = LineFile(path)
    os.truncate(path, 3)
    assert file.change() == (Change.CUT, 3)
    path.write_bytes(b'{"a": 1234567}\n' * 2)
    assert file.change() == (Change.CUT, 30)
    file.close()
    assert file.change()[0] is Change.GONE


async def test_a_file_that_is_cut_while_it_is_counted_ends_the_count(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"{}\n" * 100_000)
    file = LineFile(path)
    index = LineIndex(file)
    os.truncate(path, 9)
    assert [done async for done in counting(file, index)]
    assert not index.is_whole
    file.close()
