"""Counting a version, blocking: its examples stream past once, or only those that edits changed; memory is bounded."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar
from zlib import crc32

from webtune_tui.domain import field_paths
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.field_values import is_empty
from webtune_tui.domain.record_fields import day_of, host_of
from webtune_tui.pipeline.builder_choice import BuilderChoice
from webtune_tui.pipeline.counting.facts import ExampleFacts, Place, Texts, texts_of
from webtune_tui.pipeline.counting.tally import Tally
from webtune_tui.pipeline.counting.vocabulary import Overlap, Vocabulary
from webtune_tui.pipeline.languages import language_of
from webtune_tui.pipeline.recipe import Recipe, builders, default_recipe, parse_recipe
from webtune_tui.pipeline.template import paths_of
from webtune_tui.services.prepare_map import parsed
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.kept_statistics import KeptEntry, KeptStatistics
from webtune_tui.storage.recipe_file import parse_toml
from webtune_tui.storage.record_places import RecordPlaces
from webtune_tui.storage.revision_changes import RevisionChanges

LOOKED_AT = 20_000
"""About so many examples at most are asked for their language and for the fields of their record."""
READ = 50_000
"""About so many examples at most are read word by word."""
FEW = 1_500
"""A version of no more examples is counted whole after an edit, its words too."""
_BATCH = 400
_EVENTS_APART = 0.1  # seconds
Item = TypeVar("Item")
_MOST_CHANGED = 2  # the part of the examples from which on all are counted as quickly
_MOST_FIELDS = 200  # of a record of any shape


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known of a version: its tally, and the overlap of words as it was in ``vocabulary_of``.

    Languages and fields were looked at in one of ``looked_one_of`` examples, words in one of ``words_one_of``.
    ``template_fields`` are the addresses that the recipe's templates ask for. ``recipe_fault`` says why no field is
    known to be read, ``has_languages`` whether languages could be told.
    """

    build: int
    revision: int
    tally: Tally
    overlaps: Mapping[str, Overlap]
    looked_one_of: int
    words_one_of: int
    vocabulary_of: str
    template_fields: tuple[str, ...] = ()
    recipe_fault: str = ""
    has_languages: bool = True

    def to_plain(self) -> dict[str, Any]:
        """Everything as JSON holds it."""
        return {
            "build": self.build,
            "revision": self.revision,
            "tally": self.tally.to_plain(),
            "overlaps": [[one.split, one.words, one.shared] for one in self.overlaps.values()],
            "looked_one_of": self.looked_one_of,
            "words_one_of": self.words_one_of,
            "vocabulary_of": self.vocabulary_of,
            "template_fields": list(self.template_fields),
            "recipe_fault": self.recipe_fault,
            "has_languages": self.has_languages,
        }

    @classmethod
    def from_plain(cls, body: Mapping[str, Any]) -> Counted | None:
        """What :meth:`to_plain` told; ``None`` where another webtune told it in another form."""
        tally = Tally.from_plain(body["tally"])
        if tally is None:
            return None
        return cls(**{
            **body,
            "tally": tally,
            "overlaps": {split: Overlap(split, words, shared) for split, words, shared in body["overlaps"]},
            "template_fields": tuple(body["template_fields"]),
        })  # fmt: skip


def counted_in(kept: KeptStatistics, entry: KeptEntry) -> Counted | None:
    """What an entry tells."""
    text = kept.read(entry)
    return Counted.from_plain(json.loads(text)) if text else None


def one_of(examples: int, most: int) -> int:
    """Of so many examples one is looked at, so that there are ``most`` of them at most: a power of two."""
    share = 1
    while examples > most * share:
        share *= 2
    return share


def is_chosen(example_id: str, share: int) -> bool:
    """Whether an example belongs to the sample of one of so many: the same ones in every version."""
    return share == 1 or not crc32(example_id.encode()) % share


