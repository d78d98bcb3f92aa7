"""Files with bytes changed, lost and put in at random: reading ends in rows and reasons, never in an exception."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from webtune_tui import registry
from webtune_tui.domain.limits import DEFAULT_LIMITS
from webtune_tui.sources.files import detect, opening

REAL = Path(__file__).parents[2] / "data" / "real"
ROUNDS = 60


def whole_files() -> dict[str, bytes]:
    """A good file of each kind."""
    archive, table = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("x.jsonl", b'{"n": 1}\n' * 50)
        target.writestr("y.csv", b"a,b\n1,2\n" * 30)
    pq.write_table(pa.table({"n": list(range(150)), "s": [{"x": "y"}] * 150, "t": ["é"] * 150}), table)
    return {
        "a.zip": archive.getvalue(),
        "a.jsonl.gz": gzip.compress(b'{"n": 1}\n' * 50),
        "a.jsonl.zst": zstd.compress(b'{"n": 1}\n' * 50),
        "a.parquet": table.getvalue(),
        "a.xlsx": (REAL / "excel" / "reviews.xlsx").read_bytes(),
        "a.html": (REAL / "debian-faq" / "kernel.html").read_bytes(),
        "a.vtt": (REAL / "elephants-dream" / "captions.en.vtt").read_bytes(),
        "a.md": b"---\ntitle: x\n---\n# h\n\ntext\n" * 5,
        "a.json": b'{"a": [{"x": 1}, {"y": "\xc3\xa9"}], "b": {"c": [{"z": null}]}}',
    }


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with a few of them changed, lost or put in."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 2, 5, 20])):
        at, way = chance.randrange(len(changed)), chance.random()
        if way < 0.6:
            changed[at] = chance.randrange(256)
        elif way < 0.8 and len(changed) > 60:
            del changed[at : at + chance.randrange(1, 30)]
        else:
            changed[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 12)))
    return bytes(changed)


@pytest.mark.parametrize("name", list(whole_files()))
def test_no_damage_makes_reading_raise(tmp_path: Path, name: str) -> None:
    whole, chance, read = whole_files()[name], random.Random(name), 0
    for _ in range(ROUNDS if name != "a.html" else 10):
        path = tmp_path / name
        path.write_bytes(damaged(whole, chance))
        unpacking = opening.Unpacking(lambda: tmp_path, DEFAULT_LIMITS)
        for piece in opening.pieces(path, name, opening.Choice(), unpacking):
            if isinstance(piece, opening.Working):
                continue
            assert piece.found.format is not None or piece.found.reason
            if piece.found.format is not None:
                reader = registry.load("sources.files", detect.READERS[piece.found.reader])
                read += sum(1 for _ in reader.rows(piece.path, piece.found.encoding or "", DEFAULT_LIMITS))
        assert [one.name for one in tmp_path.iterdir()] == [name], "nothing that was unpacked is left"
    assert read or name.endswith((".gz", ".zst"))
