"""The person's own editor on a file, with the terminal given to it and the app at work meanwhile."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported

from webtune_tui.domain.credentials import without_keys
from webtune_tui.domain.errors import UsageError, WorkFailed

_KNOWN = ("nano", "micro", "vim", "vi")


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """The words that start the editor: ``VISUAL``, else ``EDITOR``, else one that is there.

    Raises:
        UsageError: there is none, or it can't be read.
    """
    for name in ("VISUAL", "EDITOR"):
        if value := environment.get(name, "").strip():
            try:
                return shlex.split(value)
            except ValueError as error:
                raise UsageError(f"{name} can't be read: {error}", hint=f"Such as {name}='nano -w'.") from error
    found = next((name for name in _KNOWN if shutil.which(name)), None)
    if found is None:
        raise UsageError("There is no editor", hint="Name yours in the environment: EDITOR=nano")
    return [found]


async def edit_outside(app: App[int], path: Path) -> None:
    """Opens the file in the person's editor and returns when it is closed; nothing is drawn meanwhile.

    Raises:
        UsageError: there is no editor, or no terminal that can be given away.
        WorkFailed: the editor ended with an error.
    """
    command = [*editor_command(os.environ), str(path)]
    try:
        with app.suspend(), app.batch_update(), UnheardInterrupts():
            code = await _ended(command)  # raises nothing: the terminal would not be taken back
    except SuspendNotSupported as error:
        raise UsageError("This terminal can't be given to an editor", hint="Edit in place with e.") from error
    finally:
        app.refresh(layout=True)
    if isinstance(code, OSError):
        raise UsageError(f"{command[0]} can't be started: {code}", hint="Name your editor: EDITOR=nano") from code
    if code != 0:
        raise WorkFailed(f"{command[0]} ended with code {code}", hint="Nothing of the example was changed.")


async def _ended(command: list[str]) -> int | OSError:
    """The exit code, or why there is none. An app that is left meanwhile ends the editor."""
    try:
        program = await asyncio.create_subprocess_exec(*command, env=without_keys(os.environ))
    except OSError as error:
        return error
    waiting = asyncio.ensure_future(program.wait())
    while not waiting.done():
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            program.terminate()
    return waiting.result()


class UnheardInterrupts:
    """While it is entered, ctrl+c is the editor's alone, which stands in the same terminal. For the main thread."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, _unheard)  # a handler of ours ends with exec, unlike SIG_IGN

    def __exit__(self, *about: object) -> None:
        signal.signal(signal.SIGINT, self._before)


def _unheard(number: int, frame: object) -> None:
    """Nothing."""
