"""Texts that their source had cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.pipeline.cut_texts import CutSign, cut_sign, whole_part

BODY = (
    "A kettle made for slow pouring. The long spout keeps the stream thin, and the base heats evenly on every hob. "
    "It boils a litre in five minutes. The handle stays cool in the hand. "
)
JAPANESE = (
    "これはとても良い製品です。毎日使っています。軽くて持ち運びが便利です。洗うのも簡単でとても気に入っています。"
)


@pytest.mark.parametrize(
    "end",
    [
        "It is great for...", "It is great for…", "It comes with the", "The lid is made of glass and",
        "It has a lid, a",
        "You can use it with coffee,", "It is great... Read more", "It is stain-", "The lid (", "[…]", "Weiterlesen",
        "Es passt zu der", "Il est livré avec une", "Tiene una tapa para", "Vem com uma", "È fatto di", "Het is een",
        "It is … (more)", "Show more", "Lire la suite »",
    ],
)  # fmt: skip
def test_a_cut_is_certain_where_the_last_words_say_so(end: str) -> None:
    assert cut_sign(BODY + end) is CutSign.CERTAIN
    assert whole_part(BODY + end) in (BODY.strip(), (BODY + "It is great.").strip())


def test_a_cut_is_likely_where_only_the_last_of_many_sentences_does_not_end() -> None:
    assert cut_sign(BODY + "It lies low enough for a mower to pass beside") is CutSign.LIKELY


@pytest.mark.parametrize(
    "text",
    [
        BODY, BODY + "And so on, etc.", BODY + '"Perfect!"', BODY + "(No kidding.)", "Well...",
        "Great pen, would buy again",
        "Color: red\nSize: 12 cm\nWeight: 300 g\nMaterial: steel and wood\n" * 4 + "Made of oak",
        "- a pen\n- a cap\n- a case with a zip and a strap for the shoulder\n" * 4 + "- one more long thing of the",
        "| Size | Chest |\n| --- | --- |\n" + "| S | 90 cm |\n" * 12, BODY + "Love it ❤️", BODY + "Weight: 5 kg :)",
        BODY + "#coffee #kettle", "Snow falls on the roof\nthe kettle begins to sing\nnobody is home", JAPANESE,
        JAPANESE * 3 + "おすすめの一品",
        "Sugar, wheat flour, palm oil, cocoa butter, whole milk powder, salt, " * 4 + "soy",
        BODY + "\n\nBest regards\nAnna", BODY + "```python\nprint(1)\n```", "THE BEST KETTLE FOR YOUR KITCHEN " * 8,
        BODY + "See www.example.org/manual", BODY + "Includes:", "",
    ],
)  # fmt: skip
def test_texts_that_end_as_their_writers_wanted_are_left(text: str) -> None:
    assert cut_sign(text) is not CutSign.CERTAIN
    if "#coffee" not in text and "www" not in text:
        assert cut_sign(text) is CutSign.NONE


def test_a_japanese_text_goes_back_to_its_last_sentence() -> None:
    assert cut_sign(JAPANESE + "色も…") is CutSign.CERTAIN
    assert whole_part(JAPANESE + "色も…") == JAPANESE


def test_the_mark_alone_goes_where_the_text_is_whole() -> None:
    assert whole_part(BODY + "Read more") == BODY.strip()


@given(st.text(alphabet=st.sampled_from("aB .…,-\n。"), max_size=300))
def test_the_whole_part_is_a_beginning_and_whole_itself(text: str) -> None:
    kept = whole_part(text)
    assert text.startswith(kept)
    assert whole_part(kept) == kept


WORST = {
    "dots": "." * 1_000_000, "spaces": "a" + " " * 1_000_000 + "b", "word": "a" * 1_000_000, "more": "more " * 200_000,
    "sentences": "A b. " * 200_000 + "the", "open": "(" * 1_000_000, "lines": "a\n" * 500_000 + "x " * 70 + "the",
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_a_megabyte_of_the_worst_ends_in_time(name: str) -> None:
    assert cut_sign(WORST[name]) in CutSign
    assert len(whole_part(WORST[name])) <= 1_000_000
