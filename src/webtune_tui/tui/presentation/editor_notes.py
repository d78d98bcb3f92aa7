"""What stands beside the fields of the editor: tokens, what is learned, and what is wrong while one types."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from webtune_tui.domain.example_checks import ExampleCheck, Remark, TokenLimits
from webtune_tui.domain.examples import Message
from webtune_tui.domain.learning import Lesson
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.example_detail import part_words
from webtune_tui.tui.presentation.examples import ROLE_TITLES
from webtune_tui.tui.presentation.glyphs import GLYPHS


def message_head(place: int, message: Message, lesson: Lesson, check: ExampleCheck | None) -> Content:
    """The line above a field: role, tokens, and whether the model learns it."""
    title = ROLE_TITLES.get(message.role) or display_line(message.role or "no role", limit=30)
    words = part_words(lesson.parts[place], is_short=True)
    if check is not None and place < len(check.tokens):
        words = f"{figures.count(check.tokens[place], 'token')}  {words}"
    return Content.assemble((title, "bold"), (f"  {words}", "$text-muted"))


def token_line(check: ExampleCheck, before: int, limits: TokenLimits) -> str:
    """The tokens of the whole example, what the edit did to them, and the bounds."""
    change = check.total - before
    told = [figures.count(check.total, "token") + (f" ({change:+,})" if change else "")]
    if limits.budget is not None:
        told.append(f"budget {limits.budget:,}")
    if limits.context is not None:
        told.append(f"{display_line(limits.base, limit=30)} reads {limits.context:,}")
    return f"  {GLYPHS.dot}  ".join([*told, display_line(check.encoding, limit=30)])


def remark_lines(remarks: Sequence[Remark]) -> Content:
    """What is said of a message, a line each; refusals are told by their sign too."""
    lines = []
    for one in remarks:
        sign, colour = (GLYPHS.failed, "$error") if one.is_error else (GLYPHS.attention, "$warning")
        lines.append(Content.assemble((f"{sign} ", colour), (display_line(one.words, limit=300), colour)))
    return Content("\n").join(lines)
