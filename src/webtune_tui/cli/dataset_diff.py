"""``webtune dataset diff``: which examples differ between two versions, word by word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand, whole_number
from webtune_tui.cli.dataset_editing import marked
from webtune_tui.domain.edit_steps import ExampleChange
from webtune_tui.domain.examples import chat_row

_SHOWN = 20


def add_diff_command(group: Any) -> None:
    """The command."""
    diff = add_subcommand(
        group,
        "diff",
        _diff,
        access=Access.READ,
        summary="Tell which examples differ between two versions, word by word.",
        examples=("webtune dataset diff 3f2a 9b1c", "webtune dataset diff baseline 9b1c --words --json"),
    )
    diff.add_argument("before", metavar="A", help="a version's name or the head of its hash")
    diff.add_argument("after", metavar="B")
    diff.add_argument("--words", action="store_true", help="with --json: the messages and words too, as changes")
    diff.add_argument(
        "--limit", type=whole_number(0), default=_SHOWN, metavar="N", help=f"show the words of N examples ({_SHOWN})"
    )


async def _diff(context: CommandContext) -> Outcome:
    arguments = context.arguments
    body: dict[str, Any] = {"added": [], "removed": [], "edited": []}
    changes: list[dict[str, Any]] = []
    lines: list[str] = []
    async with context.services() as services:
        found = services.editing.changes(arguments.before, arguments.after)
        async with aclosing(found):
            async for one in found:
                body[one.kind].append(one.example_id)
                count = sum(map(len, body.values()))
                if arguments.words:
                    changes.append(_json(one))
                if count <= arguments.limit:
                    lines += _lines(one)
                else:
                    lines.append(f"{_MARKS[one.kind]} {one.example_id}")
    lines.append(", ".join(f"{len(ids):,} {kind}" for kind, ids in body.items()))
    return Outcome(body | ({"changes": changes} if arguments.words else {}), "\n".join(lines))


_MARKS = {"added": "+", "removed": "-", "edited": "~"}


def _lines(change: ExampleChange) -> Iterator[str]:
    if change.kind == "edited":
        moved = f"  {change.split_before} -> {change.split_after}" if change.split_before != change.split_after else ""
        yield f"~ {change.example_id}{moved}"
        for one in change.messages:
            yield f"    {one.role}: {marked(one.words)}".replace("\n", "\n      ")
        return
    messages = change.after or change.before
    yield f"{_MARKS[change.kind]} {change.example_id}  {change.split_after or change.split_before}"
    for message in messages:
        yield f"    {message.role}: {message.content}".replace("\n", "\n      ")


def _json(change: ExampleChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "id": change.example_id,
        "split_before": change.split_before or None,
        "split_after": change.split_after or None,
        "before": chat_row(change.before) if change.before else None,
        "after": chat_row(change.after) if change.after else None,
        "messages": [
            {
                "place": one.place,
                "role": one.role,
                "words": [{"kind": part.kind, "text": part.text} for part in one.words],
            }
            for one in change.messages
        ],
    }
