"""Copies with small edits, found by the similarity of the field values and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.steps.exact_duplicates import BOTH, COMPARED, LONGEST, SURVIVOR_HELP, SURVIVORS


@dataclass(frozen=True)
class NearDuplicates:
    """Keeps one of each set of near-duplicates.

    Similarity is 1 minus the share of words that must be inserted, deleted or replaced to turn one text into the
    other (by the longer one). In scripts without spaces characters count as words, with half the tolerance.
    """

    name: ClassVar[str] = "near_duplicates"
    title: ClassVar[str] = "Near-duplicates"
    stage: ClassVar[str] = "corpus"
    order: ClassVar[int] = 20
    is_default: ClassVar[bool] = True

    similarity: float = option(
        0.85,
        label="Similar from",
        help="0.85 finds copies with up to 10 % of the words edited; 1 finds none but equal wording.",
        minimum=0.5,
        maximum=1.0,
    )
    survivor: str = option(LONGEST, label="Which one stays", help=SURVIVOR_HELP, choices=SURVIVORS)
    on: str = option(
        BOTH,
        label="Compared",
        help="Prompt and answer together, the answer alone or the prompt alone.",
        choices=COMPARED,
    )


STEP = NearDuplicates
