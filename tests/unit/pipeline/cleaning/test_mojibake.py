"""Broken encodings are repaired, and no good text is harmed by it."""

from __future__ import annotations

import pytest

from webtune_tui.pipeline.cleaning import Cleaner

GOOD = """
MAÇÃ|A MAÇÃ É BOA|IRMÃ – JOÃO|São Paulo|NAÇÕES “UNIDAS”|AÇÃO!|PÃO DE QUEIJO|LÃ 100%|ÓRGÃO|ÂNCORA
|AVÔ “ÂNGELO”|Àl’aise|«CAFÉ»|CAFÉ” foi|À côté|Français à «Ô»|L’ÉTÉ — «À LA CARTE»|ÎLE-DE-FRANCE|Noël…
|cœur d’Artichaut|ŒUVRE|Ça va ?|ÊTRE ‘là’|„Ü“|GRÖßE „ÄÖÜ“|Straße|ÄÖÜ…|Ärger‚ Öl‘|¿Qué?|NIÑO “Í”
|ESPAÑA»|¡ÁNIMO!|Þór|ÆØÅ|KØBENHAVN «Å»|Łódź „Ś”|ĞÜŞ|Türkçe “İ”|ﬁn|5 Å·m|日本語「テスト」|価格は¥500です
|Привет «мир»|Ωmega|ελληνικά|Âge d’or|Ã|â|ï|Ð|à “b”|É™|Õ”|TÃO “BOM”|MÃE’S|PÃES – BOLOS|É… sim|Ú‘nico
|ATÉ – JÁ”|ô “là”|où? «là»
""".replace("\n", "").split("|")

BROKEN = [
    ("cafÃ© trÃ¨s bon", "café très bon"), ("itâ€™s â€œgoodâ€\x9d", "it’s “good”"), ("donâ\x80\x99t", "don’t"),
    ("Â© 2020", "© 2020"), ("â‚¬ 5", "€ 5"), ("ÃƒÂ©tÃƒÂ©", "été"), ("æ—¥æœ¬èªž", "日本語"), ("ðŸ˜€ yes", "😀 yes"),
    ("\x93quoted\x94 \x96 ok", "“quoted” – ok"), ("Ã  bientÃ´t", "à bientôt"), ("MÃ¼ller", "Müller"),
    ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "привет"),
    ("SÃ£o Paulo\nMAÇÃ", "São Paulo\nMAÇÃ"), ("wiped.Â\u00a0The belt", "wiped. The belt"), ("20Â°C", "20°C"),
    ("&Atilde;&copy;", "é"),
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD, ids=range(len(GOOD)))
def test_good_words_are_left_alone(text: str) -> None:
    for around in ("{}", "word {} word", "«{}»", "“{}”", "{}!", "x{}é"):
        cleaner = Cleaner()
        cleaner.clean(around.format(text))
        assert "mojibake" not in cleaner.removed, around


@pytest.mark.parametrize(("broken", "whole"), BROKEN, ids=range(len(BROKEN)))
def test_broken_text_is_repaired_and_counted(broken: str, whole: str) -> None:
    cleaner = Cleaner()
    assert cleaner.clean(broken) == whole
    assert cleaner.removed["mojibake"] >= 1


def test_what_was_lost_is_not_made_up() -> None:
    assert Cleaner().clean("caf\ufffd") == "caf\ufffd"
