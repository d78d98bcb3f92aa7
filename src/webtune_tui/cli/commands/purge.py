"""``webtune purge``: erase a person, remove a workspace, empty the caches."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome
from webtune_tui.domain.erasure import AffectedJob, AffectedVersion, PersonFound, PersonRemoved, RemovedPath
from webtune_tui.domain.errors import ConfirmationNeeded, UsageError, WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.mentions import Person
from webtune_tui.settings import cache_folder

SUMMARY = "removal: a person from every stage, a whole workspace, or the caches of this machine"
EXAMPLES = (
    'webtune purge --person anna@example.com --person "Anna Example"',
    "webtune purge -w ./my-project --workspace",
    "webtune purge --cache",
)
ACCESS = Access.NONE

_WORDS = {
    "records": "records", "errors": "error rows", "sightings": "records seen again",
    "raw_ranges": "places in raw files",
    "raw_files": "raw files that can only be emptied whole", "pages": "saved pages", "rejects": "rejected rows",
    "dropped": "notes of dropped records", "examples": "examples", "edits": "edits", "drafts": "unsaved edits",
    "recipes": "recipe files", "exports": "exported files", "jobs": "lines and files of local jobs",
    "chats": "chat messages", "evaluations": "cases of evaluations", "generated": "generated questions",
    "texts": "other texts in the database",
    "files": "other files",
}  # fmt: skip


@dataclass(frozen=True)
class _Whole:
    """``--workspace`` without a folder: the workspace itself is meant."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is to be removed: one of three things."""
    # everywhere else --workspace names the folder alone; here it is also what is to be removed, and -w still names it
    group = parser.add_argument_group("what is removed", conflict_handler="resolve")
    group.add_argument(
        "--person",
        metavar="TEXT",
        action="append",
        default=[],
        help="a name, e-mail address, profile address or phone number; give it again for each form of the same person",
    )
    group.add_argument("--exact", action="store_true", help="take the case and spacing of TEXT as they are written")
    group.add_argument(
        "--workspace",
        metavar="DIR",
        nargs="?",
        const=_Whole(),
        default=argparse.SUPPRESS,
        dest="whole",
        help="remove the whole workspace (DIR, or the one of -w); with --person or --cache it names the folder",
    )
    group.add_argument("--cache", action="store_true", help="remove base models and other caches of this machine")


async def run(context: CommandContext) -> Outcome:
    """One of the three removals."""
    given = context.arguments
    whole = getattr(given, "whole", None)
    if isinstance(whole, str):
        given.workspace = whole
    is_whole = whole is not None and (isinstance(whole, _Whole) or not (given.person or given.cache))
    if sum((bool(given.person), given.cache, is_whole)) != 1:
        raise UsageError(
            "purge removes one thing at a time", hint="Give --person TEXT, --workspace or --cache; see: --help"
        )
    if given.person:
        return await _person(context, Person(tuple(given.person), given.exact))
    return await (_cache(context) if given.cache else _workspace(context))


async def _person(context: CommandContext, person: Person) -> Outcome:
    access = Access.WRITE if (context.workspace / "workspace.db").exists() else Access.READ
    async with context.services(access) as services:
        found: PersonFound | None = None
        async with aclosing(services.purge.find(person)) as events:
            async for event in events:
                found = _shown(context, event) or found
        assert found is not None, "a search ends with what it found"
        body = _person_body(found, None, found.left)
        if found.is_empty:
            return Outcome(body, "Nothing in this workspace mentions this person.")
        for line in _listing(found):
            context.progress.say(line)
        context.known.update(body)
        context.confirm("Remove all of it for good?")
        removed: PersonRemoved | None = None
        async with aclosing(services.purge.remove(person, found)) as steps:
            async for step in steps:
                if isinstance(step, PersonRemoved):
                    removed = step
                else:
                    found = _shown(context, step) or found
        assert removed is not None, "a removal ends with what it removed"
    return Outcome(_person_body(found, removed, removed.left), _receipt(removed))


def _shown(context: CommandContext, event: Progressed | PersonFound) -> PersonFound | None:
    if isinstance(event, PersonFound):
        return event
    context.progress.update(f"{event.stage}: {event.done:,}")
    return None


