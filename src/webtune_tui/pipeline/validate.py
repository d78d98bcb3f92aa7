"""Checks a file of examples line by line, as a provider would, and mends what can be mended.

Error codes: ``data_type``, ``missing_messages_list``, ``message_missing_key``, ``message_unrecognized_key``,
``unrecognized_role``, ``missing_content``, ``example_missing_assistant_message`` (the names of OpenAI's cookbook),
``json_error``, ``encoding_error``, ``invalid_weight``, ``invalid_tools``, ``invalid_preference``, ``special_token``,
``too_long``, ``line_too_long``, ``unreadable_row``, ``too_few_examples``, ``file_too_large`` and ``not_json_lines``.
Warnings: ``duplicate_line``, ``empty_line``, ``byte_order_mark``, ``example_ends_without_answer``, ``odd_order``,
``nothing_to_learn``, ``equal_answers``, ``unknown_tool_call``, ``unknown_row_key``, ``overlap``, ``personal_data``,
``preference_form``, ``mixed_forms``, ``unchecked``, ``unknown_base``, and for other forms that can be repaired
``flat_form``, ``sharegpt_form``, ``alpaca_form`` and ``trl_form``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from webtune_tui.domain.datasets import Finding, ValidationReport
from webtune_tui.domain.limits import MEGABYTE
from webtune_tui.pipeline.tokens import TokenCounter, count_examples
from webtune_tui.pipeline.validation import forms, personal
from webtune_tui.pipeline.validation.chat_checks import conversations_of, errors_of
from webtune_tui.pipeline.validation.judging import BOM, judge, read
from webtune_tui.pipeline.validation.ledger import FindingLedger
from webtune_tui.pipeline.validation.line import CheckedLine
from webtune_tui.pipeline.validation.overlap import OverlapIndex, texts_of
from webtune_tui.pipeline.validation.parsing import Overlong
from webtune_tui.pipeline.validation.repairs import Mender

_BATCH = 256
_BATCH_BYTES = 4 * MEGABYTE
_MOST_COMPARED = 2_000_000  # lines kept for finding repeated ones, about 130 bytes each
_TAKEN = (forms.OPENAI, forms.PREFERENCE)


@dataclass(frozen=True)
class Limits:
    """What a provider takes: tokens of one example, how many examples at least, and the size of a file.

    ``unknown_base`` names a base of which the tokens are not known but taken from others.
    """

    tokens: int = 65_536
    minimum_examples: int = 10
    file_bytes: int | None = None
    unknown_base: str = ""


@dataclass(frozen=True, slots=True)
class Others:
    """The files that a file must not overlap, indexed, with their names as findings tell them."""

    index: OverlapIndex
    names: Sequence[str]


class Validation:
    """One check of one file. ``lines`` yields each line's row, mended where that is possible, or ``None``.

    Without a ``mender`` only rows of other forms are mended: they become messages. ``finds_personal_data`` looks for
    it in every text.
    """

    def __init__(
        self,
        counter: TokenCounter,
        limits: Limits,
        *,
        mender: Mender | None = None,
        others: Others | None = None,
        finds_personal_data: bool = False,
    ) -> None:
        self._counter = counter
        self._limits = limits
        self._mender = mender
        self._others = others
        self._finds_personal_data = finds_personal_data
        self._findings = FindingLedger()
        self._seen: dict[bytes, int] = {}
        self._written: set[bytes] = set()
        self._forms: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._overlaps: Counter[int] = Counter()
        self._personal: Counter[str] = Counter()
        self._examples = 0
        self._tokens = 0
        self._longest = 0
        self._bytes = 0

    def lines(self, raw: Iterable[bytes | Overlong]) -> Iterator[dict[str, Any] | None]:
        """Checks the lines of a file (bytes without their ends), in bounded memory."""
        yield from self._in_batches(self._read(number, line) for number, line in enumerate(raw, start=1))

    def rows(
        self, numbered: Iterable[tuple[int, Mapping[str, Any] | str]], *, is_prose: bool = False
    ) -> Iterator[dict[str, Any] | None]:
        """Checks the rows of a file that is no JSON lines: each with its line, or with the reason why it is none.

        ``is_prose`` says that the file is a text, of which nothing can be made here.
        """
        if is_prose:
            self._forms[forms.TEXT] += 1
            self._findings.error(Finding(0, "not_json_lines", "The file is a text and holds no examples"))
            return
        message = "Providers take JSON lines: one object a line. Can be repaired: --repair OUT"
        self._findings.error(Finding(0, "not_json_lines", message))
        yield from self._in_batches(self._taken_row(number, row) for number, row in numbered)

    def report(self, repaired: str | None = None) -> ValidationReport:
        """What was found, once all lines went through. Called once."""
        self._judge_whole()
        form = self._forms.most_common(1)[0][0] if self._forms else ""
        names = self._others.names if self._others is not None else ()
        return ValidationReport(
            ok=not self._findings.errors,
            examples=self._examples,
            tokens=self._tokens,
            errors=tuple(self._findings.errors),
            warnings=tuple(self._findings.warnings),
            repaired=repaired,
            repairs=dict(sorted(self._repairs.items())) if repaired else {},
            form=form,
            longest=self._longest,
            limit=self._limits.tokens,
            encoding=self._counter.encoding,
            overlaps={name: self._overlaps[file] for file, name in enumerate(names)},
            personal_data=dict(sorted(self._personal.items())),
        )

    def _judge_whole(self) -> None:
        """What is said of the file as a whole."""
        least, most = self._limits.minimum_examples, self._limits.file_bytes
        if self._examples < least:
            self._findings.last_error(
                "too_few_examples", f"{self._examples} usable examples; at least {least} are needed"
            )
        if most is not None and self._bytes > most:
            self._findings.last_error("file_too_large", f"{self._bytes:,} bytes; at most {most:,} are taken")
        if self._limits.unknown_base:
            message = (
                f"{self._limits.unknown_base} is not known here: "
                f"{self._limits.tokens:,} tokens of {self._counter.encoding} are taken as its limit"
            )
            self._findings.last_warning("unknown_base", message)
        if self._forms[forms.PREFERENCE]:
            message = "Preference pairs are for DPO; a supervised job takes rows of messages"
            self._findings.last_warning("preference_form", message)
        if len(self._forms) > 1:
            told = ", ".join(f"{count:,} {form}" for form, count in self._forms.most_common())
            self._findings.last_warning("mixed_forms", f"The lines have several forms: {told}")
        if len(self._seen) == _MOST_COMPARED:
            message = f"Only the first {_MOST_COMPARED:,} lines were compared for repetition"
            self._findings.last_warning("unchecked", message)
        if self._others is not None and self._others.index.unindexed:
            message = f"{self._others.index.unindexed:,} lines of the other files were too many to compare with"
            self._findings.last_warning("unchecked", message)
        self._findings.close()

    def _read(self, number: int, raw: bytes | Overlong) -> CheckedLine:
        line = CheckedLine(number, raw.size if isinstance(raw, Overlong) else len(raw))
        self._bytes += line.size + 1
        if isinstance(raw, Overlong):
            line.fail("line_too_long", f"The line has {raw.size:,} bytes; so long a line is not read")
            return line
        if number == 1 and raw.startswith(BOM):
            raw = raw[len(BOM) :]
            line.warn("byte_order_mark", "The file begins with a byte order mark")
            self._repairs["byte_order_mark"] += 1
        row = read(raw, line)
        if row is not None:
            self._check(row, line)
            self._check_repetition(raw.strip(), line)
        elif not line.errors:
            self._repairs["empty_line"] += 1
        return line

    def _taken_row(self, number: int, row: Mapping[str, Any] | str) -> CheckedLine:
        line = CheckedLine(number)
        if isinstance(row, str):
            line.fail("unreadable_row", row)
            return line
        key = _bytes_of(row)
        line.size = len(key)
        self._bytes += line.size + 1
        self._check(row, line)
        self._check_repetition(key, line)
        return line

    def _check(self, row: Mapping[str, Any], line: CheckedLine) -> None:
        form, taken = judge(row, line)
        self._forms[form] += 1
        if taken is not None and self._mender is not None:
            self._mend(self._mender, taken, form, line)

    def _mend(self, mender: Mender, taken: Mapping[str, Any], form: str, line: CheckedLine) -> None:
        """Puts the mended row in the line's place; ``None`` where it is beyond repair or stands in the file already."""
        mended = mender.mend(taken, line.form, line.done)
        line.row = None
        if next(errors_of(mended, line.form), None) is not None:
            line.done.clear()
            return
        if form not in _TAKEN:
            line.done[f"{form}_form"] += 1
        key = blake2b(_bytes_of(mended), digest_size=12).digest()
        if key in self._written:
            line.done = Counter(duplicate_line=1)
            return
        if len(self._written) < _MOST_COMPARED:
            self._written.add(key)
        line.row = mended
        line.conversations = line.conversations or conversations_of(mended, line.form)

    def _check_repetition(self, raw: bytes, line: CheckedLine) -> None:
        key = blake2b(raw, digest_size=12).digest()
        first = self._seen.get(key)
        if first is not None:
            line.warn("duplicate_line", f"The same as line {first}")
        elif len(self._seen) < _MOST_COMPARED:
            self._seen[key] = line.number

    def _in_batches(self, lines: Iterable[CheckedLine]) -> Iterator[dict[str, Any] | None]:
        batch: list[CheckedLine] = []
        size = 0
        for line in lines:
            batch.append(line)
            size += line.size
            if len(batch) == _BATCH or size > _BATCH_BYTES:
                yield from self._finished(batch)
                batch, size = [], 0
        yield from self._finished(batch)

    def _finished(self, batch: list[CheckedLine]) -> Iterator[dict[str, Any] | None]:
        """The rows of a batch, after the checks that are faster for many at once."""
        usable = [line for line in batch if line.conversations]
        self._count(usable)
        fitting = [line for line in usable if not line.is_too_long]  # the others may be of any size
        self._compare(fitting)
        for line in fitting:
            self._look_for_personal_data(line)
            if self._mender is not None and line.row is not None:
                line.row = self._mender.redacted(line.row, line.done)
        for line in batch:
            self._examples += line.row is not None and not line.errors
            self._repairs.update(line.done)
            if line.row is None and line.errors:
                self._repairs["line_left_out"] += 1
            self._findings.take(line.errors, line.warnings)
            yield line.row

    def _count(self, lines: Sequence[CheckedLine]) -> None:
        counts = iter(count_examples([one for line in lines for one in line.conversations], self._counter))
        for line in lines:
            tokens = list(islice(counts, len(line.conversations)))
            self._longest = max(self._longest, *tokens)
            if max(tokens) > self._limits.tokens:
                told = f"{max(tokens)} tokens; at most {self._limits.tokens} are read, the rest is cut without a word"
                line.fail("too_long", told)
                line.is_too_long = True
                line.row = None
                line.done.clear()
            elif line.is_sound():
                self._tokens += sum(tokens)

    def _compare(self, lines: Sequence[CheckedLine]) -> None:
        if self._others is None:
            return
        for line, overlap in zip(
            lines, self._others.index.find([texts_of(one.conversations[0]) for one in lines]), strict=True
        ):
            if overlap is not None:
                file, other = overlap.place
                self._overlaps[file] += 1
                line.warn("overlap", f"{overlap.shared} as line {other} of {self._others.names[file]}")

    def _look_for_personal_data(self, line: CheckedLine) -> None:
        if not self._finds_personal_data:
            return
        if found := personal.counts_in(line.conversations):
            self._personal.update(found)
            line.warn("personal_data", ", ".join(f"{count} {kind}" for kind, count in sorted(found.items())))


def _bytes_of(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
