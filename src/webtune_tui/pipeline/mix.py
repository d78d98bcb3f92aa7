"""The mix: how much of the dataset comes from where, within a few examples of the wanted shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b

from webtune_tui.domain.options import option

EXAMPLES, TOKENS = "examples", "tokens"
REASON = "mix"


@dataclass(frozen=True)
class MixPart:
    """One ``[[mix]]`` table. An example belongs to the first part that fits: by source, domain, collection, file."""

    name: str = option("", label="Name", help="Told in the report.")
    match: list[str] = option(  # noqa: RUF009 - it answers a dataclass field
        ["*"], label="Matches", help="Patterns for source, domain, the collection's label or the file, such as *.jsonl."
    )
    share: float = option(
        0.0, label="Share", help="Of all examples that belong to a part with a share; 0 takes all.", minimum=0.0
    )
    by: str = option(
        EXAMPLES, label="Counted in", help="Examples or tokens; the first part's word goes.", choices=(EXAMPLES, TOKENS)
    )
    cap: int = option(0, label="At most", help="Examples of this part; 0 sets no limit.", minimum=0)

    def takes(self, *names: str) -> bool:
        """Whether one of the names fits one of the patterns; case does not matter."""
        folded = [name.lower() for name in names if name]
        return any(fnmatchcase(name, pattern.lower()) for pattern in self.match for name in folded)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An example that may stay. ``index`` is the caller's own number, ``part`` that of its mix part (-1: none)."""

    index: int
    example_id: str
    part: int
    tokens: int
    is_wanted: bool = False


def part_of(parts: Sequence[MixPart], *names: str) -> int:
    """The number of the first part that takes one of the names; -1 where none does."""
    return next((number for number, part in enumerate(parts) if part.takes(*names)), -1)


def left_out(parts: Sequence[MixPart], candidates: Sequence[Candidate], seed: int) -> dict[int, str]:
    """The examples that the mix leaves out, each with the name of its part.

    Which of a part stay is drawn by the seed and their ids, so that the order does not matter; those wanted by hand
    are drawn first. Examples of no part stay. No example is repeated: the scarcest part that has any sets the size.
    """
    members: list[list[Candidate]] = [[] for _ in parts]
    for one in candidates:
        if one.part >= 0:
            members[one.part].append(one)
    for number, part in enumerate(parts):
        members[number].sort(key=lambda one: (not one.is_wanted, _place(seed, one.example_id), one.example_id))
        if part.cap:
            members[number] = members[number][: part.cap]
    kept = {one.index for number, size in _sizes(parts, members) for one in _first(members[number], size, parts[0].by)}
    return {one.index: parts[one.part].name for one in candidates if one.part >= 0 and one.index not in kept}


def _sizes(parts: Sequence[MixPart], members: Sequence[Sequence[Candidate]]) -> Iterator[tuple[int, float]]:
    """How much of each part stays, in the first part's unit."""
    by = parts[0].by
    held = [float(sum(_weight(one, by) for one in some)) for some in members]
    shared = [number for number, part in enumerate(parts) if part.share > 0 and held[number]]
    total = sum(parts[number].share for number in shared)
    whole = min((held[number] * total / parts[number].share for number in shared), default=0.0)
    for number, part in enumerate(parts):
        yield number, whole * part.share / total if number in shared else held[number]


def _first(members: Sequence[Candidate], size: float, by: str) -> Iterator[Candidate]:
    """The first members that make up the size: the last one goes where it would lead further away."""
    taken = 0.0
    for one in members:
        weight = _weight(one, by)
        if taken + weight / 2 > size:
            if by == EXAMPLES or taken >= size:
                return
            continue
        taken += weight
        yield one


def _weight(one: Candidate, by: str) -> int:
    return one.tokens if by == TOKENS else 1


def _place(seed: int, example_id: str) -> bytes:
    return blake2b(f"{seed}\n{example_id}".encode(), digest_size=8).digest()
