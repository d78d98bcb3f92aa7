"""Files in gzip, zstd and zip: opened by content within limits; what can't be trusted is named, the rest goes on."""

from __future__ import annotations

import gzip
import io
import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from tests.integration.files.importing import import_files
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.limits import ReadLimits
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

LINES = b'{"n": 1}\n{broken\n{"n": 2}\n'
ROWS = [{"n": 1}, {"n": 2}]


def str_or_nothing(value: object) -> str:
    """Names a case by its words; packed bytes hold the time and would name it anew in each process."""
    return value if isinstance(value, str) else ""


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.jsonl.gz", gzip.compress(LINES)),
        ("rows.jsonl.zst", zstd.compress(LINES)),
        ("rows.jsonl", gzip.compress(LINES)),
        ("rows.txt", gzip.compress(LINES[:20]) + gzip.compress(LINES[20:])),
        ("rows.gz.zst", zstd.compress(gzip.compress(LINES))),
    ],
    ids=str_or_nothing,
)
async def test_a_packed_file_is_read_as_what_it_holds(
    workspace: Workspace, tmp_path: Path, name: str, data: bytes
) -> None:
    path = put(tmp_path, name, data)
    done = await import_files(workspace, path)
    (file,) = done.imported.files
    assert (file.path, file.format, file.encoding, file.records, file.rejected) == (str(path), "jsonl", "utf-8", 2, 1)
    assert done.fields == ROWS and [(row["path"], row["line"]) for row in done.rejects] == [(str(path), 2)]
    (copy,) = [one for one in done.folder.iterdir() if one.name.startswith("0001")]
    assert copy.read_bytes() == data and stat.S_IMODE(copy.stat().st_mode) == 0o600


async def test_every_member_of_a_zip_is_a_file_of_its_own(workspace: Workspace, tmp_path: Path) -> None:
    table = io.BytesIO()
    pq.write_table(pa.table({"n": [7]}), table)
    members = {
        "a/rows.jsonl": LINES,
        "b.csv": "n;name\n3;é\n".encode("utf-16"),
        "c.jsonl.gz": gzip.compress(b'{"n": 4}\n'),
        "d.zip": zipped({"inner!.json": b'[{"n": 5}]'}),
        "table": table.getvalue(),
        "page.txt": b"On Kettles\n\nThey boil.\n",
        "photo.png": bytes(range(256)) * 8,
        ".hidden": b"x",
        "__MACOSX/a": b"x",
        "deep.zip": zipped({"x.zip": zipped({"y.jsonl": LINES})}),
    }
    path = put(tmp_path, "all.zip", zipped(members))
    done = await import_files(workspace, path)
    formats = {file.path.removeprefix(f"{path}/"): file.format for file in done.imported.files}
    assert formats == {
        "a/rows.jsonl": "jsonl",
        "b.csv": "csv",
        "c.jsonl.gz": "jsonl",
        "d.zip/inner!.json": "json",
        "table": "parquet",
        "page.txt": "text",
        "photo.png": None,
        "deep.zip/x.zip": None,
    }
    assert [one.get("n") for one in done.fields] == [1, 2, "3", 4, 5, 7, None]
    assert done.fields[-1] == {"title": "On Kettles", "text": "On Kettles\n\nThey boil.", "file": "page.txt"}
    assert set(done.reasons) == {"rows.jsonl", "photo.png", "x.zip"} and "more than 2 times" in done.reasons["x.zip"]
    places = [record.place.file.removeprefix("0001-all.zip") for record in done.records]
    assert places == ["!a/rows.jsonl"] * 2 + ["!b.csv", "!c.jsonl.gz!", "!d.zip!inner!.json", "!table", "!page.txt"]
    ranges = [done.bytes_of(record) for record in done.records if record.place.length is not None]
    assert (
        [one.rstrip(b"\n") for one in ranges[3:5]] == [b'{"n": 4}', b'{"n": 5}']
        and b"On Kettles\n\nThey boil.\n" in ranges
        and "3;é\n".encode("utf-16-le") in ranges
    )


