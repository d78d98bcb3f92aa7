"""``webtune dataset``: look at dataset versions, edit the working one, write files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, subcommands
from webtune_tui.cli.dataset_diff import add_diff_command
from webtune_tui.cli.dataset_editing import add_editing_commands, edit_outcome
from webtune_tui.cli.dataset_export import add_export_command
from webtune_tui.cli.dataset_history import add_history_commands
from webtune_tui.cli.dataset_packing import add_packing_command
from webtune_tui.cli.dataset_pairs import add_pairs_command
from webtune_tui.cli.dataset_private import add_private_command
from webtune_tui.cli.dataset_questions import add_questions_command
from webtune_tui.cli.dataset_rows import add_row_commands
from webtune_tui.cli.dataset_show import add_show_command
from webtune_tui.cli.dataset_statistics import add_statistics_command
from webtune_tui.cli.dataset_triage import add_triage_command
from webtune_tui.cli.origin_report import origin_fields, origin_lines
from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.origins import RAW_LIMIT

SUMMARY = "look at dataset versions, edit the working one, export it"
EXAMPLES = (
    "webtune dataset list",
    "webtune dataset show --limit 5",
    'webtune dataset edit ex-0123456789abcdef --set assistant="A better answer."',
    "webtune dataset export",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The commands below this one."""
    group = subcommands(parser)
    add_subcommand(
        group,
        "list",
        _list,
        access=Access.READ,
        summary="List the versions.",
        examples=("webtune dataset list",),
    )
    add_show_command(group)
    add_statistics_command(group)
    add_diff_command(group)
    lineage = add_subcommand(
        group,
        "lineage",
        _lineage,
        access=Access.READ,
        summary="Tell which records an example was made from, and where their bytes lie.",
        examples=(
            "webtune dataset lineage ex-0123456789abcdef",
            "webtune dataset lineage ex-0123456789abcdef --raw",
        ),
    )
    lineage.add_argument("example_id", metavar="EXAMPLE_ID")
    lineage.add_argument("--raw", action="store_true", help="print the raw bytes of each record, cut where it is long")
    lineage.add_argument("version", nargs="?", metavar="VERSION", help="of another version than the working one")
    _add_editing(group)
    add_row_commands(group)
    add_packing_command(group)
    add_triage_command(group)
    add_private_command(group)
    add_questions_command(group)
    add_pairs_command(group)
    add_export_command(group)


def _add_editing(group: Any) -> None:
    edit = add_subcommand(
        group,
        "edit",
        _edit,
        access=Access.WRITE,
        summary="Set texts of an example; the change becomes a step of the recipe.",
        examples=('webtune dataset edit ex-0123456789abcdef --set assistant="A better answer."',),
    )
    edit.add_argument("example_id", metavar="EXAMPLE_ID")
    edit.add_argument(
        "--set",
        dest="assignments",
        action="append",
        required=True,
        metavar="FIELD=TEXT",
        help="system, user, assistant or messages[N].content",
    )
    add_editing_commands(group)
    add_history_commands(group)


async def _list(context: CommandContext) -> Outcome:
    async with context.services() as services:
        versions = await services.curate.versions()
    rows = [
        (
            one.dataset_version + (" *" if one.is_working else ""),
            ", ".join(one.names),
            one.examples,
            _splits(one.splits),
            one.tokens,
            one.created,
        )
        for one in versions
    ]
    table = Table(
        ("version", "name", "examples", "train / validation / test", "tokens", "created"),
        rows,
        empty="There is no dataset yet. Make one with: webtune prepare",
    )
    return Outcome({"versions": [_version_json(one) for one in versions]}, table)


async def _lineage(context: CommandContext) -> Outcome:
    from webtune_tui.pipeline.generated import FLAG  # the other commands do without

    example_id, with_raw = context.arguments.example_id, context.arguments.raw
    async with context.services() as services:
        example = await services.curate.example(example_id, context.arguments.version)
        origins = await services.origins.of_records(example.record_ids, limit=RAW_LIMIT if with_raw else 1)
        question = await services.questions.question_of(example_id) if FLAG in example.flags else None
    records = [origin_fields(origin, context.workspace, with_raw=with_raw) for origin in origins]
    lines = [origin_lines(origin, with_raw=with_raw) for origin in origins] or [["No record is known."]]
    body: dict[str, Any] = {"example_id": example_id, "records": records}
    if question is not None:
        body["question"] = {"provider": question.provider, "model": question.model, "time": question.time}
        lines.append([f"The question was written by {question.model} at {question.provider} on {question.time}"])
    return Outcome(body, "\n\n".join("\n".join(told) for told in lines))


async def _edit(context: CommandContext) -> Outcome:
    changes = dict(_assignment(text) for text in context.arguments.assignments)
    async with context.services() as services:
        result = await services.curate.edit(context.arguments.example_id, changes)
    return edit_outcome(result, result.changed)


def _assignment(text: str) -> tuple[str, str]:
    field, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} sets nothing", hint='Write FIELD=TEXT, such as assistant="A better answer."')
    return field.strip(), value


def _version_json(version: DatasetVersion) -> dict[str, Any]:
    return {
        "dataset_version": version.dataset_version,
        "content_hash": version.content_hash,
        "examples": version.examples,
        "splits": dict(version.splits),
        "created": version.created,
        "tokens": version.tokens,
        "encoding": version.encoding,
        "working": version.is_working,
        "names": list(version.names),
    }


def _splits(splits: Mapping[str, int]) -> str:
    return " / ".join(str(splits.get(name, 0)) for name in ("train", "validation", "test"))
