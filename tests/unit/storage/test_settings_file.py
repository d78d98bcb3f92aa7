"""Changing one value of a settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.storage.settings_file import set_value


def test_a_value_is_set_and_comments_and_order_stay(tmp_path: Path) -> None:
    file = tmp_path / "webtune.toml"
    file.write_text('# first\n[app]\ntheme = "a"  # why\n\n[money]\ncap_usd = 3.0\n')
    set_value(file, "app", "theme", "b")
    assert file.read_text() == '# first\n[app]\ntheme = "b"  # why\n\n[money]\ncap_usd = 3.0\n'


def test_a_missing_file_is_made_private(tmp_path: Path) -> None:
    file = tmp_path / "webtune.toml"
    set_value(file, "app", "theme", "b")
    assert file.read_text() == '[app]\ntheme = "b"\n'
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_broken_file_is_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "webtune.toml"
    file.write_text("this is = = no toml")
    with pytest.raises(StorageFailed, match="can't be changed"):
        set_value(file, "app", "theme", "b")
    assert file.read_text() == "this is = = no toml"
