"""The groups of a dataset's statistics from its tally: bins and labels as rows, each with its condition and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.examples import Split
from webtune_tui.domain.statistics import EXAMPLES, TOKENS, WORDS, StatisticsGroup, StatisticsRow
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.pipeline.counting.bins import Bin, binned, quantile
from webtune_tui.pipeline.counting.conditions import has_label, is_label, is_other
from webtune_tui.pipeline.counting.tally import TOKENS_OF, Tally
from webtune_tui.pipeline.counting.vocabulary import Overlap
from webtune_tui.pipeline.languages import UNKNOWN_NAME

SHOWN_LABELS = 50
_MOST_MONTHS = 18
_SHOWN_YEARS = 15
_NAMED = 40  # characters of a label in a sentence


def number_groups(tally: Tally) -> list[StatisticsGroup]:
    """Tokens, answers, prompts and turns as histograms."""
    return [
        _histogram("tokens", "Tokens", "tokens", tally.tokens, "The tokens of whole examples."),
        _histogram(
            "answers", "Answers", "answer_characters", tally.numbers["answer_characters"], "Characters of the answers.",
            unit="characters",
        ),
        _histogram(
            "prompts", "Prompts", "prompt_characters", tally.numbers["prompt_characters"],
            "Characters of the last user messages.", unit="characters",
        ),
        _histogram("turns", "Turns", "turns", tally.numbers["messages"], "Messages of an example.", unit="messages"),
    ]  # fmt: skip


def _histogram(
    name: str, title: str, asked: str, counts: Counter[int], note: str, *, unit: str = "tokens"
) -> StatisticsGroup:
    total = counts.total()
    rows = [_row(one.label, count, total, one.condition(asked)) for one, count in binned(counts)]
    return StatisticsGroup(name, title, tuple(rows), total, is_histogram=True, note=note, summary=_spread(counts, unit))


def _spread(counts: Counter[int], unit: str) -> str:
    """``Half of the examples have 120 to 340 tokens, 3 % more than 800; the longest has 2,100.``"""
    total = counts.total()
    if not total:
        return ""
    low, high, longest = quantile(counts, 0.25), quantile(counts, 0.75), max(counts)
    if low == longest and min(counts) == longest:
        return f"Every example has {longest:,} {unit if longest != 1 else unit.removesuffix('s')}."
    span = f"{low:,} to {high:,}" if low != high else f"{low:,}"
    words = f"Half of the examples have {span} {unit}"
    edge = _tail_edge(counts, high)
    if edge:
        beyond = sum(n for value, n in counts.items() if value > edge)
        words += f", {percent(beyond, total)} more than {edge:,}"
    return f"{words}. The shortest has {min(counts):,}, the longest {longest:,}."


def _tail_edge(counts: Counter[int], high: int) -> int:
    """An edge of a bin above the third quarter beyond which a few lie; 0 where there is none."""
    total = counts.total()
    for one, _ in binned(counts):
        if one.low > high and 0 < sum(n for value, n in counts.items() if value >= one.low) <= total * 0.1:
            return one.low - 1
    return 0


def split_group(tally: Tally) -> StatisticsGroup:
    """The examples of each split."""
    counts = {split.value: tally.numbers[TOKENS_OF[split.value]].total() for split in Split}
    total = sum(counts.values())
    rows = [_row(name, count, total, is_label("split", name)) for name, count in counts.items()]
    tokens = {name: sum(v * n for v, n in tally.numbers[TOKENS_OF[name]].items()) for name in counts}
    told = ", ".join(f"{name} {figure:,}" for name, figure in tokens.items())
    return StatisticsGroup("splits", "Splits", tuple(rows), total, summary=f"Tokens: {told}.")


def label_group(tally: Tally, measure: str, name: str, title: str, asked: str, unknown: str) -> StatisticsGroup:
    """One row a label, the most frequent first; the rest as one."""
    total = tally.examples
    merged = _merged(tally.labels[measure])
    ordered = sorted(merged.items(), key=lambda pair: (not pair[0], -pair[1], pair[0]))
    if ordered and not ordered[0][0]:  # unknown comes last, whatever its size
        ordered.append(ordered.pop(0))
    shown, rest = ordered[:SHOWN_LABELS], ordered[SHOWN_LABELS:]
    rows = [_row(label or unknown, count, total, is_label(asked, label)) for label, count in shown]
    left = sum(count for _, count in rest) + tally.beyond[measure]
    if left:
        has_empty = any(not label for label, _ in rest)
        condition = is_other(asked, [label for label, _ in shown], also_empty=has_empty)
        more = "all others" if tally.beyond[measure] else f"{len(rest):,} more"
        rows.append(replace(_row(more, left, total, condition), is_rest=True))
    many = f"over {len(ordered):,}" if tally.beyond[measure] else f"{len(ordered):,}"
    return StatisticsGroup(name, title, tuple(rows), total, summary=_largest(shown, total, unknown, many))


def _merged(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by what a condition tells apart: case and outer spaces don't matter. The most frequent form stands."""
    forms: dict[str, list[tuple[int, str]]] = {}
    for label, count in counts.items():
        forms.setdefault(label.strip().casefold(), []).append((count, label.strip()))
    return {max(found)[1]: sum(count for count, _ in found) for found in forms.values()}


