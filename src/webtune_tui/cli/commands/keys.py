"""``webtune keys``: setting, listing, checking and deleting the keys of services."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import getpass
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, subcommands
from webtune_tui.credentials.detached import run_detached
from webtune_tui.domain.credentials import KeySource, KeyState, Secret
from webtune_tui.domain.errors import CredentialMissing, CredentialRefused, TryLater, UsageError, WebtuneError
from webtune_tui.services.accounts import AccountsService

SUMMARY = "keep keys in the OS keyring, see where they come from, check them"
EXAMPLES = (
    "webtune keys set brightdata",
    "pass show brightdata | webtune keys set brightdata",
    "webtune keys list",
    "webtune keys check brightdata",
)
ACCESS = Access.NONE
_LONGEST_KEY = 16_384  # bytes; beyond that something else was piped in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands."""
    group = subcommands(parser)
    name_help = "brightdata, openai, nebius, together, foundry, huggingface, or a provider of config.toml"
    setting = add_subcommand(
        group,
        "set",
        set_key,
        access=Access.NONE,
        summary="keep a key, typed at a hidden prompt or piped in; never given as an argument",
        examples=("webtune keys set brightdata", "pass show openai | webtune keys set openai --no-input"),
    )
    setting.add_argument("name", metavar="NAME", help=name_help)
    add_subcommand(
        group,
        "list",
        list_keys,
        access=Access.NONE,
        summary="where each key comes from, with its last four characters",
        examples=("webtune keys list", "webtune keys list --json"),
    )
    check = add_subcommand(
        group,
        "check",
        check_keys,
        access=Access.NONE,
        summary="ask the services whether they take the keys; spends nothing",
        examples=("webtune keys check", "webtune keys check brightdata"),
    )
    check.add_argument("name", metavar="NAME", nargs="?", help=f"{name_help} (default: every key that is set)")
    delete = add_subcommand(
        group,
        "delete",
        delete_key,
        access=Access.NONE,
        summary="remove a key from the OS keyring",
        examples=("webtune keys delete brightdata",),
    )
    delete.add_argument("name", metavar="NAME", help=name_help)


async def set_key(context: CommandContext) -> Outcome:
    """Reads the key and keeps it in the OS keyring."""
    accounts = AccountsService(context.settings())
    key = accounts.named(context.arguments.name)
    line = await _read_line(context, f"Key for {key.title} ({key.host}): ")
    state = await accounts.store(key.name, Secret(line))
    lines = [f"The key …{state.last4} for {state.title} is in the keyring; it is sent to {state.host} only."]
    if state.detail:
        lines.append(f"Note: {state.detail}.")
    return Outcome(_body(state) | {"keys": [_body(state)]}, "\n".join(lines))


async def list_keys(context: CommandContext) -> Outcome:
    """Where each key comes from."""
    states = await AccountsService(context.settings()).states()
    return Outcome({"keys": [_body(state) for state in states]}, _table(states))


async def check_keys(context: CommandContext) -> Outcome:
    """Checks one key or every key that is set."""
    accounts = AccountsService(context.settings())
    if context.arguments.name:
        states = [await _check_one(accounts, context.arguments.name)]
    else:
        states = [await _check_calmly(accounts, state) for state in await accounts.states()]
    bodies = [_body(state) | {"valid": state.valid} for state in states]
    data = {"keys": bodies} | (bodies[0] if len(bodies) == 1 else {})
    refused = [state for state in states if state.valid is False]
    if refused:
        raise CredentialRefused(
            "; ".join(f"{state.title}: {state.detail}" for state in refused),
            hint=f"Set a new one: webtune keys set {refused[0].name}",
            fields=data,
        )
    if all(state.source is KeySource.NONE for state in states):
        raise CredentialMissing("No key is set", hint="Run: webtune keys set NAME", fields=data)
    return Outcome(data, _table(states, checked=True))


async def delete_key(context: CommandContext) -> Outcome:
    """Removes a key from the keyring."""
    accounts = AccountsService(context.settings())
    name = accounts.named(context.arguments.name).name
    deleted = await accounts.delete(name)
    states = [state for state in await accounts.states() if state.name == name]
    text = f"The key for {name} is deleted." if deleted else f"There was no key for {name} in the keyring."
    if states and states[0].source is KeySource.ENVIRONMENT:
        text += f" {states[0].variable} is still set in the environment."
    return Outcome({"name": name, "deleted": deleted, "keys": [_body(state) for state in states]}, text)


async def _check_one(accounts: AccountsService, name: str) -> KeyState:
    """One key that was asked for: what keeps it from being checked is the command's end."""
    try:
        return await accounts.check(name)
    except WebtuneError as error:
        is_missing = isinstance(error, CredentialMissing)
        error.fields |= {"name": name, "valid": False if is_missing else None, "detail": error.message}
        raise


async def _check_calmly(accounts: AccountsService, state: KeyState) -> KeyState:
    """One key of many: what keeps it from being checked stands in its row."""
    if state.source is KeySource.NONE:
        return state
    try:
        return await accounts.check(state.name)
    except (TryLater, CredentialMissing, UsageError) as error:
        return dataclasses.replace(state, detail=error.message)


async def _read_line(context: CommandContext, prompt: str) -> str:
    """The key from a hidden prompt on a terminal, else the first line of stdin.

    Raises:
        UsageError: the terminal may not be asked, or stdin holds no text.
    """
    if sys.stdin.isatty():
        if context.arguments.no_input:
            raise UsageError("A key is needed and --no-input forbids to ask", hint="Pipe it in on stdin.")
        with _terminal_restored():
            return await asyncio.wrap_future(run_detached(lambda: _prompt(prompt), name="prompt"))
    line = sys.stdin.buffer.readline(_LONGEST_KEY + 1)
    if len(line) > _LONGEST_KEY:
        raise UsageError("What came on stdin is too long for a key", hint="Pipe in the key alone, as one line.")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("What came on stdin is no text", hint="Pipe in the key alone, as one line.") from None


def _prompt(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError:
        return ""


@contextlib.contextmanager
def _terminal_restored() -> Iterator[None]:
    """Gives the terminal its echo back, also when a signal ends the prompt."""
    try:
        import termios  # POSIX only
    except ImportError:
        yield
        return
    before = termios.tcgetattr(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)


def _body(state: KeyState) -> dict[str, Any]:
    return {
        "name": state.name,
        "source": state.source.value,
        "last4": state.last4,
        "host": state.host,
        "variable": state.variable,
        "detail": state.detail,
    }


def _table(states: Sequence[KeyState], *, checked: bool = False) -> Table:
    words = {True: "valid", False: "refused", None: "not known"}
    columns = ["name", "source", "key", "for", "detail"]
    rows: list[list[object]] = [
        [state.name, state.source.value, f"…{state.last4}" if state.last4 else "", state.host, state.detail]
        for state in states
    ]
    if checked:
        columns.insert(3, "check")
        for row, state in zip(rows, states, strict=True):
            row.insert(3, "" if state.source is KeySource.NONE else words[state.valid])
    return Table(columns, rows)
