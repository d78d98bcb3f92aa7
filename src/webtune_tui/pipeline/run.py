"""The chain from records to examples: a pure function over batches, and the decisions that need the whole set."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import orjson

from webtune_tui.domain.dropped_fields import NO_EXAMPLE
from webtune_tui.domain.examples import Message, encode_messages
from webtune_tui.pipeline.base import Conversation, Draft, Dropped, Step, Surveying
from webtune_tui.pipeline.builder_choice import BuilderChoice
from webtune_tui.pipeline.generated import with_questions
from webtune_tui.pipeline.mix import MixPart, part_of
from webtune_tui.pipeline.parts import parted
from webtune_tui.pipeline.recipe import Recipe, builders
from webtune_tui.pipeline.steps.exact_duplicates import BOTH, NEWEST, RATED, ExactDuplicates
from webtune_tui.pipeline.steps.near_duplicates import NearDuplicates
from webtune_tui.pipeline.survivors import moment_of, rating_of
from webtune_tui.pipeline.tokens import TokenCounter, count_examples

if TYPE_CHECKING:
    from webtune_tui.pipeline.signatures import Signatures

_NOTHING_TO_BUILD = "no builder knows this shape"
_NOTHING_ASKED = "none of the fields in the template's prompt is filled"

_NUMBER_OF_COPY = re.compile(r"\A\d{4,}-")  # of a file that was imported with others


class Built(NamedTuple):
    """An example on its way.

    ``messages`` is their canonical JSON; ``redacted`` counts the placeholders in them by kind; ``mix_part`` numbers
    its part of the mix (-1: none). ``collected`` and ``rating`` are known where a rule for survivors asks for them.
    """

    example_id: str
    record_id: int
    source: str
    domain: str
    messages: str
    tokens: int
    flags: tuple[str, ...]
    redacted: Mapping[str, int]
    mix_part: int
    answer_length: int
    collected: int = 0
    rating: float = 0.0


@dataclass(slots=True)
class BatchResult:
    """What became of a batch of records; ``signatures`` and ``drafts`` are those of the built examples, in order."""

    records: int = 0
    built: list[Built] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    signatures: Signatures | None = None
    dropped: list[Dropped] = field(default_factory=list)
    changed: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)


class Assembly:
    """The per-record part of a recipe. ``map_batch`` depends on nothing but its arguments.

    ``steps`` are those of the record and example stages in order; without them the recipe's own as they are.
    """

    def __init__(
        self,
        recipe: Recipe,
        counter: TokenCounter,
        *,
        steps: Sequence[Step] | None = None,
        with_sketches: bool = True,
    ) -> None:
        self._counter = counter
        chosen = draft_steps(recipe, counter) if steps is None else steps
        self._record_steps = tuple(step for step in chosen if step.stage == "record")
        self._example_steps = tuple(step for step in chosen if step.stage == "example")
        self._templates = recipe.templates
        self._plan = recipe.build
        self._mix = recipe.mix
        self._kept_ids = recipe.kept_ids
        self._choice = BuilderChoice(builders(), recipe.build)
        self._sign = _signer(recipe) if with_sketches else None
        rules = {
            step.survivor for step in recipe.enabled("corpus") if isinstance(step, ExactDuplicates | NearDuplicates)
        }
        self._ranks = tuple(rule for rule in (NEWEST, RATED) if rule in rules)

    def map_batch(self, drafts: Sequence[Draft]) -> BatchResult:
        """The examples of a batch, and the records that make none."""
        result = BatchResult(records=len(drafts))
        finished = self._finished(drafts, result)
        for draft in finished:
            if draft.removed:
                result.removed.update(draft.removed)
        touched = {(draft.record_id, step) for draft in finished for step in draft.touched}
        result.changed.update(step for _, step in touched)
        answers = [answer_text(draft) for draft in finished]
        result.drafts, result.built = finished, list(map(self._built, finished, map(len, answers)))
        if self._sign is not None:
            result.signatures = self._sign([draft.values for draft in finished], answers)
        result.dropped = _whole_records(result)
        return result

    def outcomes(self, draft: Draft) -> list[Draft | Dropped]:
        """What becomes of one record, part by part, for a preview."""
        result = BatchResult()
        finished = self._finished([draft], result)
        return [*finished, *result.dropped]

    def seen(self, drafts: Sequence[Draft], stage: str) -> list[Draft]:
        """The drafts as the steps leave them, before the builder or after it, for a step that looks at many."""
        result = BatchResult()
        if stage == "example":
            return self._finished(drafts, result)
        known = [self._recognised(draft) for draft in drafts]
        return list(self._through(self._record_steps, known, result))

    def _finished(self, drafts: Sequence[Draft], result: BatchResult) -> list[Draft]:
        """The drafts that come through every step, counted; the others stand in ``result.dropped``."""
        cleaned: Iterable[Draft] = drafts
        if self._record_steps or self._example_steps:
            cleaned = self._through(self._record_steps, [self._recognised(draft) for draft in drafts], result)
        conversing = [(draft, number, one) for draft in cleaned for number, one in self._conversing(draft, result)]
        counts = count_examples([one.messages for _, _, one in conversing], self._counter)
        counted = [
            draft.conversing(number, one, count) for (draft, number, one), count in zip(conversing, counts, strict=True)
        ]
        return list(self._through(self._example_steps, counted, result)) if self._example_steps else counted

    def _through(self, steps: Sequence[Step], drafts: Sequence[Draft], result: BatchResult) -> Iterator[Draft]:
        for draft in drafts:
            outcome = self._through_all(steps, draft)
            if isinstance(outcome, Dropped):
                result.dropped.append(replace(outcome, part=draft.part) if draft.part else outcome)
            else:
                yield outcome

    def _through_all(self, steps: Sequence[Step], draft: Draft) -> Draft | Dropped:
        is_kept = bool(self._kept_ids) and example_id(draft.key, draft.part) in self._kept_ids
        current = draft
        for step in steps:
            outcome = _applied(step, current)
            if not isinstance(outcome, Dropped):
                current = outcome
            elif not is_kept or outcome.reason in NO_EXAMPLE:
                return outcome
        return current

    def _conversing(self, draft: Draft, result: BatchResult) -> Sequence[tuple[int, Conversation]]:
        """The conversations of a record, one for each example that it makes, numbered."""
        made, is_written = self._conversations(draft)
        if self._plan.chunk_tokens:
            made = parted(made, self._plan, self._counter, is_written=is_written)
        if self._plan.questions:
            made = with_questions(made, self._plan, lambda part: example_id(draft.key, part))
        conversations = [one for one in made if one.messages]
        if not conversations:
            result.dropped.append(Dropped(draft.record_id, "empty", "builder", self._why_nothing(draft)))
        return list(enumerate(conversations))

    def _conversations(self, draft: Draft) -> tuple[Sequence[Conversation], bool]:
        """What a record's builder makes, and whether the row was written as an example."""
        if self._templates is not None:
            built = self._templates.build(draft.key, draft.fields)
            return [] if _answers_nothing(built) else [built], draft.is_written
        chosen = self._choice.of(draft.fields)
        if chosen is None:
            return [], draft.is_written
        return chosen.conversations(draft.fields, self._plan), chosen.builder.is_written

    def _why_nothing(self, draft: Draft) -> str:
        if self._templates is not None:
            return _NOTHING_ASKED
        return f"{_NOTHING_TO_BUILD}: {', '.join(list(draft.fields)[:8])}"

    def _recognised(self, draft: Draft) -> Draft:
        """The draft with the fields that its example will be made of."""
        if self._templates is not None:
            return draft.evolved(wanted=tuple(name for name in self._templates.fields if name in draft.fields))
        chosen = self._choice.of(draft.fields)
        return draft.evolved(wanted=chosen.wanted, is_written=chosen.builder.is_written) if chosen else draft

    def _built(self, draft: Draft, answer_length: int) -> Built:
        redacted = _redacted(draft) if draft.redacted else {}
        return Built(
            example_id=example_id(draft.key, draft.part),
            record_id=draft.record_id,
            source=draft.source,
            domain=draft.domain,
            messages=encoded(draft.messages),
            tokens=draft.tokens,
            flags=_flags(draft.flags, redacted) if draft.flags or redacted else (),
            redacted=redacted,
            mix_part=_part_of_mix(self._mix, draft) if self._mix else -1,
            answer_length=answer_length,
            collected=moment_of(draft.collected_at) if NEWEST in self._ranks else 0,
            rating=rating_of(draft.fields) if RATED in self._ranks else 0.0,
        )