def _largest(ordered: Sequence[tuple[str, int]], total: int, unknown: str, many: str) -> str:
    if not ordered:
        return ""
    label, count = ordered[0]
    named = display_line(label or unknown, limit=_NAMED)
    if len(ordered) == 1:
        return f"All from {named}." if count == total else ""
    return f"{percent(count, total).capitalize()} from {named}; {many} in all."


def time_group(tally: Tally) -> StatisticsGroup:
    """The examples by the month in which their record was collected, or by the year where there are many months."""
    days = tally.labels["days"]
    total = tally.examples
    months = Counter[str]()
    for day, count in days.items():
        months[day[:7]] += count
    unknown = months.pop("", 0)
    rows = [
        _row(month, count, total, f"collected_at between {month} and {month}")
        for month, count in sorted(months.items())
    ]
    if len(rows) > _MOST_MONTHS:
        rows = _years(months, total)
    if unknown:
        rows.append(_row("unknown", unknown, total, "collected_at is empty"))
    if tally.beyond["days"]:
        rows.append(_row("other days", tally.beyond["days"], total, ""))
    known = sorted(day for day in days if day)
    summary = f"Collected from {known[0]} to {known[-1]}." if known else "When the records were collected is unknown."
    if known and known[0] == known[-1]:
        summary = f"All collected on {known[0]}."
    return StatisticsGroup(
        "freshness", "Freshness", tuple(rows), total, is_histogram=True, summary=summary,
        note="When the first record of each example was collected.",
    )  # fmt: skip


def _years(months: Mapping[str, int], total: int) -> list[StatisticsRow]:
    years = Counter[str]()
    for month, count in months.items():
        years[month[:4]] += count
    ordered = sorted(years.items())
    early, late = ordered[:-_SHOWN_YEARS], ordered[-_SHOWN_YEARS:]
    rows = [
        _row(f"before {late[0][0]}", sum(n for _, n in early), total, f"collected_at < {late[0][0]}-00")
    ] if early else []  # fmt: skip
    return rows + [_row(year, count, total, f"collected_at between {year}-00 and {year}-99") for year, count in late]


def flag_group(tally: Tally) -> StatisticsGroup:
    """The flags; an example may have several, or none."""
    total = tally.examples
    counts = _merged(tally.labels["flags"])
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [_row(label, count, total, has_label("flags", label)) for label, count in ordered[:SHOWN_LABELS]]
    rows.append(_row("no flag", total - tally.flagged, total, "flags is empty"))
    hidden = len(ordered) - SHOWN_LABELS
    note = "An example may have several flags."
    if hidden > 0:
        note += f" {hidden:,} rarer ones are not shown."
    summary = (
        f"{percent(tally.flagged, total).capitalize()} of the examples have a flag." if tally.flagged else "No flags."
    )
    return StatisticsGroup("flags", "Flags", tuple(rows), total, note=note, summary=summary)


def language_group(tally: Tally, one_of: int) -> StatisticsGroup:
    """The languages of the answers, of those that were looked at."""
    total = tally.with_language
    ordered = sorted(tally.labels["languages"].items(), key=lambda pair: (not pair[0], -pair[1], pair[0]))
    if ordered and not ordered[0][0]:
        ordered.append(ordered.pop(0))
    named = [(code or UNKNOWN_NAME, count) for code, count in ordered]
    rows = [_row(code, count, total, is_label("language", code)) for code, count in named]
    summary = ""
    if ordered:
        most, count = ordered[0]
        summary = f"{percent(count, total).capitalize()} of the answers are in {most or 'no known language'}."
    return StatisticsGroup(
        "languages", "Languages", tuple(rows), total, note=_sampled("The language of each answer", total, one_of),
        summary=summary,
    )  # fmt: skip


