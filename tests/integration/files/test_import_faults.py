"""What files can do to an import (F17-F21, T09, T10): named with its place, nothing half imported, the rest goes on."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.integration.files.importing import import_files
from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.limits import ReadLimits
from webtune_tui.domain.records import CollectionState
from webtune_tui.services import raw_copies
from webtune_tui.services.import_files import UNPACKED, ImportService
from webtune_tui.settings import Settings
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.workspace import Workspace

GOOD = b'{"n": 1}\n'


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


async def test_one_bad_record_of_each_kind_is_named_and_the_rest_is_imported(
    workspace: Workspace, tmp_path: Path
) -> None:
    bad = [
        b'{"a": "caf\xe9"}',
        b'{"a": NaN}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b"{broken",
        b"[1]",
    ]
    path = put(tmp_path, "x.jsonl", b"".join(b'{"n": %d}\n%s\n' % (n, line) for n, line in enumerate(bad)))
    done = await import_files(workspace, path)
    assert done.fields == [{"n": n} for n in range(len(bad))]
    assert [(row["path"], row["line"]) for row in done.rejects] == [(str(path), 2 * n + 2) for n in range(len(bad))]
    assert all(row["reason"] for row in done.rejects)
    assert done.file("x.jsonl").rejected == done.imported.collection.rejected == len(bad)


async def test_separators_that_are_no_line_ends_part_no_records(workspace: Workspace, tmp_path: Path) -> None:
    done = await import_files(workspace, put(tmp_path, "x.jsonl", '{"a":"x\u2028y\u0085z"}\r\n{"a":2}'.encode()))
    assert done.fields == [{"a": "x\u2028y\u0085z"}, {"a": 2}]


async def test_a_file_that_grows_while_it_is_read_is_named_and_not_imported(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_copies, "_PIECE", 64 * 1024)
    growing = put(tmp_path, "a.jsonl", GOOD * 40_000)
    good = put(tmp_path, "b.jsonl", GOOD)
    original, once = raw_copies._read, threading.Event()

    def read_while_it_grows(source: BinaryIO) -> bytes:
        piece = original(source)
        if not once.is_set():
            once.set()
            with growing.open("ab") as stream:
                stream.write(b'{"n": 2}\n')
        return piece

    monkeypatch.setattr(raw_copies, "_read", read_while_it_grows)
    events = [event async for event in ImportService(workspace, Settings()).run([growing, good])]
    imported = events[-1]
    by_name = {Path(file.path).name: file for file in imported.files}
    assert by_name["a.jsonl"].format is None and "changed while it was read" in by_name["a.jsonl"].reason
    assert by_name["b.jsonl"].records == 1 and imported.collection.records == 1
    folder = workspace.raw_folder(imported.collection.collection_id)
    assert sorted(one.name for one in folder.iterdir()) == ["0002-b.jsonl", "manifest.json"]


async def test_a_file_that_vanished_before_it_was_read_is_named(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    first, second = put(folder, "a.jsonl", GOOD), put(folder, "b.jsonl", b'{"n": 2}\n')
    events = ImportService(workspace, Settings()).run([folder])
    await anext(events)
    second.unlink()
    *_, imported = [event async for event in events]
    assert [(Path(file.path).name, file.format) for file in imported.files] == [("a.jsonl", "jsonl"), ("b.jsonl", None)]
    assert "No such file" in imported.files[1].reason and first.exists()


async def test_what_is_no_regular_file_or_can_not_be_read_is_named(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    put(folder, "a.jsonl", GOOD)
    os.mkfifo(folder / "b.jsonl")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    locked = put(folder, "c.jsonl", GOOD)
    locked.chmod(0)
    done = await import_files(workspace, folder, Path("/proc/self/mem"))
    assert done.file("b.jsonl").reason == "not a regular file" and done.file("a.jsonl").records == 1
    assert done.file("/proc/self/mem").format is None and done.file("/proc/self/mem").reason
    if os.geteuid() != 0:  # the superuser may read it
        assert "Permission denied" in done.file("c.jsonl").reason
    with pytest.raises(UsageError, match="does not exist"):
        await import_files(workspace, loop)


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("empty.jsonl", b"", "empty"),
        ("header.csv", b"a,b,c\n", "no records"),
        ("space.txt", b" \n \n", "white space"),
        ("half.json", b'[{"a": "caf\xe9"}]', "give --encoding"),
    ],
)
async def test_a_file_with_nothing_to_import_says_so(
    workspace: Workspace, tmp_path: Path, name: str, data: bytes, word: str
) -> None:
    with pytest.raises(InvalidInput, match=word):
        await import_files(workspace, put(tmp_path, name, data))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.md", "x.html", "x.vtt"])
async def test_an_encoding_with_a_mark_or_of_wide_characters_is_told(
    workspace: Workspace, tmp_path: Path, encoding: str, name: str
) -> None:
    word = "naïve 日本語"
    text = {
        "x.csv": f"a,b\n1,{word}\n",
        "x.jsonl": f'{{"b": "{word}"}}\n{{"b": "x"}}\n',
        "x.json": f'[\n{{"b": "{word}"}}\n]',
        "x.md": f"# Title\n\n{word}\n",
        "x.html": f"<html><body><p>{word} is told in a paragraph that is long enough to be text.</p></body></html>",
        "x.vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n{word}\n",
    }[name]
    done = await import_files(workspace, put(tmp_path, name, text.encode(encoding)))
    assert done.file(name).encoding == encoding and done.rejects == []
    assert word in json.dumps(done.fields, ensure_ascii=False)


async def test_lines_in_another_encoding_are_rejected_and_likely_ones_proposed(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = "name;city\n" + "Müller;Köln\nJansen;Delft\nRenée;Orléans\n" * 20
    path = put(tmp_path, "x.csv", rows.encode("cp1252"))
    done = await import_files(workspace, path)
    file = done.file("x.csv")
    assert (file.records, file.rejected, file.encoding) == (20, 40, "utf-8")
    assert "give --encoding" in file.reason and "cp1252 reads “Müller;Köln”" in file.reason
    assert "byte 0xFC is not utf-8" in done.rejects[0]["reason"]
    told = await import_files(workspace, path, encoding="cp1252")
    assert told.imported.collection.records == 60 and told.rejects == []
    assert {"name": "Renée", "city": "Orléans"} in told.fields


async def test_a_header_in_another_encoding_names_no_columns_by_guess(workspace: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "x.csv", "größe;n\n1;2\n".encode("latin-1"))
    with pytest.raises(InvalidInput, match="cp1252 reads “größe;n”"):
        await import_files(workspace, path)
    assert (await import_files(workspace, path, encoding="latin-1")).fields == [{"größe": "1", "n": "2"}]


async def test_names_of_files_never_lead_out_of_the_raw_folder(workspace: Workspace, tmp_path: Path) -> None:
    names = ["~x..jsonl", "a\x1b]0;b.jsonl", "-rf.jsonl", "é" * 100 + ".jsonl", "con.jsonl", "A.jsonl", "a.jsonl", "…"]
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(names):
        put(folder, name, b'{"n": %d}\n{"n": "x"}\n' % number)
    done = await import_files(workspace, folder)
    assert done.imported.collection.new == len(names) + 1
    copies = [one.name for one in done.folder.iterdir() if one.name.startswith("0")]
    assert len(copies) == len(names) and all(name.isascii() and name.isprintable() for name in copies)


async def test_a_tree_that_is_too_large_is_refused_before_anything_is_made(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        put(folder, f"{number}.jsonl", GOOD)
    for named in (folder, folder / "*.jsonl", tmp_path / "**"):
        with pytest.raises(UsageError, match="more than 10 files"):
            await import_files(workspace, named, limits=ReadLimits(members=10))
    assert CollectionRepository(workspace.database).newest_first() == []


async def test_an_import_that_is_cancelled_while_it_unpacks_leaves_nothing_behind(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = put(tmp_path, "x.jsonl.gz", gzip.compress(b"".join(b'{"n": %d}\n' % n for n in range(300_000))))
    events = ImportService(workspace, Settings()).run([path])
    async for _ in events:
        break
    await events.aclose()
    (collection,) = CollectionRepository(workspace.database).newest_first()
    assert collection.state is CollectionState.FAILED
    assert not (workspace.raw_folder(collection.collection_id) / UNPACKED).exists()


async def test_what_a_killed_import_had_unpacked_is_removed_by_the_next_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    first = await import_files(workspace, put(tmp_path, "a.jsonl", GOOD))
    left = first.folder / UNPACKED
    left.mkdir()
    (left / "part-00001").write_bytes(b"x")
    await import_files(workspace, put(tmp_path, "b.jsonl", b'{"n": 2}\n'))
    assert not left.exists() and (first.folder / "0001-a.jsonl").exists()


async def test_stdin_is_kept_and_told_by_its_content(workspace: Workspace) -> None:
    done = await import_files(workspace, Path("-"), stdin=io.BytesIO(b"a,b\n1,2\n3,4\n"))
    assert done.fields == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert (done.folder / "0001-stdin").read_bytes() == b"a,b\n1,2\n3,4\n"
    with pytest.raises(InvalidInput, match="empty"):
        await import_files(workspace, Path("-"), stdin=io.BytesIO(b""))


async def test_waiting_for_stdin_can_be_ended(workspace: Workspace) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin:
        running = asyncio.ensure_future(import_files(workspace, Path("-"), stdin=stdin))
        while not CollectionRepository(workspace.database).newest_first():
            await asyncio.wait({running}, timeout=0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(running, 30)
        os.close(writing)
    (collection,) = CollectionRepository(workspace.database).newest_first()
    assert collection.state is CollectionState.FAILED
