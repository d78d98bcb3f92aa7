"""Unsaved edits outlive the program."""

from __future__ import annotations

from pathlib import Path

from webtune_tui.storage.drafts import EditDraft, EditDrafts


def test_a_draft_comes_back_as_it_was_typed(tmp_path: Path) -> None:
    draft = EditDraft("ex-1", "[]", {0: "é\x1b[31m\ud800", 2: "日本語"})
    EditDrafts(tmp_path).keep(draft)
    assert EditDrafts(tmp_path).of("ex-1") == draft


def test_the_newest_draft_is_offered_and_a_forgotten_one_is_not(tmp_path: Path) -> None:
    drafts = EditDrafts(tmp_path)
    drafts.keep(EditDraft("old", "[]", {0: "a"}, "2026-11-22T10:00:00.000Z"))
    drafts.keep(EditDraft("new", "[]", {0: "b"}, "2026-11-22T11:00:00.000Z"))
    newest = drafts.newest()
    assert newest is not None and newest.example_id == "new"
    drafts.forget("new")
    newest = drafts.newest()
    assert newest is not None and newest.example_id == "old"
    drafts.forget("old")
    drafts.forget("never there")
    assert drafts.newest() is None


def test_a_damaged_draft_counts_as_none(tmp_path: Path) -> None:
    drafts = EditDrafts(tmp_path)
    drafts.keep(EditDraft("ex-1", "[]", {0: "a"}))
    [path] = (tmp_path / "drafts").iterdir()
    path.write_text('{"example_id": 1, "texts": []}')
    assert drafts.of("ex-1") is None
    assert drafts.newest() is None


def test_drafts_are_private(tmp_path: Path) -> None:
    EditDrafts(tmp_path).keep(EditDraft("../../etc/x", "[]", {0: "a"}))
    [path] = (tmp_path / "drafts").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "drafts").stat().st_mode & 0o077 == 0
