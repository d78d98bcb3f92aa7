"""Transcripts as dialogues: who speaks is told apart, and the one who answers more speaks as the assistant.

Who answers: each speaker is credited with the turns that follow a question of somebody else. Who has more of them is
the assistant; where they are even, the one who says more, then the one who spoke later for the first time. So the guest
of an interview answers, and its host asks.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.template import as_text

SPEAKERS = ("speaker", "speaker_name", "speaker_label", "speaker_id", "name", "who", "author", "role")
WORDS = ("text", "content", "utterance", "transcript", "sentence", "caption", "words", "message")
_NUMBERED = re.compile(
    r"(?:speaker|spk|sprecher|locuteur|hablante|falante|話者)?[\s_#-]{0,3}(?:\d{1,4}|[A-Za-z])", re.I
)
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_QUESTION_MARKS = ("?", "？", "؟")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says until another does. ``speaker`` is empty where nobody is named."""

    speaker: str
    text: str


def turns_of(segments: Any) -> list[Turn]:
    """The turns of a list of timed segments, in their order; segments that are none are passed over.

    A segment without a speaker goes on with the turn before it where others have one.
    """
    if not isinstance(segments, list | tuple):
        return []
    turns: list[tuple[str, list[str]]] = []
    for segment in segments:
        speaker, text = _told(segment)
        if not text:
            continue
        if turns and (speaker == turns[-1][0] or not speaker):
            turns[-1][1].append(text)
        else:
            turns.append((speaker, [text]))
    return [Turn(speaker, _joined(texts)) for speaker, texts in turns]


def assistant_of(turns: Sequence[Turn]) -> str | None:
    """The speaker who answers more; ``None`` where fewer than two are named."""
    speakers = list(dict.fromkeys(turn.speaker for turn in turns if turn.speaker))
    if len(speakers) < 2:
        return None
    answers: Counter[str] = Counter()
    said: Counter[str] = Counter()
    before: Turn | None = None
    for turn in turns:
        said[turn.speaker] += len(turn.text)
        if before is not None and turn.speaker != before.speaker and _asks(before.text):
            answers[turn.speaker] += 1
        before = turn
    return max(speakers, key=lambda one: (answers[one], said[one], speakers.index(one)))


def dialogue(turns: Sequence[Turn], *, title: str = "", assistant: str | None = None) -> Conversation | None:
    """The conversation of turns; ``None`` where fewer than two speakers are named or nobody answers.

    ``assistant`` names who speaks as the assistant where the rule should not choose. Of more than two speakers the
    others are named in the user's messages. What is said before the first prompt has the title as its prompt, and is
    left out without one; so is what is said after the last answer.
    """
    answering = assistant if assistant is not None else assistant_of(turns)
    speakers = {turn.speaker for turn in turns if turn.speaker}
    if answering not in speakers or len(speakers) < 2:
        return None
    messages: list[Message] = []
    asked: list[str] = []
    for turn in turns:
        if turn.speaker != answering:
            asked.append(f"{turn.speaker}: {turn.text}" if len(speakers) > 2 and turn.speaker else turn.text)
            continue
        if not messages and not asked and title:
            asked.append(title)
        if asked:
            messages += (Message("user", "\n".join(asked)), Message("assistant", turn.text))
            asked = []
    if not messages:
        return None
    values = [title] if title else []
    values += [message.content for message in messages if message.role == "user" and message.content != title]
    return Conversation((Message("system", _system(title, answering)), *messages), tuple(values))


def segments_in(row: Columns, columns: Sequence[str]) -> Any:
    """The list of segments of a row: that of the first of the columns which holds one."""
    for name in columns:
        value = row.get(name)
        if isinstance(value, Mapping):
            value = next((item for item in value.values() if isinstance(item, list)), None)
        if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            return value
    return None


def _system(title: str, assistant: str) -> str:
    told = f"You take part in the conversation “{title}”." if title else "You take part in a conversation."
    return told if _NUMBERED.fullmatch(assistant) else f"{told} You are {assistant}."


def _told(segment: Any) -> tuple[str, str]:
    if not isinstance(segment, Mapping):
        return "", as_text(segment) if isinstance(segment, str) else ""
    speaker = next((text for key in SPEAKERS if (text := as_text(segment.get(key)))), "")
    return speaker[:80], next((text for key in WORDS if (text := as_text(segment.get(key)))), "")


def _asks(text: str) -> bool:
    return any(mark in text for mark in _QUESTION_MARKS)


def _joined(texts: Sequence[str]) -> str:
    """Texts in a row, with spaces between them unless their script has none."""
    pieces = [texts[0]]
    for before, text in itertools.pairwise(texts):
        pieces += ("" if _UNSPACED.match(text[0]) and _UNSPACED.match(before[-1]) else " ", text)
    return "".join(pieces)
