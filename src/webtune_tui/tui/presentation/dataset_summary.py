"""A dataset version on one line, and what an edit did in words."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from webtune_tui.domain.datasets import DatasetVersion, PrepareReport
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.curate import EditResult
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import short_number

_GAP = "   "


def version_line(version: DatasetVersion, report: PrepareReport | None, width: int) -> Content:
    """The version's name, examples per split, tokens and the leak figure, as much of it as fits in ``width`` cells."""
    forms = [_pieces(version, report, detail) for detail in (3, 2, 1, 0)]
    for pieces in forms[:-1]:
        line = Content(_GAP).join(pieces)
        if line.cell_length <= width:
            return line
    return Content(" · ").join(forms[-1])


def _pieces(version: DatasetVersion, report: PrepareReport | None, detail: int) -> list[Content]:
    name = Content.assemble(
        ("version ", "$text-muted") if detail == 3 else "",
        (display_line(version.dataset_version if detail else version.dataset_version[:8]), "bold $primary"),
    )
    if version.revision and detail == 3:
        name = Content.assemble(name, (f" revision {version.revision}", "$text-muted"))
    pieces = [name, _splits(version, detail), _tokens(version, detail)]
    if report is not None:
        pieces.append(_leak(report, detail))
    return pieces


def _splits(version: DatasetVersion, detail: int) -> Content:
    total = figures.count(version.examples, "example")
    if detail == 0:
        splits = "/".join(short_number(number) for number in version.splits.values())
        return Content(f"{short_number(version.examples)} ex {splits}")
    if detail == 1:
        return Content.assemble(total, (" " + "/".join(f"{n:,}" for n in version.splits.values()), "$text-muted"))
    parts = " · ".join(f"{number:,} {name}" for name, number in version.splits.items())
    return Content.assemble(total, (f"  {parts}", "$text-muted"))


def _tokens(version: DatasetVersion, detail: int) -> Content:
    if detail < 2:
        return Content(f"{short_number(version.tokens)} tok")
    encoding = (f" {display_line(version.encoding, limit=30)}", "$text-muted") if detail == 3 else ""
    return Content.assemble(figures.count(version.tokens, "token"), encoding)


def _leak(report: PrepareReport, detail: int) -> Content:
    shared = int(report.leak.get("shared_clusters", 0))
    rate = 100 * float(report.leak.get("random_split_rate", 0))
    colour = "$error" if shared else "$success"
    random = f"{rate:.0f} %" if rate >= 10 or rate == 0 else f"{rate:.1f} %"
    other = f" (random split {random})" if detail >= 2 else f" (random {random})"
    return Content.assemble("leak ", (f"{shared:,}", colour), (other, "$text-muted"))


def leak_words(report: PrepareReport) -> str:
    """What the leak figure means, for a tooltip."""
    rate = 100 * float(report.leak.get("random_split_rate", 0))
    return (
        "Clusters of near-duplicates that lie in two splits. A random split of the same sizes would have leaked "
        f"{rate:.1f} % of the test examples."
    )


def undone_words(before: DatasetVersion | None, result: EditResult, *, again: bool) -> str:
    """What an undo or redo did, told from the versions before and after."""
    changed = figures.count(result.count or len(result.changed), "example")
    difference = result.version.examples - before.examples if before else 0
    if again:
        gone = figures.count(-difference, "example")
        return f"Redone: dropped {gone} again" if difference < 0 else f"Redone: edited {changed} again"
    back = figures.count(difference, "example")
    return f"Undone: {back} came back" if difference > 0 else f"Undone: the edit of {changed} is taken back"


def listing_words(
    total: int,
    all_examples: int,
    text: str,
    split: str,
    marked: int,
    *,
    where: str = "",
    is_complete: bool = True,
    looked: float | None = None,
) -> Content:
    """What the table lists, for its lower border; where it is not complete there may be more.

    ``looked`` is the share of the texts that are read for the condition, where they must be.
    """
    parts: list[str] = []
    if text or split or where.strip():
        looking = "looking …" if looked is None else f"reading texts, once: {looked:.0%} …"
        parts.append(f"{total:,} of {all_examples:,}" if is_complete else f"{total:,} so far, {looking}")
        if where.strip():
            parts.append(f"where {display_line(where.strip(), limit=40)}")
        if text:
            parts.append(f"with “{display_line(text, limit=24)}”")
        if split:
            parts.append(f"in {split}")
    else:
        parts.append(figures.count(total, "example"))
    words = Content(" ".join(parts))
    if marked:
        words = Content.assemble(words, (f" · {marked:,} marked", "$primary"))
    return words


def export_words(paths: Sequence[tuple[str, str, int]]) -> str:
    """Split, number of examples and path, a block each."""
    width = max((len(split) for split, _, _ in paths), default=0)
    return "\n".join(
        f"{split:<{width}}  {figures.count(number, 'example') if number else ''}".rstrip() + f"\n  {path}"
        for split, path, number in paths
    )
