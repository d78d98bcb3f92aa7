"""Real files, imported through the service: the counts and contents are those of an independent parser."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import webvtt
from lxml import html

from tests.integration.files.importing import Done, import_files
from webtune_tui.storage.workspace import Workspace

REAL = Path(__file__).parents[1] / "data" / "real"
PYARROW = Path(pyarrow.__file__).parent / "tests" / "data" / "parquet"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_every_real_file_has_its_source_and_licence_noted() -> None:
    noted = (REAL / "SOURCES.md").read_text(encoding="utf-8")
    assert [folder.name for folder in REAL.iterdir() if folder.is_dir() and f"`{folder.name}/`" not in noted] == []
    assert sum(path.stat().st_size for path in REAL.rglob("*")) < 400_000


async def test_pages_of_a_debian_package_keep_their_text_and_lose_their_navigation(workspace: Workspace) -> None:
    folder = REAL / "debian-faq"
    pages = sorted(folder.glob("*.html"))
    done = await import_files(workspace, *pages)
    assert [file.format for file in done.imported.files] == ["html"] * len(pages)
    assert done.imported.collection.records == len(pages) == len(done.records) and done.rejects == []
    for page, fields in zip(pages, done.fields, strict=True):
        tree = html.parse(str(page)).getroot()
        assert fields["file"] == page.name
        assert fields["title"] == " ".join(tree.findtext(".//title").split())
        for part in tree.xpath("//head | //style | //div[@class='navfooter' or @class='navheader' or @class='toc']"):
            part.getparent().remove(part)
        kept, shown = set(words(f"{fields['title']} {fields['text']}")), words(" ".join(tree.itertext()))
        missing = [word for word in shown if word not in kept]
        is_cover = page.name == "index.html"  # a title page, of which little is text
        assert len(missing) < (0.2 if is_cover else 0.06) * len(shown), (page.name, missing[:20])
        headings = [words(one.text_content()) for one in tree.xpath("//h1 | //h2")]
        told = [words(line) for line in fields["text"].splitlines() if line.startswith("#")]
        assert is_cover or [one for one in headings if one not in told] == []
        assert "Prev" not in fields["text"].split() and "Next" not in fields["text"].split()


@pytest.mark.parametrize("path", sorted(REAL.glob("elephants-dream/*.vtt")), ids=lambda path: path.name)
async def test_real_captions_are_as_many_as_another_parser_finds(workspace: Workspace, path: Path) -> None:
    done = await import_files(workspace, path)
    (fields,) = done.fields
    captions = webvtt.read(str(path))
    assert len(fields["segments"]) == len(captions) > 5
    ours = [(one["start"], one["end"], words(one["text"])) for one in fields["segments"]]
    assert ours == [(ms(one.start), ms(one.end), words(one.text)) for one in captions]


def ms(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 3)


@pytest.mark.parametrize("path", sorted(REAL.glob("webvtt-py/*.[vs][tr]t")), ids=lambda path: path.name)
async def test_subtitles_with_odd_parts_lose_no_cue(workspace: Workspace, path: Path) -> None:
    done = await import_files(workspace, path)
    (fields,) = done.fields
    captions = webvtt.read(str(path)) if path.suffix == ".vtt" else webvtt.from_srt(str(path))
    told = [word for one in captions for word in words(unescape(one.text))]
    if path.name == "youtube_dl.vtt":
        assert "".join(words(fields["text"])).count("telling") == 1 < told.count("telling")
    else:
        assert len(fields["segments"]) == len(captions)
        spoken = [word for one in fields["segments"] for word in words(one["text"])]
        if path.name == "missing_timeframe.srt":  # the other parser takes a cue without a time into the one before
            told = told[:3] + told[7:]
        assert spoken == told
    broken = {"invalid_timeframe.vtt": [6], "missing_timeframe.srt": [5]}
    assert [row["line"] for row in done.rejects] == broken.get(path.name, [])


async def test_captions_in_utf_16_are_the_same_captions(workspace: Workspace, tmp_path: Path) -> None:
    for path in REAL.glob("elephants-dream/captions.*.vtt"):
        wide = tmp_path / path.name
        wide.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
        done = await import_files(workspace, path, wide)
        collection = done.imported.collection
        assert (collection.new, collection.duplicates) == (1, 1)
        assert [file.encoding for file in done.imported.files] == ["utf-8", "utf-16"]


@pytest.mark.parametrize("path", sorted(REAL.glob("csv-spectrum/csvs/*.csv")), ids=lambda path: path.name)
async def test_the_published_csv_files_give_the_published_rows(workspace: Workspace, path: Path) -> None:
    published = json.loads((REAL / "csv-spectrum" / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
    done = await import_files(workspace, path)
    expected = published if isinstance(published, list) else [published]
    assert done.imported.collection.records == len(expected) and done.rejects == []
    assert done.fields == expected


@pytest.mark.parametrize(
    ("name", "encoding", "proposed"),
    [("tutor.fr", "latin-1", "cp1252"), ("tutor.pl", "iso8859-2", "iso8859-2"), ("tutor.ja.sjis", "cp932", "cp932")],
)
async def test_an_old_text_is_refused_with_its_encoding_proposed_and_read_whole_once_it_is_given(
    workspace: Workspace, tmp_path: Path, name: str, encoding: str, proposed: str
) -> None:
    text = tmp_path / "tutor.txt"
    text.write_bytes((REAL / "vim-tutor" / name).read_bytes())
    (before,) = await previews(workspace, text)
    assert before.format is None and "give --encoding" in before.reason
    assert proposed in [guess.encoding for guess in before.encodings_possible]
    done = await import_files(workspace, text, encoding=encoding)
    (fields,) = done.fields
    assert fields["text"] == text.read_bytes().decode(encoding).replace("\r\n", "\n").strip()


async def previews(workspace: Workspace, path: Path) -> Any:
    from webtune_tui.services.import_files import ImportService
    from webtune_tui.settings import Settings

    return await ImportService(workspace, Settings()).inspect([path])


async def test_a_latin_1_table_of_real_lines_is_read_like_pythons_csv(workspace: Workspace, tmp_path: Path) -> None:
    lines = (REAL / "vim-tutor" / "tutor.fr").read_text(encoding="latin-1").splitlines()
    rows = [(str(number), "\n".join(lines[number : number + 3])) for number in range(0, len(lines) - 3, 3)]
    path = tmp_path / "lessons.csv"
    with path.open("w", encoding="latin-1", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([("line", "text"), *rows])
    done = await import_files(workspace, path, encoding="latin-1")
    with path.open(encoding="latin-1", newline="") as stream:
        expected = list(csv.DictReader(stream, delimiter=";"))
    assert done.fields == expected and len(expected) == len(rows) > 200
    for record, row in zip(done.records, expected, strict=True):
        (again,) = csv.reader(done.bytes_of(record).decode("latin-1").splitlines(keepends=True), delimiter=";")
        assert again == list(row.values())


async def test_real_parquet_files_have_the_rows_that_pyarrow_finds(workspace: Workspace) -> None:
    files = sorted(PYARROW.glob("*.parquet"))
    assert len(files) >= 3, f"pyarrow's own files are missing in {PYARROW}"
    done = await import_files(workspace, *files)
    counts = {file.path: (file.records, file.rejected) for file in done.imported.files}
    assert counts == {str(path): (pyarrow.parquet.read_metadata(path).num_rows, 0) for path in files}
    plain = pyarrow.parquet.read_table(PYARROW / "v0.7.1.parquet").to_pylist()
    assert by_carat(done)[:50] == sorted({(row["carat"], row["cut"]) for row in plain})[:50]


def by_carat(done: Done) -> list[Any]:
    return sorted({(one["carat"], one["cut"]) for one in done.fields if one.get("carat") is not None})


async def test_workbooks_of_other_writers_have_their_rows(workspace: Workspace) -> None:
    done = await import_files(workspace, REAL / "excel")
    counts = {Path(file.path).name: (file.format, file.records, file.rejected) for file in done.imported.files}
    assert counts == {"products.xlsx": ("xlsx", 47, 2), "reviews.xlsx": ("xlsx", 25, 0)}
    assert done.fields[0] == {
        "id": 1,
        "title": "Café 1, «größe»\nline two",
        "price": 1.25,
        "in stock": False,
        "since": "2024-01-02",
        "seen": "2024-01-02T13:30:00",
        "total": 2.5,
    }
    assert [row["reason"] for row in done.rejects] == [
        "sheet 'Prices', row 42: an error in 'total'",
        "sheet 'Notes', row 3: stands alone above the header",
    ]
    assert done.records[-1].place.file == "0002-reviews.xlsx!reviews" and done.records[-1].place.line == 26
