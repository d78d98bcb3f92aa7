"""The bundled records, their answer key, and which of them answer an input."""

from __future__ import annotations

import gzip
import html
import json
import re
import unicodedata
from collections import Counter
from typing import Any

import pytest

from webtune_tui.sandbox import catalogue, make_records, records

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with gzip.open(catalogue.DATA / "amazon_products.ndjson.gz", "rt", encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def manifest() -> Row:
    content: Row = json.loads((catalogue.DATA / "MANIFEST.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def by_asin(rows: list[Row]) -> dict[str, Row]:
    return {row["asin"]: row for row in rows if "asin" in row}


def planted(manifest: Row, by_asin: dict[str, Row], kind: str) -> list[Row]:
    return [by_asin[asin] for asin in manifest["planted"][kind]]


def words(text: str) -> list[str]:
    return text.split()


def test_the_script_gives_the_checked_in_records_again(rows: list[Row], manifest: Row) -> None:
    made_rows, made_manifest = make_records.build()
    assert made_rows == rows
    assert json.loads(json.dumps(made_manifest)) == manifest


def test_there_are_at_least_300_products_in_twelve_categories_in_a_small_file(rows: list[Row], manifest: Row) -> None:
    assert len({row["asin"] for row in rows if "asin" in row}) >= 300
    assert len(manifest["categories"]) == 12
    assert (catalogue.DATA / "amazon_products.ndjson.gz").stat().st_size < 1_200_000


def test_every_field_is_one_that_the_scraper_is_known_to_deliver(rows: list[Row]) -> None:
    known = set(catalogue.load().fields["gd_l7q7dkf244hwjntr0"])
    assert {name for row in rows for name in row} <= known


def test_a_record_has_the_many_fields_of_the_real_thing(rows: list[Row]) -> None:
    assert min(len(row) for row in rows if "title" in row) >= 55


def test_clean_descriptions_are_60_to_150_words_and_all_different(manifest: Row, by_asin: dict[str, Row]) -> None:
    texts = [by_asin[asin]["description"] for asin in manifest["clean"]]
    assert len(texts) >= 90
    assert all(60 <= len(words(text)) <= 150 for text in texts)
    assert len(set(texts)) == len(texts)


def test_clean_records_name_their_brand_in_the_title_and_have_five_features(
    manifest: Row, by_asin: dict[str, Row]
) -> None:
    for asin in manifest["clean"]:
        row = by_asin[asin]
        assert row["title"].startswith(row["brand"])
        assert len(row["features"]) == 5


def test_clean_records_of_different_products_are_no_near_duplicates(manifest: Row, by_asin: dict[str, Row]) -> None:
    shingles = [
        {tuple(words(text)[at : at + 3]) for at in range(len(words(text)) - 2)}
        for text in (by_asin[asin]["description"] for asin in manifest["clean"])
    ]
    nearest = max(
        len(left & right) / len(left | right) for at, left in enumerate(shingles) for right in shingles[at + 1 :]
    )
    assert nearest < 0.6


def test_no_slot_or_double_space_is_left_in_a_clean_text(manifest: Row, by_asin: dict[str, Row]) -> None:
    for asin in manifest["clean"]:
        row = by_asin[asin]
        text = " ".join([row["title"], row["description"], *row["features"]])
        assert not re.search(r"[{}]|  |None", text)


def test_planted_html_holds_tags_or_entities(manifest: Row, by_asin: dict[str, Row]) -> None:
    for row in planted(manifest, by_asin, "html"):
        assert "<" in row["description"] or html.unescape(row["description"]) != row["description"]


def test_planted_empty_descriptions_are_null_empty_or_blank(manifest: Row, by_asin: dict[str, Row]) -> None:
    texts = [row.get("description") for row in planted(manifest, by_asin, "empty")]
    assert all(not (text or "").strip() for text in texts)
    assert {type(text) for text in texts} == {str, type(None)}


def test_planted_titles_stand_in_for_descriptions(manifest: Row, by_asin: dict[str, Row]) -> None:
    assert all(row["title"] == row["description"] for row in planted(manifest, by_asin, "title_as_description"))


def test_exact_duplicates_share_every_text_under_two_asins(manifest: Row, by_asin: dict[str, Row]) -> None:
    for one, other in manifest["planted"]["exact_duplicate"]:
        assert one != other
        for name in ("title", "brand", "features", "description"):
            assert by_asin[one][name] == by_asin[other][name]


def test_near_duplicates_differ_in_at_most_a_tenth_of_their_words(manifest: Row, by_asin: dict[str, Row]) -> None:
    for one, other in manifest["planted"]["near_duplicate"]:
        left, right = words(by_asin[one]["description"]), words(by_asin[other]["description"])
        edited = sum((Counter(left) - Counter(right)).values())
        assert 1 <= edited <= len(left) / 10


def test_rows_delivered_twice_are_there_twice(manifest: Row, rows: list[Row]) -> None:
    counts = Counter(row["asin"] for row in rows if "asin" in row)
    assert {asin for asin, count in counts.items() if count == 2} == set(manifest["planted"]["delivered_twice"])


def test_shared_targets_are_one_text_under_different_titles_of_a_brand(manifest: Row, by_asin: dict[str, Row]) -> None:
    for group in manifest["planted"]["shared_target"]:
        shared = [by_asin[asin] for asin in group]
        assert len({row["description"] for row in shared}) == 1
        assert len({row["brand"] for row in shared}) == 1
        assert len({row["title"] for row in shared}) == len(shared) == 3


def test_cut_off_texts_end_without_a_full_stop(manifest: Row, by_asin: dict[str, Row]) -> None:
    assert all(row["description"][-1].isalnum() for row in planted(manifest, by_asin, "cut_off"))


def test_invisible_characters_are_format_or_control_characters(manifest: Row, by_asin: dict[str, Row]) -> None:
    for row in planted(manifest, by_asin, "invisible"):
        assert any(unicodedata.category(character) in ("Cf", "Cc") for character in row["description"])


def test_mojibake_can_be_turned_back(manifest: Row, by_asin: dict[str, Row]) -> None:
    for row in planted(manifest, by_asin, "mojibake"):
        assert row["description"].encode("cp1252").decode("utf-8") != row["description"]


def test_escape_sequences_and_markup_are_there_as_planted(manifest: Row, by_asin: dict[str, Row]) -> None:
    assert all("\x1b" in row["title"] + row["description"] for row in planted(manifest, by_asin, "escape_sequence"))
    marked = [row["title"] + row["description"] for row in planted(manifest, by_asin, "markup")]
    assert sum("[@click=app.quit]x[/]" in text for text in marked) == 2


def test_contacts_are_of_the_reserved_kind(manifest: Row, by_asin: dict[str, Row]) -> None:
    for row in planted(manifest, by_asin, "contacts"):
        assert re.search(r"[a-z]+@[a-z]+\.example\.com", row["description"])
        assert re.search(r"\(555\) 010-01\d\d", row["description"])


def test_five_languages_other_than_english_are_there(manifest: Row, by_asin: dict[str, Row]) -> None:
    languages = Counter(row["language"] for row in planted(manifest, by_asin, "other_language"))
    assert languages == {"de-DE": 4, "es-US": 4, "pt-BR": 4, "fr-CA": 4, "ja-JP": 4}


def test_error_rows_have_exactly_four_keys_and_warning_rows_no_error(rows: list[Row], manifest: Row) -> None:
    failed = [row for row in rows if "error" in row]
    warned = [row for row in rows if "warning" in row]
    assert all(set(row) == {"timestamp", "input", "error", "error_code"} for row in failed)
    assert all(set(row) == {"timestamp", "input", "warning", "warning_code"} for row in warned)
    assert (len(failed), len(warned)) == (manifest["error_rows"], manifest["warning_rows"]) == (8, 2)
    assert {"dead_page", "crawl_failed", "blocked"} <= {row["error_code"] for row in failed}


def test_the_counts_of_the_manifest_are_those_of_its_lists(manifest: Row) -> None:
    assert manifest["planted_counts"] == {kind: len(asins) for kind, asins in manifest["planted"].items()}


def best_sellers(slug: str) -> Row:
    return {"category_url": f"https://www.amazon.com/gp/bestsellers/{slug}"}


def titles(door: str, given: Row) -> list[str]:
    return [row["title"] for row in records.load().answer(door, given) if "title" in row]


@pytest.mark.parametrize("slug", sorted(records.load().categories))
def test_each_category_answers_with_its_own_records(slug: str) -> None:
    shelf = records.load()
    found = list(shelf.answer("discover_by_best_sellers_url", best_sellers(slug)))
    assert len(found) >= 24
    assert {shelf.category_of[records.key_of(row)] for row in found} == {slug}


def test_a_search_address_names_a_category_by_its_query() -> None:
    found = titles("discover_by_category_url", {"url": "https://www.amazon.com/s?i=luggage-intl-ship"})
    assert found == titles("discover_by_best_sellers_url", best_sellers("fashion-luggage"))


def test_an_address_with_a_trailing_number_still_names_its_category() -> None:
    given = {"category_url": "https://www.amazon.com/Best-Sellers/zgbs/office-products/1069784"}
    assert titles("discover_by_best_sellers_url", given) == titles(
        "discover_by_best_sellers_url", best_sellers("office-products")
    )


def test_an_unknown_category_is_a_spread_over_all() -> None:
    shelf = records.load()
    found = list(shelf.answer("discover_by_best_sellers_url", best_sellers("no-such-thing")))
    assert len(found) == len(shelf.rows)
    assert len({shelf.category_of[records.key_of(row)] for row in found[:60]}) == 12


def test_a_keyword_finds_the_products_that_it_names() -> None:
    found = titles("discover_by_keyword", {"keyword": "light bulb"})
    assert found
    assert all("Bulb" in title for title in found)


def test_different_keywords_give_different_records_even_when_unknown() -> None:
    one = titles("discover_by_keyword", {"keyword": "zeppelin"})
    other = titles("discover_by_keyword", {"keyword": "submarine"})
    assert one
    assert one != other


def test_a_product_address_gives_that_product_under_the_given_input() -> None:
    asin = next(row["asin"] for row in records.load().rows if "asin" in row)
    given = {"url": f"https://www.amazon.com/Some-Name/dp/{asin}/ref=sr_1"}
    (row,) = records.load().answer("collect_by_url", given)
    assert row["asin"] == asin
    assert row["input"] == given


def test_an_unknown_product_address_gives_a_dead_page() -> None:
    (row,) = records.load().answer("collect_by_url", {"url": "https://www.amazon.com/dp/B0NOTHERE0"})
    assert row["error_code"] == "dead_page"
    assert "title" not in row


def test_a_upc_gives_its_product_and_no_upc_gives_nothing() -> None:
    known = next(row for row in records.load().rows if row.get("upc"))
    (row,) = records.load().answer("discover_by_upc", {"upc": known["upc"]})
    assert row["asin"] == known["asin"]
    assert not list(records.load().answer("discover_by_upc", {}))


def test_discovered_records_carry_the_query_and_their_own_address() -> None:
    given = best_sellers("beauty")
    row = next(row for row in records.load().answer("discover_by_best_sellers_url", given) if "title" in row)
    assert row["discovery_input"] == given
    assert row["origin_url"] == given["category_url"]
    assert row["input_asin"] == row["input"]["asin"] == row["asin"]
