"""The small words that hold sentences together, in the languages of Latin script that the web has most of.

Running text of any length has some; word heaps, part lists and rows of keywords have none. Each list names the
commonest articles, conjunctions, prepositions, pronouns and auxiliary verbs of its language.
"""

from __future__ import annotations

BY_LANGUAGE: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and to a in is that it for with as on be are this by from you or not have at an your can will",
        "de": "der die das und ist in zu den mit von ein eine für auf nicht sich auch im dem es sie "
        "ich wird bei als oder",
        "fr": "le la les de des du et est un une pour dans que qui en sur avec pas au ce il vous "
        "par plus ou sont votre",
        "es": "el la los las de del y es un una para en que con por se no su al lo como más o son sin este muy",
        "pt": "o a os as de do da dos das e é um uma para em que com por não se no na ao como mais ou são seu sua",
        "it": "il lo la i gli le di del della e è un una per in che con non si da al come più o sono anche questo",
        "nl": "de het een en van is in op te dat voor met niet zijn aan er om ook door als bij of je naar uit deze",
        "sv": "och att det i en är som på för med av den till inte om ett jag kan från har du",
        "da": "og at det i en er som på for med af den til ikke om et jeg kan fra har du de",
        "nb": "og at det i en er som på for med av den til ikke om et jeg kan fra har du de",
        "fi": "ja on ei se että oli hän mutta kun myös ovat tai niin kuin joka sen voi ole sekä jos",
        "pl": "i w na z się nie do to jest że o jak po za od przez dla są może być oraz lub co",
        "cs": "a v na se je že do to s z o pro i jako za ve by nebo jsou byl které od ale po",
        "sk": "a v na sa je že do to s z o pre aj ako za vo by alebo sú bol ktoré od ale po",
        "hu": "a az és hogy nem is egy ez van meg csak de már ha vagy mint el volt lehet minden",
        "ro": "și si de în in la cu pe nu este o un să sa că ca din pentru mai sau sunt care al a",
        "tr": "ve bir bu da de için ile çok en o ama gibi daha ne olarak var kadar sonra her ya",
        "hr": "i u na je se da za su od s ne kao koji iz o ili ali po što bi do",
        "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga ke karena ada atau adalah bisa",
        "vi": "và là của có không cho một được các trong với người này để đã khi những từ cũng như",
        "ca": "el la els les de del i és un una per en que amb no es al com més o són dels",
        "tl": "ang ng sa na at mga ay ito para ko hindi si may ni kung",
        "sw": "ya na wa kwa ni za la katika hii kama cha yake lakini pia au",
    }.items()
}

ALL = frozenset().union(*BY_LANGUAGE.values())
