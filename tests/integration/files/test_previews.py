"""Looking at files before they are imported: what is found, and that nothing is stored."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from tests.integration.files.importing import import_files
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.previews import FilePreview
from webtune_tui.services.import_files import ImportService
from webtune_tui.settings import Settings
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.workspace import Workspace

DOCUMENT = {
    "page": 1,
    "few": [{"z": 1}],
    "data": {"items": [{"title": "A", "a": {"b": [{"c": n}, {"c": n + 1}]}} for n in range(5)]},
    "tags": ["x"],
}


async def look(workspace: Workspace, *paths: Path, **options: object) -> list[FilePreview]:
    found = await ImportService(workspace, Settings()).inspect(paths, **options)  # type: ignore[arg-type]
    assert CollectionRepository(workspace.database).newest_first() == []
    assert not list(workspace.raw_folder("x").parent.glob("*"))
    return list(found)


def put(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


async def test_every_list_is_offered_and_the_fields_of_the_largest_are_shown(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = put(tmp_path, "x.json", json.dumps(DOCUMENT))
    (found,) = await look(workspace, path)
    assert (found.path, found.format, found.encoding, found.rows) == (str(path), "json", "utf-8", 5)
    assert [(one.path, one.rows) for one in found.lists] == [("data.items", 5), ("few", 1)]
    fields = {one.path: one for one in found.fields}
    assert list(fields) == ["title", "a", "a.b", "a.b[]", "a.b[].c"]
    assert fields["title"].samples == ("A",) and fields["a.b[].c"].types == {"number": 10}
    (other,) = await look(workspace, path, list_path="few")
    assert [one.path for one in other.fields] == ["z"]


async def test_a_list_that_is_chosen_is_imported_and_an_unknown_one_is_refused_with_the_known(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = put(tmp_path, "x.json", json.dumps(DOCUMENT))
    (found,) = await look(workspace, path, list_path="data.nothing")
    assert found.rows == 0 and "lists: data.items, few" in found.reason
    assert (await import_files(workspace, path, list_path="few")).fields == [{"z": 1}]
    done = await import_files(workspace, path)
    assert len(done.fields) == 5 and json.loads(done.bytes_of(done.records[3])) == DOCUMENT["data"]["items"][3]  # type: ignore[index]


async def test_an_address_shows_what_stands_there(workspace: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "x.json", json.dumps(DOCUMENT))
    (found,) = await look(workspace, path, fields=["a.b[1].c", "a.b[].c", "a.missing"])
    fields = {one.path: one for one in found.fields}
    assert fields["a.b[1].c"].samples == ("1", "2", "3") and fields["a.b[1].c"].fill_rate == 1.0
    assert fields["a.missing"].fill_rate == 0.0 and "a.b[].c" in fields
    with pytest.raises(UsageError, match="no field"):
        await look(workspace, path, fields=["a[x]"])


async def test_only_the_first_records_are_read(workspace: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "x.csv", "name,stars\n" + "x,\ny,4\n" * 5000)
    (found,) = await look(workspace, path, sample=100)
    stars = found.fields[1]
    assert (found.rows, stars.path, stars.fill_rate) == (100, "stars", 0.5)


async def test_likely_encodings_are_proposed_for_lines_and_for_documents(workspace: Workspace, tmp_path: Path) -> None:
    lines = put(tmp_path, "x.csv", "name\ncafé\nthé\nok\n".encode("cp1252"))
    document = put(tmp_path, "y.json", '[{"name": "日本語のとても長い文章です"}]'.encode("cp932"))
    first, second = await look(workspace, lines, document)
    assert first.format == "csv" and first.rejected == 2
    assert ("cp1252", "café") in [(guess.encoding, guess.reads) for guess in first.encodings_possible]
    assert second.format is None and "give --encoding" in second.reason
    assert any("日本語のとても" in guess.reads for guess in second.encodings_possible)
    (told,) = await look(workspace, document, encoding="cp932")
    assert told.fields[0].samples == ("日本語のとても長い文章です",)


async def test_packed_files_and_stdin_are_looked_into_too(workspace: Workspace, tmp_path: Path) -> None:
    rows = b"".join(b'{"n": %d}\n' % n for n in range(1000))
    (packed,) = await look(workspace, put(tmp_path, "x.gz", gzip.compress(rows)), sample=10)
    assert (packed.format, packed.rows, packed.reason) == ("jsonl", 10, "")
    (piped,) = await look(workspace, Path("-"), stdin=io.BytesIO(rows), sample=10)
    assert (piped.path, piped.format, piped.rows) == ("-", "jsonl", 10)


async def test_what_can_not_be_used_says_why(workspace: Workspace, tmp_path: Path) -> None:
    broken, missing = put(tmp_path, "x.jsonl", "{broken\n{}\n{also\n"), put(tmp_path, "x.pdf", b"%PDF-1.4\n")
    first, second = await look(workspace, broken, missing)
    assert (first.rows, first.rejected) == (1, 2) and first.reason.startswith("line 1: not valid JSON")
    assert second.format is None and "PDF" in second.reason
    with pytest.raises(UsageError, match="does not exist"):
        await look(workspace, tmp_path / "nothing")
