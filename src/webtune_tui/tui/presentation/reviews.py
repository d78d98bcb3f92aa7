"""A review in words: how far it is, and how far two passes agree."""

from __future__ import annotations

from textual.content import Content

from webtune_tui.domain.reviews import Agreement, Review
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import bar, fit

_PAST = {"keep": "kept", "fix": "fixed", "drop": "dropped", "skip": "skipped"}
_BAR = 12


def progress_words(review: Review, deciding: str = "") -> Content:
    """``12 of 50 · 3 dropped`` and whose pass it is."""
    done, total = len(review.current.verdicts), len(review.ids)
    person = display_line(review.current.name, limit=24)
    if deciding:
        return Content.assemble(("Deciding where two passes differ", "bold $primary"), (f"  {deciding}", "$text-muted"))
    here = min(done + 1, total)
    counts = "".join(f" · {number:,} {_PAST[verdict]}" for verdict, number in sorted(review.counts().items()))
    drawn = fit(bar(done, total, _BAR), _BAR)
    return Content.assemble(
        (f"{here:,} of {total:,}", "bold $primary"),
        (counts, ""),
        "  ",
        (drawn, "$primary on $panel"),
        (f"  {person}, pass {len(review.passes)}", "$text-muted"),
    )


def end_words(review: Review) -> str:
    """What came out, and what can be done next."""
    counts = ", ".join(f"{number:,} {_PAST[verdict]}" for verdict, number in sorted(review.counts().items()))
    person = display_line(review.current.name, limit=40)
    words = f"{person} has judged all {figures.count(len(review.ids), 'example')}: {counts}."
    found = review.agreement()
    if found is not None:
        words += f"\n\n{agreement_words(found)}"
        if found.differing:
            open_ones = sum(one not in review.decided for one in found.differing)
            words += f"\n\n{open_ones:,} are not decided yet: a lists them."
    return (
        f"{words}\n\nn begins another review, or a second pass over the same examples, by you or by somebody else: "
        "it tells how far two passes agree.\nesc goes back to the table, z there undoes what was dropped."
    )


def agreement_words(found: Agreement) -> str:
    """The share on which two passes agree, and Cohen's kappa."""
    names = f"{display_line(found.first, limit=30)} and {display_line(found.second, limit=30)}"
    if not found.compared:
        return f"{names} have no example that both judged."
    agreed = f"{names} agree on {found.agreed:,} of {found.compared:,} ({100 * found.share:.0f} %)"
    if found.kappa is None:
        return f"{agreed}. Kappa says nothing here: both gave all the same verdict."
    return f"{agreed}; Cohen's kappa {found.kappa:.2f} (1: always, 0: no more than by chance)."