@dataclass(slots=True)
class FieldsRead:
    """Which fields of a record the recipe reads, and which of them are filled."""

    recipe: Recipe
    template_fields: tuple[str, ...] = field(init=False)
    _paths: list[tuple[str, field_paths.FieldPath]] = field(init=False)
    _choice: BuilderChoice = field(init=False)

    def __post_init__(self) -> None:
        templates = self.recipe.templates.templates if self.recipe.templates else ()
        texts = [text for one in templates for text in (one.template.system, one.template.user, one.template.assistant)]
        self.template_fields = tuple(paths_of(texts))
        self._paths = [(name, field_paths.parse(name)) for name in self.template_fields]
        self._choice = BuilderChoice(builders(), self.recipe.build)

    def of(self, fields: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names that are read of a record, and which are filled: of the templates' addresses, or of all fields."""
        if not isinstance(fields, Mapping):
            return (), ()
        if self._paths:
            filled = (name for name, path in self._paths if not is_empty(field_paths.value_at(fields, path)))
            return (), tuple(filled)
        chosen = self._choice.of(fields)
        wanted = tuple(dict.fromkeys(chosen.wanted)) if chosen is not None else ()
        wanted = wanted or tuple(islice(fields, _MOST_FIELDS))
        return _once(wanted), _once(tuple(name for name, value in fields.items() if not is_empty(value)))


class StatisticsRun:
    """Counts versions of one workspace; it writes nothing. ``looked_at`` and ``read`` bound the samples."""

    def __init__(
        self, database: Database, *, has_languages: bool, looked_at: int = LOOKED_AT, read: int = READ
    ) -> None:
        self._store = DatasetStore(database)
        self._kept = KeptStatistics(database)
        self._changes = RevisionChanges(database)
        self._places = RecordPlaces(database)
        self._has_languages = has_languages
        self._looked_at = looked_at
        self._read = read
        self._last_event = 0.0

    def events(self, revision: Revision) -> Generator[Progressed | Counted, None, None]:
        """Progress, and at last what is counted of a version: by the edits since another one, or the whole of it."""
        if revision.totals.content.count > FEW:
            kept = [entry for entry in self._kept.entries() if entry.build == revision.build]
            for entry in sorted(kept, key=lambda entry: abs(entry.revision - revision.revision)):
                known = counted_in(self._kept, entry)
                if known is not None and (counted := self.after(known, revision)) is not None:
                    yield counted
                    return
        yield from self.whole(revision)

    def whole(self, revision: Revision) -> Generator[Progressed | Counted, None, None]:
        """Progress, and at last everything that is counted of a version."""
        reading, fault = self._fields_read(revision)
        total = revision.totals.content.count
        look, read = one_of(total, self._looked_at), one_of(total, self._read)
        tally, vocabulary, done = Tally(), Vocabulary(), 0
        for batch in _batches(self._store.stream(revision)):
            facts = []
            for example, texts, one in self._facts(batch, look, reading):
                facts.append(one)
                if is_chosen(example.example_id, read):
                    vocabulary.add(example.split, texts.contents)
            tally.add(facts)
            done += len(batch)
            yield from self._told(done, total)
        yield Counted(
            revision.build,
            revision.revision,
            tally,
            vocabulary.overlaps(),
            look,
            read,
            revision.to_version().dataset_version,
            reading.template_fields if reading else (),
            fault,
            self._has_languages,
        )

    def after(self, known: Counted, revision: Revision) -> Counted | None:
        """What is counted of a version, from another revision of its build: changed examples go out and come in.

        The overlap of words stays as it was counted: a set tells nothing of what is taken from it. ``None`` where
        the whole has to be counted.
        """
        total = revision.totals.content.count
        look = one_of(total, self._looked_at)
        if (
            known.build != revision.build
            or known.has_languages != self._has_languages
            or known.tally.beyond.total()
            or look != one_of(known.tally.examples, self._looked_at)
            or self._changes.count(revision, known.revision) > total // _MOST_CHANGED
        ):
            return None
        reading, fault = self._fields_read(revision)
        tally = Tally.from_plain(known.tally.to_plain())
        assert tally is not None
        for batch in _batches(self._changes.between(revision, known.revision)):
            signs = [sign for _, sign in batch]
            facts = [facts for _, _, facts in self._facts([example for example, _ in batch], look, reading)]
            for wanted in (-1, 1):
                tally.add([one for one, sign in zip(facts, signs, strict=True) if sign == wanted], wanted)
        if tally.beyond.total() or tally.examples != total:
            return None
        return Counted(
            revision.build, revision.revision, tally, known.overlaps, look, known.words_one_of, known.vocabulary_of,
            reading.template_fields if reading else (), fault, self._has_languages,
        )  # fmt: skip

    def facts(self, examples: Iterable[StoredExample], revision: Revision) -> Iterator[tuple[str, ExampleFacts]]:
        """The id and the facts of some examples of a version, as they are counted."""
        reading, _ = self._fields_read(revision)
        look = one_of(revision.totals.content.count, self._looked_at)
        for batch in _batches(examples):
            for example, _, facts in self._facts(batch, look, reading):
                yield example.example_id, facts

    def _facts(
        self, batch: Sequence[StoredExample], look: int, reading: FieldsRead | None
    ) -> Iterator[tuple[StoredExample, Texts, ExampleFacts]]:
        places = self._places_of(batch)
        texts = [texts_of(example.messages) for example in batch]
        chosen = [at for at, example in enumerate(batch) if is_chosen(example.example_id, look)]
        languages: dict[int, str] = {}
        if self._has_languages and chosen:
            told = language_of([texts[at].answer for at in chosen])
            languages = {at: code for at, (code, _) in zip(chosen, told, strict=True)}
        fields = self._fields_of([batch[at] for at in chosen]) if reading is not None else {}
        for at, example in enumerate(batch):
            one, record_id = texts[at], _record_of(example)
            place = places.get(record_id, Place())
            read: tuple[str, ...] = ()
            filled: tuple[str, ...] | None = None
            if reading is not None and record_id in fields and is_chosen(example.example_id, look):
                read, filled = reading.of(fields[record_id])
            yield example, one, ExampleFacts(
                example.split, example.tokens, one.messages, len(one.prompt), len(one.answer), example.source,
                place.domain, place.collected_at, _once(example.flags), languages.get(at), filled, read,
            )  # fmt: skip

    def _places_of(self, batch: Sequence[StoredExample]) -> dict[int, Place]:
        wanted = list(dict.fromkeys(filter(None, map(_record_of, batch))))
        return {
            record_id: Place(host_of(url), day_of(collected_at))
            for record_id, (url, collected_at) in self._places.places(wanted).items()
        }

    def _fields_of(self, examples: Sequence[StoredExample]) -> dict[int, Any]:
        wanted = list(dict.fromkeys(filter(None, map(_record_of, examples))))
        return {record_id: parsed(fields) for record_id, fields in self._places.fields(wanted).items()}

    def _fields_read(self, revision: Revision) -> tuple[FieldsRead | None, str]:
        """What the recipe of the version's build reads; none and why where this webtune can't read the recipe."""
        text = self._store.build_report(revision.build).recipe
        try:
            recipe = parse_recipe(parse_toml(text, "recipe"), where="recipe") if text else default_recipe()
        except UsageError as error:
            return None, error.message
        return FieldsRead(recipe), ""

    def _told(self, done: int, total: int) -> Iterator[Progressed]:
        now = time.monotonic()
        if now - self._last_event >= _EVENTS_APART or done >= total:
            self._last_event = now
            yield Progressed("counting", done, total, "examples")


def _batches(some: Iterable[Item]) -> Iterator[list[Item]]:
    source = iter(some)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _once(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Each label once, whatever its case: a condition does not tell them apart."""
    return tuple({label.strip().casefold(): label for label in labels}.values()) if len(labels) > 1 else labels


def _record_of(example: StoredExample) -> int:
    return example.record_ids[0] if example.record_ids else 0
