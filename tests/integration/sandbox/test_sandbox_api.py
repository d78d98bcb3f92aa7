"""Every call of the sandbox over real HTTP, with the bodies and status codes of the service."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import httpx
import pytest
from tests.servers.brightdata import FaultyBrightData

from webtune_tui.sandbox import records

AMAZON = "gd_l7q7dkf244hwjntr0"
CRAWLER = "gd_m6gjtfmeh43we6cqc"
TEXT = "text/html; charset=utf-8"
OFFICE = {"category_url": "https://www.amazon.com/gp/bestsellers/office-products"}
EVERYTHING = {"category_url": "https://www.amazon.com/gp/bestsellers/everything"}
KNOWN_ASIN = next(row["asin"] for row in records.load().rows if "asin" in row)
BEST_SELLERS = {"dataset_id": AMAZON, "type": "discover_new", "discover_by": "best_sellers_url"}


def trigger(client: httpx.Client, body: Any, **query: Any) -> httpx.Response:
    return client.post("/datasets/v3/trigger", params={**BEST_SELLERS, **query}, json=body)


def snapshot_of(client: httpx.Client, *inputs: dict[str, Any], **query: Any) -> str:
    answer = trigger(client, list(inputs or [OFFICE]), **query)
    assert answer.status_code == 200, answer.text
    snapshot_id: str = answer.json()["snapshot_id"]
    return snapshot_id


def ready(service: FaultyBrightData, client: httpx.Client, *inputs: dict[str, Any], **query: Any) -> str:
    snapshot_id = snapshot_of(client, *inputs, **query)
    service.advance(6)
    return snapshot_id


def download(client: httpx.Client, snapshot_id: str, **query: Any) -> httpx.Response:
    return client.get(f"/datasets/v3/snapshot/{snapshot_id}", params={"format": "json", **query})


def refused(answer: httpx.Response, status: int, body: str) -> None:
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (status, body, TEXT)


# --- who is asking


@pytest.mark.parametrize(
    ("authorization", "status", "words"),
    [
        (None, 401, "Credentials are missing"),
        ("Basic dXNlcjpwYXNz", 401, "Basic auth is not allowed"),
        ("Bearer", 401, "Auth method is not supported"),
        ("Token sandbox-key", 401, "Auth method is not supported"),
        ("Bearer short", 401, "Invalid credentials"),
        ("Bearer bad-key-0001", 401, "Invalid credentials"),
    ],
)
def test_a_missing_or_wrong_key_is_refused_in_plain_text(
    service: FaultyBrightData, authorization: str | None, status: int, words: str
) -> None:
    headers = {"authorization": authorization} if authorization else {}
    refused(httpx.get(f"{service.base_url}/status", headers=headers, trust_env=False), status, words)


def test_a_key_without_permission_is_refused_with_403(client: httpx.Client) -> None:
    answer = client.get("/status", headers={"authorization": "Bearer forbidden-key"})
    assert answer.status_code == 403
    assert answer.text.startswith("Your API key lacks the required permissions for this action.")


def test_a_key_without_funds_is_refused_with_402_where_money_is_spent(
    service: FaultyBrightData, client: httpx.Client
) -> None:
    client.headers["authorization"] = "Bearer broke-key-0001"
    answer = trigger(client, [OFFICE])
    assert answer.status_code == 402
    assert answer.json()["error"].startswith("Your current balance is insufficient")
    assert client.get("/zone/get_active_zones").status_code == 200
    assert service.triggers == 0


def test_every_answer_is_marked_as_the_sandbox(client: httpx.Client) -> None:
    answers = [client.get("/status"), client.get("/nowhere"), trigger(client, []), client.get("/sandbox/stats")]
    answers.append(client.get("/status", headers={"authorization": "Bearer bad-key-0001"}))
    assert [answer.headers["x-webtune-sandbox"] for answer in answers] == ["1"] * 5


# --- trigger


@pytest.mark.parametrize("body", [[OFFICE], {"input": [OFFICE]}, OFFICE], ids=["list", "input", "lone object"])
def test_three_forms_of_body_are_taken(client: httpx.Client, body: Any) -> None:
    answer = trigger(client, body)
    assert answer.status_code == 200
    assert answer.json()["snapshot_id"].startswith("sd_")


def test_a_table_of_inputs_is_taken_as_a_form_field(service: FaultyBrightData, client: httpx.Client) -> None:
    table = f"category_url,zipcode\r\n{OFFICE['category_url']},94107\r\n{EVERYTHING['category_url']},\r\n"
    answer = client.post(
        "/datasets/v3/trigger", params=BEST_SELLERS, files={"data": ("inputs.csv", table.encode(), "text/csv")}
    )
    assert answer.status_code == 200, answer.text
    (job,) = service.sandbox.book.all()
    assert job.order.inputs == [{**OFFICE, "zipcode": "94107"}, {**EVERYTHING, "zipcode": ""}]


def test_an_empty_list_has_nothing_to_trigger(client: httpx.Client) -> None:
    refused(trigger(client, []), 400, "No data to trigger")


@pytest.mark.parametrize(
    ("body", "reason"),
    [("", "Parser has expected a value"), ("{oops", "Parser cannot parse input: expected a value")],
)
def test_a_body_that_is_no_json_is_a_parse_error(client: httpx.Client, body: str, reason: str) -> None:
    answer = client.post("/datasets/v3/trigger", params=BEST_SELLERS, content=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": reason, "code": "parse_error"}


def test_an_unknown_and_a_missing_field_are_named_with_line_and_index(client: httpx.Client) -> None:
    answer = trigger(client, [OFFICE, {"name": "x"}])
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "Invalid input provided",
        "code": "validation_error",
        "type": "validation",
        "line": '{"name":"x"}',
        "index": 2,
        "errors": [["name", "This input should not contain a name field"], ["category_url", "Required field"]],
    }


def test_a_field_that_is_no_address_is_named(client: httpx.Client) -> None:
    answer = trigger(client, [{"category_url": "office products"}])
    assert answer.json()["errors"] == [["category_url", "This field must be a valid url"]]


def test_the_empty_input_names_what_is_required_and_costs_nothing(
    service: FaultyBrightData, client: httpx.Client
) -> None:
    answer = trigger(client, [{}])
    assert answer.json()["errors"] == [["category_url", "Required field"]]
    assert json.loads(answer.json()["line"]) == {"zipcode": ""}
    assert service.triggers == 0


def test_the_upc_door_has_no_required_field_and_starts_a_job(service: FaultyBrightData, client: httpx.Client) -> None:
    assert trigger(client, [{}], discover_by="upc").status_code == 200
    assert service.triggers == 1


def test_a_wrong_type_is_a_validation_error(client: httpx.Client) -> None:
    answer = trigger(client, [OFFICE], type="discover")
    assert answer.status_code == 400
    assert answer.json() == {"validation_errors": ['"type" must be one of [discover_new, url_collection]']}


@pytest.mark.parametrize("name", ["limit_per_input", "limit_multiple_results"])
@pytest.mark.parametrize("value", ["0", "-3", "many"])
def test_a_limit_below_one_is_a_validation_error(client: httpx.Client, name: str, value: str) -> None:
    answer = trigger(client, [OFFICE], **{name: value})
    assert answer.status_code == 400
    assert name in answer.json()["validation_errors"][0]


def test_an_unknown_door_is_answered_with_the_known_ones(client: httpx.Client) -> None:
    refused(
        trigger(client, [OFFICE], discover_by="colour"),
        400,
        "Incorrect discovery collector id Available types: best_sellers_url, category_url, keyword, upc",
    )


def test_discovery_without_a_door_is_refused(client: httpx.Client) -> None:
    query = {"dataset_id": AMAZON, "type": "discover_new"}
    answer = client.post("/datasets/v3/trigger", params=query, json=[OFFICE])
    refused(answer, 400, "Incorrect discovery collector id discover_by is required")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({}, 404, "Collector not found"),
        ({"dataset_id": "gd_unknown"}, 404, "dataset does not exist"),
        ({"dataset_id": "gd_sandboxdownload01"}, 400, "This dataset does not support collection"),
    ],
)
def test_an_id_that_is_no_scraper_is_refused(
    client: httpx.Client, query: dict[str, str], status: int, words: str
) -> None:
    refused(client.post("/datasets/v3/trigger", params=query, json=[OFFICE]), status, words)


def test_limits_in_the_body_work_like_those_in_the_query(service: FaultyBrightData, client: httpx.Client) -> None:
    answer = trigger(client, {"input": [OFFICE], "limit_per_input": 3})
    service.advance(6)
    assert len(download(client, answer.json()["snapshot_id"]).json()) == 3


# --- progress and download


def test_progress_goes_from_starting_to_ready_while_the_download_still_builds(
    service: FaultyBrightData, client: httpx.Client
) -> None:
    snapshot_id = snapshot_of(client, limit_per_input=5)
    seen = []
    for _ in range(4):
        progress = client.get(f"/datasets/v3/progress/{snapshot_id}").json()
        answer = download(client, snapshot_id)
        seen.append((progress["status"], answer.status_code, dict_of(answer).get("status")))
        service.advance(1.8)
    assert seen == [
        ("starting", 202, "starting"),
        ("running", 202, "running"),
        ("running", 202, "running"),
        ("ready", 200, None),
    ]
    lagging = snapshot_of(client)
    service.advance(4.5)
    assert client.get(f"/datasets/v3/progress/{lagging}").json()["status"] == "ready"
    assert download(client, lagging).json() == {
        "status": "building",
        "message": "Snapshot is building, try again in 30s",
    }


def dict_of(answer: httpx.Response) -> dict[str, Any]:
    content = answer.json()
    return content if isinstance(content, dict) else {}


def test_running_time_grows_in_milliseconds(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = snapshot_of(client)
    service.advance(2)
    progress = client.get(f"/datasets/v3/progress/{snapshot_id}").json()
    assert progress == {
        "status": "running",
        "snapshot_id": snapshot_id,
        "dataset_id": AMAZON,
        "running_time": progress["running_time"],
    }
    assert progress["running_time"] == pytest.approx(2000, abs=1)


def test_ready_progress_counts_records_errors_and_codes(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, EVERYTHING, include_errors="true")
    progress = client.get(f"/datasets/v3/progress/{snapshot_id}").json()
    rows = download(client, snapshot_id).json()
    assert progress["records"] == sum("title" in row for row in rows) == 343
    assert progress["errors"] == sum("error" in row for row in rows) == sum(progress["error_codes"].values()) == 8
    assert progress["collection_duration"] == 4000


def test_an_unknown_snapshot_is_404_everywhere(client: httpx.Client) -> None:
    for path in ("progress/sd_x", "snapshot/sd_x", "snapshot/sd_x/parts"):
        refused(client.get(f"/datasets/v3/{path}"), 404, "Snapshot does not exist")
    refused(client.post("/datasets/v3/snapshot/sd_x/cancel"), 404, "Snapshot does not exist")


def test_without_a_format_the_download_is_lines(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, limit_per_input=4)
    text = client.get(f"/datasets/v3/snapshot/{snapshot_id}").text
    assert [json.loads(line)["asin"] for line in text.split("\n") if line]
    assert text.endswith("\n")


def test_all_four_formats_hold_the_same_records(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, limit_per_input=6)
    as_json = [row["asin"] for row in download(client, snapshot_id).json()]
    for form in ("ndjson", "jsonl"):
        lines = download(client, snapshot_id, format=form).text.split("\n")
        assert [json.loads(line)["asin"] for line in lines if line] == as_json
    table = csv.DictReader(io.StringIO(download(client, snapshot_id, format="csv").text))
    assert [row["asin"] for row in table] == as_json


def test_nested_values_are_json_in_a_table(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, limit_per_input=2)
    row = next(csv.DictReader(io.StringIO(download(client, snapshot_id, format="csv").text)))
    assert json.loads(row["input"])["asin"] == row["asin"]


def test_a_compressed_download_is_a_gzip_file(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, limit_per_input=3)
    answer = download(client, snapshot_id, compress="true")
    assert answer.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in answer.headers
    assert json.loads(gzip.decompress(answer.content)) == download(client, snapshot_id).json()


def test_parts_count_from_one_and_make_up_the_whole(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, *([EVERYTHING] * 4))
    whole = download(client, snapshot_id).json()
    parts = client.get(f"/datasets/v3/snapshot/{snapshot_id}/parts", params={"batch_size": 1000}).json()["parts"]
    pieces = [download(client, snapshot_id, batch_size=1000, part=part).json() for part in range(1, parts + 1)]
    assert parts == 2
    assert [row for piece in pieces for row in piece] == whole


def test_a_small_batch_is_a_validation_error(service: FaultyBrightData, client: httpx.Client) -> None:
    answer = download(client, ready(service, client), batch_size=999)
    assert answer.status_code == 400
    assert answer.json() == {"validation_errors": ['"batch_size" must be greater than or equal to 1000']}


def test_parts_of_an_unfinished_snapshot_are_refused(client: httpx.Client) -> None:
    answer = client.get(f"/datasets/v3/snapshot/{snapshot_of(client)}/parts")
    refused(answer, 400, "Snapshot is not ready")


def test_an_empty_result_is_ready_for_progress_and_400_for_the_download(
    service: FaultyBrightData, client: httpx.Client
) -> None:
    snapshot_id = ready(service, client, {"category_url": "https://www.amazon.com/sandbox-empty"})
    progress = client.get(f"/datasets/v3/progress/{snapshot_id}").json()
    assert (progress["status"], progress["records"]) == ("ready", 0)
    refused(download(client, snapshot_id), 400, "Snapshot is empty")


def test_a_failed_snapshot_says_why(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, {"category_url": "https://www.amazon.com/sandbox-failed"})
    assert client.get(f"/datasets/v3/progress/{snapshot_id}").json() == {
        "status": "failed",
        "snapshot_id": snapshot_id,
        "dataset_id": AMAZON,
        "error_message": "No data found in discovery",
    }


def test_an_old_snapshot_is_expired(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = snapshot_of(client)
    service.advance(31 * 86_400)
    refused(download(client, snapshot_id), 400, "Snapshot is expired")


def test_dead_pages_are_error_records_beside_the_input_that_failed(
    service: FaultyBrightData, client: httpx.Client
) -> None:
    dead = {"url": "https://www.amazon.com/dp/B0NOTHERE0"}
    query = {"dataset_id": AMAZON, "include_errors": "true"}
    answer = client.post("/datasets/v3/trigger", params=query, json=[dead])
    service.advance(6)
    (row,) = download(client, answer.json()["snapshot_id"]).json()
    assert set(row) == {"timestamp", "input", "error", "error_code"}
    assert (row["input"], row["error_code"]) == (dead, "dead_page")


def test_different_inputs_bring_different_records(service: FaultyBrightData, client: httpx.Client) -> None:
    kitchen = {"category_url": "https://www.amazon.com/gp/bestsellers/kitchen"}
    one = {row["asin"] for row in download(client, ready(service, client, OFFICE)).json() if "asin" in row}
    other = {row["asin"] for row in download(client, ready(service, client, kitchen)).json() if "asin" in row}
    assert one
    assert other
    assert not one & other


def test_chosen_columns_are_all_that_comes(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, limit_per_input=3, custom_output_fields="title|brand")
    rows = download(client, snapshot_id).json()
    assert all(set(row) == {"title", "brand", "timestamp", "input", "discovery_input"} for row in rows)


# --- management


def test_cancelling_stops_a_running_snapshot_once(client: httpx.Client) -> None:
    snapshot_id = snapshot_of(client)
    answer = client.post(f"/datasets/v3/snapshot/{snapshot_id}/cancel")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert client.get(f"/datasets/v3/progress/{snapshot_id}").json() == {
        "status": "canceled",
        "snapshot_id": snapshot_id,
        "dataset_id": AMAZON,
        "error_codes": {"aborted_page": 1},
    }
    again = client.post(f"/datasets/v3/snapshot/{snapshot_id}/cancel")
    refused(again, 400, "Snapshot is not running")


def test_the_sent_input_comes_back_as_a_table(client: httpx.Client) -> None:
    snapshot_id = snapshot_of(client, {**OFFICE, "zipcode": "94107"})
    answer = client.get(f"/datasets/v3/snapshot/{snapshot_id}/input")
    assert answer.text == f"category_url,zipcode\n{OFFICE['category_url']},94107"
    refused(client.get("/datasets/v3/snapshot/sd_x/input"), 400, "Snapshot input does not exist")


def test_the_log_of_an_unknown_snapshot_is_a_json_404(client: httpx.Client) -> None:
    answer = client.get("/datasets/v3/log/sd_x")
    assert (answer.status_code, answer.json()) == (404, {"error": "Snapshot not found"})


def test_history_is_found_by_scraper_time_and_status(service: FaultyBrightData, client: httpx.Client) -> None:
    old = snapshot_of(client)
    service.advance(3600)
    new = snapshot_of(client)
    rows = client.get("/datasets/v3/snapshots", params={"dataset_id": AMAZON}).json()
    assert [row["id"] for row in rows] == [new, old]
    assert set(rows[0]) == {"id", "created", "status", "dataset_id", "dataset_size"}
    running = client.get("/datasets/v3/snapshots", params={"dataset_id": AMAZON, "status": "starting"}).json()
    since = client.get("/datasets/v3/snapshots", params={"dataset_id": AMAZON, "from_date": rows[0]["created"]}).json()
    until = client.get("/datasets/v3/snapshots", params={"dataset_id": AMAZON, "to_date": rows[0]["created"]}).json()
    assert [row["id"] for row in running] == [new]
    assert [row["id"] for row in since] == [new]
    assert [row["id"] for row in until] == [old]


def test_history_can_be_paged_and_counted(service: FaultyBrightData, client: httpx.Client) -> None:
    for _ in range(3):
        snapshot_of(client)
        service.advance(1)
    query: dict[str, Any] = {"dataset_id": AMAZON, "skip": 1, "limit": 1, "with_total": "true"}
    answer = client.get("/datasets/v3/snapshots", params=query).json()
    assert (answer["total"], len(answer["snapshots"])) == (3, 1)


def test_history_needs_a_scraper(client: httpx.Client) -> None:
    answer = client.get("/datasets/v3/snapshots")
    assert (answer.status_code, answer.json()) == (400, {"validation_errors": ['"dataset_id" is required']})


def test_stats_count_triggers_and_downloads_without_a_key(service: FaultyBrightData, client: httpx.Client) -> None:
    snapshot_id = ready(service, client, limit_per_input=2)
    download(client, snapshot_id)
    stats = httpx.get(f"{service.base_url}/sandbox/stats", trust_env=False).json()
    assert (stats["triggers"], stats["downloads"]) == (1, 1)
    assert stats["snapshots"][0]["id"] == snapshot_id


# --- scrape


def test_scrape_waits_and_answers_with_records(client: httpx.Client) -> None:
    query = {"dataset_id": AMAZON, "format": "json"}
    answer = client.post(
        "/datasets/v3/scrape", params=query, json={"input": [{"url": f"https://www.amazon.com/dp/{KNOWN_ASIN}"}]}
    )
    assert answer.status_code == 200
    assert [row["asin"] for row in answer.json()] == [KNOWN_ASIN]


def test_scrape_hands_out_the_snapshot_after_a_minute(client: httpx.Client, service: FaultyBrightData) -> None:
    service.sandbox.book.timing = type(service.sandbox.book.timing)(duration=90)
    query = {"dataset_id": AMAZON, "format": "json"}
    answer = client.post("/datasets/v3/scrape", params=query, json=[{"url": f"https://www.amazon.com/dp/{KNOWN_ASIN}"}])
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "10")
    assert answer.json()["message"].startswith("Your request is still in progress")
    service.advance(60)
    assert download(client, answer.json()["snapshot_id"]).status_code == 200


def test_scrape_takes_twenty_inputs_and_no_more(client: httpx.Client) -> None:
    inputs = [{"url": f"https://www.amazon.com/dp/{KNOWN_ASIN}"}] * 21
    answer = client.post("/datasets/v3/scrape", params={"dataset_id": AMAZON}, json=inputs)
    assert answer.status_code == 400
    assert "20 items" in answer.json()["validation_errors"][0]


def test_scrape_of_nothing_is_an_empty_list(client: httpx.Client) -> None:
    dead = [{"url": "https://www.amazon.com/dp/B0NOTHERE0"}]
    answer = client.post("/datasets/v3/scrape", params={"dataset_id": AMAZON, "format": "json"}, json=dead)
    assert (answer.status_code, answer.json()) == (200, [])


def test_own_fields_of_an_input_come_back_in_the_record(client: httpx.Client) -> None:
    body = {
        "input": [{"url": f"https://www.amazon.com/dp/{KNOWN_ASIN}", "row_id": "r-1"}],
        "custom_input_fields": ["row_id"],
    }
    answer = client.post("/datasets/v3/scrape", params={"dataset_id": AMAZON, "format": "json"}, json=body)
    assert answer.json()[0]["row_id"] == "r-1"


# --- catalogue and account


def test_the_catalogue_has_all_doors_of_the_scraper(client: httpx.Client) -> None:
    (row,) = client.get("/datasets/v3/scrapers", params={"dataset_id": AMAZON}).json()
    assert row["scraper_type"] == [
        "collect_by_url",
        "discover_by_best_sellers_url",
        "discover_by_category_url",
        "discover_by_keyword",
        "discover_by_upc",
    ]
    fields = row["scrapers"]["discover_by_best_sellers_url"]["input_schema"]
    assert [field["name"] for field in fields if field["required"]] == ["category_url"]


def test_the_catalogue_filters_and_refuses_other_parameters(client: httpx.Client) -> None:
    assert client.get("/datasets/v3/scrapers", params={"dataset_id": "gd_unknown"}).json() == []
    assert client.get("/datasets/v3/scrapers", params={"domain": "Amazon.com"}).json() == []
    assert len(client.get("/datasets/v3/scrapers", params={"domain": "amazon.com"}).json()) == 1
    assert client.get("/datasets/v3/scrapers", params={"search": "amazon"}).status_code == 400


def test_metadata_describes_the_fields_and_404s_for_others(client: httpx.Client) -> None:
    content = client.get(f"/datasets/{AMAZON}/metadata").json()
    assert content["id"] == AMAZON
    assert content["fields"]["title"]["type"] == "text"
    assert content["fields"]["seller_name"]["pii"] is True
    assert client.get("/datasets/gd_m7aof0k82r803d5bjm/metadata").status_code == 404


def test_the_list_mixes_scrapers_and_downloads(client: httpx.Client) -> None:
    assert [row["id"] for row in client.get("/datasets/list").json()] == [AMAZON, CRAWLER, "gd_sandboxdownload01"]


def test_the_account_calls_answer_and_balance_may_be_closed(client: httpx.Client) -> None:
    assert client.get("/status").json()["status"] == "active"
    assert client.get("/zone/get_active_zones").json() == [
        {"name": "sandbox_unlocker", "type": "unblocker"},
        {"name": "sandbox_serp", "type": "serp"},
    ]
    assert client.get("/customer/balance").json()["pending_costs"] == 0
    limited = {"authorization": "Bearer limited-key"}
    assert client.get("/customer/balance", headers=limited).status_code == 403
    assert client.get("/zone/get_active_zones", headers=limited).status_code == 200


def test_free_credits_go_down_with_delivered_records(service: FaultyBrightData, client: httpx.Client) -> None:
    ready(service, client, limit_per_input=10)
    assert client.get("/trials/free_tier").json() == {"included": 5000, "used": 10, "left": 4990}


# --- any page


def test_any_page_is_the_sample_page_raw_or_wrapped(client: httpx.Client) -> None:
    body = {"zone": "sandbox_unlocker", "url": "https://example.com/a", "format": "raw"}
    assert "<h1>" in client.post("/request", json=body).text
    wrapped = client.post("/request", json={**body, "format": "json", "data_format": "markdown"}).json()
    assert wrapped["status_code"] == 200
    assert wrapped["body"].startswith("# ")


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://example.com", "format": "raw"},
        {"zone": "sandbox_unlocker", "format": "raw"},
        {"zone": "sandbox_unlocker", "url": "https://example.com"},
        {"zone": "unknown_zone", "url": "https://example.com", "format": "raw"},
        {"zone": "sandbox_unlocker", "url": "example", "format": "raw"},
        {"zone": "sandbox_unlocker", "url": "https://example.com", "format": "xml"},
        [],
    ],
)
def test_an_incomplete_page_request_is_400(client: httpx.Client, body: Any) -> None:
    assert client.post("/request", json=body).status_code == 400


def test_a_crawl_delivers_a_page_for_each_address(service: FaultyBrightData, client: httpx.Client) -> None:
    query = {"dataset_id": CRAWLER, "include_errors": "true", "custom_output_fields": "url|markdown|page_title"}
    inputs = [{"url": "https://example.com/a"}, {"url": "https://example.com/sandbox-missing"}]
    snapshot = client.post("/datasets/v3/trigger", params=query, json=inputs).json()["snapshot_id"]
    service.advance(3600)
    rows = client.get(f"/datasets/v3/snapshot/{snapshot}", params={"format": "json"}).json()
    (page,) = [row for row in rows if "error" not in row]
    assert set(page) == {"url", "markdown", "page_title", "timestamp", "input"}
    assert page["markdown"].startswith("# Sample page") and page["url"] == "https://example.com/a"
    assert [row["error_code"] for row in rows if "error" in row] == ["dead_page"]


def test_a_search_has_ten_results_a_page(client: httpx.Client) -> None:
    body = {"zone": "sandbox_serp", "format": "json", "data_format": "parsed_light"}
    url = "https://www.google.com/search?q=grinder&start=10"
    found = json.loads(client.post("/request", json={**body, "url": url}).json()["body"])["organic"]
    assert len(found) == 10 and found[0]["title"] == "Result 11 for grinder"


# --- marketplace


def filtered(service: FaultyBrightData, client: httpx.Client, given: Any, **more: Any) -> list[dict[str, Any]]:
    answer = client.post("/datasets/filter", json={"dataset_id": AMAZON, "filter": given, **more})
    assert answer.status_code == 200, answer.text
    snapshot_id = answer.json()["snapshot_id"]
    assert snapshot_id.startswith("snap_")
    assert client.get(f"/datasets/snapshots/{snapshot_id}/download").status_code == 202
    service.advance(5)
    assert client.get(f"/datasets/snapshots/{snapshot_id}").json()["status"] == "ready"
    rows: list[dict[str, Any]] = client.get(
        f"/datasets/snapshots/{snapshot_id}/download", params={"format": "json"}
    ).json()
    return rows


def test_a_filter_finds_what_it_says(service: FaultyBrightData, client: httpx.Client) -> None:
    given = {
        "operator": "and",
        "filters": [
            {"name": "brand", "operator": "=", "value": "Quillhaven"},
            {"name": "final_price", "operator": "<", "value": 60},
            {"name": "categories", "operator": "array_includes", "value": "Office Products"},
        ],
    }
    rows = filtered(service, client, given)
    assert rows
    assert all(row["brand"] == "Quillhaven" and row["final_price"] < 60 for row in rows)


def test_a_filter_can_be_limited(service: FaultyBrightData, client: httpx.Client) -> None:
    assert (
        len(filtered(service, client, {"name": "title", "operator": "includes", "value": "Mat"}, records_limit=2)) == 2
    )


def test_a_filter_without_a_match_is_422(client: httpx.Client) -> None:
    body = {"dataset_id": AMAZON, "filter": {"name": "brand", "operator": "=", "value": "Nobody"}}
    answer = client.post("/datasets/filter", json=body)
    assert (answer.status_code, answer.json()) == (422, {"error": "Provided filter did not match any records"})


@pytest.mark.parametrize(
    "given",
    [None, {"name": "no_field", "operator": "="}, {"name": "brand", "operator": "like", "value": "x"},
     {"name": "brand", "operator": "="}, {"operator": "xor", "filters": [{}]}, {"operator": "and", "filters": []}],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_400(client: httpx.Client, given: Any) -> None:
    answer = client.post("/datasets/filter", json={"dataset_id": AMAZON, "filter": given})
    assert answer.status_code == 400
    assert "validation_errors" in answer.json()
