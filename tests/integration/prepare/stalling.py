"""A run of prepare in two processes that waits where a test wants it, and all the processes that belong to it."""

from __future__ import annotations

import errno
import os
import select
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_prepare import prepare
from webtune_tui.storage.database import Database
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

MODULE = "tests.servers.stalled"
_OF_A_RUN = "tests.servers.stalled_worker"
_PATIENCE = 30.0  # seconds
_FAMILY = "STALL_FAMILY"
_HOME = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True)
class Prepared:
    """A workspace with a version and with records that came after it; ``unbroken`` is what the next run gives."""

    root: Path
    before: str
    unbroken: str

    def copied(self, folder: Path) -> Path:
        """A copy of the workspace in a folder."""
        return Path(shutil.copytree(self.root, folder / "workspace"))


async def prepared(folder: Path) -> Prepared:
    """The workspace, made once for many tests, which copy it."""
    root = folder / "workspace"
    with Workspace.open(root, command="test") as workspace:
        add_records(workspace, [product(number) for number in range(200)])
        before = (await prepare(workspace, workers=1)).content_hash
        copies = [product(number, asin=f"C{number:06d}") for number in range(0, 200, 10)]
        add_records(workspace, [*(product(number) for number in range(200, 420)), *copies], "c-2")
    shutil.copytree(root, folder / "unbroken")
    with Workspace.open(folder / "unbroken", command="test") as workspace:
        unbroken = (await prepare(workspace, workers=1)).content_hash
    assert unbroken != before
    return Prepared(root, before, unbroken)


@dataclass(frozen=True)
class Family:
    """What a program and its children are started with, so that all of them can be found."""

    folder: Path
    place: str
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for pipe in ("reached", "go"):
            os.mkfifo(self.folder / pipe)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of the program."""
        homes = {name: str(self.folder / name.lower()) for name in _HOME}
        told = {"STALL_PLACE": self.place, "STALL_PIPES": str(self.folder), _FAMILY: self.name}
        return os.environ | homes | told | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}

    def wait_until_reached(self) -> None:
        """Waits until the run is at its place."""
        (self.folder / "reached").read_bytes()

    def let_go(self) -> None:
        """Lets the run go on; nothing where it is gone. It may not have come to wait yet."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                os.close(os.open(self.folder / "go", os.O_WRONLY | os.O_NONBLOCK))
                return
            except OSError as error:
                if error.errno != errno.ENXIO or not any(_OF_A_RUN in line for line in self.members().values()):
                    return
                time.sleep(0.01)

    def members(self) -> dict[int, str]:
        """The processes that live, each with its command line."""
        mark = f"{_FAMILY}={self.name}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0") and not _is_zombie(entry):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it ended meanwhile, or is another person's
                continue
        return found

    def run(self) -> int:
        """The process of the run itself."""
        workers = self.workers()
        (pid,) = [pid for pid, line in self.members().items() if _OF_A_RUN in line and pid not in workers]
        return pid

    def workers(self) -> list[int]:
        """The processes that a run shares its records with: copies of its own."""
        members = self.members()
        return sorted(pid for pid, line in members.items() if members.get(_parent(pid)) == line)

    def wait_until_ended(self, *, only_of_run: bool = False) -> None:
        """Waits until no process is left, or none of the run; fails after a while."""
        deadline = time.monotonic() + _PATIENCE
        while left := self._left(only_of_run):
            assert time.monotonic() < deadline, f"still there: {left}"
            for pid in left:
                _wait_for(pid, deadline)

    def _left(self, only_of_run: bool) -> dict[int, str]:
        members = self.members().items()
        return {pid: line for pid, line in members if not only_of_run or _OF_A_RUN in line}


def _wait_for(pid: int, deadline: float) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
    finally:
        os.close(handle)


def _is_zombie(entry: Path) -> bool:
    return _stat(entry)[0] == "Z"


def _parent(pid: int) -> int:
    try:
        return int(_stat(Path(f"/proc/{pid}"))[1])
    except OSError:
        return 0


def _stat(entry: Path) -> list[str]:
    return (entry / "stat").read_text().rpartition(")")[2].split()


@contextmanager
def started(family: Family, root: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command on a workspace, until the block ends."""
    command = (sys.executable, "-m", MODULE, *words, "--json", "-w", str(root))
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=family.environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def head_of(root: Path) -> str:
    """The content hash of the working version, read beside whatever goes on."""
    database = Database(root / "workspace.db", read_only=True)
    head = DatasetStore(database).head()
    database.close()
    assert head is not None
    return head.content_hash


async def prepared_again(root: Path) -> str:
    """The content hash that the next run gives."""
    with Workspace.open(root, command="test") as workspace:
        again = await prepare(workspace, workers=2)
        with workspace.database.read() as connection:
            assert connection.execute("SELECT count(*) FROM builds WHERE is_whole = 0").fetchone()[0] == 0
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    return again.content_hash


def left_in(root: Path) -> list[str]:
    """The files in the workspace that no finished run leaves."""
    return sorted(str(path.name) for path in root.iterdir() if path.suffix in (".waiting", ".tmp", ".part"))
