"""What is found in a text, and what only looks like it."""

from __future__ import annotations

import random
import string
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.pipeline.private_data.finder import KINDS, find, private_data_in

KEY = "AK" + "IAIOSFODNN7EXAMPLE"


def found(text: str, field: str = "") -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in find(text, field)]


FOUND = [
    ("email", "Write to jane.doe+shop@mail.example.co.uk.", "jane.doe+shop@mail.example.co.uk"),
    ("email", "jane (at) example dot com", "jane (at) example dot com"),
    ("email", "max[at]example.de", "max[at]example.de"),
    ("email", "メールはinfo@example.jpまで", "info@example.jp"),
    ("email", "ｉｎｆｏ＠ｅｘａｍｐｌｅ．ｊｐ", "ｉｎｆｏ＠ｅｘａｍｐｌｅ．ｊｐ"),
    ("email", "https://example.com/?u=jane%40example.com&x=1", "jane%40example.com"),
    ("email", "ask jane@example.com.Thanks", "jane@example.com"),
    ("phone", "Call 4155552671 now", "4155552671"),
    ("phone", "(415) 555-2671", "(415) 555-2671"),
    ("phone", "(call (415) 555-2671)", "(415) 555-2671"),
    ("phone", "+49 (0)30 1234567", "+49 (0)30 1234567"),
    ("phone", "+1 415 555 2671 2 pcs", "+1 415 555 2671"),
    ("phone", "電話：０３－１２３４－５６７８まで", "０３－１２３４－５６７８"),
    ("phone", "Tel. 030 1234567", "030 1234567"),
    ("phone", "https://wa.me/14155552671", "14155552671"),
    ("phone", "০১৭ tel ٠٣٠ ١٢٣٤٥٦٧", "٠٣٠ ١٢٣٤٥٦٧"),
    ("phone", "Meu zap é 11987654321, me chama!", "11987654321"),
    ("phone", "Text us: 555-0199", "555-0199"),
    ("phone", "Fon: 0 89 / 12 34 56", "0 89 / 12 34 56"),
    ("card", "paid with 4111-1111-1111-1111.", "4111-1111-1111-1111"),
    ("iban", "IBAN de89 3704 0044 0532 0130 00 bitte", "de89 3704 0044 0532 0130 00"),
    ("cpf", "CPF 52998224725", "52998224725"),
    ("cnpj", "11.222.333/0001-81", "11.222.333/0001-81"),
    ("cnpj", "12.ABC.345/01DE-35", "12.ABC.345/01DE-35"),
    ("ssn", "SSN: 123 45 6789", "123 45 6789"),
    ("nir", "2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
    ("dni", "DNI 12345678Z", "12345678Z"),
    ("dni", "X1234567L", "X1234567L"),
    ("codice_fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562S"),
    ("steuer_id", "Steuer-ID 86 095 742 719", "86 095 742 719"),
    ("bsn", "BSN 111222333", "111222333"),
    ("nhs", "NHS number 943 476 5919", "943 476 5919"),
    ("my_number", "マイナンバー１２３４５６７８９０１８", "１２３４５６７８９０１８"),
    ("aadhaar", "Aadhaar 2341 2341 2346", "2341 2341 2346"),
    ("ip", "from 203.0.113.7:8080", "203.0.113.7"),
    ("ip", "fe80::1%eth0", "fe80::1"),
    ("mac", "00:1A:2B:3C:4D:5E", "00:1A:2B:3C:4D:5E"),
    ("mac", "0123.4567.89ab", "0123.4567.89ab"),
    ("api_key", f"key {KEY}!", KEY),
    ("api_key", "password: hunter2", "hunter2"),
    ("api_key", "Mein Passwort: Geh3im!", "Geh3im"),
    ("api_key", "Authorization: Bearer abcdefghijklmnop1234567890", "abcdefghijklmnop1234567890"),
    ("token_url", "https://user:pa55@example.com/x", "user:pa55"),
    ("token_url", "https://example.com/?token=abc123def&x=1", "abc123def"),
    ("crypto_address", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    ("crypto_address", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
]


@pytest.mark.parametrize(("kind", "text", "value"), FOUND, ids=[f"{k}-{i}" for i, (k, _, _) in enumerate(FOUND)])
def test_a_value_is_found_to_the_character(kind: str, text: str, value: str) -> None:
    assert found(text) == [(kind, value)]


LEFT_ALONE = [
    "react@18.2.0 image@2x.png @media @handle @user@mastodon.social git@github.com:o/r.git foo@1.2.3-beta.rc",
    "Visit us at example dot com. Look at amazon dot com.",
    "phone case, model 4155552671",
    "order 415-555-2671",
    "https://example.com/415-555-2671/1234567890",
    "Version 1.2.3.4, v10.20.30.40, firmware 192.1.2.3",
    "127.0.0.1 0.0.0.0 255.255.255.0 ::1 1.2.3.4",
    "1.2.3.4 Scope of delivery",
    "Mac OS X 10.15.7.1",
    "P/N: 415-555-2671",
    "std::vector Bad::Cafe 12:30:45",
    "978-3-16-148410-0 and EAN 4006381333931 and UPC 012345678905",
    "2024-01-02 10:11:12, 01.02.2024, 01/02/2024, 20240102T101112Z",
    "02139-4307, 550e8400-e29b-41d4-a716-446655440000",
    "4111 1111 1111 1112 and 1234 5678 9012 3456",
    "DE89 3704 0044 0532 0130 01",
    "529.982.247-24 and 11.222.333/0001-82",
    "password: required, token: ERC-20, api_key = os.environ['KEY'], password=${PASSWORD}",
    "sizes 02 04 06 08 10",
    "+52.520008, +13.404954",
    "[EMAIL] [PHONE_2] call [PHONE_1] or password=[API_KEY] or https://[TOKEN_URL]@example.com/?token=[TOKEN_URL_2]",
    "",
]


@pytest.mark.parametrize("text", LEFT_ALONE, ids=range(len(LEFT_ALONE)))
def test_a_look_alike_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_the_name_of_a_field_says_what_a_plain_number_is() -> None:
    assert found("4155552671") == []
    assert found("4155552671", "customerPhone") == [("phone", "4155552671")]
    assert found("415-555-2671", "model_number") == []
    assert found("52998224725", "cpf") == [("cpf", "52998224725")]


def test_a_label_of_the_sentence_before_does_not_count() -> None:
    assert found("Model 17. You reach us under (415) 555-2671") == [("phone", "(415) 555-2671")]


def test_a_card_is_found_behind_another_number() -> None:
    text = "030 12345678 4111 1111 1111 1111"
    assert found(text) == [("phone", "030 12345678"), ("card", "4111 1111 1111 1111")]


def test_a_private_key_is_taken_whole_and_nothing_after_it() -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    whole = f"{begin}\n{'MIIEpAIBAAKCAQEA7' * 4}\n{'b0' * 20}==\n{end}"
    cut = f"{begin}\n{'MIIEpAIBAAKCAQEA7' * 4}"
    assert found(f"x {whole} y") == [("api_key", whole)]
    assert found(f"x {cut}\n and words") == [("api_key", cut)]


def test_of_overlapping_finds_the_more_specific_stays() -> None:
    assert found("https://user:pa55@example.com") == [("token_url", "user:pa55")]
    assert found("IBAN NO93 8601 1117 947") == [("iban", "NO93 8601 1117 947")]


def test_the_check_before_an_upload_counts_by_kind_and_leaves_placeholders_out() -> None:
    counts = private_data_in(["jane@example.com, bob@example.com", "[EMAIL_3]", "203.0.113.7"])
    assert counts == {"email": 2, "ip": 1}


@given(st.text(alphabet=string.digits + "abX@.:-/+ ()[]\n=?&０９＠", max_size=120) | st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_finds_lie_in_the_text_in_order_and_apart(text: str) -> None:
    hits = find(text)
    assert all(hit.kind in KINDS and 0 <= hit.start < hit.end <= len(text) for hit in hits)
    assert all(former.end <= later.start for former, later in pairwise(hits))


HOSTILE = {
    "digits": "1", "dots": "1.", "addresses": "10.0.0.", "at": "a@", "long at": "a" * 63 + "@", "mails": "a@a.",
    "dashes": "1-", "spaced": "12 ", "brackets": "(0", "tokens": "eyJaaaaaaaa.", "colons": "a:", "v6": "::1",
    "passwords": "password=", "keys": "api_key = ", "urls": "https://", "logins": "https://a:", "queries": "?token=",
    "spelled": "a (at) a dot ", "spoken": "a at a dot ", "armour": "-----BEGIN PRIVATE KEY-----", "iban": "DE89 ",
    "macs": "ab:", "placeholders": "[EMAIL_", "escapes": "a%40", "calls": "call 1234567 ", "wide": "１", "spaces": " ",
    "bearer": "Bearer ", "mixed": "a1-", "tilde": "~Q~1Q~", "phones": "555-123-", "plus": "+1", "newlines": "1\n",
}  # fmt: skip
SIZE = 200_000


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    text = HOSTILE[name] * (SIZE // len(HOSTILE[name]))
    began = time.process_time()
    find(text)
    assert time.process_time() - began < 5  # a quadratic rule takes minutes


def test_random_base64_takes_linear_time_and_is_no_secret() -> None:
    rng = random.Random(3)
    text = "".join(rng.choices(string.ascii_letters + string.digits + "+/", k=SIZE))
    began = time.process_time()
    assert find(text) == []
    assert time.process_time() - began < 5
