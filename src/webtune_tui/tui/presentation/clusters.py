"""A cluster as rows, and one of its members beside the example that stayed, word by word."""

from __future__ import annotations

from collections.abc import Sequence

from webtune_tui.domain.clusters import EXACT, GROUP, NEAR, SHARED, SOURCE, Alike
from webtune_tui.domain.datasets import Cluster
from webtune_tui.domain.examples import Message
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.marked_diff import SIGNS, message_changes
from webtune_tui.tui.presentation.text_layout import Part, StyledLine, fit, wrap

RELATION_WORDS = {
    EXACT: "exact copy", NEAR: "near-duplicate", SHARED: "same answer", GROUP: "same group", SOURCE: "same source",
}  # fmt: skip
_WHY = {
    EXACT: "an exact copy of what stays (normalised text), so it was dropped",
    NEAR: "a near-duplicate of what stays, so it was dropped",
    SHARED: "another prompt with the same answer, so it was dropped",
    GROUP: "an example too: they are linked, so they share a split",
    SOURCE: "an example too: it was made of the same record or page",
}
_RELATION = 15
_MOST_CHARACTERS = 20_000


def survivor_row(title: str, width: int) -> Sequence[Part]:
    """The first row: the one that stayed."""
    head = fit(f"{GLYPHS.done} stays", _RELATION + 3)
    return [(head, "good"), (fit(display_line(title, limit=300), width - _RELATION - 3), "strong")]


def member_row(one: Alike, width: int, *, is_wanted: bool) -> Sequence[Part]:
    """Any other row; one that is wanted back says so."""
    sign = GLYPHS.arrow if is_wanted else GLYPHS.active if one.is_here else GLYPHS.failed
    style = "good" if is_wanted or one.is_here else "warn"
    words = RELATION_WORDS.get(one.relation, display_line(one.relation, limit=40).replace("_", " "))
    return [
        (f"{sign} ", style),
        (fit(words, _RELATION) + " ", "muted"),
        (fit(display_line(one.title, limit=300), width - _RELATION - 3), ""),
    ]


def member_lines(
    one: Alike, kept: Sequence[Message], other: Sequence[Message], width: int, *, is_wanted: bool
) -> list[StyledLine]:
    """A member against the one that stayed. Takes time in proportion to the texts: call it in a thread."""
    why = _WHY.get(one.relation, f"dropped: {display_line(one.relation, limit=40).replace('_', ' ')}")
    if is_wanted:
        why += "; it is wanted back with the next prepare"
    lines = [StyledLine(((line, "muted"),)) for line in wrap(f"This is {why}.", width)]
    if not other:
        return [*lines, StyledLine((("Its text can't be built any more: enter shows its record.", "warn"),))]
    lines.append(StyledLine((("[-only in what stays-]", "bad"), ("  ", ""), ("{+only in this one+}", "good"))))
    return [*lines, *(list(message_changes(kept, other, width)) or [_muted("Word for word the same.")])]


def survivor_lines(messages: Sequence[Message], width: int) -> list[StyledLine]:
    """The text of the one that stayed."""
    lines = [_muted("This one stays. Below: what it says.")]
    for message in messages:
        sign, style = SIGNS.get(message.role, ("T", "warn"))
        for number, line in enumerate(wrap(display(message.content[:_MOST_CHARACTERS]), width - 4)):
            lines.append(StyledLine(((f"  {sign if number == 0 else ' '} ", style), (line, ""))))
    return lines


def cluster_words(cluster: Cluster) -> tuple[str, str]:
    """A cluster in a list: how many went for its survivor and why, and a title."""
    relations = dict.fromkeys(RELATION_WORDS.get(one.reason, one.reason) for one in cluster.members)
    count = figures.count(len(cluster.members), "duplicate")
    title = next((one.title for one in cluster.members if one.title), cluster.keeper_id)
    return f"{count} ({display_line(', '.join(relations), limit=60)})", display_line(title, limit=200)


def _muted(words: str) -> StyledLine:
    return StyledLine(((words, "muted"),))
