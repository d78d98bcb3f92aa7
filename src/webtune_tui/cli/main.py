"""The ``webtune`` command: finds the command, runs it, and turns its end into output and an exit code."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from webtune_tui import __version__, registry
from webtune_tui.cli import diagnostics, output
from webtune_tui.cli.command import Access, CommandContext, Outcome, Parser, common_options
from webtune_tui.cli.diagnostics import Progress
from webtune_tui.domain.errors import UsageError, WebtuneError
from webtune_tui.storage.crash_report import write_crash_report

_COMMANDS = "cli.commands"
_DEFAULTS = {
    "workspace": None,
    "json": False,
    "yes": False,
    "no_input": False,
    "quiet": False,
    "verbose": False,
}
_SIGNAL_EXITS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


def main() -> NoReturn:
    """Runs the command line of this process and ends it with the exit code."""
    os.umask(0o077)
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Runs one command line and answers its exit code. Every failure ends here."""
    progress = Progress(quiet="-q" in argv or "--quiet" in argv, verbose="-v" in argv or "--verbose" in argv)
    try:
        return _dispatch(argv, progress)
    except WebtuneError as error:
        return _fail(error, argv, progress)
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _SIGNAL_EXITS["SIGINT"]
    except Exception as error:  # noqa: BLE001 - the outermost door: nothing but a crash report can follow
        return _fail(write_crash_report(error), argv, progress)


def _dispatch(argv: Sequence[str], progress: Progress) -> int:
    if "--version" in argv and not _command_of(argv):
        output.write_text(f"webtune {__version__}\n")
        return 0
    name = _command_of(argv)
    if name is None and not any(flag in argv for flag in ("-h", "--help")):
        return _open_app(argv)
    parser = build_parser(only=name)
    if name is None:
        output.write_text(parser.format_help())
        return 0
    if _module_of(name) is None:
        raise UsageError(f"There is no command {name!r}", hint="See: webtune --help")
    arguments = _parse(parser, argv)
    if arguments is None:
        return 0
    for key, value in _DEFAULTS.items():
        arguments.__dict__.setdefault(key, value)
    app_exit = arguments.takes_over(arguments) if arguments.takes_over else None
    return _run_command(arguments, progress) if app_exit is None else app_exit


def _parse(parser: Parser, argv: Sequence[str]) -> argparse.Namespace | None:
    """The parsed line; ``None`` where help was printed."""
    try:
        return parser.parse_args(argv)
    except SystemExit:  # argparse ends so after printing --help
        return None


def _run_command(arguments: argparse.Namespace, progress: Progress) -> int:
    context = CommandContext(arguments=arguments, progress=progress)
    outcome = _run_until_signal(context)
    if isinstance(outcome, int):
        return outcome
    output.write_outcome(outcome, as_json=arguments.json)
    return outcome.exit_code


def _run_until_signal(context: CommandContext) -> Outcome | int:
    """The command's outcome, or the exit code of the signal that ended it."""
    received: list[str] = []

    async def supervised() -> Outcome:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def stop(name: str) -> None:
            received.append(name)
            if task is not None:
                task.cancel()

        for name in _SIGNAL_EXITS:
            if hasattr(signal, name):
                with contextlib.suppress(NotImplementedError, ValueError):  # Windows, or not the main thread
                    loop.add_signal_handler(getattr(signal, name), stop, name)
        outcome: Outcome = await context.arguments.handler(context)
        return outcome

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        if not received:
            raise
        return _SIGNAL_EXITS[received[0]]


def _fail(error: WebtuneError, argv: Sequence[str], progress: Progress) -> int:
    if "--json" in argv:
        output.write_json(diagnostics.error_body(error))
    progress.error(error)
    return error.exit_code


def _open_app(argv: Sequence[str]) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise UsageError("The app needs a terminal", hint="See: webtune --help for the commands without one.")
    parser = Parser(prog="webtune", parents=[common_options()])
    arguments = parser.parse_args(argv)
    from webtune_tui import settings
    from webtune_tui.tui.app import run_app  # textual is loaded for the app alone

    return run_app(settings.workspace_path(getattr(arguments, "workspace", None)))


def build_parser(only: str | None = None) -> Parser:
    """The parser of one command, or the list of all; the modules of the others are not imported."""
    parser = Parser(
        prog="webtune",
        description="From web data to a fine-tuned language model that you can trust. Alone it opens the app.",
        examples=("webtune", "webtune demo", "webtune import rows.jsonl && webtune prepare && webtune train"),
        parents=[common_options()],
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    group: Any = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser, title="commands")
    named = _module_of(only) if only else None
    if named is not None:
        _add_command(group, named)
        return parser
    for module_name in registry.names(_COMMANDS):
        group.add_parser(_command_name(module_name), help=registry.constant(_COMMANDS, module_name, "SUMMARY"))
    return parser


def _add_command(group: Any, module_name: str) -> None:
    module = registry.load(_COMMANDS, module_name)
    command = group.add_parser(
        _command_name(module_name),
        help=module.SUMMARY,
        description=module.SUMMARY,
        examples=module.EXAMPLES,
        parents=[common_options()],
    )
    command.set_defaults(
        access=getattr(module, "ACCESS", Access.NONE),
        handler=getattr(module, "run", None),
        takes_over=getattr(module, "takes_over", None),  # a command that may open the app instead
    )
    module.add_arguments(command)


def _command_of(argv: Sequence[str]) -> str | None:
    """The first word that is neither an option nor an option's value."""
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in ("-w", "--workspace"):
            skip = True
        elif not word.startswith("-"):
            return word
    return None


def _command_name(module_name: str) -> str:
    """The word a person types for a module: ``import_`` is ``import``, since Python keeps that name for itself."""
    return module_name.rstrip("_").replace("_", "-")


def _module_of(command: str) -> str | None:
    """The command's module, or ``None`` where there is no such command."""
    return next((name for name in registry.names(_COMMANDS) if _command_name(name) == command), None)