def _signer(recipe: Recipe) -> Callable[[Sequence[Sequence[str]], Sequence[str]], Signatures]:
    """Makes the signatures of examples by their field values and answers."""
    from webtune_tui.pipeline.signatures import signatures  # numpy and compiled libraries: only preparing needs them

    on = {
        type(step): step.on for step in recipe.enabled("corpus") if isinstance(step, ExactDuplicates | NearDuplicates)
    }
    exact_on, near_on = on.get(ExactDuplicates, BOTH), on.get(NearDuplicates, BOTH)
    return lambda values, answers: signatures(
        list(zip(values, answers, strict=True)), exact_on=exact_on, near_on=near_on
    )


def encoded(messages: Sequence[Message]) -> str:
    """The same text as :func:`encode_messages`, sooner where a message is nothing but role and content."""
    bodies = []
    for message in messages:
        if message.extra or message.weight is not None:
            return encode_messages(messages)
        bodies.append({"content": message.content, "role": message.role})
    try:
        return orjson.dumps(bodies).decode()
    except TypeError:  # half of a surrogate pair
        return encode_messages(messages)


def draft_steps(recipe: Recipe, counter: TokenCounter) -> tuple[Step, ...]:
    """The enabled steps that see one record at a time, in order."""
    return (*recipe.enabled("record", counter), *recipe.enabled("example", counter))


