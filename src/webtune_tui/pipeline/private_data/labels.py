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
        telefoon mobiel bel gsm telefonu телефон тел फोन मोबाइल texting wa""",
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
        bios kernel android ios ipados macos windows linux chrome firefox safari python java node php sdk
        section chapter table figure fig abschnitt kapitel clause patch revision rev rule requirement oid""",
    PRODUCT: """
        model modell modèle modelo modello part pn mpn oem sku item ref réf referência referencia référence
        reference serial sn isbn issn ean upc gtin asin jan barcode strichcode imei meid vin order invoice
        tracking shipment article artikel artikelnr art bestell bestellnr auftrag auftrags kunden rechnung
        rechnungs serien teile sendung sendungs commande facture suivi pedido fatura nota rastreio rastreamento
        código codigo factura ordine codice bestelling id identifier ticket case lot batch doi pmid patent price
        preis prix precio preço prezzo usd eur gbp brl jpy yen euro dollar reais size größe grösse groesse
        taille tamanho product produkt produit produto producto typ series serie baureihe catalog catalogue cat
        nsn coordinate lat lon latitude longitude population timestamp unix epoch hash commit checksum md sha
        uuid guid dimension resolution score isin wkn zip plz cep postal""",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_SIGNS = dict.fromkeys("$€£¥", PRODUCT) | {"§": VERSION}
_TOKEN = re.compile(r"[^\W\d_]+|[$€£¥§]")
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


@lru_cache(maxsize=2048)
def field_label(field: str) -> str:
    """The kind that a field's name announces: ``customerPhone`` and ``phone_number`` hold telephones."""
    return _nearest(re.sub(r"(?<=[a-z])(?=[A-Z])|[_.\-/\[\]]+", " ", field))


@lru_cache(maxsize=4096)
def _nearest(window: str) -> str:
    lower = window.lower()
    best = ""
    for token in reversed(_TOKEN.findall(lower)):
        best = _KIND_OF.get(token) or _SIGNS.get(token) or _without_ending(token)
        if best:
            break
    if "my" in lower or not lower.isascii():
        place = -1
        for match in _UNSPACED_LABEL.finditer(lower):
            place, kind = match.start(), match.lastgroup or ""
        if place >= 0 and (not best or lower.rfind(token) < place):
            return kind
    return best


def _without_ending(token: str) -> str:
    for ending in _ENDINGS:
        if token.endswith(ending):
            found = _KIND_OF.get(token[: -len(ending)])
            if found:
                return found
    return ""
