"""The notice before the first collection is shown once to a person, whatever the workspace."""

from __future__ import annotations

from pathlib import Path

from webtune_tui.services.notice import Notice


def test_it_is_due_until_it_was_acknowledged(tmp_path: Path) -> None:
    notice = Notice(tmp_path / "state")
    assert notice.is_due() and not (tmp_path / "state").exists()
    notice.acknowledge()
    assert not notice.is_due() and not Notice(tmp_path / "state").is_due()
    assert ((tmp_path / "state" / "collect-notice.json").stat().st_mode & 0o777) == 0o600


def test_a_mark_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "collect-notice.json").write_text("[")
    assert Notice(tmp_path).is_due()


def test_it_says_what_the_person_is_responsible_for() -> None:
    text = Notice.text()
    for word in ("right to collect", "train", "robots.txt", "terms", "GDPR", "LGPD", "webtune purge --person"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 120
