"""The recipe's table ``[build]``: how records become examples where there is a choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from webtune_tui.domain.options import option

WRITE, QUESTION, GENERATED = "write", "question", "generated"
TURNS, TEXT = "turns", "text"
WHERE_NEEDED, ALWAYS, NEVER = "needed", "always", "never"


@dataclass(frozen=True)
class BuildPlan:
    """What the default builders make of documents, transcripts, long texts and preference rows."""

    documents: str = option(
        WRITE,
        label="Documents",
        help="write asks for the text by its title, question makes a question of the title, generated takes the"
        " question that a model wrote where there is one.",
        choices=(WRITE, QUESTION, GENERATED),
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
    chunk_numbers: str = option(
        WHERE_NEEDED,
        label="Numbers of chunks",
        help="Whether prompts say which part of how many: needed, of a section whose chunks would else read the same;"
        " always, of the document; never.",
        choices=(WHERE_NEEDED, ALWAYS, NEVER),
        former={"true": ALWAYS, "false": NEVER},
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
    questions: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """What models asked, by the ids of the examples: no option, it comes from the workspace (see ``generated``)."""

    @property
    def asks(self) -> bool:
        """Whether documents become questions and answers."""
        return self.documents in (QUESTION, GENERATED)
