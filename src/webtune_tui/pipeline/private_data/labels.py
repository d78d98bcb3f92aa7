"""What the words before a number say that it is: the nearest label wins, so that "phone case, model 4155552671" is a
product number and "order 17, phone 4155552671" a telephone."""

from __future__ import annotations

import re
from functools import lru_cache

REACH = 44
"""How many characters before a number are read for its label."""

PHONE, CARD, PRODUCT, VERSION, NETWORK = "phone", "card", "product", "version", "network"

_WORDS: dict[str, str] = {
    PHONE: """
        phone telephone cellphone tel telf ph fax telefax mobil mobile cell cellular call dial ring hotline
        helpline whatsapp sms tollfree voicemail landline viber telefon telefonnr handy handynr ruf rufen ruft
        anruf anrufen mobilfunk durchwahl rückruf téléphone telephone tél portable appelez appeler appelle
        joindre joignable fone telefone celular ligue ligar telemóvel telemovel teléfono telefono móvil movil
        llama llame llámame llámenos llamar llámanos cellulare chiama chiamare chiamaci chiamami recapito
        telefoon mobiel bel gsm telefonu телефон тел फोन मोबाइल texting wa zap fon""",
    CARD: """
        card visa mastercard amex discover maestro diners kreditkarte kreditkarten karte karten carte cartão
        cartao tarjeta creditcard cc""",
    "cpf": "cpf",
    "cnpj": "cnpj",
    "ssn": "ssn security itin taxpayer",
    "nir": "nir sociale insee",
    "dni": "dni nif nie",
    "steuer_id": "steuer steuerid steueridentifikationsnummer idnr tin tax",
    "bsn": "bsn burgerservice sofi",
    "nhs": "nhs",
    "aadhaar": "aadhaar aadhar adhaar uidai आधार",
    NETWORK: """
        ip ipv ipadresse address adresse server host dns gateway router ping subnet proxy client remote login
        nameserver endereço endereco mac""",
    VERSION: """
        v ver version versión versao versão versione firmware fw release build driver treiber update software
        bios kernel os android ios ipados macos windows linux chrome firefox safari python java node php sdk
        section chapter table figure fig abschnitt kapitel clause patch revision rev rule requirement oid""",
    PRODUCT: """
        model modell modèle modelo modello part pn mpn oem sku item ref réf referência referencia référence
        reference serial sn isbn issn ean upc gtin asin jan barcode strichcode imei meid vin order invoice
        tracking shipment article artikel artikelnr art bestell bestellnr auftrag auftrags kunden rechnung
        rechnungs serien teile sendung sendungs commande facture suivi pedido fatura nota rastreio rastreamento
        código codigo factura ordine codice bestelling id identifier ticket case lot lote batch doi pmid patent price
        preis prix precio preço prezzo usd eur gbp brl jpy yen euro dollar reais size größe grösse groesse
        taille tamanho product produkt produit produto producto typ series serie baureihe catalog catalogue cat
        nsn coordinate lat lon latitude longitude population timestamp unix epoch hash commit checksum md sha
        uuid guid dimension resolution score isin wkn zip plz cep postal""",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_SIGNS = dict.fromkeys("$€£¥", PRODUCT) | {"§": VERSION}
_WORD = re.compile(r"[a-z\u00df-\u024f]++(?![0-9])|[$€£¥§]|(?:(?![a-z\u00df-\u024f])[^\W\d_])+")
_SENTENCE_END = re.compile(r"[.!?…]+\s+|[。！？]|[0-9][^\w\n]{0,4}\n|\n(?=.*\w)")
_EARLIER_NUMBER = re.compile(r"[0-9](?:[ ().\-/]{0,2}[0-9]){3,}")
_LISTED = re.compile(
    r"[ )]*(?:[/,;|&]|\n|or|and|und|oder|bzw\.?|ou|et|e|y|o|または|[^\W\d_]{2,12}[.:]{1,2})[\s(+]*", re.IGNORECASE
)
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_ABBREVIATIONS = frozenset(
    ("tel", "telf", "tél", "ph", "mob", "mobil", "cell", "ref", "réf", "art", "no", "nr", "num", "nº", "mod", "ver",
     "ser", "telefonnr", "artikelnr", "bestellnr", "idnr", "handynr")
)  # fmt: skip
_ASKING = ("text", "message")
_ENDINGS = ("nummern", "nummer", "numéro", "number", "nr", "s")
_UNSPACED: dict[str, str] = {
    PHONE: "電話|でんわ|携帯|ケータイ|ファックス|ファクス|ダイヤル|連絡|手机|电话|联系|전화|휴대폰",
    CARD: "カード",
    "my_number": "マイナンバー|個人番号|my ?number",
    NETWORK: "サーバ|アドレス",
    VERSION: "バージョン|ファームウェア|版本|第",
    PRODUCT: "型番|品番|注文|商品|製造番号|追跡|伝票|価格|サイズ|会員番号|口座",
}
_UNSPACED_LABEL = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _UNSPACED.items()))


def label_before(text: str, start: int, field: str = "") -> str:
    """The kind that the nearest label before ``start`` names; else what the ``field`` that holds the text is called."""
    found = _nearest(text[start - REACH : start] if start > REACH else text[:start])
    if not found and field and start <= REACH:
        return field_label(field)
    return found


def label_counts(text: str, start: int, label: str) -> bool:
    """Whether a label still counts: it does for the first number after it, and for others that are listed with that."""
    earlier = list(_EARLIER_NUMBER.finditer(text, max(0, start - REACH), start))
    if not earlier:
        return True
    words = text[earlier[-1].end() : start]
    return _LISTED.fullmatch(words) is not None or label_before(words, len(words)) == label


@lru_cache(maxsize=2048)
def field_label(field: str) -> str:
    """The kind that a field's name announces: ``customerPhone`` and ``phone_number`` hold telephones."""
    return _nearest(re.sub(r"(?<=[a-z])(?=[A-Z])|[_.\-/\[\]0-9]+", " ", field))


@lru_cache(maxsize=4096)
def _nearest(window: str) -> str:
    lower = _in_one_sentence(window).lower()
    if "/n" in lower:
        lower = lower.replace("p/n", "pn").replace("s/n", "sn")
    best = word = ""
    words = _WORD.findall(lower)
    for place in range(len(words) - 1, -1, -1):
        word = words[place]
        best = _KIND_OF.get(word) or _SIGNS.get(word) or _without_ending(word)
        if word in ("us", "me") and place and words[place - 1] in _ASKING:
            best = PHONE
        if best:
            if word == "id" and place:  # a tax id is no product's
                outer = _KIND_OF.get(words[place - 1], "")
                best = best if outer in ("", PHONE, CARD, NETWORK, VERSION) else outer
            break
    if "my" in lower or not lower.isascii():
        unspaced = list(_UNSPACED_LABEL.finditer(lower))
        if unspaced and (not best or lower.rfind(word) < unspaced[-1].start()):
            return unspaced[-1].lastgroup or ""
    return best


def _in_one_sentence(window: str) -> str:
    """What stands before the number in its own sentence; the full stop of ``Tel.`` ends none."""
    end = 0
    for match in _SENTENCE_END.finditer(window):
        word = _LAST_WORD.search(window, 0, match.start()) if match[0][0] == "." else None
        if word is None or word[0].lower() not in _ABBREVIATIONS:
            end = match.end()
    return window[end:]


def _without_ending(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending):
            found = _KIND_OF.get(word[: -len(ending)])
            if found:
                return found
    return ""
