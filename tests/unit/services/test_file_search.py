"""Searching a file and counting what it consists of, in programs of their own."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from webtune_tui.services.file_search import Found, searching
from webtune_tui.services.file_search_plan import stretches
from webtune_tui.services.file_statistics import tallying
from webtune_tui.services.file_tally import FileTally
from webtune_tui.services.line_file import LineFile


def chat(asked: str, answered: str = "An answer.") -> bytes:
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return json.dumps({"messages": messages}).encode() + b"\n"


@pytest.fixture
def file(tmp_path: Path) -> LineFile:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(chat(f"Question {number}?" + "." * 200) for number in range(4_000)))
    return LineFile(path)


async def found(file: LineFile, text: str, origin: int, *, backwards: bool = False) -> tuple[int | None, bool]:
    """The number in the line that was found, and whether an end was passed."""
    *_, last = [event async for event in searching(file, text, origin, backwards=backwards)]
    assert isinstance(last, Found)
    if last.place is None:
        return None, False
    line = json.loads(file.line_at(last.line, 10_000).raw)
    return int(line["messages"][0]["content"].split("?")[0].removeprefix("Question ")), last.is_around


async def test_the_nearest_place_is_found_in_both_directions_and_around_the_ends(file: LineFile) -> None:
    middle = file.line_start(file.size // 2)
    here, _ = await found(file, "Question", middle)
    assert here is not None
    assert await found(file, "question 1", middle) == (*(await found(file, "Question 1", 0))[:1], True)
    assert await found(file, "Question", middle, backwards=True) == (here - 1, False)
    assert await found(file, "Question 3999?", 0) == (3999, False)
    assert await found(file, "Question 3999?", 0, backwards=True) == (3999, True)
    assert await found(file, "nowhere", middle) == (None, False)
    assert await found(file, "NOWHERE", middle, backwards=True) == (None, False)
    file.close()


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("origin", [0, 1, 5_000_000, 20_000_000])
def test_the_pieces_of_a_search_cover_every_byte_once(origin: int, backwards: bool) -> None:
    pieces = sorted(stretches(0, 20_000_000, origin, backwards=backwards))
    assert pieces[0].start == 0
    assert pieces[-1].end == 20_000_000
    assert all(one.end == other.start for one, other in itertools.pairwise(pieces))


async def test_a_place_across_two_pieces_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    for at in (256 * 1024 - 3, 256 * 1024, 96 * 1024 - 2):
        path.write_bytes(b"x" * at + b"Needle" + b"x" * 600_000)
        file = LineFile(path)
        for text in ("Needle", "needle"):
            for backwards in (False, True):
                *_, last = [event async for event in searching(file, text, 0, backwards=backwards)]
                assert isinstance(last, Found)
                assert last.place == at
        file.close()


async def test_the_whole_file_is_counted_by_parts(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    body = [chat("A question?", "word " * 300) for _ in range(3_000)]
    body[7] = b'{"messages": [{"role": "robot", "content": "x"}]}\n'
    body[8] = b"no json\n"
    body[9] = b'{"instruction": "a", "output": "b"}\n'
    path.write_bytes(b"".join(body))
    file = LineFile(path)
    *_, last = [event async for event in tallying(file)]
    counts: FileTally = last.counts
    assert last.done == last.total == path.stat().st_size
    assert (counts.rows, counts.refused) == (3_000, 3)
    assert counts.forms == {"openai": 2_998, "": 1, "alpaca": 1}
    assert counts.errors["unrecognized_role"] == counts.errors["json_error"] == 1
    assert counts.roles == {"user": 2_998, "assistant": 2_998, "robot": 1}
    assert counts.turns[2] == 2_998
    assert sum(counts.lengths.values()) == 3_000
    file.close()
