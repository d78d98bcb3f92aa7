"""The same answer under different prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option

KEEP_ONE, GROUP, KEEP = "keep-one", "group", "keep"


@dataclass(frozen=True)
class SharedTargets:
    """Decides what happens to one answer under several prompts, which teaches a model to answer anything with it.

    ``keep-one`` drops the others, ``group`` keeps all in one split and flags them, ``keep`` treats them as examples
    of their own (labels of a classification, for instance).
    """

    name: ClassVar[str] = "shared_targets"
    title: ClassVar[str] = "Shared answers"
    stage: ClassVar[str] = "corpus"
    order: ClassVar[int] = 30
    is_default: ClassVar[bool] = True

    policy: str = option(
        KEEP_ONE,
        label="Policy",
        help="keep-one drops the others, group keeps them in one split, keep leaves them alone.",
        choices=(KEEP_ONE, GROUP, KEEP),
    )


STEP = SharedTargets
