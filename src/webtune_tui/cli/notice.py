"""Telling the person once what collecting asks of them."""

from __future__ import annotations

from webtune_tui.cli.command import CommandContext
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.services.notice import Notice


def tell_notice(context: CommandContext) -> None:
    """Says the notice on stderr before the first collection on this machine; with ``--quiet`` it waits for the next."""
    notice = Notice()
    if context.arguments.quiet or not notice.is_due():
        return
    context.progress.say(notice.text())
    try:
        notice.acknowledge()
    except WebtuneError as error:  # a folder that can't be written must not keep anybody from collecting
        context.progress.detail(error.message)
