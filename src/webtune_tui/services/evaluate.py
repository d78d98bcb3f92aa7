"""Comparing base and tuned on the frozen test split."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.errors import InvalidInput, WorkFailed
from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.jobs import Job
from webtune_tui.providers.base import ChatDelta, HeldOutLoss, Provider
from webtune_tui.services.chat import ChatModel, ChatService
from webtune_tui.services.curate import CurateService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.storage.evaluations import EvaluationRepository, StoredEvaluation
from webtune_tui.storage.files import write_text
from webtune_tui.storage.jobs import JobRepository
from webtune_tui.storage.workspace import Workspace

_BATCH = 4
_RESAMPLES = 2000
_SEED = 20261122
NO_DIFFERENCE = "no measurable difference"


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric on both models. ``difference`` is tuned minus base, ``ci95`` its paired bootstrap interval."""

    name: str
    base: float
    tuned: float
    difference: float
    ci95: tuple[float, float]
    better: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A held-out comparison; the last event of evaluating. ``verdict`` uses the contract's three phrases."""

    evaluation_id: str
    model: str
    base_model: str
    dataset_version: str
    cases: int
    cases_path: Path
    metrics: Sequence[MetricComparison]
    verdict: str
    created_at: str


@dataclass(frozen=True, slots=True)
class _Case:
    example: Example
    base: HeldOutLoss
    tuned: HeldOutLoss


class EvaluateService:
    """Evaluations of a workspace."""

    def __init__(self, workspace: Workspace, providers: ProviderCatalogue, curate: CurateService) -> None:
        self._workspace = workspace
        self._providers = providers
        self._curate = curate
        self._chat = ChatService(workspace, providers)
        self._evaluations = EvaluationRepository(workspace.database)
        self._jobs = JobRepository(workspace.database)

    async def run(
        self, *, model: str | None = None, cases: int | None = None, with_answers: bool = False
    ) -> AsyncGenerator[Progressed | Noted | Evaluation]:
        """Measures the loss of base and tuned on the test split; ends with the Evaluation.

        ``cases`` takes the first so many of the split in its stable order; ``with_answers`` also lets both models
        answer each prompt, which takes minutes on a laptop, and keeps the answers in the cases file.

        Raises:
            InvalidInput: the test split is empty.
            WorkFailed: the provider can't measure the loss of a given answer.
        """
        tuned = await self._chat.find(model)
        base = await self._chat.find(tuned.model, base=True)
        provider = await self._measuring_provider(tuned)
        job = await self._job_of(tuned)
        version = job.dataset_version
        length = job.hyperparameters.get("sequence_length")
        page = await self._curate.page(version, split=Split.TEST.value, limit=cases or 1_000_000)
        examples = page.examples
        if not examples:
            raise InvalidInput(
                "The test split is empty, so nothing can be compared",
                hint="Collect more records and run: webtune prepare",
            )
        total = 2 * len(examples)
        yield Progressed("measuring", 0, total, "answers")
        base_losses: list[HeldOutLoss] = []
        tuned_losses: list[HeldOutLoss] = []
        for name, losses in ((base.model, base_losses), (tuned.model, tuned_losses)):
            for start in range(0, len(examples), _BATCH):
                batch = [example.messages for example in examples[start : start + _BATCH]]
                losses += await provider.held_out_losses(name, batch, sequence_length=length)
                yield Progressed("measuring", len(base_losses) + len(tuned_losses), total, "answers", name)
        measured = [_Case(*values) for values in zip(examples, base_losses, tuned_losses, strict=True)]
        comparison = await asyncio.to_thread(_compare, measured)
        answers: list[tuple[str | None, str | None]] = [(None, None)] * len(examples)
        if with_answers:
            for index, example in enumerate(examples):
                yield Progressed("answering", index, len(examples), "prompts")
                answers[index] = (
                    await _answer(provider, base.model, example),
                    await _answer(provider, tuned.model, example),
                )
        evaluation_id = f"eval-{secrets.token_hex(4)}"
        evaluation = Evaluation(
            evaluation_id=evaluation_id,
            model=tuned.model,
            base_model=base.model,
            dataset_version=version,
            cases=len(measured),
            cases_path=self._workspace.evaluations / f"{evaluation_id}.jsonl",
            metrics=(comparison,),
            verdict={"tuned": "better", "base": "worse"}.get(comparison.better, NO_DIFFERENCE),
            created_at=clock.now(),
        )
        await asyncio.to_thread(self._keep, evaluation, measured, answers)
        yield evaluation

    async def evaluations(self) -> Sequence[Evaluation]:
        """Kept evaluations, newest first."""
        stored = await asyncio.to_thread(self._evaluations.all)
        return [
            Evaluation(
                evaluation_id=row.evaluation_id,
                model=row.model,
                base_model=row.base_model,
                dataset_version=row.dataset_version,
                cases=row.cases,
                cases_path=self._workspace.absolute(row.cases_path),
                metrics=[_comparison(metric) for metric in row.metrics],
                verdict=row.verdict,
                created_at=row.created_at,
            )
            for row in stored
        ]

    async def _measuring_provider(self, tuned: ChatModel) -> Provider:
        if not tuned.is_tuned:
            raise InvalidInput("There is no tuned model to compare", hint="Train one first: webtune train")
        if not self._providers.describe(tuned.provider).held_out_loss:
            raise WorkFailed(
                f"{tuned.provider} does not measure the loss of given answers",
                hint="Compare answers in the chat: webtune chat --once TEXT",
            )
        return await self._providers.get(tuned.provider)

    async def _job_of(self, tuned: ChatModel) -> Job:
        return await asyncio.to_thread(self._jobs.get, str(tuned.job_id))

    def _keep(
        self,
        evaluation: Evaluation,
        cases: Sequence[_Case],
        answers: Sequence[tuple[str | None, str | None]],
    ) -> None:
        lines = [
            json.dumps(
                {
                    "example_id": case.example.example_id,
                    "prompt": case.example.prompt,
                    "reference": case.example.answer,
                    "base": base_answer,
                    "tuned": tuned_answer,
                    "base_loss": case.base.loss,
                    "tuned_loss": case.tuned.loss,
                    "tokens": case.tuned.tokens,
                },
                ensure_ascii=False,
            )
            for case, (base_answer, tuned_answer) in zip(cases, answers, strict=True)
        ]
        write_text(evaluation.cases_path, "\n".join(lines) + "\n")
        self._evaluations.add(
            StoredEvaluation(
                evaluation_id=evaluation.evaluation_id,
                model=evaluation.model,
                base_model=evaluation.base_model,
                dataset_version=evaluation.dataset_version,
                cases=evaluation.cases,
                cases_path=self._workspace.relative(evaluation.cases_path),
                metrics=[dataclasses.asdict(metric) for metric in evaluation.metrics],
                verdict=evaluation.verdict,
                created_at=evaluation.created_at,
            )
        )


