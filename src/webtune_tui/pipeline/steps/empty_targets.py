"""Answers that teach nothing: empty, or only the title or the prompt again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.wording import words

_TITLES = ("title", "name", "product_name", "product_title", "headline", "heading", "subject")
_BRANDS = ("brand", "brand_name", "manufacturer", "vendor", "seller_name", "author", "site_name", "publisher")
_LONGEST = 2_000
_LONGEST_TITLE = 600
_ROOM = 40  # characters of quotes, dashes and "by" around a title
_BEGINNING = 40
_BETWEEN = frozenset(
    ["-", "–", "—", "|", ":", "/", "·", "•", "by", "von", "de", "of", "from", "par", "di", "da", "por", "van"]
)
_LEAST_OF_TITLE = 0.5
_SHORTEST_CUT = 4


@dataclass(frozen=True)
class EmptyTargets:
    """Takes out examples without an answer, and those whose answer repeats the title or the prompt.

    Case, punctuation and quotes make no difference, nor does a brand beside the title or the title's end cut off.
    """

    name: ClassVar[str] = "empty_targets"
    title: ClassVar[str] = "Empty answers"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 20
    is_default: ClassVar[bool] = True

    title_as_target: bool = option(
        True, label="Also repeated titles", help="Drop answers that equal the title or the prompt."
    )

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops an empty or repeated answer."""
        answer = draft.answer
        if not answer.strip() and not _calls_tools(draft):
            return Dropped(draft.record_id, "empty", self.name)
        if self.title_as_target and len(answer) <= _LONGEST and _repeats(answer, draft):
            return Dropped(draft.record_id, "title_as_target", self.name, answer[:200])
        return draft


def _calls_tools(draft: Draft) -> bool:
    return any(message.role == "assistant" and message.extra.get("tool_calls") for message in draft.messages)


def _repeats(answer: str, draft: Draft) -> bool:
    if len(answer) <= _LONGEST_TITLE and _is_title(answer, draft):
        return True
    if not _may_be_same(answer, draft.prompt):
        return False
    folded = words(answer)
    return bool(folded) and folded == words(draft.prompt)


def _is_title(answer: str, draft: Draft) -> bool:
    row = Columns(draft.fields)
    brand = row.get(*_BRANDS)
    brand_words = words(brand) if isinstance(brand, str) and len(brand) <= _ROOM * 2 else []
    room = _ROOM + (len(brand) if brand_words else 0)
    near = [title for title in _texts(row, _TITLES) if len(answer) <= len(title) + room]
    if not near:
        return False
    folded = words(answer)
    return any(_tells_only(folded, words(title), brand_words) for title in near)


def _texts(row: Columns, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            yield value


def _tells_only(answer: Sequence[str], title: Sequence[str], brand: Sequence[str]) -> bool:
    """Whether the answer is the title: as it is, with a brand before or behind it, or without its end."""
    if answer == title:
        return True
    brand = _bare(brand)
    answer, title = _without(_bare(answer), brand), _without(_bare(title), brand)
    if not answer or not title:
        return False
    if answer == title:
        return True
    is_beginning = len(answer) >= _SHORTEST_CUT and answer == title[: len(answer)]
    return is_beginning and len(answer) >= _LEAST_OF_TITLE * len(title)


def _bare(units: Sequence[str]) -> list[str]:
    return [unit for unit in units if unit not in _BETWEEN]


def _without(units: Sequence[str], edge: Sequence[str]) -> Sequence[str]:
    """The words without these before and behind them."""
    size = len(edge)
    while size and size < len(units) and units[:size] == edge:
        units = units[size:]
    while size and size < len(units) and units[-size:] == edge:
        units = units[:-size]
    return units


def _may_be_same(one: str, other: str) -> bool:
    """A quick look: the first letters are the same, and the lengths are near."""
    if len(one) > 2 * len(other) + _ROOM or len(other) > 2 * len(one) + _ROOM:
        return False
    return one == other or _beginning(one) == _beginning(other)


def _beginning(text: str) -> str:
    return "".join(filter(str.isalnum, text[:_BEGINNING]))[:6].casefold()


STEP = EmptyTargets
