"""Dialogues of transcripts: who speaks in a row, who answers, and where a conversation begins and ends."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.builders.transcripts import BUILDER
from webtune_tui.pipeline.dialogues import Turn, assistant_of, dialogue, turns_of


def segments(*spoken: tuple[str | None, str]) -> list[dict[str, Any]]:
    return [{"start": at, "end": at + 1, "speaker": speaker, "text": text} for at, (speaker, text) in enumerate(spoken)]


INTERVIEW = segments(
    ("Host", "Welcome. How do you make tea?"), ("Guest", "First I boil the water."), ("Guest", "Then I wait."),
    ("Host", "How long?"), (None, "Really?"), ("Guest", "Four minutes, for black tea."), ("Host", "Thank you."),
)  # fmt: skip


def told(row: dict[str, Any], plan: BuildPlan | None = None) -> list[list[tuple[str, str]]]:
    return [[(m.role, m.content) for m in one.messages] for one in BUILDER.build_all(row, plan or BuildPlan())]


def test_consecutive_segments_of_one_speaker_are_one_turn() -> None:
    assert turns_of(INTERVIEW) == [
        Turn("Host", "Welcome. How do you make tea?"),
        Turn("Guest", "First I boil the water. Then I wait."),
        Turn("Host", "How long? Really?"),
        Turn("Guest", "Four minutes, for black tea."),
        Turn("Host", "Thank you."),
    ]


def test_who_answers_is_the_assistant_and_the_last_word_of_the_host_is_left_out() -> None:
    assert told({"title": "Tea talk", "language": "en", "segments": INTERVIEW, "text": "..."}) == [
        [
            ("system", "You take part in the conversation “Tea talk”. You are Guest."),
            ("user", "Welcome. How do you make tea?"),
            ("assistant", "First I boil the water. Then I wait."),
            ("user", "How long? Really?"),
            ("assistant", "Four minutes, for black tea."),
        ]
    ]


def test_who_answers_more_is_told_by_questions_then_by_words_then_by_who_came_later() -> None:
    assert (
        assistant_of([Turn("a", "Yes?"), Turn("b", "no"), Turn("a", "A much longer speech, without a point.")]) == "b"
    )
    assert assistant_of([Turn("a", "Short."), Turn("b", "This one is longer.")]) == "b"
    assert assistant_of([Turn("a", "This one is longer."), Turn("b", "Short.")]) == "a"
    assert assistant_of([Turn("a", "Same."), Turn("b", "Same.")]) == "b"
    assert assistant_of([Turn("a", "Alone.")]) is None
    assert assistant_of([Turn("", "Nobody."), Turn("", "named")]) is None


def test_the_assistant_can_be_chosen() -> None:
    turns = turns_of(INTERVIEW)
    made = dialogue(turns, title="Tea talk", assistant="Host")
    assert made is not None
    assert [(m.role, m.content) for m in made.messages[1:3]] == [
        ("user", "Tea talk"), ("assistant", "Welcome. How do you make tea?"),
    ]  # fmt: skip
    assert made.messages[-1].content == "Thank you."
    assert dialogue(turns, assistant="Nobody") is None


def test_more_than_two_speakers_are_named_in_the_users_turns() -> None:
    spoken = segments(
        ("Ann", "Who has the tea?"), ("Bo", "Not me."), ("Cy", "I have it, here it is, hot and strong."),
        ("Bo", "Is it sweet?"), ("Cy", "No."),
    )  # fmt: skip
    assert [content for role, content in told({"segments": spoken})[0] if role == "user"] == [
        "Ann: Who has the tea?\nBo: Not me.", "Bo: Is it sweet?",
    ]  # fmt: skip


def test_speakers_with_numbers_are_not_named_to_the_model() -> None:
    row = {"segments": segments(("SPEAKER_00", "Well?"), ("SPEAKER_01", "Well."))}
    assert told(row)[0][0] == ("system", "You take part in a conversation.")


@pytest.mark.parametrize("speakers", [(None, None), ("Ann", "Ann"), ("", "Bo")])
def test_without_two_speakers_it_is_a_text(speakers: tuple[str | None, str | None]) -> None:
    row = {"title": "Talk", "segments": segments(*((who, "Words.") for who in speakers))}
    roles = [role for role, _ in told(row)[0]]
    assert roles == ["system", "user", "assistant"]
    assert told(row)[0][1][1] == "Write the text titled “Talk”."
    assert "Words." in told(row)[0][2][1]


def test_the_plan_may_want_a_text_all_the_same() -> None:
    row = {"title": "Talk", "segments": INTERVIEW}
    assert told(row, BuildPlan(transcripts="text"))[0][-1][1].startswith("Host: Welcome. How do you make tea?\nGuest: ")
    asked = told(row, BuildPlan(transcripts="text", documents="question"))[0]
    assert "“Talk”" in asked[1][1] and asked[1][1].endswith("?")


def test_japanese_segments_are_joined_without_spaces() -> None:
    assert turns_of(segments(("客", "お湯を"), ("客", "沸かします。")))[0].text == "お湯を沸かします。"


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["speaker", "text", "start"]),
            st.none() | st.integers() | st.sampled_from(["A", "B", "C", "Why? ", "Words."]) | st.lists(st.text()),
        )
        | st.text()
        | st.none(),
        max_size=12,
    )
)
def test_a_dialogue_of_anything_alternates_from_a_prompt_to_an_answer(spoken: list[Any]) -> None:
    made = dialogue(turns_of(spoken), title="T")
    if made is None:
        return
    roles = [message.role for message in made.messages]
    assert roles[0] == "system" and roles[1] == "user" and roles[-1] == "assistant"
    assert all(one != other for one, other in itertools.pairwise(roles))
    assert all(message.content for message in made.messages)
