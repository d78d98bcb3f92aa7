"""Copies: the same prompt values and answer, apart from case, spacing and edge punctuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option

SURVIVORS = ("longest", "first")


@dataclass(frozen=True)
class ExactDuplicates:
    """Keeps one of each set of copies, normalised copies included."""

    name: ClassVar[str] = "exact_duplicates"
    title: ClassVar[str] = "Exact duplicates"
    stage: ClassVar[str] = "corpus"
    order: ClassVar[int] = 10
    is_default: ClassVar[bool] = True

    survivor: str = option(
        "longest", label="Which one stays", help="The longest answer, or the first by key.", choices=SURVIVORS
    )


STEP = ExactDuplicates
