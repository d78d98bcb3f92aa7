"""Transcripts become dialogues where their segments name the speakers, else one text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import TURNS, BuildPlan
from webtune_tui.pipeline.builders.texts import BUILDER as TEXTS
from webtune_tui.pipeline.builders.texts import title_of
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.dialogues import dialogue, segments_in, turns_of

_SEGMENTS = ("segments", "utterances", "dialogue", "dialog", "speaker_turns")


class Transcripts:
    """Takes rows with a list of timed segments; see ``pipeline.dialogues`` for who becomes the assistant."""

    name: ClassVar[str] = "transcripts"
    order: ClassVar[int] = 25
    is_written: ClassVar[bool] = False
    judges_by_names: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = (*_SEGMENTS, *TEXTS.reads)

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row has a column of segments."""
        return Columns(fields).has(*_SEGMENTS)

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The dialogue, or what the text builder makes of the row."""
        return self._dialogue(fields) or TEXTS.build(_with_text(fields))

    def reads_for(self, plan: BuildPlan) -> tuple[str, ...]:
        """The segments, and what the text builder reads."""
        return (*_SEGMENTS, *TEXTS.reads_for(plan))

    def build_all(self, fields: Mapping[str, Any], plan: BuildPlan) -> Sequence[Conversation]:
        """The dialogue where the plan wants turns and two speakers are named, else the text."""
        made = self._dialogue(fields) if plan.transcripts == TURNS else None
        return [made] if made is not None else TEXTS.build_all(_with_text(fields), plan)

    def _dialogue(self, fields: Mapping[str, Any]) -> Conversation | None:
        row = Columns(fields)
        return dialogue(turns_of(segments_in(row, _SEGMENTS)), title=title_of(row))


def _with_text(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with the words of its segments as its text, where it has no text of its own."""
    if TEXTS.has_text(fields):
        return fields
    turns = turns_of(segments_in(Columns(fields), _SEGMENTS))
    told = "\n".join(f"{turn.speaker}: {turn.text}" if turn.speaker else turn.text for turn in turns)
    return {**fields, "text": told} if told else fields


BUILDER = Transcripts()
