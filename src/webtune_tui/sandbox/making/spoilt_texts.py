"""Texts spoilt as the real thing spoils them: page source, unseen characters, wrong encodings, cuts, other words."""

from __future__ import annotations

import random
import re

PLACEHOLDERS = (
    "N/A",
    "No description available",
    "n/a",
    "Description not available.",
    "-",
    "TBD",
    "No description available.",
    "null",
)

SYNONYMS = {
    "small": "little",
    "keeps": "holds",
    "keep": "hold",
    "holds": "keeps",
    "comes": "arrives",
    "enough": "sufficient",
    "needs": "requires",
    "large": "big",
    "included": "enclosed",
    "without": "with no",
    "made": "built",
    "stays": "remains",
    "stay": "remain",
    "rather": "somewhat",
    "quiet": "silent",
    "whole": "entire",
    "goes": "fits",
    "often": "frequently",
    "hard": "difficult",
    "gives": "offers",
    "and": "&",
    "about": "around",
    "only": "just",
    "long": "lengthy",
    "box": "carton",
    "wide": "broad",
    "shows": "displays",
    "takes": "accepts",
}


def as_page_source(text: str, features: list[str], style: int) -> str:
    """The text as pages deliver it: tags and entities round the same words."""
    coded = text.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&quot;")
    first, _, rest = coded.partition(". ")
    items = "".join(f"<li>{feature.replace('&', '&amp;')}</li>" for feature in features[:2])
    return (
        f"<p>{coded}</p>",
        f"{first}.<br /><br />{rest}",
        f'<div class="a-section"><p><b>{first}.</b></p><p>{rest}</p></div>',
        f"<p>{coded}</p><ul>{items}</ul>",
        f"&nbsp;{first}.&nbsp; {rest.replace('. ', '.&nbsp; ')}",
        f'<!-- aplus --><span style="font-size:14px">{coded}</span><br>',
    )[style % 6]


def with_invisibles(text: str, style: int) -> str:
    """The text with characters that nobody sees, or that turn the line round."""
    words = text.split(" ")
    middle = len(words) // 2
    words[middle] = (
        "\u200b" + words[middle],
        "\u202e" + words[middle] + "\u202c",
        words[middle] + "\u00ad",
        "\ufeff" + words[middle],
        words[middle] + "\x0b",
    )[style % 5]
    words[2] += ("\x07", "\u200e", "\u200d", "\x1f", "\u2066\u2069")[style % 5]
    return " ".join(words)


def as_mojibake(text: str) -> str:
    """UTF-8 read as Windows-1252, as happens to quotes and dashes."""
    typographic = text.replace("'", "’").replace(", and ", " – and ", 1).replace(". ", ".\u00a0", 1)
    return typographic.encode("utf-8").decode("cp1252")


def cut_off(text: str, chance: random.Random) -> str:
    """The text up to the middle of a sentence."""
    words = text.split(" ")
    end = int(len(words) * chance.uniform(0.55, 0.8))
    while words[end - 1][-1] in ".,:;!?":
        end -= 1
    return " ".join(words[:end])


def reworded(text: str, chance: random.Random) -> str:
    """The text with two to five words replaced, always fewer than a tenth of them."""
    words = text.split(" ")
    places = [at for at, word in enumerate(words) if word in SYNONYMS]
    count = min(len(places), max(2, min(5, len(words) // 14)))
    for at in chance.sample(places, count):
        words[at] = SYNONYMS[words[at]]
    return " ".join(words)


def contact_line(brand: str, number: int) -> str:
    """A sentence with an address and a number that nobody has."""
    name = re.sub(r"[^a-z]", "", brand.lower())
    return f"Questions? Write to care@{name}.example.com or call +1 (555) 010-{number:04d}."
