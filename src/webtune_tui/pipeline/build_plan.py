"""The recipe's table ``[build]``: how records become examples where there is a choice."""

from __future__ import annotations

from dataclasses import dataclass

from webtune_tui.domain.options import option

WRITE, QUESTION = "write", "question"
TURNS, TEXT = "turns", "text"


@dataclass(frozen=True)
class BuildPlan:
    """What the default builders make of documents, transcripts, long texts and preference rows."""

    documents: str = option(
        WRITE,
        label="Documents",
        help="write asks for the text by its title, question makes a question of the title.",
        choices=(WRITE, QUESTION),
    )
    transcripts: str = option(
        TURNS,
        label="Transcripts",
        help="turns makes a dialogue where speakers are named, text one text.",
        choices=(TURNS, TEXT),
    )
    chunk_tokens: int = option(
        0, label="Tokens of a chunk", help="Long documents become several examples; 0 leaves them whole.", minimum=0
    )
    chunk_overlap: int = option(
        0, label="Tokens of overlap", help="What the end of a chunk and the start of the next share.", minimum=0
    )
    chunk_numbers: bool = option(
        False, label="Numbers of chunks", help="Prompts of chunks say which part of how many they ask for."
    )
    preferences: bool = option(
        False, label="Preference pairs", help="Keeps the rejected answer beside the chosen one, for the dpo export."
    )
    preference_margin: float = option(
        1.0,
        label="Least difference of a pair",
        help="By how much the votes of the better answer exceed those of the worse, in the ratings' own unit.",
        minimum=0,
    )