def coverage_group(tally: Tally, names: Sequence[str], one_of: int) -> StatisticsGroup:
    """The share of examples whose record has each field that is read; ``names`` are those that a template asks."""
    total = tally.with_fields
    filled = {name.casefold(): count for name, count in _merged(tally.labels["fields"]).items()}
    known = {name.casefold(): name for name in [*_merged(tally.labels["read"]), *names]}
    counts = {name: filled.get(folded, 0) for folded, name in known.items()}
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [_row(name, count, total, has_label("fields", name)) for name, count in ordered[:SHOWN_LABELS]]
    scarce = [name for name, count in ordered if count * 2 < total]
    summary = f"All {len(ordered):,} fields are filled in at least half of the records." if ordered else ""
    if scarce:
        told = ", ".join(display_line(name, limit=_NAMED) for name in scarce[:3])
        more = f" and {len(scarce) - 3:,} more" if len(scarce) > 3 else ""
        summary = f"Empty in more than half of the records: {told}{more}."
    note = _sampled("Fields of the record that the recipe reads, filled", total, one_of)
    return StatisticsGroup("coverage", "Fields", tuple(rows), total, note=note, summary=summary)


def vocabulary_group(overlaps: Mapping[str, Overlap], one_of: int, version: str) -> StatisticsGroup:
    """The share of a split's distinct words that the training split has; ``version`` is the one looked at."""
    rows = [
        StatisticsRow(one.split, one.shared, _part(one.shared, one.words), is_label("split", one.split))
        for one in overlaps.values()
        if one.words
    ]
    total = sum(one.words for one in overlaps.values())
    told = [f"{percent(one.shared, one.words)} of the {one.words:,} distinct words of {one.split}"
            for one in overlaps.values() if one.words]  # fmt: skip
    summary = f"{' and '.join(told)} stand in train too." if told else "There is neither a validation nor a test split."
    note = "Distinct words that stand in the training split too."
    if one_of > 1:
        note += f" Looked at in one of {one_of:,} examples: at least so many."
    if version:
        note += f" As of version {version}: counting again tells them anew."
    return StatisticsGroup("vocabulary", "Words", tuple(rows), total, unit=WORDS, note=note, summary=summary)


def cost_group(tally: Tally, estimate: Estimate) -> StatisticsGroup:
    """Where the training tokens lie, and what they cost."""
    counts = tally.numbers[TOKENS_OF[Split.TRAIN.value]]
    tokens = sum(value * count for value, count in counts.items())
    each = estimate.cost / tokens if estimate.cost and tokens else None
    rows = []
    for one, _ in binned(counts):
        size = _tokens_within(counts, one)
        condition = f'split = "{Split.TRAIN.value}" and {one.condition("tokens")}'
        rows.append(StatisticsRow(one.label, size, _part(size, tokens), condition,
                                  None if each is None else round(each * size, 6)))  # fmt: skip
    money = "price unknown" if estimate.cost is None else f"{estimate.cost:,.2f} USD" if estimate.cost else "no money"
    if estimate.seconds is not None:
        money += f", about {_duration(estimate.seconds)}"
    runs = f"{estimate.epochs:,} epoch{'' if estimate.epochs == 1 else 's'}"
    where = f"{estimate.provider} {display_line(estimate.base_model, limit=_NAMED)}".strip()
    summary = f"{runs} on {where}: {estimate.tokens:,} trained tokens, {money}."
    return StatisticsGroup(
        "cost", "Cost", tuple(rows), tokens, unit=TOKENS, is_histogram=True, summary=summary,
        note=f"Training tokens by the length of their examples. {display_line(estimate.basis, limit=200)}.",
    )  # fmt: skip


def _tokens_within(counts: Mapping[int, int], one: Bin) -> int:
    return sum(v * n for v, n in counts.items() if v >= one.low and (one.high is None or v <= one.high))


def unknown_group(name: str, title: str, why: str, unit: str = EXAMPLES) -> StatisticsGroup:
    """A group that could not be counted, and why."""
    return StatisticsGroup(name, title, (), 0, unit=unit, note=why, is_known=False)


def percent(part: int, whole: int) -> str:
    """``12 %``; ``under 1 %`` and ``over 99 %`` where rounding would say none or all."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if 0 < share < 1:
        return "under 1 %"
    if 99 < share < 100:
        return "over 99 %"
    return f"{share:.0f} %"


def _duration(seconds: float) -> str:
    minutes = max(round(seconds / 60), 1)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60):,} h"


def _sampled(what: str, looked_at: int, one_of: int) -> str:
    return f"{what}." if one_of == 1 else f"{what}; a sample of {looked_at:,} examples, one of {one_of:,}."


def _row(label: str, count: int, total: int, condition: str) -> StatisticsRow:
    return StatisticsRow(label, count, _part(count, total), condition)


def _part(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
