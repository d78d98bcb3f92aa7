"""Hostile input through the program: it ends, in bounded time and memory, and the other records go through."""

from __future__ import annotations

import gc
import json
import resource
import time
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.program import ROOT, Ended, Program
from tests.quality.planted.hostile import UNITS, odd_lines, pattern_lines, text_of
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.recipe import default_recipe
from webtune_tui.pipeline.run import Assembly
from webtune_tui.pipeline.tokens import BundledCounter

SECONDS = 240
ADDRESS_SPACE = 2 * 1024**3  # bytes, of each process; three times what a run of plain records maps
PLAIN = 40
PATTERN_FILES = 2  # a run each, so that two processors share the megabytes
PARTS = """oak iron wool glass cork clay jute brass slate felt cane horn bone reed silk lead zinc wax tin lime flint
    chalk""".split()  # noqa: SIM905 - a row of words
NEVER_STORED = (
    "deep_lists",
    "deep_objects",
    "open_lists",
    "beyond_the_limit",
    "huge_integer",
    "raw_surrogate",
    "bad_bytes",
    "cut",
    "no_object",
    "raw_nul",
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program of this source tree."""
    return Program(tmp_path, {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"})


def limited(program: Program, *arguments: str) -> Ended:
    """Runs a command that may not map more memory than the limit."""
    limit = partial(resource.setrlimit, resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    return program.json(*arguments, seconds=SECONDS, preexec_fn=limit)


def plain_lines() -> list[bytes]:
    """Records that must go through whatever stands beside them."""
    told = ("A steady chair", "A quiet lamp", "A narrow bench", "A heavy drill", "A bright tent")
    made = []
    for number in range(PLAIN):
        words = " ".join(
            f"{part}{number * 7 % 41}" for part in ("oak", "iron", "wool", "glass", "cork", "clay", "jute")
        )
        text = f"{told[number % 5]} number {number} is made of {words} and stands where you put it, in rain and in sun."
        made.append(
            json.dumps({"title": f"{told[number % 5]} {number}", "text": f"{text} It was built {number} times."})
        )
    return [line.encode() for line in made]


def mixed(path: Path, hostile: list[bytes]) -> Path:
    """A file with a plain record behind each hostile line while they last."""
    plain = plain_lines()
    with path.open("wb") as stream:
        for number in range(max(len(plain), len(hostile))):
            stream.writelines(lines[number] + b"\n" for lines in (hostile, plain) if number < len(lines))
    return path


def prepared(program: Program) -> dict[str, object]:
    """The report of a run, whose counts add up."""
    body = limited(program, "prepare").done()
    assert body["records"] == body["records_used"] + sum(body["dropped"].values())
    assert body["leak"]["shared_clusters"] == 0
    return body


def answers(program: Program) -> str:
    """All that was exported."""
    body = limited(program, "dataset", "export", "--out", str(program.folder / "out")).done()
    return "".join(Path(path).read_text("utf-8") for path in body["paths"].values())


@pytest.mark.slow
def test_odd_json_is_stored_or_rejected_with_a_reason_and_the_rest_goes_through(
    program: Program, tmp_path: Path
) -> None:
    lines = odd_lines()
    file = mixed(program.folder / "odd.jsonl", list(lines.values()))
    imported = limited(program, "import", str(file)).done()
    rejects = [json.loads(line) for line in Path(imported["rejects_path"]).read_text("utf-8").splitlines()]
    rejected = {list(lines)[(one["line"] - 1) // 2] for one in rejects if one["line"] <= 2 * len(lines)}
    assert set(NEVER_STORED) <= rejected
    assert len(rejects) == imported["rejected"] == len(rejected)
    assert all(one["reason"] and len(one["snippet"]) < 1_000 for one in rejects)
    assert imported["records"] == PLAIN + len(lines) - len(rejected)
    body = prepared(program)
    assert body["records"] == imported["records"]
    told = answers(program)
    assert told.count("stands where you put it") == PLAIN
    assert "\\u0000" not in told and "\\ud800" not in told and "\x00" not in told


@pytest.mark.slow
def test_a_long_text_of_any_pattern_ends_in_an_example_or_a_reason(program: Program) -> None:
    _patterns_go_through(program, 50_000)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PATTERN_FILES))
def test_a_megabyte_of_any_pattern_ends_in_an_example_or_a_reason(program: Program, part: int) -> None:
    _patterns_go_through(program, 1_000_000, part, PATTERN_FILES)


def _patterns_go_through(program: Program, characters: int, part: int = 0, parts: int = 1) -> None:
    patterns = list(pattern_lines(characters))[part::parts]
    file = mixed(program.folder / "patterns.jsonl", patterns)
    imported = limited(program, "import", str(file)).done()
    assert (imported["records"], imported["rejected"]) == (PLAIN + len(patterns), 0)
    body = prepared(program)
    assert body["records"] == imported["records"]
    assert answers(program).count("stands where you put it") == PLAIN
    limited(program, "dataset", "stats").done()


def seconds_of(assembly: Assembly, text: str) -> float:
    """Processor time of all the steps for one record."""
    draft = Draft(
        record_id=1,
        key="k",
        kind=RecordKind.DATA,
        fields={"title": "A title", "brand": "b", "features": ["a", "b"], "description": text},
    )
    gc.disable()  # in a process with a long past one collection takes longer than the work
    try:
        started = time.process_time()
        assembly.map_batch([draft])
        return time.process_time() - started
    finally:
        gc.enable()


def assembly() -> Assembly:
    """The default recipe, warm."""
    made = Assembly(default_recipe(), BundledCounter())
    seconds_of(made, "some words to begin with " * 40)
    return made


def grow_too_fast(small: int, large: int, *, free: float, most: float) -> dict[str, list[float]]:
    """The patterns whose large text takes more than ``free`` seconds and ``most`` times as long as the small one.

    The better of two counts: the second is asked for where the first is too much.
    """
    made = assembly()
    slow = {}
    for name in UNITS:
        texts = [text_of(name, size) for size in (small, large)]
        spent = [seconds_of(made, text) for text in texts]
        if spent[1] > free and spent[1] > most * spent[0]:
            spent = [min(before, seconds_of(made, text)) for before, text in zip(spent, texts, strict=True)]
            if spent[1] > free and spent[1] > most * spent[0]:
                slow[name] = spent
    return slow


def test_the_time_of_each_pattern_grows_with_its_length_and_not_with_its_square() -> None:
    """Eight times the text may take sixteen times as long, which leaves room for a busy machine; a square takes 64."""
    assert grow_too_fast(6_000, 48_000, free=0.02, most=16) == {}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_megabyte_of_each_pattern_takes_as_much_longer_as_it_is_longer() -> None:
    """Eight times the text may take 32 times as long, which leaves room for a busy machine; a square takes 64."""
    assert grow_too_fast(125_000, 1_000_000, free=0.1, most=32) == {}
