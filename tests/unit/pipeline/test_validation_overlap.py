"""Examples that stand in two files are found by their wording and by their likeness."""

from __future__ import annotations

import pytest

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.validation.overlap import OverlapIndex, texts_of
from webtune_tui.pipeline.validation.similar import Texts

LONG = (
    "The kettle boils a litre of water in under three minutes, keeps it warm for an hour, and turns itself off when it"
    " is lifted from its base, so that nobody has to stand beside it in the morning and wait for the whistle."
)


class Shelf:
    """Texts in a list."""

    def __init__(self) -> None:
        self.texts: list[Texts] = []

    def put(self, texts: Texts) -> None:
        self.texts.append(texts)

    def get(self, number: int) -> Texts:
        return self.texts[number]


def example(asked: str, answered: str) -> Texts:
    return texts_of([Message("system", "Be kind."), Message("user", asked), Message("assistant", answered)])


def found(*examples: Texts) -> list[tuple[str, int, int] | None]:
    index = OverlapIndex(Shelf())
    index.add(0, [(1, example("How fast is the kettle?", LONG)), (2, example("Is it loud?", "No."))])
    index.add(
        1, [(5, example("Which colours are there for the small one?", "Red and blue, and green on demand, I hear."))]
    )
    overlaps = index.find(list(examples))
    return [one and (one.shared, one.place.file, one.place.line) for one in overlaps]


@pytest.mark.parametrize(
    ("asked", "answered", "shared"),
    [
        ("how fast is  the KETTLE", LONG.upper(), ("The same prompt and answer", 0, 1)),
        ("How fast is the kettle?", "Very.", ("The same prompt", 0, 1)),
        ("What does it do?", LONG, ("The same answer", 0, 1)),
        ("What does it do?", LONG.replace("litre", "pint").replace("hour", "day"), ("Nearly the same text", 0, 1)),
        ("Colours?", "Red and blue, and green on demand, I hear.", ("The same answer", 1, 5)),
        ("Is it heavy?", "No.", None),
        ("Is it quiet?", "Yes.", None),
        ("", "", None),
    ],
)  # fmt: skip
def test_the_strongest_overlap_is_told_with_its_place(asked: str, answered: str, shared: object) -> None:
    assert found(example(asked, answered)) == [shared]


def test_no_file_at_all_overlaps_nothing() -> None:
    index = OverlapIndex(Shelf())
    assert index.find([example("A?", "B.")]) == [None]
    assert index.find([]) == []
