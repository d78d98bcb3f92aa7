"""The template studio and the previews of single steps: what a changed recipe would make of some real records.

The work is done by a program of its own, which keeps a sample of the records at hand; see ``studio_worker``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webtune_tui.domain.examples import Message
from webtune_tui.services.asked_program import AskedProgram
from webtune_tui.settings import Settings, models_folder
from webtune_tui.storage.workspace import Workspace

WORKER = "webtune_tui.services.studio_worker"
Choice = Literal["random", "shortest", "longest", "worst"]
CHOICES: tuple[Choice, ...] = ("random", "shortest", "longest", "worst")


@dataclass(frozen=True, slots=True)
class FieldOffer:
    """A field that a template may take: its address, the share of the records that have it, and one value.

    ``words`` is how many words its values have in the mean.
    """

    path: str
    share: float
    sample: str
    words: int = 1


@dataclass(frozen=True, slots=True)
class StudioRow:
    """What becomes of one record. ``messages`` are as the template built them, before any example step.

    ``answer`` is what stays of the answer, ``tokens`` counts the example as it stays (as built where it is refused),
    ``reason`` is the word for why it is refused, if it is.
    """

    record_id: int
    title: str
    messages: tuple[Message, ...]
    answer: str
    tokens: int
    tokens_built: int
    flags: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether the end of the answer goes."""
        return not self.reason and "cut" in self.flags


@dataclass(frozen=True, slots=True)
class StudioPreview:
    """Some rows; ``pool`` says among how many records they were chosen, ``refused`` counts those that go."""

    rows: tuple[StudioRow, ...]
    encoding: str
    pool: int

    @property
    def refused(self) -> int:
        """How many of the rows make no example."""
        return sum(1 for row in self.rows if row.reason)


@dataclass(frozen=True, slots=True)
class StepSample:
    """A row that a step dropped or changed: prompt and answer before and after; ``other`` is a duplicate's survivor."""

    record_id: int
    title: str
    before: tuple[Message, ...]
    after: tuple[Message, ...] = ()
    reason: str = ""
    detail: str = ""
    other: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class StepPreview:
    """What one step does to a sample: how many rows come to it, go on, and go on changed, with samples.

    ``findings`` are what a step that looks at the whole set found there.
    """

    step: str
    rows_in: int
    rows_out: int
    changed: int
    dropped: Sequence[StepSample] = ()
    altered: Sequence[StepSample] = ()
    findings: Sequence[str] = ()


class StudioService:
    """Previews on one workspace. Close it when no screen needs it any more; it starts again by itself."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._program = AskedProgram(
            WORKER,
            {
                "workspace": str(workspace.root),
                "base_model": settings.base_model,
                "models": str(models_folder()),
            },
        )

    async def fields(self) -> Sequence[FieldOffer]:
        """The fields of the records, the most frequent first; none without records."""
        found: list[dict[str, Any]] = await self._program.ask({"ask": "fields"})
        return [FieldOffer(**one) for one in found]

    async def choose(
        self, template: Mapping[str, str] | None, choice: Choice, *, count: int = 20, seed: int = 0
    ) -> Sequence[int] | None:
        """The ids of some records, chosen by what the recipe makes of them with these texts as its only template.

        No texts stand for what the recipe has; empty ones for none. ``None`` where a newer question took its place.
        """
        asked = {
            "ask": "choose",
            "template": template and dict(template),
            "choice": choice,
            "count": count,
            "seed": seed,
        }
        found: list[int] | None = await self._program.ask(asked)
        return found

    async def preview(self, template: Mapping[str, str] | None, record_ids: Sequence[int]) -> StudioPreview | None:
        """What the recipe makes of records, with a template as in :meth:`choose`.

        Raises:
            UsageError: the template can't be read.
        """
        asked = {"ask": "preview", "template": template and dict(template), "records": list(record_ids)}
        body: dict[str, Any] | None = await self._program.ask(asked)
        if body is None:
            return None
        return StudioPreview(tuple(_row(one) for one in body["rows"]), body["encoding"], body["pool"])

    async def step(self, assignments: Mapping[str, str], name: str, *, samples: int = 20) -> StepPreview | None:
        """What one step of the recipe with these changes does to the sample, also where it is switched off.

        ``None`` where a newer question took its place. Raises UsageError: a value does not fit.
        """
        asked = {"ask": "step", "assignments": dict(assignments), "step": name, "samples": samples}
        body: dict[str, Any] | None = await self._program.ask(asked)
        if body is None:
            return None
        dropped = tuple(_sample(one) for one in body.pop("dropped"))
        altered = tuple(_sample(one) for one in body.pop("altered"))
        return StepPreview(**body, dropped=dropped, altered=altered)

    async def aclose(self) -> None:
        """Ends the program."""
        await self._program.aclose()


def _row(body: Mapping[str, Any]) -> StudioRow:
    return StudioRow(**{**body, "messages": _messages(body["messages"]), "flags": tuple(body["flags"])})


def _sample(body: Mapping[str, Any]) -> StepSample:
    told = {name: _messages(body[name]) for name in ("before", "after", "other")}
    return StepSample(**{**body, **told})


def _messages(pairs: Sequence[Sequence[str]]) -> tuple[Message, ...]:
    return tuple(Message(role, content) for role, content in pairs)
