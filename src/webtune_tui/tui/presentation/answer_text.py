"""A model's Markdown as wrapped lines in which nothing can act: no links to follow, no markup, no control bytes.

Pure: text in, styled lines out. Span styles are role names (``strong``, ``code`` ...) that the view turns into
colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from textual.content import Content

from webtune_tui.domain.terminal_text import display

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_BULLETS = ("•", "◦", "▪")
_INLINE_ROLES = {"strong": "strong", "em": "emphasis", "s": "struck", "link": "link"}
_WIDEST_RULE = 40


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text that wraps. ``first`` starts its first line, ``rest`` the following ones; both have the same width."""

    text: Content
    first: Content = field(default_factory=Content)
    rest: Content = field(default_factory=Content)
    keeps_lines: bool = False
    is_list_item: bool = False

    def lines(self, width: int) -> Sequence[Content]:
        """The paragraph in lines of at most ``width`` cells."""
        room = max(width - self.first.cell_length, 1)
        wrapped = [
            part
            for line in self.text.split(allow_blank=True)
            for part in ([line] if line.cell_length <= room else _wrap(line, room, fold=self.keeps_lines))
        ] or [Content()]
        if not self.first.cell_length:
            return wrapped
        return [(self.first if index == 0 else self.rest) + line for index, line in enumerate(wrapped)]


@dataclass(frozen=True, slots=True)
class Blank:
    """An empty line."""

    def lines(self, width: int) -> Sequence[Content]:
        """One empty line."""
        return (Content(),)


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line across."""

    role: str = "rule"

    def lines(self, width: int) -> Sequence[Content]:
        """One line."""
        return (Content.styled("─" * min(width, _WIDEST_RULE), self.role),)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that becomes a list of ``column: value`` lines where it does not fit."""

    rows: tuple[tuple[Content, ...], ...]

    def lines(self, width: int) -> Sequence[Content]:
        """The table in lines of at most ``width`` cells."""
        if not self.rows:
            return ()
        columns = max(len(row) for row in self.rows)
        widths = [max((row[i].cell_length for row in self.rows if i < len(row)), default=0) for i in range(columns)]
        if sum(widths) + 3 * (columns - 1) > width:
            return self._as_list(width)
        lines = [_table_row(row, widths) for row in self.rows]
        ruler = Content.styled("─┼─".join("─" * w for w in widths), "rule")
        return [lines[0].stylize("strong"), ruler, *lines[1:]]

    def _as_list(self, width: int) -> list[Content]:
        header, *rows = self.rows
        lines: list[Content] = []
        for row in rows:
            for name, value in zip(header, row, strict=False):
                text = Content.assemble((name.plain, "strong"), ": ", value)
                lines.extend(Paragraph(text, Content("  "), Content("  ")).lines(width))
            lines.append(Content())
        return lines[:-1]


Block = Paragraph | Blank | Rule | Table


@dataclass(slots=True)
class AnswerText:
    """An answer that grows. Blocks that are complete are parsed once; only the open one is parsed again."""

    source: str = ""
    _closed: list[Block] = field(default_factory=list)
    _closed_until: int = 0
    _cut: int = 0
    _position: int = 0
    _fence: str = ""
    _after_blank: bool = False

    def append(self, text: str) -> None:
        """Adds the next piece of the stream."""
        self.source += text

    @property
    def closed(self) -> Sequence[Block]:
        """The blocks that no further text can change."""
        self._close_blocks()
        return self._closed

    def open(self) -> list[Block]:
        """The blocks of the part that may still grow."""
        self._close_blocks()
        rest = self.source[self._closed_until :]
        return _spaced(parse_markdown(rest), after=bool(self._closed)) if rest.strip() else []

    def blocks(self) -> list[Block]:
        """Everything."""
        return [*self.closed, *self.open()]

    def _close_blocks(self) -> None:
        while (end := self.source.find("\n", self._position)) != -1:
            self._consider(self.source[self._position : end])
            self._position = end + 1
        if self._cut > self._closed_until:
            part = self.source[self._closed_until : self._cut]
            self._closed.extend(_spaced(parse_markdown(part), after=bool(self._closed)))
            self._closed_until = self._cut

    def _consider(self, line: str) -> None:
        """Moves the cut to this line when it follows a blank one, outside code, and starts something new.

        A list item, quote or indented line may belong to what stands above the blank line.
        """
        text = line.strip()
        if self._fence:
            if text.startswith(self._fence) and not text.strip(self._fence[0]):
                self._fence = ""
            return
        if self._after_blank and text and not _may_continue(line):
            self._cut = self._position
        if text.startswith(("```", "~~~")):
            self._fence = text[:3]
        self._after_blank = not text


def _may_continue(line: str) -> bool:
    return line[0] in " \t>-*+|" or line[0].isdigit()


