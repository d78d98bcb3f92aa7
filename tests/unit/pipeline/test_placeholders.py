"""Values that say nothing, in several languages; short answers that do say something stay."""

from __future__ import annotations

import pytest

from webtune_tui.domain.examples import Message
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.placeholders import is_placeholder
from webtune_tui.pipeline.steps.placeholder_rows import PlaceholderRows

NOTHING = """
N/A|n.a.|-|—|...|None|null|undefined|[object Object]|[object Object], [object Object]|{{ description }}
|${title}|%DESCRIPTION%|No description available.|There is no description for this product
|Description not available|Coming soon!|See image|test test
|Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.
|Keine Beschreibung verfügbar|Keine Produktbeschreibung vorhanden|Beschreibung folgt|k.A.|Siehe Bild
|Aucune description|Aucune description disponible|Pas de description disponible|Non renseigné|Voir photo
|Sin descripción|Sin descripción disponible|No hay descripción|Próximamente|Sem descrição
|Sem descrição disponível|Descrição não disponível|Em breve|説明なし|この商品の説明はありません。
|商品説明はありません|未定|暂无描述|설명 없음
""".replace("\n", "")

SOMETHING = """
Yes|No|No.|42|0|Blue|Nada|None of these|No, it does not fit.|Sí|Não|Oui|Nein|はい|いいえ
|No description needed: it is a chair.|Test|5 stars|Great!|👍|OK|N/A batteries|Na klar|Keine Sorge
|Sin azúcar|Sem glúten|Aucune idée, désolé|説明書付き|梨|Unknown Pleasures|See image processing tools
|No data loss, no downtime|Not available in black, only in white|Nylon|A|XL|[1]|{a}|<3
|Lorem ipsum is the dummy text of printers; this poster shows its history|Coming soon to a theatre near you
|情報処理技術者試験|商品券|Nano|undefinedness|empty|The product|[x] done|u
""".replace("\n", "")


@pytest.mark.parametrize("text", NOTHING.split("|"))
def test_a_value_that_says_nothing_is_one(text: str) -> None:
    assert is_placeholder(text) and is_placeholder(f" {text} ")


@pytest.mark.parametrize("text", SOMETHING.split("|"))
def test_a_short_answer_is_none(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    ("answer", "is_kept"), [("none", True), ("N/A", True), ("undefined", False), ("Sin descripción", False)]
)
def test_a_person_may_answer_with_one_word(answer: str, is_kept: bool) -> None:
    draft = Draft(1, "k", RecordKind.DATA, {}, messages=(Message("assistant", answer),), is_written=True)
    assert (PlaceholderRows().apply(draft) is draft) == is_kept
    scraped = Draft(1, "k", RecordKind.DATA, {}, messages=(Message("assistant", answer),))
    assert PlaceholderRows().apply(scraped) == Dropped(1, "placeholder", "placeholder_rows", answer)
