"""``webtune dataset history``, ``undo``, ``redo``, ``goto`` and ``name``: the edits as steps that can be walked."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, whole_number
from webtune_tui.cli.dataset_editing import edit_outcome
from webtune_tui.domain.edit_steps import Edited, EditStep
from webtune_tui.domain.errors import InternalFault
from webtune_tui.domain.events import Progressed


def add_history_commands(group: Any) -> None:
    """The five commands."""
    add_subcommand(
        group,
        "history",
        _history,
        access=Access.READ,
        summary="List the edits in order; the undone ones can be applied again.",
        examples=("webtune dataset history",),
    )
    add_subcommand(
        group,
        "undo",
        _undo,
        access=Access.WRITE,
        summary="Take the last edit back.",
        examples=("webtune dataset undo",),
    )
    add_subcommand(
        group,
        "redo",
        _redo,
        access=Access.WRITE,
        summary="Apply an undone edit again.",
        examples=("webtune dataset redo",),
    )
    goto = add_subcommand(
        group,
        "goto",
        _goto,
        access=Access.WRITE,
        summary="Undo or redo up to a step of the history; 0 is the start.",
        examples=("webtune dataset goto 0", "webtune dataset goto 3"),
    )
    goto.add_argument("step", type=whole_number(0), metavar="STEP")
    name = add_subcommand(
        group,
        "name",
        _name,
        access=Access.WRITE,
        summary="Give a version a name; it is kept for good, and its test split is frozen.",
        examples=("webtune dataset name first-good", "webtune dataset name baseline 3f2a"),
    )
    name.add_argument("name", metavar="NAME")
    name.add_argument("version", nargs="?", metavar="VERSION", help="of another version than the working one")


async def _history(context: CommandContext) -> Outcome:
    async with context.services() as services:
        steps = await services.editing.history()
    rows = [
        (
            f"{one.number}{' *' if one.is_current else ''}",
            "applied" if one.is_applied else "undone",
            one.time,
            one.words,
        )
        for one in steps
    ]
    body = [
        {
            "step": one.number,
            "words": one.words,
            "time": one.time,
            "state": _state(one),
            "count": one.count,
            "current": one.is_current,
        }
        for one in steps
    ]
    return Outcome(
        {"steps": body}, Table(("step", "state", "time", "what"), rows, empty="Nothing was changed by hand yet.")
    )


def _state(step: EditStep) -> str:
    return "applied" if step.is_applied else "undone"


async def _undo(context: CommandContext) -> Outcome:
    async with context.services() as services:
        result = await services.editing.undo()
        return edit_outcome(result, await services.editing.changed_ids(result))


async def _redo(context: CommandContext) -> Outcome:
    async with context.services() as services:
        result = await services.editing.redo()
        return edit_outcome(result, await services.editing.changed_ids(result))


async def _goto(context: CommandContext) -> Outcome:
    async with context.services() as services, aclosing(services.editing.walk(context.arguments.step)) as events:
        async for event in events:
            match event:
                case Progressed(stage, done, total, unit):
                    context.progress.update(f"{stage}: {done:,} of {total:,} {unit}")
                case Edited(result):
                    return edit_outcome(result, result.changed)
    raise InternalFault("The walk ended without a result")


async def _name(context: CommandContext) -> Outcome:
    arguments = context.arguments
    async with context.services() as services:
        version = await services.editing.name_version(arguments.name, arguments.version)
    body = {"name": arguments.name, "dataset_version": version.dataset_version, "content_hash": version.content_hash}
    return Outcome(body, f"Version {version.dataset_version} is {arguments.name} from now on, and is kept for good")
