"""What of an example takes longer to know, shown in its pane as it comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.example_checks import ExampleCheck, Remark
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.presentation.example_detail import ExampleView

_PAUSE = 0.3  # seconds: a cursor that goes on asks for nothing, and a screen that opens shows its rows first
_QUICK = 50_000  # characters that are wrapped once more in a few milliseconds


async def show_more(screen: DatasetFrame, view: ExampleView, needle: str) -> None:
    """Shows what was dropped for an example and its edits, then its tokens by message and what is odd in it."""
    await asyncio.sleep(_PAUSE)
    services, example = screen.services, view.example
    copies = await services.clusters.size(example.example_id)
    view = replace(view, history=await services.examples.history(example.example_id), copies=copies)
    if sum(len(one.content) for one in example.messages) < _QUICK:
        screen.detail.show_example(view, needle=needle)
    try:
        check = await services.examples.check(example.messages, await services.examples.limits())
    except WebtuneError as error:  # a recipe that can't be read, a tokenizer that is not installed
        check = ExampleCheck((), example.tokens, "", (Remark(error.code, f"not checked: {error.message}"),))
    if check is not None:
        screen.detail.show_example(replace(view, check=check), needle=needle)