def _compare(cases: Sequence[_Case]) -> MetricComparison:
    """Loss per answer token over all cases, with a paired bootstrap over the cases (Efron 1979)."""
    known = [
        (case.base.loss, case.tuned.loss, case.tuned.tokens)
        for case in cases
        if case.base.loss is not None and case.tuned.loss is not None and case.tuned.tokens
    ]
    if not known:
        raise WorkFailed("No test answer could be measured", hint="Check the test split: webtune dataset show")
    base, tuned = _means(known)
    generator = random.Random(_SEED)
    differences = sorted(
        after - before for before, after in (_means(generator.choices(known, k=len(known))) for _ in range(_RESAMPLES))
    )
    low = differences[int(0.025 * _RESAMPLES)]
    high = differences[int(0.975 * _RESAMPLES) - 1]
    better = "tuned" if high < 0 else "base" if low > 0 else "neither"
    return MetricComparison("loss", base, tuned, tuned - base, (low, high), better)


def _means(rows: Sequence[tuple[float, float, int]]) -> tuple[float, float]:
    tokens = sum(row[2] for row in rows)
    return sum(row[0] * row[2] for row in rows) / tokens, sum(row[1] * row[2] for row in rows) / tokens


def _comparison(body: Any) -> MetricComparison:
    return MetricComparison(**{**body, "ci95": tuple(body["ci95"])})


async def _answer(provider: Provider, model: str, example: Example) -> str:
    """The model's own answer to an example's prompt, greedy."""
    asked: list[Message] = []
    for message in example.messages:
        if message.role == "assistant" and message is example.messages[-1]:
            break
        asked.append(message)
    pieces = []
    async for piece in provider.chat(model, asked, max_tokens=160, temperature=0.0):
        if isinstance(piece, ChatDelta):
            pieces.append(piece.text)
    return "".join(pieces)
