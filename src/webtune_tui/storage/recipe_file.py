"""``recipe.toml`` on disk: read, made, changed with the person's comments and order kept, written whole.

The ``[[edits]]`` stand at the end of the file. They are written without parsing what stands before them, so that an
edit costs the same in a long recipe.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import UsageError
from webtune_tui.storage.files import storage_error, write_text

EDITS_HEADING = "# Changes by hand, in order. Undo and redo keep this list true; prepare applies it again.\n"

_EDITS_TABLE = re.compile(r"^[ \t]*\[(?:\[[ \t]*edits[ \t]*\]|[ \t]*edits\b)", re.MULTILINE)
_ANY_TABLE = re.compile(r"^[ \t]*\[(?!\[?[ \t]*edits\b)", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


_REMEMBERED_LENGTH = 2_000
_last_joined = ("", "")
"""The text that was made last, and what stands before its edits."""

_LISTED = {"templates": ("system", "user", "assistant"), "mix": ("match", "share", "by", "cap")}
"""The lists of named tables, with the keys of which one must be there."""


class RecipeFile:
    """One recipe file. All methods block."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.is_file()

    def text(self) -> str:
        """The file as it stands; the empty text where there is none.

        Raises:
            UsageError: it is not UTF-8. StorageFailed: it can't be read.
        """
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.path} is not UTF-8 text", hint="Save the file as UTF-8.") from error
        except OSError as error:
            raise storage_error(self.path, error) from error

    def read(self) -> dict[str, Any]:
        """The file's tables. Raises UsageError with the line where it is not TOML."""
        return parse_toml(self.text(), str(self.path))

    def digest(self) -> str:
        """Stands for the file's bytes; the empty text where there is no file."""
        text = self.text()
        return fingerprint(text) if text else ""

    def write(self, text: str) -> None:
        """Replaces the file at once."""
        write_text(self.path, text)

    def with_values(self, values: Mapping[str, Any]) -> str:
        """The file's text with some keys set, such as ``steps.length.minimum``; comments and order stay.

        ``templates.NAME.KEY`` names one of the ``[[templates]]``, ``mix.NAME.KEY`` one of the ``[[mix]]``, which is
        added where there is none of that name and goes when nothing but its name is left (a template: when it has no
        texts left). A value of ``None`` removes the key.

        Raises:
            UsageError: a key runs through a plain value.
        """
        import tomlkit  # 30 ms that only a changed recipe pays
        from tomlkit.exceptions import TOMLKitError

        head, edits = split_edits(self.text())
        try:
            document: Any = tomlkit.parse(head)
            for key, value in values.items():
                *tables, name = key.split(".")
                is_listed = tables[0] in _LISTED
                place = _named(document, tables[0], ".".join(tables[1:])) if is_listed else document
                for table in () if is_listed else tables:
                    if table not in place:
                        place[table] = tomlkit.table(is_super_table=table == "steps")
                    place = place[table]
                if value is None:
                    place.pop(name, None)
                else:
                    place[name] = tomlkit.string(value, multiline=True) if _is_long(value) else value
            _without_empty_tables(document)
        except (TOMLKitError, TypeError, AttributeError, ValueError) as error:
            raise UsageError(f"{self.path} can't be changed: {error}", hint="Mend the file.") from error
        return join_edits(tomlkit.dumps(document), edits)


def _named(document: Any, listed: str, name: str) -> Any:
    """The one of the ``[[templates]]`` or ``[[mix]]`` with a name, made where there is none."""
    import tomlkit

    tables = document.setdefault(listed, tomlkit.aot())
    for table in tables:
        if table.get("name") == name:
            return table
    table = tomlkit.table()
    table["name"] = name
    tables.append(table)
    return tables[-1]


def _without_empty_tables(document: Any) -> None:
    """Takes out templates of which no text is left, and parts of the mix of which nothing is."""
    if "template" in document and not document["template"]:
        del document["template"]
    for listed, wanted in _LISTED.items():
        tables = document.get(listed, [])
        for place in reversed(range(len(tables))):
            if not any(key in tables[place] for key in wanted):
                del tables[place]
        if listed in document and not len(tables):
            del document[listed]


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises UsageError with the line where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is not valid TOML: {error}", hint="Mend the line, or remove the file.") from error


def fingerprint(text: str) -> str:
    """Stands for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def with_edits(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """A recipe's text with these edits in place of those in it."""
    global _last_joined
    known, head = _last_joined
    if text != known:  # else it is as we made it last, and a thousand edits need not be parsed for one more
        head, _ = split_edits(text)
    joined = join_edits(head, "".join(map(_edit_text, edits)))
    _last_joined = joined, head
    return joined


def _edit_text(edit: Mapping[str, Any]) -> str:
    """One edit; those of few examples are remembered, since all are written again with each new one."""
    plain = json.dumps(edit, ensure_ascii=False)
    return _remembered(plain) if len(plain) <= _REMEMBERED_LENGTH else edit_to_toml(edit)


@lru_cache(maxsize=20_000)
def _remembered(plain: str) -> str:
    return edit_to_toml(json.loads(plain))


def join_edits(head: str, edits: str) -> str:
    """A recipe's text from what stands before the edits and the edits themselves."""
    head = head.replace(EDITS_HEADING, "").rstrip("\n") + "\n"
    return f"{head}\n{EDITS_HEADING}\n{edits}" if edits else head


def split_edits(text: str) -> tuple[str, str]:
    """A recipe's text without its edits, and the edits' own text, each a TOML document of its own."""
    match = _EDITS_TABLE.search(text)
    if match is None:
        return text, ""
    head, tail = text[: match.start()], text[match.start() :]
    if _ANY_TABLE.search(tail) is None and _is_toml(head) and _is_toml(tail):
        return head, tail
    return _split_by_parsing(text)


def edit_to_toml(edit: Mapping[str, Any]) -> str:
    """One ``[[edits]]`` table, each value on one line."""
    lines = ["[[edits]]"]
    for key, value in edit.items():
        if isinstance(value, Mapping):
            lines += [f"{key}.{_key(name)} = {_string(text)}" for name, text in value.items()]
        else:
            lines.append(f"{key} = {_plain(value)}")
    return "\n".join(lines) + "\n\n"


def _split_by_parsing(text: str) -> tuple[str, str]:
    """For a file in which a person wrote tables after the edits."""
    import tomlkit

    document = tomlkit.parse(text)
    edits = tomllib.loads(text).get("edits", [])
    document.pop("edits", None)
    return tomlkit.dumps(document), "".join(edit_to_toml(edit) for edit in edits if isinstance(edit, Mapping))


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value and "\r" not in value


def _plain(value: Any) -> str:
    """A text, truth value or number, or a list of texts."""
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return f"[{', '.join(map(_string, value))}]"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    """A basic TOML string: JSON's escapes are TOML's, apart from DEL and surrogates."""
    quoted = json.dumps(text, ensure_ascii=False)
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)