async def test_bad_members_are_named_and_the_rest_is_read(workspace: Workspace, tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.jsonl", b'{"n": 1}\n')
        archive.writestr("../outside.jsonl", b'{"n": 9}\n')
        archive.writestr("a/../../b.jsonl", b'{"n": 9}\n')
        archive.writestr("/etc/absolute.jsonl", b'{"n": 9}\n')
        archive.writestr("C:\\drive.jsonl", b'{"n": 9}\n')
        link = zipfile.ZipInfo("link.jsonl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        pipe = zipfile.ZipInfo("pipe.jsonl")
        pipe.external_attr = (stat.S_IFIFO | 0o666) << 16
        archive.writestr(pipe, "")
        archive.writestr("bomb.jsonl", b" " * 30_000_000)
        archive.writestr("bzip.jsonl", b'{"n": 9}\n', zipfile.ZIP_BZIP2)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("good.jsonl", b'{"n": 8}\n')
        archive.writestr("wrong.jsonl", b'{"n": "checksum"}\n', zipfile.ZIP_STORED)
        archive.writestr("secret.jsonl", b'{"n": 9}\n')
        archive.writestr("nul~.jsonl", b'{"n": 9}\n')
        archive.writestr("last.jsonl", b'{"n": 2}\n')
    data = target.getvalue().replace(b"checksum", b"checkSum").replace(b"nul~", b"nul\x00")
    data = _encrypted(data, b"secret.jsonl")
    done = await import_files(workspace, put(tmp_path, "x.zip", data))
    assert done.fields == [{"n": 1}, {"n": 2}]
    reasons = {row["path"].removeprefix(f"{tmp_path}/x.zip/"): row["reason"] for row in done.rejects}
    expected = {
        "../outside.jsonl": "outside",
        "a/../../b.jsonl": "outside",
        "/etc/absolute.jsonl": "absolute",
        "C:\\drive.jsonl": "absolute",
        "link.jsonl": "link",
        "pipe.jsonl": "not a regular file",
        "bomb.jsonl": "limits.expansion",
        "bzip.jsonl": "packed by a method",
        "good.jsonl": "same name",
        "wrong.jsonl": "damaged",
        "secret.jsonl": "encrypted",
        "nul\x00.jsonl": "NUL",
    }
    assert set(reasons) == set(expected)
    assert [name for name, word in expected.items() if word not in reasons[name]] == []
    assert done.imported.collection.rejected == len(expected)
    assert not (tmp_path / "outside.jsonl").exists() and {one.name for one in tmp_path.iterdir()} == {
        "workspace",
        "x.zip",
    }


def _encrypted(data: bytes, name: bytes) -> bytes:
    """The archive with a member marked as encrypted, in its entry and in the directory."""
    changed = bytearray(data)
    at = data.find(b"PK\x03\x04")
    while at >= 0:
        if data[at + 30 : at + 30 + len(name)] == name:
            changed[at + 6] |= 1
        at = data.find(b"PK\x03\x04", at + 4)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        if data[at + 46 : at + 46 + len(name)] == name:
            changed[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("bomb.gz", gzip.compress(b" " * 30_000_000), "limits.expansion"),
        ("bomb.zst", zstd.compress(b" " * 30_000_000), "limits.expansion"),
        ("double.gz", gzip.compress(gzip.compress(b" " * 60_000_000)), "limits.expansion"),
        ("cut.gz", gzip.compress(LINES * 100)[:-20], "damaged or cut"),
        ("cut.zst", zstd.compress(LINES * 100)[:-5], "damaged or cut"),
        ("no.gz", b"\x1f\x8b" + b"not gzip at all" * 10, "damaged or cut"),
        ("no.zip", b"PK\x03\x04" + b"not a zip" * 10, "damaged or cut"),
        ("cut.zip", zipped({"a.jsonl": LINES * 500})[:-30], "damaged or cut"),
        ("empty.zip", zipped({}), "holds no files"),
        ("a.tar.gz", gzip.compress(b"x" * 257 + b"ustar" + b"\x00" * 600), "tar archive"),
    ],
    ids=str_or_nothing,
)
async def test_a_packed_file_that_can_not_be_used_says_why(
    workspace: Workspace, tmp_path: Path, name: str, data: bytes, word: str
) -> None:
    path, good = put(tmp_path, name, data), put(tmp_path, "good.jsonl", b'{"n": 1}\n')
    done = await import_files(workspace, path, good)
    assert done.fields == [{"n": 1}]
    (bad,) = [file for file in done.imported.files if file.format is None]
    assert bad.path.startswith(str(path)) and word in bad.reason
    assert [one.name for one in done.folder.iterdir() if one.name.startswith("0001")] == []


async def test_the_limits_of_the_settings_hold(workspace: Workspace, tmp_path: Path) -> None:
    many = put(tmp_path, "many.zip", zipped({f"{n}.jsonl": b'{"n": 1}\n' for n in range(30)}))
    with pytest.raises(InvalidInput, match=r"limits\.members"):
        await import_files(workspace, many, limits=ReadLimits(members=20))
    text = b'{"n": "' + b"ab" * 1_000_000 + b'"}\n'
    packed = put(tmp_path, "a.gz", gzip.compress(text))
    with pytest.raises(InvalidInput, match=r"more than 3 times its size \(limits\.expansion\)"):
        await import_files(workspace, packed, limits=ReadLimits(expansion=3))
    assert (await import_files(workspace, packed, limits=ReadLimits(expansion=10_000))).imported.collection.records == 1
    with pytest.raises(InvalidInput, match="lines were rejected"):
        await import_files(workspace, packed, limits=ReadLimits(expansion=10_000, record_mb=1))


async def test_a_directory_that_lies_about_its_size_is_refused_before_it_is_read(
    workspace: Workspace, tmp_path: Path
) -> None:
    data = bytearray(zipped({"a.jsonl": LINES}))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = (2**31).to_bytes(4, "little")
    with pytest.raises(InvalidInput, match=r"limits\.members"):
        await import_files(workspace, put(tmp_path, "x.zip", bytes(data)))


async def test_the_same_bytes_packed_or_not_are_the_same_records(workspace: Workspace, tmp_path: Path) -> None:
    first = await import_files(workspace, put(tmp_path, "a.jsonl", LINES))
    second = await import_files(
        workspace, put(tmp_path, "a.zip", zipped({"x.jsonl": LINES, "y.zst": zstd.compress(LINES)}))
    )
    assert first.imported.collection.new == 2
    assert (second.imported.collection.new, second.imported.collection.duplicates) == (0, 4)
    assert RecordRepository(workspace.database).count_live() == 2


async def test_the_manifest_tells_what_was_in_it(workspace: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "a.zip", zipped({"x.jsonl": LINES, "y.csv": b"a,b\n1,2\n"}))
    done = await import_files(workspace, path)
    (entry,) = json.loads((done.folder / "manifest.json").read_text())["files"]
    assert entry["path"] == "0001-a.zip" and entry["bytes"] == path.stat().st_size
    assert [(one["name"], one["format"], one["first_position"]) for one in entry["members"]] == [
        ("x.jsonl", "jsonl", 0),
        ("y.csv", "csv", 3),
    ]


@pytest.mark.slow
async def test_a_large_packed_file_is_imported_in_little_memory(tmp_path: Path) -> None:
    row = json.dumps({"title": "A kettle", "body": "It boils a litre of water in three minutes. " * 30})
    path = tmp_path / "rows.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("rows.json", "w") as stream:
        stream.write(b"[")
        for number in range(60_000):
            stream.write(f'{"," if number else ""}{{"n": {number}, "row": {row}}}'.encode())
        stream.write(b"]")
    program = """
import asyncio, re, sys
from pathlib import Path
from webtune_tui.domain.limits import ReadLimits
from webtune_tui.services.import_files import ImportService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace

async def run():
    with Workspace.open(Path(sys.argv[2]), command="test") as workspace:
        service = ImportService(workspace, Settings(limits=ReadLimits(expansion=1000)))
        async for event in service.run([Path(sys.argv[1])]):
            last = event
        peak = re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
        print(last.collection.records, peak.group(1))

asyncio.run(run())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(path), str(tmp_path / "w")], capture_output=True, text=True, check=True
    )
    records, kilobytes = map(int, ended.stdout.split())
    assert records == 60_000 and kilobytes < 200_000
