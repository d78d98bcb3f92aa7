"""``webtune recipe``: what prepare does, and how to change it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand, subcommands
from webtune_tui.domain.errors import UsageError
from webtune_tui.services.prepare import StepDescription

SUMMARY = "show and change the recipe that turns records into a dataset"
EXAMPLES = (
    "webtune recipe show",
    "webtune recipe steps",
    "webtune recipe set steps.length.enabled=true steps.length.minimum=80",
    'webtune recipe set mix.general.match="general*.jsonl" mix.general.share=0.3 mix.rest.share=0.7',
    'webtune recipe set template.user="Describe {title}" template.assistant="{description}"',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The commands below this one."""
    group = subcommands(parser)
    add_subcommand(
        group,
        "show",
        _show,
        access=Access.READ,
        summary="Print the recipe.",
        examples=("webtune recipe show --json",),
    )
    add_subcommand(
        group,
        "steps",
        _steps,
        access=Access.READ,
        summary="List every step with its options.",
        examples=("webtune recipe steps",),
    )
    setting = add_subcommand(
        group,
        "set",
        _set,
        access=Access.WRITE,
        summary="Set keys of the recipe; the next prepare uses them.",
        examples=("webtune recipe set split.seed=7", "webtune recipe set steps.near_duplicates.similarity=0.9"),
    )
    setting.add_argument("assignments", nargs="+", metavar="KEY=VALUE", help="such as steps.length.minimum=80")


async def _show(context: CommandContext) -> Outcome:
    async with context.services() as services:
        recipe = dict(await services.prepare.recipe())
    return Outcome(recipe, "\n".join(_recipe_lines(recipe)))


async def _steps(context: CommandContext) -> Outcome:
    async with context.services() as services:
        steps = await services.prepare.steps()
    return Outcome({"steps": [_step_json(step) for step in steps]}, "\n".join(_step_lines(steps)))


async def _set(context: CommandContext) -> Outcome:
    assignments = dict(_assignment(text) for text in context.arguments.assignments)
    async with context.services() as services:
        changed = list(await services.prepare.set_option(assignments))
    told = f"Changed {', '.join(changed)}. Run: webtune prepare" if changed else "Nothing changed."
    return Outcome({"content_hash": None, "changed": changed}, told)


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"{text!r} sets nothing", hint="Write KEY=VALUE, such as split.seed=7.")
    return key.strip(), value


def _step_json(step: StepDescription) -> dict[str, Any]:
    return {
        "name": step.name,
        "title": step.title,
        "enabled": step.enabled,
        "is_default": step.is_default,
        "options": [dict(option) for option in step.options],
    }


def _step_lines(steps: Sequence[StepDescription]) -> Iterator[str]:
    for step in steps:
        yield f"{'on ' if step.enabled else 'off'}  {step.name}  ({step.title})"
        for option in step.options:
            value = json.dumps(option["value"], ensure_ascii=False)
            yield f"       {option['name']} = {value}  {option['label']}. {option['help']}".rstrip()


def _recipe_lines(recipe: Mapping[str, Any]) -> Iterator[str]:
    for name, text in recipe.get("template", {}).items():
        yield f"template.{name} = {json.dumps(text, ensure_ascii=False)}"
    for step, values in recipe["steps"].items():
        told = ", ".join(f"{key} {json.dumps(value)}" for key, value in values.items() if key != "enabled")
        yield f"steps.{step}: {'on' if values['enabled'] else 'off'}{f' ({told})' if told else ''}"
    split = recipe["split"]
    yield "split: " + ", ".join(f"{key} {split[key]:g}" for key in ("train", "validation", "test", "seed"))
    if recipe["edits"]:
        yield f"edits: {len(recipe['edits'])}"
