"""What is no text goes with the measure that says so; good short texts of every kind stay."""

from __future__ import annotations

import pytest

from tests.unit.pipeline.steps.drafts import draft
from webtune_tui.pipeline.base import Dropped
from webtune_tui.pipeline.steps.quality import Quality

PROSE = (
    "The kettle was made for slow pouring, and the long spout keeps the stream thin. A handle with a counterweight "
    "keeps the wrist straight while the base heats evenly on gas, electric or induction. It boils a litre in less than "
    "five minutes, which is quick for a stovetop model, and the lid stays cool. "
)
JAPANESE = (
    "この急須は職人が一つずつ手作業で仕上げたもので、注ぎ口が細く、お湯をゆっくり注ぐことができます。"
    "取っ手は木製で熱くならず、毎日の使用に適しています。電子レンジや食洗機には対応していません。"
)
GOOD = {
    "prose": PROSE,
    "short": "Works great, five stars!",
    "table": "| Size | Chest | Length | Sleeve |\n| --- | --- | --- | --- |\n"
    + "".join(f"| {size} | {n} cm | {n - 20} cm | {n - 30} cm |\n" for n, size in enumerate(("S", "M", "L", "XL"), 90)),
    "table of numbers": "| Year | Sales | Cost |\n"
    + "".join(f"| {year} | {year * 7} | {year * 5} |\n" for year in range(2010, 2024)),
    "table of yes and no": "| Feature | Basic | Pro |\n| Timer | no | yes |\n| Lid | yes | yes |\n| Filter | no | "
    "yes |\n"
    "| Light | yes | yes |\n| Scale | no | yes |\n| Bag | no | no |\n| Case | yes | yes |",
    "ingredients": "Ingredients: water, sugar, wheat flour, palm oil, cocoa butter, whole milk powder, cocoa mass, "
    "salt, soy "
    "lecithin, vanilla extract, raising agents (sodium carbonates, ammonium carbonates), citric acid, glucose syrup, "
    "barley "
    "malt extract, hazelnuts, almonds, rapeseed oil, skimmed milk powder, butterfat, lactose, egg white, starch, "
    "pectin",
    "chemistry": "Aqua, Glycerin, Sodium Laureth Sulfate, Cocamidopropyl Betaine, Sodium Chloride, Parfum, Citric "
    "Acid, "
    "Sodium Benzoate, Potassium Sorbate, Limonene, Linalool, Panthenol, Tocopherol, Polyquaternium-7, PEG-7 Glyceryl "
    "Cocoate",
    "specification": "Width: 30 cm\nHeight: 20 cm\nDepth: 12 cm\nWeight: 1.2 kg\nVoltage: 230 V\nPower: 1200 "
    "W\nCapacity: 1 l\n"
    "Cable: 80 cm\nMaterial: steel\nColor: graphite\nDishwasher safe: yes\nMicrowave safe: no\nFreezer safe: yes",
    "bullets": "\n".join(f"- {line}" for line in PROSE.split(", ")),
    "haiku": "Snow falls on the roof\nthe kettle begins to sing\nnobody is home",
    "capitals": "STAINLESS STEEL GOOSENECK KETTLE WITH THERMOMETER AND COUNTERWEIGHTED HANDLE FOR POUR OVER COFFEE "
    "AND TEA IN "
    "YOUR KITCHEN, 1.0 L, MATTE GRAPHITE",
    "code": "Use a context manager:\n```python\nfor row in rows:\n    with open(row.path) as stream:\n        data = "
    "{}\n"
    "        data[row.key] = json.loads(stream.read())\n        rows.append(data)\n```\nThis closes the file.",
    "bare code": "def add(a, b):\n    if a is None:\n        return b\n    if b is None:\n        return a\n    "
    "return a + b\n\n"
    "print(add(1, 2))\nprint(add(None, 2))\nprint(add(1, None))\nprint(add({}, []))",
    "japanese": JAPANESE,
    "long japanese": JAPANESE * 2 + "色は三種類あります。",
    "chinese": "这款水壶采用不锈钢制成,壶嘴细长,水流稳定,适合手冲咖啡。手柄符合人体工学,长时间使用也不会疲劳。"
    "容量为一升,适用于燃气灶和电磁炉。",
    "thai": "กาต้มน้ำนี้ทำจากสแตนเลสคุณภาพสูง เหมาะสำหรับการชงกาแฟแบบดริป ด้ามจับออกแบบมาให้จับถนัดมือ "
    "ใช้ได้กับเตาทุกชนิด",
    "german": "Der Wasserkocher wurde für langsames Gießen gemacht, und der lange Ausguss hält den Strahl dünn. "
    "Kunststofffreie Edelstahlverarbeitung, Spülmaschinentauglichkeit und Überhitzungsschutz sind selbstverständlich.",
    "polish": "Czajnik został stworzony do powolnego nalewania, a długa wylewka utrzymuje cienki strumień. Uchwyt z "
    "przeciwwagą "
    "trzyma nadgarstek prosto, podczas gdy podstawa nagrzewa się równomiernie na gazie, prądzie i indukcji. Gotuje "
    "litr wody w "
    "niecałe pięć minut, co jest szybkie jak na model do kuchenki, a pokrywka pozostaje chłodna.",
    "russian": "Чайник создан для медленного наливания, а длинный носик делает струю тонкой. Ручка с противовесом "
    "держит "
    "запястье прямо, а дно нагревается равномерно на газу, электричестве и индукции. Литр воды кипит меньше пяти "
    "минут.",
    "hashtags": "Sunset over the bay tonight, what a light after the storm! We stayed until the last bit of red was "
    "gone and it "
    "was cold. #sunset #bay #storm #light #photo",
    "javascript book": PROSE + "The book tells how browsers run JavaScript and why cookies exist.",
    "chorus": "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a "
    "dream.",
    "addresses": "Manual: https://example.org/manuals/kettle-1-0-l-en.pdf\nParts: "
    "https://example.org/parts/list/2024/kettle\n"
    "Video: https://example.org/video/how-to-descale-the-kettle-in-five-minutes\nForum: "
    "https://example.org/forum/kettles/1",
    "lorem mentioned": PROSE + "The drafts were filled with lorem ipsum until the copy was written.",
    "dots": "I waited... and waited... then it came... and it was worth it... the kettle is just so good... love "
    "it... really",
}  # fmt: skip
BAD = {
    "most frequent 2-gram": "great kettle " * 20 + PROSE,
    "most frequent 3-gram": "best price online today " * 8 + "for a kettle and more of it with us in the shop",
    "most frequent 4-gram": "best price online today " * 8 + "for a kettle and more of it with us in the shop",
    "repeated sentences": "It is a good kettle for all of us. " * 6,
    "repeated lines": "This kettle is the best of them all\n" * 6 + "Buy it now\nand here\nor there",
    "repeated 5-grams": " ".join(f"{n} kettles of the best kind that you can buy {n}" for n in "abcdefghijklmnopqrst"),
    "words with a letter": " ".join(str(n * 37) for n in range(60)),
    "mean word length": "x y z w " * 5 + " ".join("abcdefghijklmnop"),
    "symbols for each word": " ".join(f"#tag{n}" for n in range(40)),
    "function words": " ".join(
        f"kettle{n} spout pouring gooseneck{n} coffee stainless{n} graphite barista{n}" for n in range(12)
    ),
    "lines that end with an ellipsis": "\n".join(f"{line} and ..." for line in PROSE.split(", ")),
    "notices of a page": "Please enable JavaScript to view this page. Your browser does not support JavaScript.",
    "filler text": "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut "
    "labore.",
    "repeated runs of 10 characters": "最高の商品です買ってください" * 12,
}

