"""The ``webtune`` command: finds the command, runs it, and turns its end into output and an exit code."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from webtune_tui import __version__, registry
from webtune_tui.cli import diagnostics, output
from webtune_tui.cli.command import Access, CommandContext, Outcome, Parser, common_options
from webtune_tui.cli.diagnostics import Progress
from webtune_tui.domain.errors import Interrupted, NoSpace, UsageError, WebtuneError
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
_GO_ON = ("sandbox", "serve")  # they printed their JSON object when they began


def main() -> NoReturn:
    """Runs the command line of this process and ends it with the exit code."""
    os.umask(0o077)
    _end_by_signal_with_our_code(True)
    sys.exit(run(sys.argv[1:]))


def _end_by_signal_with_our_code(wanted: bool) -> None:
    """Before its event loop runs a command ends in order, too; the app leaves signals as the system set them."""

    def stop(number: int, _frame: object) -> NoReturn:
        raise _Stopped(signal.Signals(number).name)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and not _is_held_off(name):
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(getattr(signal, name), stop if wanted else signal.SIG_DFL)


def run(argv: Sequence[str]) -> int:
    """Runs one command line and answers its exit code. Every failure ends here."""
    progress = Progress(quiet="-q" in argv or "--quiet" in argv, verbose="-v" in argv or "--verbose" in argv)
    try:
        return _dispatch(argv, progress)
    except _Stopped as stop:
        return _stopped(stop, argv, progress)
    except WebtuneError as error:
        return _fail(error, argv, progress)
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _stopped(_Stopped("SIGINT"), argv, progress)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return _fail(write_crash_report(error), argv, progress)
        full = NoSpace("No space is left on a disk", hint="Free some space and run it again; nothing was half written.")
        return _fail(full, argv, progress)
    except Exception as error:  # noqa: BLE001 - the outermost door: nothing but a crash report can follow
        return _fail(write_crash_report(error), argv, progress)


def _dispatch(argv: Sequence[str], progress: Progress) -> int:
    if "--version" in argv:
        if "--json" in argv:
            output.write_json({"version": __version__})
        else:
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
    _require_text(arguments)
    for key, value in _DEFAULTS.items():
        arguments.__dict__.setdefault(key, value)
    app_exit = None
    if arguments.takes_over:
        _end_by_signal_with_our_code(False)
        app_exit = arguments.takes_over(arguments)
    return _run_command(arguments, progress) if app_exit is None else app_exit


def _parse(parser: Parser, argv: Sequence[str]) -> argparse.Namespace | None:
    """The parsed line; ``None`` where help was printed."""
    try:
        return parser.parse_args(argv)
    except SystemExit:  # argparse ends so after printing --help
        return None


def _require_text(arguments: argparse.Namespace) -> None:
    """Refuses words that are no UTF-8 text; paths may hold any bytes. Raises UsageError."""
    for name, value in vars(arguments).items():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and not _is_text(word):
                raise UsageError(
                    f"{name.replace('_', ' ')}: {ascii(word)[:80]} is no UTF-8 text",
                    hint="Give the words in UTF-8, the encoding of your terminal.",
                )


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _run_command(arguments: argparse.Namespace, progress: Progress) -> int:
    context = CommandContext(arguments=arguments, progress=progress)
    try:
        outcome = _run_until_signal(context)
    except (WebtuneError, _Stopped) as error:
        error.fields = context.known | error.fields
        raise
    output.write_outcome(outcome, as_json=arguments.json)
    return outcome.exit_code


def _run_until_signal(context: CommandContext) -> Outcome:
    """The command's outcome. Raises _Stopped where a signal ended it."""
    received: list[str] = []

    async def supervised() -> Outcome:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def stop(name: str) -> None:
            received.append(name)
            if task is not None:
                task.cancel()

        for name in _SIGNAL_EXITS:
            if hasattr(signal, name) and not _is_held_off(name):
                with contextlib.suppress(NotImplementedError, ValueError):  # Windows, or not the main thread
                    loop.add_signal_handler(getattr(signal, name), stop, name)
        outcome: Outcome = await context.arguments.handler(context)
        return outcome

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        if not received:
            raise
        raise _Stopped(received[0]) from None


class _Stopped(BaseException):
    """A signal asked the program to end; ``fields`` are the facts known by then."""

    def __init__(self, signal_name: str) -> None:
        super().__init__(signal_name)
        self.signal_name = signal_name
        self.fields: dict[str, Any] = {}


def _is_held_off(name: str) -> bool:
    """Whether the program was started to outlive its terminal, as ``nohup`` does."""
    return name == "SIGHUP" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def _stopped(stop: _Stopped, argv: Sequence[str], progress: Progress) -> int:
    error = Interrupted(
        f"Stopped by {stop.signal_name}",
        hint="What was done is kept, and what was sent goes on. Run the command again to go on here.",
        fields=stop.fields,
    )
    if _command_of(argv) not in _GO_ON:
        _fail(error, argv, progress)
    return _SIGNAL_EXITS[stop.signal_name]


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
    _end_by_signal_with_our_code(False)
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
