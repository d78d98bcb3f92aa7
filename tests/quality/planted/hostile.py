"""Text and rows made to break a cleaner: patterns of which each is some rule's worst input, and odd JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

UNITS: dict[str, str] = {
    "less_than": "<",
    "ampersand": "&",
    "at": "@",
    "digits": "4",
    "round_brackets": "(",
    "square_brackets": "[",
    "curly_brackets": "{",
    "letter_at": "a@",
    "letter_dot": "a.",
    "letter_dot_at": "a.a@",
    "letters": "a",
    "capitals": "A",
    "spaces": " ",
    "tabs": "\t",
    "line_feeds": "\n",
    "carriage_returns": "\r",
    "space_and_line": " \n",
    "no_break_spaces": "\u00a0",
    "combining_marks": "\u0301",
    "hangul_parts": "\u1100\u1161\u11a8",
    "zero_width": "\u200b",
    "joined_emoji": "\U0001f468\u200d",
    "bidi": "\u202e",
    "tag_characters": "\U000e0041",
    "escape_sequences": "\x1b[",
    "device_control": "\x1bP",
    "mojibake": "Ã",
    "mojibake_of_mojibake": "ÃƒÂ¢",
    "mojibake_quotes": "â€",
    "japanese": "あ",
    "full_stops": "。",
    "words": "word ",
    "other_words": "tree ",
    "sentences": "No. ",
    "exclamations": "! ",
    "dots": ".",
    "hyphens": "-",
    "underscores": "_",
    "slashes": "/",
    "backslashes": "\\",
    "quotes": '"',
    "percent": "%",
    "equals": "=",
    "question_marks": "?",
    "colons": ":",
    "pluses": "+",
    "plus_one": "+1 ",
    "phone_dashes": "1-",
    "phone_brackets": "(1",
    "card_blanks": "4111 ",
    "card_dashes": "4111-",
    "card_digits": "4 ",
    "iban": "DE89",
    "iban_blanks": "DE89 0",
    "cpf": "111.",
    "cnpj": "11.222.333/",
    "ip": "1.",
    "ip_large": "255.255.",
    "ip_words": "ab:",
    "ip_colons": "::",
    "mac": "0a-",
    "urls": "http://",
    "url_users": "http://a:b",
    "url_queries": "https://a?token=",
    "addresses": "a@b.",
    "long_local_part": "a+b-c_",
    "web_tokens": "eyJhbGciOi",
    "web_token_dots": "eyJ.",
    "key_heads": "sk-",
    "aws_heads": "AKIA",
    "pem_heads": "-----BEGIN RSA PRIVATE KEY-----",
    "assignments": "api_key=",
    "secret_words": "password: ",
    "model_tokens": "<|",
    "model_tokens_wide": "<｜",
    "instructions": "[INST]",
    "fences": "```",
    "double_entities": "&amp;",
    "entity_numbers": "&#",
    "entities": "&lt;b&gt;",
    "comments": "<!--",
    "open_tags": "<div>",
    "items": "<li>",
    "cells": "<table><tr><td>",
    "tag_heads": "<a ",
    "tag_attributes": "<p a=",
    "scripts": "<script>",
    "bars": "a | ",
    "bullets": "- a\n",
    "numbers_in_lines": "1\n",
    "markdown_links": "[a](",
    "markdown_stars": "**",
    "lines_again": "the same line\n",
    "random_words": "",
}
"""What is repeated; the random words are no repetition at all, so that nothing is short-cut."""


def text_of(name: str, characters: int) -> str:
    """A text of the pattern of about that length. Nested entities have one sign and a tail."""
    if name == "random_words":
        chance = random.Random(7)
        return " ".join("".join(chance.choices("abcdefghijkl", k=6)) for _ in range(characters // 7))
    if name == "double_entities":
        return "&" + "amp;" * (characters // 4) + "lt;b>"
    unit = UNITS[name]
    return unit * (characters // len(unit))


def odd_lines() -> dict[str, bytes]:
    """Lines of which none may end a run: each is stored as a record or rejected."""
    deep = 100_000
    return {
        "deep_lists": b'{"title": "deep", "text": ' + b"[" * deep + b"]" * deep + b"}",
        "deep_objects": b'{"a":' * deep + b"1" + b"}" * deep,
        "open_lists": b"[" * deep,
        "deep_within_limits": b'{"title": "nested text", "text": "plain", "x": ' + b"[" * 150 + b"]" * 150 + b"}",
        "huge_line": json.dumps({"title": "a huge text", "text": "lorem " * (10 * 1024**2 // 6)}).encode(),
        "beyond_the_limit": b'{"title": "too huge", "text": "' + b"x" * (33 * 1024**2) + b'"}',
        "huge_float": b'{"title": "huge float", "text": "of text", "rating": 1e400}',
        "huge_integer": b'{"title": "huge integer", "text": "of text", "rating": 1' + b"0" * 5_000 + b"}",
        "long_fraction": b'{"title": "long fraction", "text": "of text", "rating": 0.' + b"3" * 100_000 + b"}",
        "not_a_number": b'{"title": "nan", "text": "of text", "rating": NaN}',
        "lone_surrogate": b'{"title": "lone \\ud800 surrogate", "text": "half \\udc00 a pair \\ud83d"}',
        "raw_surrogate": b'{"title": "raw", "text": "\xed\xa0\x80"}',
        "escaped_nul": b'{"title": "nul \\u0000 in title", "text": "nul \\u0000 in text"}',
        "raw_nul": b'{"title": "raw nul", "text": "a\x00b"}',
        "bad_bytes": b'{"title": "bad bytes", "text": "\xff\xfe\xfa"}',
        "cut": b'{"title": "cut off", "text": "it ends he',
        "no_object": b'"only a string"',
        "many_fields": json.dumps({f"field {n}": f"value {n}" for n in range(10_000)}).encode(),
        "many_texts": json.dumps(
            {"title": "many", "features": ["x" * 40] * 100_000, "brand": "b", "description": "y"}
        ).encode(),
        "odd_names": json.dumps(
            {
                "title": "odd names",
                "text": "what its columns are called does not matter",
                "../../etc/passwd": "path",
                "/dev/null": "device",
                "[@click=app.quit]": "markup",
                "[/]": "markup",
                "<script>alert(1)</script>": "tag",
                "__class__": "dunder",
                "": "nameless",
                "\x1b[2J": "escape",
                "\u202ename": "turned",
                "k" * 1_000_000: "long",
            }
        ).encode(),
        "all_odd_types": b'{"title": ["a", {"b": null}], "text": {"c": [1, true, "text"]}, "description": 5}',
        "same_name_twice": b'{"title": "one", "title": "two", "text": "which of them is it"}',
        "empty_object": b"{}",
        "messages_odd": b'{"messages": [{"role": "user", "content": null}, {"role": 5}, {"content": "x"}]}',
        "messages_deep": b'{"messages": [{"role": "user", "content": [' + b"[" * 100 + b"]" * 100 + b"]}]}",
    }


def pattern_lines(characters: int) -> Iterator[bytes]:
    """A product for each pattern, whose description and title are of it."""
    for name in UNITS:
        text = text_of(name, characters)
        row = {"title": f"Pattern {name} {text[:200]}", "brand": "b", "features": [text[:2_000]], "description": text}
        yield json.dumps(row).encode()