LAX = {
    "most frequent 3-gram": Quality(top_2_gram=1),
    "most frequent 4-gram": Quality(top_2_gram=1, top_3_gram=1),
    "repeated 5-grams": Quality(top_2_gram=1, top_3_gram=1, top_4_gram=1),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_texts_of_every_kind_stay(name: str) -> None:
    assert Quality().excess(GOOD[name]) is None


@pytest.mark.parametrize("measure", BAD)
def test_what_is_no_text_goes_with_measure_value_and_limit(measure: str) -> None:
    outcome = LAX.get(measure, Quality()).apply(draft(BAD[measure]))
    assert isinstance(outcome, Dropped)
    assert outcome.reason == "quality"
    assert outcome.detail.startswith(measure) or f" {measure}" in outcome.detail
    assert any(map(str.isdigit, outcome.detail)) and "(" in outcome.detail


def test_notices_are_known_in_short_texts_and_other_languages() -> None:
    for notice in (
        "JavaScript is disabled in your browser.", "We use cookies to improve your experience.", "Access Denied",
        "Checking your browser before accessing example.org", "Please verify that you are a human", "403 Forbidden",
        "Bitte JavaScript aktivieren, um diese Seite zu sehen.", "Veuillez activer JavaScript.", "Page not found",
    ):  # fmt: skip
        assert str(Quality().excess(notice)).startswith("notices of a page"), notice


def test_each_limit_can_be_set_as_the_papers_have_it() -> None:
    bullets = GOOD["bullets"]
    assert "bullet" in str(Quality(bullet_lines=0.9).excess(bullets))
    assert "under 30 characters" in str(Quality(short_lines=0.67).excess(GOOD["specification"]))
    assert "without an end mark" in str(Quality(unended_lines=0.88).excess(GOOD["specification"]))
    assert "curly brace" in str(Quality(curly_braces=True).excess(GOOD["code"]))
    assert Quality(words_from=500).excess(BAD["repeated sentences"]) is None


WORST = {
    "one word": "a" * 1_000_000, "words": "a " * 500_000, "lines": "a\n" * 500_000, "dots": "." * 1_000_000,
    "spaces": " " * 1_000_000, "unspaced": "最高" * 500_000, "signs": "captcha browser " * 62_000,
    "gram": "one two three four five six " * 37_000, "marks": ", " * 500_000, "please": "please enable " * 70_000,
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_a_megabyte_of_the_worst_ends_in_time(name: str) -> None:
    excess = Quality().excess(WORST[name])
    assert excess is None or "limit" in excess or "at least" in excess
