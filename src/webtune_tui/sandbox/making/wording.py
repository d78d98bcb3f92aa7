"""Title, description and features of a product, written from the parts of its type."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from webtune_tui.sandbox.making.parts import ProductType

ASPECTS_TOLD = ((0, 1, 2, 3), (3, 4, 5, 0), (2, 4, 1, 5))
"""Which aspects the description of the first, second and third product of a type tells; the last is for short texts."""

SHORT_TEXT = 72
SHORTEST_TEXT = 60
"""Words below which a description tells a fourth aspect, and a fifth."""

FACTS = (
    "This version: {size}, {material}, {color}.",
    "Shown here: {color}, {size}, {material}.",
    "Version on this page: {size}, {color}.",
    "Selected: {color}, {material}.",
    "Options shown: {size}, {material}, {color}.",
    "Listed here: {material}, {color}.",
)

ACRONYMS = {word.lower(): word for word in ("USB-C", "USB", "AAA", "LED", "HDMI", "TV", "mm", "x")}
SMALL_WORDS = frozenset(("and", "with", "of", "in", "from", "the", "a", "for", "to", "on", "at", "by", "or"))


def title_case(text: str) -> str:
    """The text as shops write titles; a head in capitals must come through :func:`spoken` first."""
    words = text.split()
    return " ".join(
        ACRONYMS.get(word.lower()) or (word if word in SMALL_WORDS and at else word[:1].upper() + word[1:])
        for at, word in enumerate(words)
    )


def spoken(head: str) -> str:
    """A head in capitals as it stands inside a sentence."""
    return " ".join(ACRONYMS.get(word.lower(), word.lower()) for word in head.split())


def opened(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def feature_lines(aspects: list[tuple[str, str, str]], style: int) -> list[str]:
    """The five bullet points in the manner of the brand."""
    styles: tuple[Callable[[str, str], str], ...] = (
        lambda head, text: f"{head}: {text}",
        lambda head, text: f"{opened(spoken(head))} - {text}.",
        lambda head, text: f"【{title_case(spoken(head))}】 {opened(text)}",
        lambda head, text: f"{opened(spoken(head))}: {text}",
    )
    return [styles[style](head, text) for head, text, _ in aspects]


def told_aspects(product_type: ProductType, number: int, frame_words: int) -> list[tuple[str, str, str]]:
    """Three aspects of the product, or a fourth and fifth while the text would be short."""
    rest = [at for at in range(len(product_type.aspects)) if at not in ASPECTS_TOLD[number]]
    told: list[tuple[str, str, str]] = []
    for at in (*ASPECTS_TOLD[number], *rest):
        length = frame_words + sum(len(sentence.split()) for _, _, sentence in told)
        if len(told) == 5 or (len(told) >= 3 and length >= (SHORT_TEXT, SHORTEST_TEXT)[len(told) - 3]):
            break
        told.append(product_type.aspects[at])
    return told


def write_text(
    product_type: ProductType, number: int, values: dict[str, str], style: int, chance: random.Random
) -> tuple[str, str, list[str]]:
    """Title, description and features of the product `number` (0..2) of a type."""
    frame = [product_type.openings[number], product_type.limits[number], product_type.boxes[number % 2]]
    told = told_aspects(product_type, number, sum(len(sentence.split()) for sentence in frame))
    untold = [aspect for aspect in product_type.aspects if aspect not in told]
    listed = (told + chance.sample(untold, len(untold)))[:5]
    sentences = [frame[0], *(sentence for _, _, sentence in told), *frame[1:]]
    sentences.insert(chance.randint(1, len(told) + 1), chance.choice(FACTS))
    description = " ".join(sentence.format_map(values) for sentence in sentences)
    description = re.sub(r"(^|[.] )([a-z])", lambda found: found[1] + found[2].upper(), description)
    heads = " and ".join(title_case(spoken(head)) for head, _, _ in listed[:2])
    ends = (f", {heads}", f" | {title_case(spoken(listed[0][0]))}", "", f" - {heads}")
    title = (
        f"{values['brand']} {product_type.noun}, {title_case(values['size'])}, {title_case(values['material'])}, "
        f"{values['color']}{ends[style]}"
    )
    return title, description, [line.format_map(values) for line in feature_lines(listed, style)]
