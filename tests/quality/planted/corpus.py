"""The whole labelled corpus, the same for the same seed."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.quality.planted.copies import plant_copies
from tests.quality.planted.dirt import plant_dirt
from tests.quality.planted.grammar import LANGUAGES, Writer
from tests.quality.planted.key import Corpus
from tests.quality.planted.persons import plant_persons
from tests.quality.planted.published import published_records
from tests.quality.planted.shapes import SHAPES, Maker

SEED = 20_261_126
_CLEAN = {"product": 70, "thread": 45, "article": 45, "review": 60}


def make_corpus(seed: int = SEED) -> Corpus:
    """About 4,500 records in five languages, shuffled."""
    corpus = Corpus()
    for language in LANGUAGES:
        maker = Maker(Writer(language, seed))
        for shape in SHAPES:
            for _ in range(_CLEAN[shape]):
                maker.clean("clean", shape)
        plant_copies(maker)
        plant_dirt(maker)
        plant_persons(maker)
        corpus.records += maker.records
    corpus.records += published_records()
    random.Random(seed).shuffle(corpus.records)
    return corpus


def write(corpus: Corpus, path: Path) -> None:
    """The rows, one a line: a record's position is its place in the corpus."""
    path.write_text("".join(json.dumps(one.row, ensure_ascii=False) + "\n" for one in corpus.records), "utf-8")
