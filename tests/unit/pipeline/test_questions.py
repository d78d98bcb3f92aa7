"""Questions of titles: in the language of the text, the same for the same title, and not where there is one already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.pipeline.question_forms import FORMS
from webtune_tui.pipeline.questions import forms_of, is_question, language_of, question

TEXTS = {
    "en": "The kettle is to be cleaned with vinegar, and that is all there is to it.",
    "de": "Der Kessel ist mit Essig zu reinigen, und das ist auch schon alles, was zu tun ist.",
    "fr": "La bouilloire est à nettoyer avec du vinaigre, et il ne faut pas oublier les joints.",
    "es": "El hervidor se limpia con vinagre, y los filtros con agua; no hay más que hacer para su cuidado.",
    "pt": "A chaleira é limpa com vinagre, e os filtros com água; não há mais o que fazer em uma semana.",
    "ja": "ケトルは毎週お湯と酢で洗います。ほかにすることはありません。",
}
KINDS = ("review", "article", "post", "page", "text")


@pytest.mark.parametrize("language", TEXTS)
def test_a_title_becomes_a_question_in_the_language_of_its_text(language: str) -> None:
    forms = FORMS[language]
    asked = question("Xyzzy 3", forms_of("Xyzzy 3", TEXTS[language]), "article")
    assert asked in {
        form.format(the=forms.the["article"], within=forms.within["article"], title="Xyzzy 3")
        for form in (*forms.forms, *forms.topics)
    }
    assert forms_of("Xyzzy 3", TEXTS[language]) is forms


@pytest.mark.parametrize("language", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_form_holds_the_title_and_nothing_unfilled(language: str, kind: str) -> None:
    asked = {question(f"Ttl {n}", FORMS[language], kind, about="Prdct" if kind == "review" else "") for n in range(60)}
    assert all("Ttl" in one and "{" not in one for one in asked)
    assert len({one.split("Ttl")[0] for one in asked}) >= (3 if language != "ja" else 1)
    assert kind != "review" or all("(Prdct)" in one for one in asked)


@pytest.mark.parametrize(
    ("told", "language"),
    [("de-AT", "de"), ("ja", "ja"), ("pt_BR", "pt"), ("", "en"), ("xx", "en"), ("german", "en"), ("en", "en")],
)
def test_a_language_that_is_told_goes_before_what_is_seen(told: str, language: str) -> None:
    assert language_of(TEXTS["en"], told) == language


@pytest.mark.parametrize("text", ["", "Новости о чайнике и о том, что было", "水壶很好用", "12 34 56", "Zeilen"])
def test_other_languages_and_too_little_text_are_asked_about_in_english(text: str) -> None:
    assert language_of(text) == "en"


@pytest.mark.parametrize(
    "title",
    ["How do I boil rice", "How to boil rice", "Why does it leak?", "Is it worth it", "Wie kocht man Reis",
     "Warum tropft der Kessel", "Comment faire du pain", "¿Cómo limpiar?", "Cómo limpiar el hervidor",
     "Como limpar a chaleira", "O que fazer", "ケトルとは", "どうすればいいですか", "使えますか？", "“Really?”"],
)  # fmt: skip
def test_a_title_that_asks_is_the_question_itself(title: str) -> None:
    assert is_question(title)
    assert any(question(title, forms) == title for forms in FORMS.values())


@pytest.mark.parametrize(
    "title",
    ["How I built a kettle", "However", "What", "", "?!", "Wie ich kochte", "Comment nous avons gagné", "Kettle",
     "Como eu fiz", "L'avis", "Whatever is new", "静かなケトル"],
)  # fmt: skip
def test_a_title_that_tells_is_no_question(title: str) -> None:
    assert not is_question(title) or title == "?!"


def test_an_opener_of_another_language_asks_nothing() -> None:
    assert question("Como cada año", FORMS["es"]) != "Como cada año"


@given(st.text(max_size=60), st.text(max_size=200), st.sampled_from(KINDS), st.text(max_size=5))
def test_any_title_has_a_question_and_always_the_same(title: str, text: str, kind: str, language: str) -> None:
    forms = forms_of(title, text, language)
    asked = question(title, forms, kind)
    assert title in asked
    assert question(title, forms_of(title, text, language), kind) == asked
