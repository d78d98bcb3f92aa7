"""The raw bytes of a record: read where they lie, whatever became of the file meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.services.deliveries import bring
from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.origins import DeletedRecord, RawState, RecordSource
from webtune_tui.domain.records import RawPlace
from webtune_tui.services import raw_data
from webtune_tui.services.origins import OriginsService
from webtune_tui.services.raw_piece import RawFolder, line_extent
from webtune_tui.storage.workspace import Workspace

ROWS: list[dict[str, Any]] = [{"k": f"k{n}", "v": "é\u2028" * n} for n in range(5)]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def folder_with(path: Path, name: str, content: bytes, **facts: Any) -> RawFolder:
    path.mkdir(exist_ok=True)
    (path / name).write_bytes(content)
    entry = {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **facts}
    (path / raw_data.MANIFEST).write_text(json.dumps({"files": [entry]}))
    return RawFolder(path)


async def raws(workspace: Workspace, **options: Any) -> list[RecordSource]:
    service = OriginsService(workspace)
    found = await service.of_records(range(1, len(ROWS) + 1), limit=1000, **options)
    assert not any(isinstance(one, DeletedRecord) for one in found)
    return [one for one in found if isinstance(one, RecordSource)]


@pytest.mark.parametrize("has_places", [True, False])
async def test_each_record_gives_exactly_its_own_bytes(workspace: Workspace, has_places: bool) -> None:
    bring(workspace, "c1", ROWS, has_places=has_places)
    for source, row in zip(await raws(workspace), ROWS, strict=True):
        assert json.loads(source.raw.text) == row and source.raw.size == len(source.raw.data)
        assert (source.raw.state, source.raw.note, source.page) == (RawState.WHOLE, "", None)


async def test_a_long_record_is_cut_and_its_full_size_is_told(workspace: Workspace) -> None:
    bring(workspace, "c1", [{"k": "a", "v": "x" * 5000}])
    source = await OriginsService(workspace).of_record(1, limit=100)
    assert (len(source.raw.data), source.raw.size, source.raw.is_cut) == (100, 5000 + len('{"k": "a", "v": ""}'), True)


async def test_a_changed_a_cut_and_a_missing_file_are_told_and_never_a_crash(workspace: Workspace) -> None:
    bring(workspace, "c1", ROWS)
    raw = workspace.raw_folder("c1") / raw_data.RECORDS
    content = raw.read_bytes()
    raw.write_bytes(content.replace(b"k4", b"K4"))
    assert [(one.raw.state, "sha256" in one.raw.note) for one in await raws(workspace)] == [
        (RawState.CHANGED, True)
    ] * 5
    raw.write_bytes(content[:20])
    found = await raws(workspace)
    assert {one.raw.state for one in found} == {RawState.CHANGED} and found[4].raw.data == b""
    assert "it had" in found[0].raw.note
    raw.unlink()
    assert [(one.raw.state, one.raw.note) for one in await raws(workspace)] == [
        (RawState.MISSING, "The raw file is missing.")
    ] * 5
    os.mkfifo(raw)
    assert {one.raw.state for one in await raws(workspace)} == {RawState.MISSING}
    raw.unlink()
    raw.symlink_to("/etc/passwd")
    assert [(one.raw.state, one.raw.data) for one in await raws(workspace)] == [(RawState.MISSING, b"")] * 5


@pytest.mark.parametrize("order", ["be", "le"])
def test_a_range_of_a_wide_encoding_is_read_in_its_byte_order(tmp_path: Path, order: str) -> None:
    content = "\ufeffk,v\n1,é\n".encode(f"utf-16-{order}")
    folder = folder_with(tmp_path / "raw", "a.csv", content, format="csv", encoding="utf-16")
    assert folder.piece(RawPlace("a.csv", 2, 10, 6), 0, limit=100).text == "1,é"
    assert folder.piece(RawPlace("a.csv", 1, 0, 8), 0, limit=100).text == "k,v"


def test_what_is_packed_is_read_and_a_broken_archive_is_told(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    folder = folder_with(raw, "1.gz", gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    with zipfile.ZipFile(raw / "2.zip", "w") as archive:
        archive.writestr("in/b.jsonl", '{"b": 1}\n')
        archive.writestr("in/c.gz", gzip.compress(b'{"c": 1}\n'))
    packed = {
        "1.gz!": (RawPlace("1.gz!", 2, 9, 8), '{"a": 2}'),
        "zip": (RawPlace("2.zip!in/b.jsonl", 1, 0, 8), '{"b": 1}'),
        "both": (RawPlace("2.zip!in/c.gz!", 1, 0, 8), '{"c": 1}'),
    }
    for place, text in packed.values():
        piece = folder.piece(place, 0, limit=100)
        assert (piece.text, piece.state, piece.note) == (text, RawState.WHOLE, "")
    assert "!" in folder.piece(RawPlace("2.zip!in/none.jsonl", 1, 0, 8), 0, limit=100).place.file
    assert folder.piece(RawPlace("2.zip!in/none.jsonl", 1, 0, 8), 0, limit=100).state is RawState.CHANGED
    for name, place in (("1.gz", packed["1.gz!"][0]), ("2.zip", packed["zip"][0])):
        content = (raw / name).read_bytes()
        for end in (1, len(content) // 2, len(content) - 1):
            (raw / name).write_bytes(content[:end])
            piece = folder.piece(place, 0, limit=100)
            assert piece.state in (RawState.CHANGED, RawState.MISSING) and piece.note


@pytest.mark.parametrize("name", ["../../../secret", "../secret!x", "a\x00b", "/etc/passwd", "sub/../../x", "."])
def test_a_place_that_leads_out_of_the_folder_is_never_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = folder_with(tmp_path / "raw", "a.jsonl", b"{}\n")
    piece = folder.piece(RawPlace(name, 1, 0, 6), 0, limit=100)
    assert (piece.path, piece.data, piece.state) == (None, b"", RawState.MISSING)
    (tmp_path / "raw" / "way").symlink_to(tmp_path)
    assert folder.piece(RawPlace("way/secret", 1, 0, 6), 0, limit=100).data == b""


def test_formats_that_do_not_mark_their_records_say_so(tmp_path: Path) -> None:
    parquet = folder_with(tmp_path / "p", "a.parquet", gzip.compress(b"x"), format="parquet")
    piece = parquet.piece(RawPlace("a.parquet", 3), 2, limit=100)
    assert piece.state is RawState.UNMARKED and piece.path is not None and piece.note
    array = folder_with(tmp_path / "j", "records.ndjson", b'[{"a": 1}]')
    assert array.piece(RawPlace(), 0, limit=100).state is RawState.UNMARKED
    wide = folder_with(tmp_path / "w", "a.csv", "k,v\n1,2\n".encode("utf-16"), format="csv", encoding="utf-16")
    assert wide.piece(RawPlace("a.csv", 2), 0, limit=100).state is RawState.UNMARKED
    broken = folder_with(tmp_path / "b", "a.jsonl", b"{}\n", encoding="no-such", format="jsonl")
    assert broken.piece(RawPlace("a.jsonl", 1), 0, limit=100).text == "{}"
    (tmp_path / "b" / raw_data.MANIFEST).write_text("[" * 100_000)
    assert broken.piece(RawPlace("a.jsonl", 1), 0, limit=100).text == "{}"


def test_a_line_is_found_in_its_encoding_and_a_page_is_the_whole_file(tmp_path: Path) -> None:
    table = folder_with(
        tmp_path / "c", "a.csv", "k;v\r\n1;café\r\n".encode("latin-1"), format="csv", encoding="latin-1"
    )
    piece = table.piece(RawPlace("a.csv", 2), 0, limit=100)
    assert (piece.text, piece.place.start, piece.place.length) == ("1;café", 5, 6)
    page = folder_with(tmp_path / "h", "a.html", b"<p>one\n<p>two", format="html")
    assert page.piece(RawPlace("a.html", 1), 0, limit=100).data == b"<p>one\n<p>two"
    assert page.page("a.html") == tmp_path / "h" / "a.html" and page.page("b.html") is None and page.page("") is None


async def test_a_page_of_its_own_is_read_as_words(workspace: Workspace) -> None:
    bring(workspace, "c1", ROWS[:1])
    pages = workspace.raw_folder("c1") / "pages"
    pages.mkdir()
    (pages / "0.html").write_text("<h1>Title</h1><script>x()</script><ul><li>one<li>two</ul>")
    with workspace.database.write() as connection:
        connection.execute(
            "INSERT INTO pages (collection_id, position, url, state, raw_file)"
            " VALUES ('c1', 0, 'https://shop.example', 'done', 'pages/0.html')"
        )
    service = OriginsService(workspace)
    source = await service.of_record(1)
    assert source.page == pages / "0.html"
    text = await service.page_text(source.page)
    assert "Title" in text.text and "- one" in text.text and "x()" not in text.text and not text.is_cut


@given(lines=st.lists(st.sampled_from([b"", b" ", b"ab", b"c", b"x" * 40]), max_size=12), last=st.booleans())
def test_lines_are_those_that_python_splits(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], last: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines"
    content = b"\n".join(lines) + (b"\n" if last and lines else b"")
    path.write_bytes(content)
    split = content.split(b"\n")
    if split[-1] == b"":
        split.pop()
    full = [line for line in split if line.strip()]
    with path.open("rb") as stream:
        for counts_empty, wanted in ((True, split), (False, full)):
            for number in range(1, len(wanted) + 2):
                stream.seek(0)
                found = line_extent(stream, number, counts_empty=counts_empty)
                if number > len(wanted):
                    assert found is None
                else:
                    assert found is not None and content[found[0] : sum(found)] == wanted[number - 1]


async def test_deleted_and_unknown_records_are_told_apart(workspace: Workspace) -> None:
    bring(workspace, "c1", ROWS)
    service = OriginsService(workspace)
    done: list[tuple[int, int]] = []
    await service.delete("c1", told=lambda *numbers: done.append(numbers))
    await asyncio.sleep(0)
    assert done == [(5, 5)]
    with pytest.raises(NotFound, match="was deleted with collection c1"):
        await service.of_record(3)
    with pytest.raises(NotFound, match="is not in this workspace"):
        await service.of_record(77)
    with pytest.raises(NotFound):
        await service.at("c1", 0)
    assert await service.settle_interrupted() == []


async def test_records_of_one_results_page_lead_to_that_page_and_not_to_another(workspace: Workspace) -> None:
    bring(workspace, "c1", ROWS[:2])
    folder = workspace.raw_folder("c1")
    (folder / "pages").mkdir()
    for number in range(2):
        (folder / f"pages/{number}.html").write_bytes(f"<p>résultats {number}".encode("latin-1"))
    files = [{"path": f"pages/{n}.html", "media_type": "text/html; charset=ISO-8859-1"} for n in range(2)]
    raw_data.write_manifest(folder, {}, files)
    with workspace.database.write() as connection:
        connection.execute("UPDATE records SET raw_file = 'pages/0.html', raw_start = NULL, raw_length = NULL")
        connection.executemany(
            "INSERT INTO pages (collection_id, position, url, state, raw_file) VALUES ('c1', ?, '', 'done', ?)",
            [(n, f"pages/{n}.html") for n in range(2)],
        )
    service = OriginsService(workspace)
    source = await service.of_record(2)
    assert source.page == folder / "pages/0.html" and source.raw.text == "<p>résultats 0"
    assert (await service.page_text(source.page, encoding=source.raw.encoding)).text == "résultats 0"
