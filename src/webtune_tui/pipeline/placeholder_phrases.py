"""The phrases by which values say that there is none, as one finds them in product feeds and scraped pages."""

from __future__ import annotations


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.replace("\n", " ").split("|"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PHRASES = _phrases(
    r"""
    n/a | n.a | na | n\a | n / a | n/a/n/a | not applicable | none | null | nil | nan | tbd | tba | tbc |
    to be announced | to be defined | to be added | to be confirmed | to follow | unknown | unavailable |
    not available | not specified | not provided | not set | not found | no data | no value | placeholder |
    undefined | object object | #n/a | #value | #ref | #name | none none | null null | coming soon |
    description coming soon | text coming soon | content coming soon | details coming soon |
    more details coming soon | more information coming soon | more info coming soon | details to follow |
    description to follow | see title | see above | see below | see image | see images | see picture | see pictures |
    see photo | see photos | see the picture | see the pictures | see the photo | see the photos | see description |
    see product description | see details | as shown | as pictured | as described | as above | as title |
    as in title | same as title | click here | read more | show more | learn more | loading | please wait |
    insert text here | your text here | text here | add description here | enter description here | description here |
    sample text | dummy text | this is a test | just a test | test test | test test test | testtest |
    test description | test product | asdf | asdfasdf | asdf asdf | qwerty | xxx | xxxx | foo bar | todo | fixme |
    k.a | k. a | keine angabe | keine angaben | keine daten | keine beschreibung | ohne beschreibung |
    nicht verfügbar | nicht vorhanden | nicht angegeben | nicht bekannt | nicht zutreffend | unbekannt | entfällt |
    folgt | folgt in kürze | demnächst | demnächst verfügbar | beschreibung folgt | siehe bild | siehe bilder |
    siehe foto | siehe fotos | siehe titel | siehe oben | siehe beschreibung | wie abgebildet | wie auf dem bild |
    mehr anzeigen | weiterlesen | mehr erfahren | platzhalter | non disponible | indisponible | non renseigné |
    non renseignée | non précisé | non spécifié | non applicable | sans description | sans objet | aucun | aucune |
    aucune donnée | inconnu | à venir | bientôt | bientôt disponible | prochainement | voir photo | voir photos |
    voir la photo | voir les photos | voir image | voir titre | voir ci-dessus | lire la suite | en savoir plus |
    no disponible | no especificado | no aplica | no aplicable | sin datos | sin especificar | desconocido | ninguno |
    ninguna | próximamente | muy pronto | ver foto | ver fotos | ver imagen | ver imágenes | ver título | ver arriba |
    leer más | ver más | não disponível | indisponível | não informado | não informada | não especificado |
    não se aplica | não há descrição | sem dados | não consta | desconhecido | nenhum | nenhuma | em breve |
    ver imagem | ver imagens | ver título | ver acima | leia mais | saiba mais | non disponibile |
    nessuna descrizione | non specificato | non applicabile | sconosciuto | prossimamente | vedi foto | vedi titolo |
    vedi immagine | leggi di più | niet beschikbaar | geen beschrijving | geen gegevens | onbekend | zie foto |
    zie titel | brak | brak opisu | brak danych | niedostępny | нет описания | нет данных | без описания |
    описание отсутствует | не указано | нет в наличии | неизвестно | yok | açıklama yok | ingen beskrivning |
    ei kuvausta | なし | 無し | 説明なし | 説明無し | 商品説明なし | 説明はありません | 商品説明はありません |
    商品の説明はありません | 説明がありません | 情報なし | データなし |
    該当なし | 未定 | 未設定 | 未入力 | 不明 | 準備中 | 近日公開 | 画像参照 | 画像をご覧ください | 写真参照 |
    タイトル参照 | 特になし | 暂无 | 无 | 暂无描述 | 暂无介绍 | 暂无简介 |
    无描述 | 没有描述 | 暂无数据 | 暂无内容 | 不详 | 未知 | 如图 | 见图 | 如题 | 見圖 | 無描述 | 暫無 | 없음 |
    설명 없음 | 설명없음 | 상품 설명 없음 | 정보 없음 | 해당 없음 |
    준비 중 | 준비중
    """
)
"""Whole values, in folded case and without the signs around them."""

OPENERS = _words(
    """
    no sorry sorry, there the product item description information details detail content text für noch leider
    derzeit kein keine die produktbeschreibung beschreibung pas aucun aucune la sin ninguna descripción sem não
    nenhuma a descrição
    """
)
"""The first words of sentences that may say that there is nothing."""

FILLER = _words(
    """
    lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore
    magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat
    duis aute irure in reprehenderit voluptate velit esse cillum eu fugiat nulla pariatur excepteur sint occaecat
    cupidatat non proident sunt culpa qui officia deserunt mollit anim id est laborum at vero eos accusam justo duo
    dolores rebum stet clita kasd gubergren no sea takimata sanctus sadipscing elitr diam nonumy eirmod invidunt
    erat voluptua
    """
)
"""The words of the printers' dummy text."""