def _person_body(found: PersonFound, removed: PersonRemoved | None, left: Sequence[str]) -> dict[str, Any]:
    versions = removed.versions if removed else found.versions
    return {
        "matches": dict(found.matches),
        "places": {stage: list(places) for stage, places in found.places.items() if places},
        "affected": {
            "versions": [_version(one) for one in versions],
            "jobs": [_job(one) for one in found.jobs],
            "models": list(found.models),
        },
        "removed": dict(removed.removed) if removed else None,
        "left": list(left),
        "dataset_version": removed.dataset_version if removed else None,
    }


def _version(one: AffectedVersion) -> Mapping[str, Any]:
    return asdict(one)


def _job(one: AffectedJob) -> Mapping[str, Any]:
    return asdict(one) | {"models": list(one.models), "files": list(one.files)}


def _listing(found: PersonFound) -> list[str]:
    lines = ["Found in this workspace:"]
    for stage, count in found.matches.items():
        if count:
            lines.append(f"  {count:>9,}  {_WORDS[stage]}")
            lines += [f"             {place}" for place in found.places.get(stage, ())[:5]]
    if found.is_interrupted:
        lines.append("An earlier removal was interrupted; it is ended now.")
    if found.versions:
        lines.append("Dataset versions that lose examples (their old names will find what is left of them):")
        lines += [f"  {one.dataset_version}  {one.examples:,} examples" for one in found.versions[:10]]
    lines += _left(found.left)
    return lines


def _receipt(removed: PersonRemoved) -> str:
    counts = [f"{count:,} {_WORDS[stage]}" for stage, count in removed.removed.items() if count]
    lines = [f"Removed: {', '.join(counts) or 'what an earlier removal had left'}."]
    lines += [f"{one.dataset_version} is {one.now} now" for one in removed.versions if one.now]
    lines += _left(removed.left)
    if removed.versions:
        lines.append("Next: webtune prepare, so that the dataset is made of what is left.")
    return "\n".join(lines)


def _left(left: Sequence[str]) -> list[str]:
    return ["What can't be undone from here:", *(f"  {one}" for one in left)] if left else []


async def _workspace(context: CommandContext) -> Outcome:
    from webtune_tui.services import purge_places

    root = context.workspace
    found = await purge_places.look_at_workspace(root)
    _list_paths(context, found.paths)
    _confirm(context, f"Remove the workspace {root} with {_size(found.bytes)} for good?", found.paths)
    gone = await purge_places.remove_workspace(root)
    data = _paths_body(gone.removed) | {"left": list(gone.left)}
    text = "\n".join((f"Removed {root}: {_size(gone.freed_bytes)} freed.", *_left(gone.left)))
    return Outcome(data, text)


async def _cache(context: CommandContext) -> Outcome:
    from webtune_tui.services import purge_places

    cache: Path = cache_folder()
    found = await purge_places.look_at_caches(cache)
    if not found:
        return Outcome(_paths_body(()), f"Nothing is cached in {cache}.")
    _list_paths(context, found)
    _confirm(context, f"Remove what is cached in {cache}? It can be fetched again.", found)
    gone = await purge_places.remove_caches(cache)
    return Outcome(_paths_body(gone.removed), f"Emptied {cache}: {_size(gone.freed_bytes)} freed.")


def _confirm(context: CommandContext, question: str, paths: Sequence[RemovedPath]) -> None:
    try:
        context.confirm(question)
    except ConfirmationNeeded as error:
        _add_fields(error, {"found": [asdict(one) for one in paths], "removed": []})
        raise


def _add_fields(error: WebtuneError, fields: Mapping[str, Any]) -> None:
    error.fields = dict(fields) | error.fields


def _list_paths(context: CommandContext, paths: Sequence[RemovedPath]) -> None:
    for one in paths:
        context.progress.say(f"  {_size(one.bytes):>12}  {one.path}")


def _paths_body(paths: Sequence[RemovedPath]) -> dict[str, Any]:
    return {"removed": [asdict(one) for one in paths], "freed_bytes": sum(one.bytes for one in paths)}


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
