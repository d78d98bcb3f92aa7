"""The words in which a title becomes a question, in six languages; and how a title shows that it is one already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionForms:
    """One language. ``the`` and ``within`` name each kind of text as a subject and as a place.

    ``forms`` fit every kind, ``topics`` those whose title names a subject. ``openers`` are words that begin a question,
    ``never_after`` those that make another sentence of it. ``section`` and ``part`` name a piece of a long text.
    """

    system: str
    the: Mapping[str, str]
    within: Mapping[str, str]
    forms: tuple[str, ...]
    topics: tuple[str, ...]
    openers: tuple[str, ...]
    never_after: frozenset[str]
    common: frozenset[str]
    section: str
    part: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FORMS: Mapping[str, QuestionForms] = {
    "en": QuestionForms(
        system="You answer questions clearly and completely.",
        the={
            "review": "the review", "article": "the article", "post": "the post", "page": "the page",
            "text": "the text",
        },
        within={
            "review": "in the review", "article": "in the article", "post": "in the post", "page": "on the page",
            "text": "in the text",
        },
        forms=(
            "What does {the} “{title}” say?",
            "What can be read {within} “{title}”?",
            "Can you tell me what {the} “{title}” says?",
        ),
        topics=("What should one know about “{title}”?", "What is there to say about “{title}”?"),
        openers=(
            "how to", "how do", "how does", "how can", "how should", "how much", "how many", "how long", "how often",
            "how is", "how are", "what is", "what are", "what does", "what do", "what was", "what were", "what should",
            "what can", "why is", "why are", "why do", "why does", "why did", "when is", "when should", "when do",
            "where is", "where are", "where can", "where do", "who is", "who are", "who was", "which is", "which are",
            "is it", "is there", "is this", "are there", "are you", "do i", "do you", "does it", "does anyone", "can i",
            "can you", "can anyone", "could you", "should i", "should we", "would you", "has anyone", "have you",
        ),
        never_after=frozenset(),
        common=_words("the of and to is that for with are was this it on as you have not by from"),
        section="Section: {heading}",
        part="Part {number} of {count}",
    ),
    "de": QuestionForms(
        system="Du beantwortest Fragen klar und vollständig.",
        the={
            "review": "die Rezension", "article": "der Artikel", "post": "der Beitrag", "page": "die Seite",
            "text": "der Text",
        },
        within={
            "review": "in der Rezension", "article": "im Artikel", "post": "im Beitrag", "page": "auf der Seite",
            "text": "im Text",
        },
        forms=(
            "Was steht {within} „{title}“?",
            "Was sagt {the} „{title}“?",
            "Kannst du mir sagen, was {within} „{title}“ steht?",
        ),
        topics=("Was sollte man über „{title}“ wissen?", "Was gibt es zu „{title}“ zu sagen?"),
        openers=(
            "wie", "was", "warum", "weshalb", "wieso", "wann", "wo", "woher", "wohin", "wer", "wem", "wen", "womit",
            "wofür", "welche", "welcher", "welches", "welchen", "kann man", "kann ich", "gibt es", "muss man",
            "muss ich",
        ),
        never_after=_words("ich wir er sie es uns mich ihr du der die das den dem ein eine einen einem mein unser für"),
        common=_words("der die das und ist nicht mit ein eine für auf den von dem sich auch wird sind zu im"),
        section="Abschnitt: {heading}",
        part="Teil {number} von {count}",
    ),
    "fr": QuestionForms(
        system="Tu réponds aux questions de façon claire et complète.",
        the={
            "review": "l’avis", "article": "l’article", "post": "la publication", "page": "la page",
            "text": "le texte",
        },
        within={
            "review": "dans l’avis", "article": "dans l’article", "post": "dans la publication", "page": "sur la page",
            "text": "dans le texte",
        },
        forms=(
            "Que dit {the} « {title} » ?",
            "Que peut-on lire {within} « {title} » ?",
            "Peux-tu me dire ce que dit {the} « {title} » ?",
        ),
        topics=("Que faut-il savoir sur « {title} » ?", "Qu’y a-t-il à dire sur « {title} » ?"),
        openers=(
            "comment", "pourquoi", "combien", "quel", "quelle", "quels", "quelles", "qu'est-ce", "qu’est-ce", "est-ce",
            "faut-il", "peut-on", "y a-t-il",
        ),
        never_after=_words("je nous il elle on ils elles vous le la les un une des ce cette mon ma mes notre"),
        common=_words("le les des et est une du dans pas sur au qui avec il pour que ne plus par sont"),
        section="Section : {heading}",
        part="Partie {number} sur {count}",
    ),
    "es": QuestionForms(
        system="Respondes a las preguntas de forma clara y completa.",
        the={
            "review": "la reseña", "article": "el artículo", "post": "la publicación", "page": "la página",
            "text": "el texto",
        },
        within={
            "review": "en la reseña", "article": "en el artículo", "post": "en la publicación", "page": "en la página",
            "text": "en el texto",
        },
        forms=(
            "¿Qué dice {the} «{title}»?",
            "¿Qué se puede leer {within} «{title}»?",
            "¿Puedes contarme qué dice {the} «{title}»?",
        ),
        topics=("¿Qué hay que saber sobre «{title}»?", "¿Qué se puede decir sobre «{title}»?"),
        openers=(
            "cómo", "qué", "por qué", "cuándo", "dónde", "quién", "quiénes", "cuál", "cuáles", "cuánto", "cuánta",
            "cuántos", "cuántas",
        ),
        never_after=frozenset(),
        common=_words("el los las y es una del con por para pero más está se lo su al como en que"),
        section="Sección: {heading}",
        part="Parte {number} de {count}",
    ),
    "pt": QuestionForms(
        system="Você responde às perguntas de forma clara e completa.",
        the={
            "review": "a avaliação", "article": "o artigo", "post": "a publicação", "page": "a página",
            "text": "o texto",
        },
        within={
            "review": "na avaliação", "article": "no artigo", "post": "na publicação", "page": "na página",
            "text": "no texto",
        },
        forms=(
            "O que diz {the} “{title}”?",
            "O que se pode ler {within} “{title}”?",
            "Pode me dizer o que diz {the} “{title}”?",
        ),
        topics=("O que é preciso saber sobre “{title}”?", "O que há a dizer sobre “{title}”?"),
        openers=(
            "como", "o que", "por que", "quando", "onde", "quem", "qual", "quais", "quanto", "quantos", "quantas",
            "é possível", "posso", "devo",
        ),
        never_after=_words("eu nós ele ela eles elas um uma a o as os meu minha nosso nossa em"),
        common=_words("o os não em uma do da dos com é mais são também ao na no por para se que"),
        section="Seção: {heading}",
        part="Parte {number} de {count}",
    ),
    "ja": QuestionForms(
        system="質問にわかりやすく、もれなく答えます。",
        the={"review": "レビュー", "article": "記事", "post": "投稿", "page": "ページ", "text": "文章"},
        within={"review": "レビュー", "article": "記事", "post": "投稿", "page": "ページ", "text": "文章"},
        forms=(
            "{the}「{title}」には何が書かれていますか。",
            "{the}「{title}」では何が述べられていますか。",
            "{the}「{title}」の内容を教えてもらえますか。",
        ),
        topics=("「{title}」について何を知っておくべきですか。", "「{title}」とはどのようなものですか。"),
        openers=(),
        never_after=frozenset(),
        common=frozenset(),
        section="見出し：{heading}",
        part="{count}部のうち第{number}部",
    ),
}  # fmt: skip
