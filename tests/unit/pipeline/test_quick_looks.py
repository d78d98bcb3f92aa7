"""Quick looks that spare most texts a measure never change what it finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.examples import Message
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.facts import unsupported
from webtune_tui.pipeline.placeholder_phrases import OPENERS, PHRASES
from webtune_tui.pipeline.placeholders import is_placeholder
from webtune_tui.pipeline.private_data.fields import field_texts, plain_texts
from webtune_tui.pipeline.steps.copied_prompt import CopiedPrompt, copied_share
from webtune_tui.pipeline.text_measures import sign_share
from webtune_tui.pipeline.wording import words
from webtune_tui.services.prepare_map import parsed

TEXTS = st.text(alphabet="aB. -!W5\n,", max_size=40)
SENTENCES = st.lists(st.sampled_from(["a", "bb", "ccc.", "(d)", "Ee", "日本", "ß", "...", "f"]), max_size=14).map(
    " ".join
)


@given(TEXTS, TEXTS)
def test_facts_of_plain_text_are_those_of_the_same_text_beside_an_accent(answer: str, prompt: str) -> None:
    assert unsupported(answer, prompt) == unsupported(f"{answer} é", prompt)


@given(SENTENCES, SENTENCES, SENTENCES, st.sampled_from([0.51, 0.6, 0.8, 1.0]), st.booleans())
def test_no_copied_answer_is_passed_over(answer: str, before: str, after: str, share: float, is_copied: bool) -> None:
    prompt = f"{before} {answer} {after}" if is_copied else before
    messages = (Message("user", prompt), Message("assistant", answer))
    told = CopiedPrompt(share=share, words_from=1).apply(Draft(1, "k", RecordKind.DATA, {}, messages=messages))
    is_found = copied_share(words(answer), words(prompt), share) >= share and bool(answer)
    assert isinstance(told, Draft) and bool(told.flags) == is_found


@given(st.sampled_from(sorted(PHRASES | OPENERS)), st.sampled_from(["", ".", " ", "…", "-", "!"]), st.booleans())
def test_a_placeholder_is_one_in_any_case_and_with_marks_around_it(phrase: str, mark: str, is_upper: bool) -> None:
    bare = phrase.upper() if is_upper and phrase.upper().casefold() == phrase else phrase
    assert is_placeholder(f"{bare}{mark}") == is_placeholder(f" {bare}{mark}")


NAMES = st.sampled_from(["phone", "a", "id"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**12) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["phone", "title", "card_number", "x"]), VALUES))
def test_texts_alone_are_those_of_the_fields(fields: dict[str, object]) -> None:
    assert plain_texts(fields) == [one.text for one in field_texts(fields)]


@given(st.text(alphabet="aZ9 .,?-\n\t(é", max_size=60))
def test_signs_are_what_is_neither_letter_nor_digit_nor_space(text: str) -> None:
    solid = [character for character in text if character not in " \t\n\r"]
    signs = sum(not character.isalnum() and character != "?" for character in solid)
    assert sign_share(text) == signs / max(len(solid), 1)


@given(st.integers(-(10**21), 10**21), st.sampled_from(["", "é", "\ud800", "1" * 19]))
def test_whole_numbers_of_any_length_stay_whole(number: int, beside: str) -> None:
    assert parsed(f'{{"n": {number}, "t": "{beside}"}}') == {"n": number, "t": beside}
