"""Copies: the same prompt values and answer, apart from case, spacing and edge punctuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option

LONGEST, NEWEST, RATED, FIRST = "longest", "newest", "rated", "first"
SURVIVORS = (LONGEST, NEWEST, RATED, FIRST)
SURVIVOR_HELP = "The longest answer, the newest or best rated record, or the first by key."

BOTH, ANSWER, PROMPT = "both", "answer", "prompt"
COMPARED = (BOTH, ANSWER, PROMPT)


@dataclass(frozen=True)
class ExactDuplicates:
    """Keeps one of each set of copies, normalised copies included."""

    name: ClassVar[str] = "exact_duplicates"
    title: ClassVar[str] = "Exact duplicates"
    stage: ClassVar[str] = "corpus"
    order: ClassVar[int] = 10
    is_default: ClassVar[bool] = True

    survivor: str = option(LONGEST, label="Which one stays", help=SURVIVOR_HELP, choices=SURVIVORS)
    on: str = option(
        BOTH,
        label="Compared",
        help="Prompt and answer together, the answer alone or the prompt alone.",
        choices=COMPARED,
    )


STEP = ExactDuplicates
