"""Words that say of a line that it is about the shop or the site rather than about its subject."""

from __future__ import annotations

import re

_CUES_OF_LANGUAGES = {
    "en": r"""shipping|shipped|shipment|ships (?:in|within|from|to)|free delivery|delivery (?:time|within|on|is|of)
        |(?:next|same)[- ]day delivery|we deliver|free returns|returns? (?:policy|within|accepted|are|is)|refund
        |checkout|(?:to|your|shopping) (?:cart|basket|bag|wishlist)|(?:all|your|the|our) orders?\b
        |orders? (?:over|above|placed)
        |order (?:now|today|by|before|with)|(?:use|uses|accept|our|all|of) cookies|cookie (?:policy|settings|notice)
        |privacy (?:policy|notice)|terms (?:of (?:use|service|sale)|and conditions)|copyright|©|all rights reserved
        |disclaimer|newsletter|subscribe|sign (?:in|up)\b|log ?in\b|register (?:now|here|your)|contact us|us for any
        |customer (?:service|support)|customers (?:also|who)|frequently bought|you (?:may|might) also
        |recommended for you|related (?:products|articles|posts|items)|read (?:more|also)|share (?:this|on)
        |follow us|click (?:here|on|below)
        |skip to|back to top|(?:view|see) (?:all|more)|learn more about|your (?:monitor|screen|display)
        |may (?:vary|differ)|your feedback|leave (?:us )?feedback|our (?:store|shop|website|site)|visit us|payment
        |advertis|sponsored|affiliate|money[- ]back|all prices|\bvat\b""",
    "de": r"""versand|lieferung|lieferzeit|geliefert|rückgabe|widerruf|warenkorb|bestell|datenschutz|impressum|\bagb\b
        |alle rechte|anmelden|registrier|kunden(?:service|dienst|\b)|kauften|weiterlesen|\bteilen\b|folgen sie|mwst
        |zahlung|klicken|rücksend|unser(?:em|en)? (?:online-?)?shop""",
    "fr": r"""livraison|livré|expédi|retours? (?:gratuit|sous|accept)|rembours|panier|(?:votre|toute|passer) commande
        |commandez|confidentialité|mentions légales|tous droits|service client|clients ayant|lire la suite|partage[rz]
        |suivez|inscri(?:vez|ption)|abonnez|se connecter|paiement|cliquez|notre (?:boutique|site)""",
    "es": r"""\benvíos?\b|enviamos|entregas? (?:en|a|gratis)|devoluci|reembols|carrito|pedidos?\b|privacidad|aviso legal
        |derechos reservados|atención al cliente|clientes (?:que|también)|leer más|comparte|compartir|síguenos|suscrí
        |iniciar sesión|\bpagos?\b|haz clic|nuestra (?:tienda|web)""",
    "pt": r"""frete|\benvios?\b|enviamos|entregas? (?:em|para|gr)|devolu|reembolso|carrinho|privacidade
        |direitos reservados|atendimento|clientes (?:que|também)|leia (?:mais|também)|siga-nos|assine|cadastre
        |pagamento|clique|nossa loja""",
    "it": r"""spedizion|consegna (?:in|entro|gratuita)|rimbors|carrello|\bordini\b|diritti riservati|servizio clienti
        |iscriviti""",
    "nl": r"verzending|verzonden|retourneren|winkelwagen|bestelling|klantenservice|privacybeleid|alle rechten",
    "pl": r"wysyłk|dostaw|zwrot|koszyk|zamówieni|polityk[ai] prywatności",
    "ru": r"доставк|возврат|корзин|заказ|конфиденциальност|подпис|все права",
    "ja": r"""配送|送料|返品|返金|ご注文|カートに|クッキー|プライバシー|著作権|お問い合わせ|会員登録|ログイン|カスタマー
        |お支払|発送|出荷|無断転載|こちらも|おすすめ商品""",
    "zh": r"运送|发货|配送|退货|退款|购物车|订单|隐私|版权所有|客服|登录|注册",
    "ko": r"배송|반품|환불|장바구니|주문|개인정보|고객센터",
}
_CUES = re.compile("|".join(re.sub(r"\n\s*", "", cues) for cues in _CUES_OF_LANGUAGES.values()), re.IGNORECASE)
_CHAIN_SIGN = re.compile(r"\s[>»|/•·›]\s")
_LINKS = 3  # signs between the parts of a chain


def is_about_the_site(line: str) -> bool:
    """Whether a line speaks of orders, cookies, rights and the like, or is a chain of links."""
    return _CUES.search(line) is not None or len(_CHAIN_SIGN.findall(line)) >= _LINKS
