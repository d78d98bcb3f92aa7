"""Where texts may be cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.pipeline.cut_points import is_whole, sentence_ends


def pieces(text: str) -> list[str]:
    ends = [0, *sentence_ends(text), len(text)]
    return [piece for start, end in pairwise(ends) if (piece := text[start:end].strip())]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It holds 3.5 l.", "It works with e.g. Apple phones.", "Good!", "Is it?", "Yes"],
        ["Dr. Smith and J. R. Miller use approx. 30 kg.", "See No. 5 and Fig. 2 for it.", "No.", "Then not."],
        ["So he said... nothing.", "Wait… what?", 'She said "Yes!" and left.', '"No." Then she came.'],
        ["Das gilt z. B. für Holz.", "Am 3. März kam er, d.h. spät.", "Ende."],
        ["これはペンです。", "「そうです。」", "次の文！", "終わり"],
        ["- one item", "- two, with words", "- three"],
        ["It is 5 ft. Tall people like it.", "(They do.)", "Really!?"],
        ["यह अच्छा है।", "هل هذا جيد؟", "نعم."],
    ],
)
def test_texts_part_into_whole_sentences(sentences: list[str]) -> None:
    glue = "" if not sentences[0].isascii() and "。" in sentences[0] else "\n" if sentences[0][0] == "-" else " "
    expected = {'"No." Then she came.': ['"No."', "Then she came."]}
    assert pieces(glue.join(sentences)) == [part for one in sentences for part in expected.get(one, [one])]


def test_a_heading_and_a_lead_stay_with_what_follows() -> None:
    text = "# Care\nWash it by hand.\nIn the box:\n- a pen\n- a cap"
    assert pieces(text) == ["# Care\nWash it by hand.", "In the box:\n- a pen", "- a cap"]


def test_lines_that_only_their_width_broke_are_not_ends() -> None:
    assert pieces("The line goes on\nand ends here. More follows.") == [
        "The line goes on\nand ends here.",
        "More follows.",
    ]


def test_code_is_never_cut() -> None:
    text = "Do this. Then run:\n```python\nprint('a. B')\nx = 1.\n\n```\nIt prints a. That is all."
    assert all(piece.count("```") in (0, 2) for piece in pieces(text))
    assert sentence_ends("Open fence.\n```\nOne. Two. Three.")[-1] <= len("Open fence.\n")


@given(st.text(alphabet=st.sampled_from("aB 1.!?…。\n\"')-`:#"), max_size=60))
def test_ends_ascend_and_lie_within_the_text(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends))
    assert all(0 < end <= len(text) for end in ends)
    assert is_whole("") and isinstance(is_whole(text), bool)


WORST = {
    "dots": "." * 1_000_000 + "x", "quotes": "." + '"' * 1_000_000 + "x",
    "both": '."' * 500_000, "lines": "\n" * 1_000_000,
    "spaces": ". " + " " * 1_000_000, "fences": "```\n" * 250_000, "word": "a" * 1_000_000,
    "japanese": "。" * 1_000_000,
    "short": "A. " * 330_000,
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_a_megabyte_of_the_worst_ends_in_time(name: str) -> None:
    assert len(sentence_ends(WORST[name])) <= 1_000_000
