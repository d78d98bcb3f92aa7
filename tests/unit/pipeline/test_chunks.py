"""Chunks of long documents: they join to the text, fit the budget, and part it where a reader would."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.pipeline.chunks import Chunk, chunked
from webtune_tui.pipeline.passages import blocks, sentences, words
from webtune_tui.pipeline.tokens import BundledCounter

COUNTER = BundledCounter()
PROSE = "The kettle boils in a minute. It then turns itself off, as it should! Who would not like that? "
PIECES = st.sampled_from(
    [
        "# Heading\n", "## Sub\n\n", "### Deep down\n", "\n\n", "\n", PROSE, "Short. ",
        "| a | b |\n| - | - |\n| 1 | 2 |\n",
        "```python\nx = 1\n\ny = 2\n```\n", "- one\n- two\n", "吾輩は猫である。名前はまだ無い、", "word " * 30,
        "x" * 300, "🫖", "é" * 40,
        "e.g. this. and\nthat goes on ", "~~~\nopen", "\ud800", "\r\n", "\u2028",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=30), max_size=30).map("".join)


def joined(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


@given(TEXTS, st.integers(16, 120), st.integers(0, 80))
@settings(max_examples=150, deadline=None)
def test_chunks_join_to_the_text_and_fit_the_budget(text: str, budget: int, overlap: int) -> None:
    chunks = chunked(text, budget, COUNTER, overlap=overlap)
    assert joined(chunks) == text
    assert [chunk.start for chunk in chunks[1:]] == [chunk.end for chunk in chunks[:-1]]
    assert max(COUNTER.count([chunk.whole for chunk in chunks]), default=0) <= budget
    assert chunked(text, budget, COUNTER, overlap=overlap) == chunks


@given(TEXTS, st.integers(24, 120))
@settings(max_examples=100, deadline=None)
def test_no_chunk_ends_in_a_word_that_would_fit(text: str, budget: int) -> None:
    chunks = chunked(text, budget, COUNTER)
    for before, after in itertools.pairwise(chunks):
        if before.text[-1].isascii() and before.text[-1].isalnum() and after.text[0].isascii():
            word = before.text.split()[-1] + after.text.split()[0] if after.text[0].isalnum() else ""
            assert not word.isalpha() or len(word) > budget // 4


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_passages_lose_nothing(text: str) -> None:
    assert "".join(text[passage.start : passage.end] for passage in blocks(text)) == text
    assert "".join(sentences(text)) == text
    assert "".join(words(text)) == text


def test_a_text_within_the_budget_is_left_alone() -> None:
    assert chunked("Short and sweet.", 64, COUNTER) == [Chunk(0, 16, "Short and sweet.")]
    assert chunked("", 64, COUNTER) == []


def test_sections_begin_chunks_and_name_their_headings() -> None:
    text = "# Guide\n\nIntro.\n\n" + "".join(f"## Part {n}\n\n{PROSE * 4}\n\n" for n in range(1, 5))
    chunks = chunked(text, 150, COUNTER)
    assert [chunk.headings for chunk in chunks] == [
        ("Guide",), ("Guide", "Part 2"), ("Guide", "Part 3"), ("Guide", "Part 4"),
    ]  # fmt: skip
    assert all(chunk.text.lstrip().startswith("#") for chunk in chunks)


def test_chunks_of_plain_prose_end_with_sentences_and_are_alike() -> None:
    chunks = chunked(PROSE * 60, 200, COUNTER)
    assert all(chunk.whole[-1] in ".!?" for chunk in chunks)
    sizes = COUNTER.count([chunk.whole for chunk in chunks])
    assert min(sizes) >= 0.6 * max(sizes)


def test_a_table_and_a_fence_stay_whole_where_they_fit() -> None:
    table = "| part | price |\n|---|---|\n" + "".join(f"| p{n} | {n} |\n" for n in range(12))
    code = "```python\n" + "".join(f"call({n})\n\n" for n in range(10)) + "```\n"
    text = f"{PROSE * 3}\n\n{table}\n{PROSE * 3}\n\n{code}\n{PROSE * 3}"
    chunks = [chunk.text for chunk in chunked(text, 130, COUNTER)]
    assert any(table in chunk for chunk in chunks)
    assert any(code in chunk for chunk in chunks)
    longer = table + "".join(f"| q{n} | {n} |\n" for n in range(60))
    assert all(chunk.text.endswith("|\n") for chunk in chunked(longer, 130, COUNTER))


def test_a_heading_is_not_the_end_of_a_chunk() -> None:
    text = f"{PROSE * 4}\n\n" + "## Next\n\n" + f"{PROSE * 4}\n\n## Last\n\n{PROSE * 4}"
    for budget in range(60, 220, 7):
        assert not any(chunk.whole.endswith(("## Next", "## Last")) for chunk in chunked(text, budget, COUNTER))


def test_wrapped_lines_are_not_sentences() -> None:
    assert sentences("A line that\nis wrapped, e.g. here. Then another.") == [
        "A line that\nis wrapped, e.g. here. ", "Then another.",
    ]  # fmt: skip


def test_overlap_is_whole_sentences_of_the_chunk_before() -> None:
    chunks = chunked(PROSE * 40, 160, COUNTER, overlap=40)
    assert len(chunks) > 5
    for before, after in itertools.pairwise(chunks):
        assert after.overlap and before.text.endswith(after.overlap)
        assert after.overlap.startswith(("The", "It", "Who"))
        assert COUNTER.count([after.overlap])[0] <= 40


def test_a_word_without_an_end_is_parted_where_nothing_else_helps() -> None:
    chunks = chunked("start " + "A9z" * 4000 + " end", 64, COUNTER)
    assert joined(chunks) == "start " + "A9z" * 4000 + " end"
    assert max(COUNTER.count([chunk.whole for chunk in chunks])) <= 64


def test_tokens_are_counted_in_few_calls() -> None:
    class Counting:
        encoding = "o200k_base"
        calls = 0

        def count(self, texts: list[str]) -> list[int]:
            self.calls += 1
            return COUNTER.count(texts)

    counter = Counting()
    chunked((PROSE * 20 + "\n\n") * 10, 100, counter, overlap=20)  # type: ignore[arg-type]
    assert counter.calls <= 12


@pytest.mark.parametrize(
    "text",
    ["." * 1_000_000, "a" * 300_000, "# " + " " * 1_000_000, "a. " * 300_000, "\n" * 1_000_000, "```\n~~~\n" * 100_000,
     "| " * 500_000, "！" * 300_000, "x\n" * 300_000],
    ids=["dots", "word", "heading", "sentences", "lines", "fences", "bars", "marks", "short lines"],
)  # fmt: skip
def test_hostile_text_takes_time_that_grows_with_its_length(text: str) -> None:
    started = time.process_time()
    for _ in blocks(text):
        pass
    sentences(text)
    words(text)
    assert time.process_time() - started < 10


def test_a_million_characters_are_parted_in_seconds() -> None:
    text = (PROSE * 10 + "\n\n") * 1100
    started = time.process_time()
    chunks = chunked(text, 512, COUNTER)
    assert joined(chunks) == text
    assert time.process_time() - started < 30
