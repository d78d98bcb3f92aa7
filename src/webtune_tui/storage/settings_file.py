"""Writing one choice into a settings file, with the person's comments and order kept."""

from __future__ import annotations

from pathlib import Path

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.storage.files import write_text


def set_value(path: Path, table: str, key: str, value: str | int | float | bool) -> None:
    """Sets ``table.key`` in a TOML file, made where it is missing; the rest of the file stays as it is.

    Raises:
        StorageFailed: the file is not valid TOML or can't be written; it is unchanged.
    """
    import tomlkit  # 30 ms that only a changed setting pays
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
        if table not in document:
            document[table] = tomlkit.table()
        document[table][key] = value
    except (TOMLKitError, UnicodeDecodeError, TypeError, OSError) as error:
        raise StorageFailed(f"{path} can't be changed: {error}", hint="Mend or remove the file.") from error
    write_text(path, tomlkit.dumps(document))
