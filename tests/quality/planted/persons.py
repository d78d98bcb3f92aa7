"""Personal data, secrets and their look-alikes inside otherwise clean texts."""

from __future__ import annotations

from tests.quality.planted.personal import KINDS, LOOKALIKES
from tests.quality.planted.shapes import Maker, text_of, with_text


def plant_persons(maker: Maker, each: int = 6) -> None:
    """Each kind in ``each`` records, some with several; as many records with look-alikes alone."""
    for kind, draw in KINDS.items():
        for _ in range(each):
            row = maker.row("product", "review", "article", "thread")
            secret = draw(maker.chance)
            text = maker.writer.joined([text_of(row), maker.writer.line(f"say_{kind}").replace("{}", secret)])
            maker.add(f"personal_{kind}", with_text(row, text), secrets=((kind, secret),))
    for _ in range(each):
        row = maker.row("product", "review", "article", "thread")
        kinds = maker.chance.sample(sorted(KINDS), 3)
        secrets = tuple((kind, KINDS[kind](maker.chance)) for kind in kinds)
        told = [maker.writer.line(f"say_{kind}").replace("{}", secret) for kind, secret in secrets]
        maker.add("personal_several", with_text(row, maker.writer.joined([text_of(row), *told])), secrets=secrets)
    for kind, draw in LOOKALIKES.items():
        for _ in range(max(2, each // 2)):
            row = maker.row("product", "review", "article", "thread")
            alike = draw(maker.chance)
            text = maker.writer.joined([text_of(row), maker.writer.line("say_lookalike").replace("{}", alike)])
            maker.add("lookalike", with_text(row, text), answer=text, lookalikes=((kind, alike),))
