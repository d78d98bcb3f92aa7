"""A draft is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.storage.drafts import EditDraft, EditDrafts

KILLED = """
import os, signal, sys
from pathlib import Path
from webtune_tui.storage.drafts import EditDraft, EditDrafts
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
EditDrafts(Path(sys.argv[1])).keep(EditDraft("ex-1", "[]", {1: "typed last" * 1000}))
"""

FULL = """
import sys
from pathlib import Path
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.storage.drafts import EditDraft, EditDrafts
try:
    EditDrafts(Path(sys.argv[1])).keep(EditDraft("ex-1", "[]", {1: "typed last" * 10000}))
except WebtuneError as error:
    sys.exit(type(error).__name__)
"""


def typed(root: Path) -> str:
    draft = EditDrafts(root).of("ex-1")
    assert draft is not None
    return draft.texts[1]


def test_a_kill_while_a_draft_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    EditDrafts(tmp_path).keep(EditDraft("ex-1", "[]", {1: "typed first"}))
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert typed(tmp_path) == "typed first"
    found = EditDrafts(tmp_path).newest()
    assert found is not None and found.texts == {1: "typed first"}


def test_a_full_disk_leaves_the_draft_before_and_is_told(tmp_path: Path) -> None:
    EditDrafts(tmp_path).keep(EditDraft("ex-1", "[]", {1: "typed first"}))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], check=False, capture_output=True, text=True, preexec_fn=limit
    )
    assert ended.returncode == 1 and "StorageFailed" in ended.stderr, ended.stderr
    assert typed(tmp_path) == "typed first"
    assert [path.suffix for path in (tmp_path / "drafts").iterdir()] == [".json"]


def test_a_draft_that_can_not_be_removed_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = EditDrafts(tmp_path)
    drafts.keep(EditDraft("ex-1", "[]", {1: "typed first"}))

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(os, "unlink", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(StorageFailed, match="Read-only"):
        drafts.forget("ex-1")


def test_a_damaged_draft_counts_as_none(tmp_path: Path) -> None:
    drafts = EditDrafts(tmp_path)
    drafts.keep(EditDraft("ex-1", "[]", {1: "typed first"}))
    path = next((tmp_path / "drafts").iterdir())
    for damaged in (b"", b"{", b"[" * 100_000, b'{"texts": []}', b"\xff\xfe"):
        path.write_bytes(damaged)
        assert drafts.of("ex-1") is None and drafts.newest() is None