def learned_steps(
    recipe: Recipe, counter: TokenCounter, sample: Callable[[], Iterable[Sequence[Draft]]]
) -> tuple[Step, ...]:
    """The enabled steps, each surveying one with what the sample showed it; ``sample`` is read once for each."""
    steps = draft_steps(recipe, counter)
    for number, step in enumerate(steps):
        if isinstance(step, Surveying) and getattr(step, "needs_survey", True):
            before = Assembly(recipe, counter, steps=steps[:number], with_sketches=False)
            observed = [step.observe(before.seen(drafts, step.stage)) for drafts in sample()]
            steps = (*steps[:number], step.learned(observed), *steps[number + 1 :])
    return steps


def _answers_nothing(conversation: Conversation) -> bool:
    """Whether an answer stands there and nothing is left of the prompt: a model would give it to anything."""
    asked = any(message.content for message in conversation.messages if message.role == "user")
    return not asked and bool(conversation.messages[-1].content)


def _whole_records(result: BatchResult) -> list[Dropped]:
    """The first word on each record of which nothing is left."""
    used = {built.record_id for built in result.built}
    first: dict[int, Dropped] = {}
    for dropped in sorted(result.dropped, key=lambda one: one.part):
        if dropped.record_id not in used:
            first.setdefault(dropped.record_id, dropped)
    return [one for one in result.dropped if first.get(one.record_id) is one]


def flags_of(draft: Draft) -> tuple[str, ...]:
    """The findings that stay with an example, among them what was redacted in it."""
    return _flags(draft.flags, _redacted(draft) if draft.redacted else {})


def _part_of_mix(mix: Sequence[MixPart], draft: Draft) -> int:
    file = _NUMBER_OF_COPY.sub("", draft.raw_file)
    return part_of(mix, draft.source, draft.label, draft.domain, file)


def _flags(flags: Sequence[str], redacted: Iterable[str]) -> tuple[str, ...]:
    return (*dict.fromkeys(flags), *(f"redacted:{kind}" for kind in sorted(redacted)))


def _redacted(draft: Draft) -> dict[str, int]:
    """How often the placeholders of each kind stand in the messages."""
    found: Counter[str] = Counter()
    for placeholder, kind in draft.redacted.items():
        found[kind] += sum(message.content.count(placeholder) for message in draft.messages)
    return {kind: count for kind, count in found.items() if count}


def answer_text(draft: Draft) -> str:
    """What an example teaches to say; tool calls as their JSON."""
    if draft.answer:
        return draft.answer
    calls = [message.extra.get("tool_calls") for message in draft.messages if message.role == "assistant"]
    return json.dumps(calls, sort_keys=True, default=str) if any(calls) else ""


def example_id(key: str, part: int = 0) -> str:
    """The stable id of an example of the record with this key; ``part`` numbers the examples of one record."""
    digest = blake2b(f"{part}\n{key}".encode("utf-8", "surrogatepass"), digest_size=8)
    return f"ex-{digest.hexdigest()}"


def _applied(step: Step, draft: Draft) -> Draft | Dropped:
    """The step's answer; a record on which it fails is set aside under the step's name."""
    try:
        return step.apply(draft)
    except Exception as error:  # noqa: BLE001 - one odd record must not end the run of a million
        return Dropped(draft.record_id, step.name, step.name, f"{type(error).__name__}: {error}"[:200])
