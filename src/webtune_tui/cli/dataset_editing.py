"""``webtune dataset drop``, ``replace``, ``move``, ``tag``, ``trim``, ``retemplate`` and ``apply``: many at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand, whole_number
from webtune_tui.domain.edit_steps import Edited, EditPreview, EditResult
from webtune_tui.domain.errors import InternalFault, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.examples import Example, Message, chat_row
from webtune_tui.domain.selections import Selection
from webtune_tui.domain.word_changes import WordChange, word_changes
from webtune_tui.pipeline.edit import edit_names, operation_of

if TYPE_CHECKING:
    from webtune_tui.pipeline.edits.base import Operation

Operator = Callable[[argparse.Namespace], "Operation"]
_MARKS = {"gone": ("[-", "-]"), "new": ("{+", "+}")}
_WHERE = "--where 'tokens > 800'"


def add_editing_commands(group: Any) -> None:
    """The commands that change many examples."""
    _add(group, "drop", lambda _: operation_of("drop"), "Take examples out of the dataset.", f"drop {_WHERE}")
    replace = _add(
        group,
        "replace",
        _replace,
        "Replace a text, or what a regular expression matches.",
        'replace --where all --find "colour" --with "color" --preview',
    )
    found = replace.add_mutually_exclusive_group(required=True)
    found.add_argument("--find", metavar="TEXT", help="a text as it stands")
    found.add_argument("--regex", metavar="PATTERN", help="a regular expression, as Python reads it")
    replace.add_argument(
        "--with", dest="replacement", required=True, metavar="TEXT", help=r"with --regex \1 is its first group"
    )
    _add_roles(replace, "whose messages (assistant)")
    move = _add(
        group,
        "move",
        lambda chosen: operation_of("move", to=chosen.to),
        "Move examples to another split, near-duplicates along with them.",
        "move ex-0123456789abcdef --to validation",
    )
    move.add_argument("--to", required=True, metavar="SPLIT", help="train, validation or test")
    for name, told in (("tag", "Mark examples with a tag of yours."), ("untag", "Take a tag from examples.")):
        tag = _add(group, name, _tagger(name), told, f"{name} {_WHERE} --tag long")
        tag.add_argument("--tag", required=True, metavar="TAG", help="a word without spaces")
    trim = _add(
        group,
        "trim",
        _trim,
        "Take needless space away; cut long answers at the end of a sentence.",
        "trim --where 'tokens > 800' --tokens 400",
    )
    trim.add_argument("--tokens", type=whole_number(0), default=0, metavar="N", help="the longest answer")
    trim.add_argument("--keep-space", action="store_true", help="leave space as it is")
    _add_roles(trim, "whose space (user and assistant)")
    anew = _add(
        group,
        "retemplate",
        lambda chosen: operation_of("retemplate", system=chosen.system, user=chosen.user, assistant=chosen.assistant),
        "Write examples anew from their records with another template.",
        "retemplate --where all --user 'What is {title}?' --assistant '{description}' --preview",
    )
    anew.add_argument("--user", required=True, metavar="TEXT", help="the prompt; {field} takes a value of the record")
    anew.add_argument("--assistant", required=True, metavar="TEXT", help="the answer")
    anew.add_argument("--system", default="", metavar="TEXT", help="the system message (none)")
    apply = _add(
        group,
        "apply",
        _any,
        f"Apply any operation: {', '.join(name for name in edit_names() if name not in ('set', 'keep'))}.",
        "apply split_in_two ex-0123456789abcdef --set message=2",
        first="operation",
    )
    apply.add_argument("--set", dest="options", action="append", default=[], metavar="OPTION=VALUE")


def _add(group: Any, name: str, operator: Operator, summary: str, example: str, *, first: str = "") -> Any:
    async def handle(context: CommandContext) -> Outcome:
        return await edited(context, operator(context.arguments))

    command = add_subcommand(
        group, name, handle, access=Access.WRITE, summary=summary, examples=(f"webtune dataset {example}",)
    )
    if first:
        command.add_argument(first, metavar=first.upper(), choices=[one for one in edit_names() if one != "set"])
    command.add_argument("example_ids", nargs="*", metavar="EXAMPLE_ID")
    command.add_argument("--where", metavar="CONDITION", help="instead of ids: a condition, or: all")
    command.add_argument("--preview", action="store_true", help="tell what would change, and change nothing")
    return command


def _add_roles(command: Any, told: str) -> None:
    command.add_argument("--role", dest="roles", action="append", metavar="ROLE", help=told)


def _replace(chosen: argparse.Namespace) -> Operation:
    roles = {"roles": chosen.roles} if chosen.roles else {}
    is_regex = chosen.regex is not None
    find = chosen.regex if is_regex else chosen.find
    return operation_of("replace", find=find, replacement=chosen.replacement, regex=is_regex, **roles)


def _trim(chosen: argparse.Namespace) -> Operation:
    roles = {"roles": chosen.roles} if chosen.roles else {}
    return operation_of("trim", tokens=chosen.tokens, space=not chosen.keep_space, **roles)


def _tagger(name: str) -> Operator:
    return lambda chosen: operation_of(name, tag=chosen.tag)


def _any(chosen: argparse.Namespace) -> Operation:
    return operation_of(chosen.operation, **dict(map(_assignment, chosen.options)))


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} sets nothing", hint="Write OPTION=VALUE, such as message=2.")
    return name.strip(), value


async def edited(context: CommandContext, operation: Operation) -> Outcome:
    """Applies an operation to what the arguments select, or previews it."""
    arguments = context.arguments
    selection = Selection(Selection.of(*arguments.example_ids).ids, arguments.where or "")
    async with context.services() as services:
        if arguments.preview:
            return _previewed(await services.editing.preview(operation, selection))
        result: EditResult | None = None
        async with aclosing(services.editing.run(operation, selection)) as events:
            async for event in events:
                match event:
                    case Progressed(stage, done, total, unit):
                        context.progress.update(f"{stage}: {done:,}{f' of {total:,}' if total else ''} {unit}")
                    case Edited(result):
                        pass
        if result is None:
            raise InternalFault("The edit ended without a result")
        ids = await services.editing.changed_ids(result) if arguments.json else result.changed
    return edit_outcome(result, ids)


def edit_outcome(result: EditResult, ids: Sequence[str]) -> Outcome:
    """What an edit did: the fields of the contract, and a sentence."""
    body = {
        "dataset_version": result.version.dataset_version,
        "content_hash": result.version.content_hash,
        "changed": list(ids),
        "count": result.count,
        "left": result.left,
        "reasons": dict(result.reasons),
        "waiting": list(result.waiting),
        "step": result.words,
    }
    told = [f"{result.words}; the working version is {result.version.dataset_version}"]
    told += left_lines(result.left, result.reasons)
    return Outcome(body, "\n".join(told))


def _previewed(preview: EditPreview) -> Outcome:
    body = {
        "preview": True,
        "met": preview.met,
        "looked_at": preview.looked_at,
        "would_change": preview.changed,
        "occurrences": preview.occurrences,
        "left": preview.left,
        "reasons": dict(preview.reasons),
        "refusal": preview.refusal or None,
        "samples": [
            {"id": one.before.example_id, "before": _json(one.before), "after": [_json(after) for after in one.after]}
            for one in preview.samples
        ],
    }
    return Outcome(body, "\n".join(_preview_lines(preview)))


def _preview_lines(preview: EditPreview) -> Iterator[str]:
    if preview.refusal:
        yield f"It would be refused: {preview.refusal}"
        return
    looked = "" if preview.is_complete else f", looked at {preview.looked_at:,} of them"
    yield f"{preview.met:,} selected{looked}: {preview.changed:,} would change"
    if preview.occurrences:
        yield f"{preview.occurrences:,} occurrences"
    yield from left_lines(preview.left, preview.reasons, "would stay")
    for sample in preview.samples:
        yield ""
        yield from _sample_lines(sample.before, sample.after)


def left_lines(left: int, reasons: Mapping[str, int], stay: str = "stay") -> Iterator[str]:
    """How many are left as they are, and why."""
    if left:
        yield f"{left:,} {stay} as they are: it does not fit them"
        yield from (f"  {count:,}: {why}" for why, count in reasons.items())


def _sample_lines(before: Example, after: Sequence[Example]) -> Iterator[str]:
    yield before.example_id
    if not after:
        yield "  it goes"
    for number, one in enumerate(after):
        if number:
            yield f"  and a new one with {len(one.messages)} messages"
            continue
        if one.split is not before.split:
            yield f"  {before.split.value} -> {one.split.value}"
        if one.flags != before.flags:
            yield f"  flags: {', '.join(before.flags) or '-'} -> {', '.join(one.flags) or '-'}"
        shown, told = _with_a_system(before.messages, one.messages)
        for old, new in zip(shown, told, strict=False):
            if old.content != new.content:
                yield f"  {new.role}: {marked(word_changes(old.content, new.content))}"
            elif old != new:
                yield f"  {old.role} (weight {old.weight}) -> {new.role} (weight {new.weight})"


def _with_a_system(*sides: Sequence[Message]) -> list[list[Message]]:
    """Both sides with a system message where one has it, so that the others stand beside each other."""
    has_one = any(messages and messages[0].role == "system" for messages in sides)
    lacking = [has_one and not (messages and messages[0].role == "system") for messages in sides]
    return [
        [*([Message("system", "")] if lacks else []), *messages] for lacks, messages in zip(lacking, sides, strict=True)
    ]


def marked(words: Iterable[WordChange]) -> str:
    """Two texts in one, as a person reads it without colours: ``[-old-]`` and ``{+new+}``."""
    parts: list[str] = []
    last = ""
    for one in words:
        if one.kind != last:
            parts += [_MARKS.get(last, ("", ""))[1], _MARKS.get(one.kind, ("", ""))[0]]
        parts.append(one.text)
        last = one.kind
    return "".join([*parts, _MARKS.get(last, ("", ""))[1]])


def _json(example: Example) -> dict[str, Any]:
    return {"split": example.split.value, **chat_row(example.messages), "flags": list(example.flags)}
