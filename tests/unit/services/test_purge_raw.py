"""Raw files lose a person where they stand, and nothing else in them moves."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from tests.unit.services.deliveries import bring
from webtune_tui.domain.erasure import FoundRecord
from webtune_tui.domain.mentions import Person
from webtune_tui.domain.records import RawPlace
from webtune_tui.services import raw_data
from webtune_tui.services.ingest import Ingest, RejectsFile
from webtune_tui.services.purge_raw import RawFolderSweep, RawHit
from webtune_tui.sources.delivered import imported_record
from webtune_tui.storage.overwrite import blank_cells, blank_object
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

ANNA = Person(("Anna Muster",))


def sweep(folder: Path, *records: FoundRecord, erase: bool = True) -> list[RawHit]:
    return list(RawFolderSweep(folder, ANNA, records).run(erase=erase))


def record(file: str, start: int | None = None, length: int | None = None, position: int = 0) -> FoundRecord:
    return FoundRecord(1, "c", position, False, RawPlace(file, None, start, length))


@pytest.mark.parametrize("length", [0, 1, 2, 14, 15, 400])
def test_an_object_keeps_its_length(length: int) -> None:
    blank = blank_object(length)
    assert len(blank) == length
    assert length < 2 or json.loads(blank) in ({}, {"erased": True})


@pytest.mark.parametrize(
    ("row", "blank"),
    [
        (b"a,b,c\n", b" , , \n"),
        (b'"a, ""b""\nc",d\r\n', b'"        \n ", \r\n'),
        (b'5" wide,"x",\n', b'       ," ",\n'),
        (b"\n", b"\n"),
        (b'""', b'""'),
    ],
)
def test_a_row_keeps_its_cells_and_its_length(row: bytes, blank: bytes) -> None:
    assert blank_cells(row, b",") == blank and len(blank) == len(row)


def test_looking_changes_nothing_and_finds_the_same(tmp_path: Path) -> None:
    data = b'{"a": "Anna Muster"}\n{"a": "Berta"}\n{"b": "x\\nAnna\\u0020Muster"}'
    (tmp_path / "records.ndjson").write_bytes(data)
    looked = sweep(tmp_path, erase=False)
    assert (tmp_path / "records.ndjson").read_bytes() == data
    assert looked == sweep(tmp_path) and looked[0].ranges == 2
    lines = (tmp_path / "records.ndjson").read_bytes().split(b"\n")
    assert lines[1] == b'{"a": "Berta"}' and json.loads(lines[0]) == json.loads(lines[2]) == {"erased": True}
    assert sweep(tmp_path) == []


def test_an_erased_row_is_not_stored_again(tmp_path: Path) -> None:
    (tmp_path / "records.ndjson").write_bytes(b'{"a": "Anna Muster and more"}\n{"a": "Berta"}\n')
    sweep(tmp_path)
    with Workspace.open(tmp_path / "workspace", command="test") as workspace:
        bring(workspace, "c-1", [])
        ingest = Ingest(
            RecordRepository(workspace.database),
            RejectsFile(tmp_path / "rejects.jsonl"),
            "c-1",
            lambda position, row: imported_record("c-1", position, row.fields, now="2026-11-22T13:00:00.000Z"),
            "records.ndjson",
        )
        list(ingest.run(raw_data.rows_of(tmp_path / "records.ndjson")))
        (stored,) = RecordRepository(workspace.database).of_collection("c-1", limit=9)
        assert (stored.position, stored.fields) == (1, {"a": "Berta"})


def test_a_line_that_a_kill_left_half_overwritten_is_ended(tmp_path: Path) -> None:
    (tmp_path / "records.ndjson").write_bytes(b'{"erased":true}  "street": "Elm 3"}\n{"a": 1}\n')
    assert sweep(tmp_path)[0].ranges == 1
    assert (tmp_path / "records.ndjson").read_bytes() == b'{"erased":true}'.ljust(35) + b'\n{"a": 1}\n'


def test_an_element_of_a_document_is_overwritten_at_its_place(tmp_path: Path) -> None:
    data = json.dumps([{"a": 1}, {"who": "Anna Muster", "street": "Elm 3"}, {"a": 2}]).encode()
    start, length = data.index(b'{"who'), len(b'{"who": "Anna Muster", "street": "Elm 3"}')
    (tmp_path / "rows.json").write_bytes(data)
    assert sweep(tmp_path, record("rows.json", start, length)) == [RawHit(tmp_path / "rows.json", 1)]
    now = (tmp_path / "rows.json").read_bytes()
    assert len(now) == len(data) and json.loads(now) == [{"a": 1}, {"erased": True}, {"a": 2}]


def test_an_element_without_a_place_leaves_a_marker_in_a_new_document(tmp_path: Path) -> None:
    rows = [{"a": 1}, {"who": "Anna Muster", "street": "Elm 3"}, {"a": 2}]
    (tmp_path / "rows.json").write_text(json.dumps({"by": "anna muster", "rows": rows}))
    sweep(tmp_path, record("rows.json", position=1))
    assert json.loads((tmp_path / "rows.json").read_bytes()) == [{"a": 1}, {"erased": True}, {"a": 2}]


def test_words_of_a_document_outside_of_its_records_are_blanked(tmp_path: Path) -> None:
    text = json.dumps({"by": "Anna Muster", "rows": [{"a": 1}]})
    (tmp_path / "rows.json").write_text(text)
    sweep(tmp_path)
    now = (tmp_path / "rows.json").read_text()
    assert len(now) == len(text) and json.loads(now) == {"by": " " * 11, "rows": [{"a": 1}]}


@pytest.mark.parametrize("name", ["page.html", "talk.vtt", "notes.txt", "wide.csv", "packed.gz", "sheet.xlsx"])
def test_what_cannot_be_overwritten_in_part_is_emptied(tmp_path: Path, name: str) -> None:
    path, text = tmp_path / name, "<p>Anna\nMuster</p>"
    match path.suffix:
        case ".gz":
            path.write_bytes(gzip.compress(text.encode()))
        case ".xlsx":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("xl/sharedStrings.xml", text)
        case ".csv":
            path.write_text(f"a,b\nc,{text}\n", encoding="utf-16")
        case _:
            path.write_text(text)
    (hit,) = sweep(tmp_path)
    assert hit.is_whole and path.read_bytes() == b""
    assert sweep(tmp_path) == []


def test_a_page_that_a_kill_left_half_emptied_is_emptied_to_its_end(tmp_path: Path) -> None:
    page = tmp_path / "pages" / "0001.html"
    page.parent.mkdir()
    page.write_bytes(bytes(15) + b"uster wrote this</p>")
    assert [hit.is_whole for hit in sweep(tmp_path)] == [True]
    assert page.read_bytes() == b"" and sweep(tmp_path) == []


def test_a_table_with_the_person_in_its_heading_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Anna Muster,b\n1,2\n")
    assert sweep(tmp_path)[0].is_whole


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.ndjson"
    outside.write_text('{"a": "Anna Muster"}\n')
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "records.ndjson").symlink_to(outside)
    assert sweep(tmp_path / "raw") == []
    assert "Anna" in outside.read_text()
