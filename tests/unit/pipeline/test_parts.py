"""Examples of one record: chunks name their section, windows keep exchanges whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.domain.examples import Message
from webtune_tui.domain.options import build
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import ALWAYS, NEVER, BuildPlan
from webtune_tui.pipeline.parts import parted
from webtune_tui.pipeline.tokens import BundledCounter

COUNTER = BundledCounter()
PROSE = "The kettle boils in a minute. It then turns itself off, as it should! Who would not like that? "
GUIDE = "# Kettle guide\n\n" + "".join(f"## Part {name}\n\n{PROSE * 3}\n\n" for name in "ABC")


def document(answer: str, title: str = "Kettle guide") -> Conversation:
    messages = (Message("system", "S"), Message("user", f"Write “{title}”."), Message("assistant", answer))
    return Conversation(messages, (title,))


def parts(conversation: Conversation, plan: BuildPlan, *, is_written: bool = False) -> list[Conversation]:
    return list(parted([conversation], plan, COUNTER, is_written=is_written))


def test_a_long_document_becomes_one_example_for_each_section() -> None:
    made = parts(document(GUIDE), BuildPlan(chunk_tokens=100))
    assert [one.messages[1].content.partition("\n")[2] for one in made] == [
        "Section: Part A", "Section: Part B", "Section: Part C",
    ]  # fmt: skip
    assert " ".join(one.messages[2].content for one in made).split() == GUIDE.split()
    assert [one.values for one in made] == [("Kettle guide", f"Part {name}") for name in "ABC"]
    assert all(one.messages[0].content == "S" for one in made)


def test_numbers_are_told_where_they_are_asked_for() -> None:
    made = parts(document(PROSE * 20, "Tea"), BuildPlan(chunk_tokens=150, chunk_numbers=ALWAYS))
    assert made[1].messages[1].content == f"Write “Tea”.\nPart 2 of {len(made)}"
    plain = parts(document(PROSE * 20, "Tea"), BuildPlan(chunk_tokens=150, chunk_numbers=NEVER))
    assert {one.messages[1].content for one in plain} == {"Write “Tea”."}


def test_no_two_chunks_share_a_prompt() -> None:
    guide = f"# Kettle guide\n\n## Use\n\n{PROSE * 20}\n\n## Care\n\n{PROSE * 3}\n\n"
    asked = [one.messages[1].content.partition("\n")[2] for one in parts(document(guide), BuildPlan(chunk_tokens=150))]
    several = [one for one in asked if one.startswith("Section: Use")]
    assert several == [f"Section: Use\nPart {number} of {len(several)}" for number in range(1, len(several) + 1)]
    assert len(several) > 1 and asked[len(several) :] == ["Section: Care"]
    assert len({one.messages[1].content for one in parts(document(PROSE * 20, "Tea"), BuildPlan(chunk_tokens=90))}) > 3


@pytest.mark.parametrize(("written", "meant"), [(True, ALWAYS), (False, NEVER), ("true", ALWAYS), ("never", NEVER)])
def test_a_recipe_from_before_means_what_it_meant(written: object, meant: str) -> None:
    assert build(BuildPlan, {"chunk_numbers": written}, where="[build]").chunk_numbers == meant


def test_a_section_is_named_in_the_language_of_a_question() -> None:
    german = "## Pflege\n\n" + "Der Kessel ist mit Essig zu reinigen, und das ist auch alles. " * 20
    made = parts(document(german, "Kessel"), BuildPlan(chunk_tokens=100, documents="question"))
    assert made[0].messages[1].content.endswith(f"\nAbschnitt: Pflege\nTeil 1 von {len(made)}")


def test_what_is_short_or_written_by_a_person_stays_whole() -> None:
    short = document(PROSE)
    assert parts(short, BuildPlan(chunk_tokens=100)) == [short]
    long = document(GUIDE)
    assert parts(long, BuildPlan()) == [long]
    assert parts(long, BuildPlan(chunk_tokens=50), is_written=True) == [long]
    asking = Conversation((Message("assistant", GUIDE), Message("user", "And?")), ())
    assert parts(asking, BuildPlan(chunk_tokens=50)) == [asking]


def talk(exchanges: int, words: int = 10) -> Conversation:
    messages = [Message("system", "Talk.")]
    for number in range(exchanges):
        messages += [Message("user", f"Why {number}?"), Message("assistant", f"Since {number} " + "so " * words)]
    return Conversation(tuple(messages), ("T", *(m.content for m in messages if m.role == "user")))


@given(st.integers(2, 30), st.integers(0, 40), st.integers(16, 200), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_windows_learn_every_answer_once_and_stay_within_the_budget(
    exchanges: int, words: int, budget: int, overlap: int
) -> None:
    whole = talk(exchanges, words)
    windows = parts(whole, BuildPlan(chunk_tokens=budget, chunk_overlap=overlap))
    learned = [m.content for one in windows for m in one.messages if m.role == "assistant" and m.weight is None]
    assert learned == [m.content for m in whole.messages if m.role == "assistant"]
    for one in windows:
        assert [m.role for m in one.messages[:2]] == ["system", "user"] and one.messages[-1].role == "assistant"
        assert one.values[0] == "T"
        tokens = sum(COUNTER.count([m.content for m in one.messages]))
        assert tokens <= budget or len(one.messages) == 3


def test_the_overlap_of_windows_is_read_and_not_learned() -> None:
    windows = parts(talk(10), BuildPlan(chunk_tokens=80, chunk_overlap=30))
    second = [m for m in windows[1].messages if m.role == "assistant"]
    assert [m.weight for m in second] == [0] + [None] * (len(second) - 1)
    assert second[0].content == windows[0].messages[-1].content
