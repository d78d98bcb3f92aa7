"""The catalogue, the account and the pages: everything that needs no snapshot."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webtune_tui.sandbox import catalogue, errors, pages, queries
from webtune_tui.sandbox.state import key_of, refuse_without_funds, sandbox_of

UNLOCKER_ZONE, SERP_ZONE = "sandbox_unlocker", "sandbox_serp"
ZONES = ({"name": UNLOCKER_ZONE, "type": "unblocker"}, {"name": SERP_ZONE, "type": "serp"})
FREE_CREDITS = 5000


async def scrapers(request: Request) -> Response:
    query = request.query_params
    for name in query:
        if name not in ("dataset_id", "domain"):
            raise errors.validation_errors(f'"{name}" is not allowed')
    rows = [
        row
        for row in catalogue.load().rows
        if query.get("dataset_id", row["id"]) == row["id"] and query.get("domain", row["domain"]) == row["domain"]
    ]
    return JSONResponse(rows)


async def dataset_list(_: Request) -> Response:
    content = catalogue.load()
    return JSONResponse(
        [{"id": row["id"], "name": row["name"], "size": row["size"]} for row in (*content.rows, *content.downloads)]
    )


async def metadata(request: Request) -> Response:
    dataset_id = request.path_params["dataset_id"]
    fields = catalogue.load().fields.get(dataset_id)
    if fields is None:
        raise errors.Refusal(404, errors.DATASET_UNKNOWN)
    return JSONResponse({"id": dataset_id, "fields": fields})


async def status(_: Request) -> Response:
    return JSONResponse(
        {
            "status": "active",
            "customer": "hl_sandbox",
            "can_make_requests": False,
            "auth_fail_reason": "zone_not_found",
            "ip": "127.0.0.1",
        }
    )


async def active_zones(_: Request) -> Response:
    return JSONResponse(list(ZONES))


async def balance(request: Request) -> Response:
    """What is left; a key that starts with ``limited`` may not see it, which does not make it a bad key."""
    refuse_without_billing(request)
    return JSONResponse({"balance": 0, "credit": 0, "prepayment": 0, "pending_costs": 0})


async def free_tier(request: Request) -> Response:
    refuse_without_billing(request)
    used = sandbox_of(request).book.delivered_records()
    return JSONResponse({"included": FREE_CREDITS, "used": used, "left": max(0, FREE_CREDITS - used)})


def refuse_without_billing(request: Request) -> None:
    if key_of(request.headers.get("authorization")).startswith("limited"):
        raise errors.Refusal(403, errors.PERMISSION_MISSING)


async def any_page(request: Request) -> Response:
    """A sample page for every address, and sample results for a search engine's. Raises Refusal."""
    refuse_without_funds(request)
    body = await queries.json_body(request)
    if not isinstance(body, dict):
        raise errors.validation_errors('"value" must be of type object')
    for name in ("zone", "url", "format"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise errors.validation_errors(f'"{name}" is required')
    queries.choice(body, "format", ("raw", "json"))
    queries.choice(body, "data_format", ("markdown", "screenshot", "html", "parsed_light", "parsed_bing"))
    if body["zone"] not in (UNLOCKER_ZONE, SERP_ZONE):
        raise errors.Refusal(400, f"zone {body['zone']} not found")
    if not catalogue.is_web_address(body["url"]):
        raise errors.validation_errors('"url" must be a valid uri')
    return page_answer(body)


def page_answer(body: dict[str, str]) -> Response:
    content, kind, status = page_of(body["url"], body.get("data_format", ""))
    media_type = f"{kind}; charset=utf-8"
    if body["format"] == "raw":
        return Response(content, status, media_type=media_type)
    headers = {"content-type": media_type, "x-sandbox-host": urlsplit(body["url"]).hostname or ""}
    return JSONResponse({"status_code": status, "headers": headers, "body": content})


def page_of(url: str, data_format: str) -> tuple[str, str, int]:
    """The body of a page, its media type and the status of its site."""
    if pages.MISSING_MARK in url:
        return "<h1>Not found</h1>", "text/html", 404
    if pages.BLANK_MARK in url:
        return "", "text/html", 200
    if engine := pages.engine_of(url):
        return pages.results_of(url, engine), "text/html" if engine == "yandex" else "application/json", 200
    if data_format == "markdown":
        return pages.markdown_of(url), "text/markdown", 200
    return pages.html_of(url), "text/html", 200


ROUTES = [
    Route("/datasets/v3/scrapers", scrapers),
    Route("/datasets/list", dataset_list),
    Route("/datasets/{dataset_id}/metadata", metadata),
    Route("/status", status),
    Route("/zone/get_active_zones", active_zones),
    Route("/customer/balance", balance),
    Route("/trials/free_tier", free_tier),
    Route("/request", any_page, methods=["POST"]),
]