def parse_markdown(source: str) -> list[Block]:
    """The blocks of a Markdown text, without blank lines between them."""
    tokens = _parser().parse(display(source.expandtabs(4)))
    return list(_Builder(tokens).blocks())


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class _Builder:
    """Walks markdown-it's flat tokens; ``_prefixes`` are the bullets and bars of the blocks around."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._prefixes: list[tuple[Content, Content]] = []
        self._lists: list[int | None] = []

    def blocks(self) -> Iterator[Block]:
        index = 0
        while index < len(self._tokens):
            token = self._tokens[index]
            if token.type == "table_open":
                end = next(i for i in range(index, len(self._tokens)) if self._tokens[i].type == "table_close")
                yield _table(self._tokens[index:end])
                index = end
            else:
                yield from self._block(token, self._tokens[index - 1] if index else None)
            index += 1

    def _block(self, token: Token, before: Token | None) -> Iterator[Block]:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._prefixes.append(self._bullet())
            case "blockquote_open":
                bar = Content.styled("▎ ", "quote")
                self._prefixes.append((bar, bar))
            case "list_item_close" | "blockquote_close":
                self._prefixes.pop()
            case "inline":
                role = "heading" if before is not None and before.type == "heading_open" else ""
                text = inline_content(token)
                yield self._paragraph(text.stylize(role) if role else text)
            case "fence" | "code_block":
                code = Content.styled(token.content.rstrip("\n").expandtabs(4), "code")
                bar = Content.styled("│ ", "rule")
                self._prefixes.append((bar, bar))
                yield self._paragraph(code, keeps_lines=True)
                self._prefixes.pop()
            case "hr":
                yield Rule()

    def _paragraph(self, text: Content, *, keeps_lines: bool = False) -> Paragraph:
        first = Content.assemble(*(first for first, _ in self._prefixes))
        rest = Content.assemble(*(rest for _, rest in self._prefixes))
        self._prefixes = [(rest_part, rest_part) for _, rest_part in self._prefixes]
        return Paragraph(text, first, rest, keeps_lines, is_list_item=bool(self._lists) and not keeps_lines)

    def _bullet(self) -> tuple[Content, Content]:
        number = self._lists[-1] if self._lists else None
        if number is None:
            mark = f"{_BULLETS[(len(self._lists) - 1) % len(_BULLETS)]} "
        else:
            mark = f"{number}. "
            self._lists[-1] = number + 1
        return Content.styled(mark, "bullet"), Content(" " * len(mark))


def inline_content(token: Token) -> Content:
    """The text of an inline token with its emphasis; a link reads ``text (address)`` and is nothing but text."""
    parts: list[tuple[str, str]] = []
    roles: list[str] = []
    addresses: list[str] = []

    def add(text: str, *more: str) -> None:
        parts.append((text, " ".join(dict.fromkeys([*roles, *more]))))

    for child in token.children or ():
        name = child.tag if child.type in ("strong_open", "em_open", "s_open") else ""
        if name:
            roles.append(_INLINE_ROLES[name])
        elif child.type in ("strong_close", "em_close", "s_close"):
            roles.pop()
        elif child.type == "link_open":
            addresses.append(str(child.attrGet("href") or ""))
            roles.append("link")
        elif child.type == "link_close":
            roles.pop()
            address = addresses.pop()
            if address and (not parts or parts[-1][0] != address):
                add(f" ({address})", "faint")
        elif child.type == "image":
            add(f"[image: {child.content}] ({child.attrGet('src') or ''})", "faint")
        elif child.type == "code_inline":
            add(child.content, "code")
        elif child.type in ("softbreak", "hardbreak"):
            add("\n")
        else:
            add(child.content)
    return Content.assemble(*((text, role) if role else text for text, role in parts if text))


def _table(tokens: Sequence[Token]) -> Table:
    rows: list[list[Content]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(inline_content(token))
    return Table(tuple(tuple(row) for row in rows))


def _table_row(row: Sequence[Content], widths: Sequence[int]) -> Content:
    cells = [cell.pad_right(width - cell.cell_length) for cell, width in zip(row, widths, strict=False)]
    return Content.styled(" │ ", "rule").join(cells)


def _spaced(blocks: Sequence[Block], *, after: bool) -> list[Block]:
    """The blocks with a blank line between them, except between the items of a list."""
    spaced: list[Block] = []
    for block in blocks:
        if (spaced or after) and not (spaced and _is_list_neighbour(spaced[-1], block)):
            spaced.append(Blank())
        spaced.append(block)
    return spaced


def _is_list_neighbour(above: Block, below: Block) -> bool:
    return all(isinstance(block, Paragraph) and block.is_list_item for block in (above, below))


def _wrap(line: Content, width: int, *, fold: bool) -> Sequence[Content]:
    return line.fold(width) if fold else line.wrap(width)
