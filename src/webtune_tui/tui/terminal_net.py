"""The net behind the door: no escape byte reaches the terminal even where a text was not made fit for display.

Textual hands content bytes such as ESC or C1 through to the terminal. Each text is cleaned at the edge already
(domain/terminal_text.py); this hook sits on the one place where Textual turns styled text into terminal bytes.
"""

from __future__ import annotations

from typing import Any

from rich.style import Style
from textual.strip import Strip

from webtune_tui.domain.terminal_text import display

_original = Strip.render_style.__func__  # type: ignore[attr-defined]  # a classmethod's function, to be wrapped
_MARK = "_webtune_net"


def install() -> None:
    """Hooks the net in, once for the process."""
    if getattr(Strip.render_style, _MARK, False):
        return
    setattr(_render_style, _MARK, True)
    Strip.render_style = classmethod(_render_style)  # type: ignore[assignment,method-assign]  # the hook itself


def _render_style(cls: type[Strip], style: Style, text: str, *args: Any, **kwargs: Any) -> str:
    link = style.link
    if link is not None and not link.isprintable():
        style = style.update_link(None)  # an address with control bytes would end up in an escape sequence
    shown = text if text.isprintable() else display(text).replace("\n", "␊")
    rendered: str = _original(cls, style, shown, *args, **kwargs)
    return rendered
