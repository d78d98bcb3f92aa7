"""Checking any file of examples against a provider and a base model, and mending it. Needs no workspace."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Required, TypedDict, Unpack

from webtune_tui import registry
from webtune_tui.domain.datasets import ValidationReport
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.pipeline.validate import Limits, Others, Validation
from webtune_tui.pipeline.validation import personal
from webtune_tui.pipeline.validation.overlap import OverlapIndex, texts_of
from webtune_tui.pipeline.validation.repairs import Mender
from webtune_tui.pipeline.validation.rows import usable
from webtune_tui.pipeline.validation.similar import Texts
from webtune_tui.services.example_files import ExampleFile, opened
from webtune_tui.services.exporting.rows import write_line
from webtune_tui.services.stepwise import in_thread
from webtune_tui.settings import models_folder
from webtune_tui.storage.files import atomic_writer

_BATCH = 256
_MINIMUM_EXAMPLES = 10
_TOLD = 512  # lines between two words of progress


@dataclass(frozen=True, slots=True)
class Repair:
    """Where the mended lines go; ``redact`` puts placeholders in the place of personal data."""

    path: Path
    redact: bool = False


class CheckOptions(TypedDict, total=False):
    """How a file is checked. ``minimum_examples`` is 10 where it is not given.

    ``known`` names providers of the person's own, of whose limits nothing is known. ``against`` are files that it must
    not overlap. ``repair`` names a new file for the mended lines, which is there when all went well; with ``redact``
    they have placeholders for personal data.
    """

    provider: Required[str]
    base_model: Required[str]
    minimum_examples: int
    known: Sequence[str]
    repair: Path | None
    redact: bool
    against: Sequence[Path]


async def check_file(file: Path, **options: Unpack[CheckOptions]) -> ValidationReport:
    """What :func:`checking` ends with."""
    report: ValidationReport | None = None
    async with aclosing(checking(file, **options)) as events:
        async for event in events:
            if isinstance(event, ValidationReport):
                report = event
    assert report is not None
    return report


async def checking(file: Path, **options: Unpack[CheckOptions]) -> AsyncGenerator[Progressed | ValidationReport]:
    """Checks a file of examples against what a provider takes and a base reads; ends with the report.

    Raises:
        InvalidInput: a file can't be read. UsageError: the repaired file would replace another one.
        NotFound: there is no such provider.
    """
    base_model, repair = options["base_model"], options.get("repair")
    limits = _limits(
        options["provider"], base_model, options.get("minimum_examples", _MINIMUM_EXAMPLES), options.get("known", ())
    )
    redact = options.get("redact", False)
    mending = Repair(repair.absolute(), redact) if repair is not None else None
    if redact and mending is None:
        raise UsageError("--redact changes the repaired file, and none is named", hint="Name a new file: --repair OUT.")
    work = _checking(file, base_model, limits, mending, options.get("against", ()))
    async with aclosing(in_thread(work)) as events:
        async for event in events:
            yield event


def _limits(provider: str, base_model: str, minimum_examples: int, known: Sequence[str]) -> Limits:
    """What a provider takes; the minimum is the larger of the two."""
    if provider in known and provider not in registry.names("providers"):
        return Limits(minimum_examples=minimum_examples, unknown_base=base_model)
    module = registry.load("providers", provider)
    longest = module.longest_example(base_model, models_folder())
    return Limits(
        tokens=longest or Limits.tokens,
        minimum_examples=max(minimum_examples, module.CAPABILITIES.minimum_examples),
        file_bytes=module.CAPABILITIES.maximum_file_bytes,
        unknown_base="" if longest else base_model,
    )


def _checking(
    file: Path, base_model: str, limits: Limits, repair: Repair | None, against: Sequence[Path]
) -> Generator[Progressed | ValidationReport, None, None]:
    source = opened(file)
    if repair is not None and repair.path.exists():
        raise UsageError(f"{repair.path} exists already", hint="Name a new file with --repair OUT.")
    with ExitStack() as stack:
        others = (yield from _indexed(file, against, stack)) if against else None
        validation = Validation(
            counter_for(base_model, models_folder()),
            limits,
            mender=_mender(repair),
            others=others,
            finds_personal_data=True,
        )
        out = stack.enter_context(atomic_writer(repair.path)) if repair is not None else None
        for number, mended in enumerate(_checked(validation, source), start=1):
            if out is not None and mended is not None:
                write_line(out, mended)
            if number % _TOLD == 0:
                yield Progressed("checking", number, None, "lines")
    yield validation.report(repaired=str(repair.path) if repair is not None else None)


def _checked(validation: Validation, source: ExampleFile) -> Iterator[dict[str, Any] | None]:
    if source.has_lines:
        return validation.lines(source.lines())
    return validation.rows(source.rows(), is_prose=source.is_prose)


def _mender(repair: Repair | None) -> Mender | None:
    if repair is None:
        return None
    return Mender(personal.redacted if repair.redact else None)


def _indexed(
    file: Path, against: Sequence[Path], stack: ExitStack
) -> Generator[Progressed | ValidationReport, None, Others]:
    """The examples of the other files, their texts in a file of their own that goes when the stack closes."""
    store = _TextFile(stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115 the stack closes it
    index = OverlapIndex(store)
    for number, other in enumerate(against):
        if other.exists() and file.samefile(other):
            raise UsageError(f"{other} is the checked file itself", hint="Name another file with --against.")
        examples = _examples(opened(other))
        while batch := list(islice(examples, _BATCH)):
            index.add(number, batch)
            yield Progressed("comparing", batch[-1][0], None, "lines", other.name)
    return Others(index, [str(other) for other in against])


def _examples(source: ExampleFile) -> Iterator[tuple[int, Texts]]:
    """The texts of the usable examples of a file, each with its line."""
    rows = enumerate(source.lines(), start=1) if source.has_lines else source.rows()
    for line, row in rows:
        messages = usable(row)
        if messages is not None:
            yield line, texts_of(messages)


class _TextFile:
    """Texts by number, in a file: the overlap check needs few of them back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._starts = array("Q")
        self._end = 0

    def put(self, texts: Texts) -> None:
        """Writes the texts behind the others."""
        self._stream.seek(self._end)
        self._starts.append(self._end)
        self._end += write_line(self._stream, {"texts": texts})

    def get(self, number: int) -> Texts:
        """Reads the texts of a number."""
        self._stream.seek(self._starts[number])
        values, answer = json.loads(self._stream.readline())["texts"]
        return tuple(values), answer
