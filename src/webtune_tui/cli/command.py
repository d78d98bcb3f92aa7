"""What a command is made of: its parser, what it may touch, and what it hands back."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webtune_tui import settings as settings_module
from webtune_tui.cli.diagnostics import Progress
from webtune_tui.domain.errors import ConfirmationNeeded, UsageError

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services
    from webtune_tui.settings import Settings


class Access(Enum):
    """What a command does with the workspace."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    WRITE_IF_FREE = "write if free"  # goes on read-only beside another writer


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for a person to read; every cell may be outside text."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    empty: str = "Nothing here yet."
    wraps: bool = False
    """Whether the last column goes on in further lines where it does not fit, instead of being cut."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished command: ``data`` is the JSON object of the contract, ``text`` what a person reads instead."""

    data: dict[str, Any]
    text: str | Table | Sequence[str | Table] = ""
    exit_code: int = 0


Handler = Callable[["CommandContext"], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a running command works with."""

    arguments: argparse.Namespace
    progress: Progress
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """The chosen workspace folder, absolute."""
        return settings_module.workspace_path(self.arguments.workspace)

    def settings(self) -> Settings:
        """The merged settings for this workspace."""
        return settings_module.load(self.workspace)

    @contextlib.asynccontextmanager
    async def services(
        self, access: Access | None = None, *, workspace: Path | None = None, settings: Settings | None = None
    ) -> AsyncIterator[Services]:
        """The product's services on the workspace, opened as the command declared."""
        from webtune_tui.bootstrap import open_services  # commands that need no workspace start faster

        root = workspace or self.workspace
        async with open_services(
            root,
            settings or settings_module.load(root),
            command=f"webtune {self.arguments.command}",
            mode=(access or self.arguments.access).value,
        ) as services:
            yield services

    def confirm(self, question: str) -> None:
        """Asks before money is spent or something can't be undone; ``--yes`` agrees beforehand.

        Raises:
            ConfirmationNeeded: nobody can be asked, or the person said no.
        """
        if self.arguments.yes:
            return
        if self.arguments.no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ConfirmationNeeded(question, hint="Agree with --yes.")
        answer = self.progress.ask(f"{question} [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            raise ConfirmationNeeded("Nothing was done.", hint="Answer y, or agree with --yes.")


def whole_number(minimum: int) -> Callable[[str], int]:
    """A parser of an option's value: a whole number from ``minimum`` up."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if number < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {minimum} up")
        return number

    return parse


def integer(text: str) -> int:
    """A parser of an option's value: any whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def common_options() -> argparse.ArgumentParser:
    """The options that every command takes, at any place of the line."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("options of every command")
    missing = argparse.SUPPRESS
    group.add_argument(
        "-w",
        "--workspace",
        metavar="DIR",
        default=missing,
        help="the workspace folder (or WEBTUNE_WORKSPACE)",
    )
    group.add_argument("--json", action="store_true", default=missing, help="print one JSON object on stdout")
    group.add_argument("--yes", action="store_true", default=missing, help="agree to what would be asked")
    group.add_argument("--no-input", action="store_true", default=missing, help="never ask; exit 2 instead")
    group.add_argument("-q", "--quiet", action="store_true", default=missing, help="no progress on stderr")
    group.add_argument("-v", "--verbose", action="store_true", default=missing, help="more words on stderr")
    group.add_argument("--version", action="store_true", default=missing, help="print the version and end")
    return parser


class Parser(argparse.ArgumentParser):
    """An argument parser that raises our usage error and starts its help with examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def error(self, message: str) -> Any:
        """Raises instead of printing, so that JSON output stays one object."""
        where = self.prog.removeprefix("webtune").strip()
        raise UsageError(f"{where}: {message}" if where else message, hint=f"See: {self.prog} --help")

    def format_help(self) -> str:
        """Examples first, then usage and options."""
        text = super().format_help()
        if not self.examples:
            return text
        lines = "\n".join(f"  {example}" for example in self.examples)
        return f"examples:\n{lines}\n\n{text}"


def add_subcommand(
    group: Any,
    name: str,
    handler: Handler,
    *,
    access: Access,
    summary: str,
    examples: Sequence[str],
) -> Parser:
    """A command below a command, such as ``keys set``."""
    parser: Parser = group.add_parser(
        name, help=summary, description=summary, examples=examples, parents=[common_options()]
    )
    parser.set_defaults(handler=handler, access=access)
    return parser


def subcommands(parser: argparse.ArgumentParser) -> Any:
    """The place where :func:`add_subcommand` adds to; one of them must be named."""
    return parser.add_subparsers(
        dest="subcommand", metavar="COMMAND", required=True, parser_class=Parser, title="commands"
    )
