"""What the paths of an import name."""

from __future__ import annotations

from pathlib import Path

import pytest

from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.limits import DEFAULT_LIMITS
from webtune_tui.services.import_paths import STDIN, _files_of, expand


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.csv", "b.json", "deep/c.csv", "deep/er/d.csv", ".hidden/e.csv", "deep/.f.csv", "odd[1].csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    (tmp_path / "deep" / "link.csv").symlink_to(tmp_path / "a.csv")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (".", ["a.csv", "b.json", "odd[1].csv", "deep/c.csv", "deep/er/d.csv"]),
        ("*.csv", ["a.csv", "odd[1].csv"]),
        ("deep/**/*.csv", ["deep/c.csv", "deep/er/d.csv", "deep/link.csv"]),
        ("d*", ["deep/c.csv", "deep/er/d.csv"]),
        ("[ab].*", ["a.csv", "b.json"]),
        ("odd[1].csv", ["odd[1].csv"]),
    ],
)
def test_files_folders_and_patterns_are_found(tree: Path, named: str, expected: list[str]) -> None:
    assert [str(path.relative_to(tree)) for path in expand([tree / named], DEFAULT_LIMITS)] == expected


def test_a_pattern_counts_from_where_one_stands(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert expand([Path("*.json"), STDIN], DEFAULT_LIMITS) == [tree / "b.json", STDIN]


def test_what_names_nothing_is_refused(tree: Path) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(UsageError, match="does not exist"):
        expand([tree / "nothing.csv"], DEFAULT_LIMITS)
    with pytest.raises(UsageError, match="Nothing fits"):
        expand([tree / "*.parquet"], DEFAULT_LIMITS)
    with pytest.raises(InvalidInput, match="holds no files"):
        expand([tree / "empty"], DEFAULT_LIMITS)


def test_a_folder_that_can_not_be_listed_is_named(tree: Path) -> None:
    assert list(_files_of(tree / "gone")) == [tree / "gone"]
