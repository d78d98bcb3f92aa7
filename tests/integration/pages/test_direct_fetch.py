"""Fetching pages from a site on loopback: politely, within limits, and never an address inside."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from tests.servers.pages import PageServer, article
from webtune_tui.domain.errors import Offline, RateLimited, ServiceUnavailable, UsageError
from webtune_tui.domain.limits import ReadLimits
from webtune_tui.settings import Settings
from webtune_tui.sources.base import CutBody, FetchedPage, PageRefused
from webtune_tui.sources.direct import DirectFetcher, Pace, create, create_paced

MakeFetcher = Callable[..., DirectFetcher]


class FakeClock:
    """Time that moves by sleeping alone."""

    def __init__(self) -> None:
        self.moment = 100.0
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.moment += seconds

    def pace(self, delay: float) -> Pace:
        return Pace(delay, self.sleep, lambda: self.moment)


async def names(host: str, port: int) -> Sequence[str]:
    """A resolver for which every name is this machine, except one that also is a public host."""
    return ["127.0.0.1"] if host != "mixed.example" else ["93.184.216.34", "127.0.0.1"]


@pytest.fixture
async def fetcher_of(site: PageServer) -> AsyncIterator[MakeFetcher]:
    made: list[DirectFetcher] = []

    def make(*, clock: FakeClock | None = None, delay: float = 0.0, **settings: object) -> DirectFetcher:
        allow = (site.authority, f"one.example:{site.port}", f"two.example:{site.port}")
        chosen = Settings(**({"page_allow_private": allow} | settings))  # type: ignore[arg-type]
        pace = (clock or FakeClock()).pace(delay)
        made.append(create_paced(chosen, pace, names))
        return made[-1]

    yield make
    for fetcher in made:
        await fetcher.aclose()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "page"


async def refused(fetcher: DirectFetcher, url: str, target: Path) -> PageRefused:
    with pytest.raises(PageRefused) as raised:
        await fetcher.fetch(url, target)
    return raised.value


async def test_a_page_is_stored_as_it_came(site: PageServer, fetcher_of: MakeFetcher, target: Path) -> None:
    site.page("/a?b=1", article("One"), headers=(("set-cookie", "id=7"),))
    page = await fetcher_of().fetch(site.url("/a?b=1#part"), target)
    assert target.read_text() == article("One") and target.stat().st_mode & 0o077 == 0
    assert page == FetchedPage(
        url=site.url("/a?b=1#part"),
        final_url=site.url("/a?b=1"),
        status=200,
        media_type="text/html",
        charset="utf-8",
        size=target.stat().st_size,
        fetched_at=page.fetched_at,
    )
    assert site.paths == ["/robots.txt", "/a?b=1"]
    for request in site.asked:
        assert request.headers["host"] == site.authority
        assert request.headers["user-agent"].startswith("webtune-tui/")
        assert not {"cookie", "authorization", "referer"} & set(request.headers)


async def test_no_cookie_is_ever_sent_back(site: PageServer, fetcher_of: MakeFetcher, target: Path) -> None:
    site.page("/a", "x", headers=(("set-cookie", "id=7; Path=/"),))
    fetcher = fetcher_of()
    await fetcher.fetch(site.url("/a"), target)
    await fetcher.fetch(site.url("/a"), target)
    assert len(site.asked) == 3 and not any("cookie" in request.headers for request in site.asked)


async def test_the_connection_goes_to_the_checked_address_under_the_pages_own_name(
    site: PageServer, fetcher_of: MakeFetcher, target: Path
) -> None:
    site.page("/a", "text", kind="text/plain")
    page = await fetcher_of().fetch(site.url("/a", host="one.example"), target)
    assert page.final_url == site.url("/a", host="one.example")
    assert {request.headers["host"] for request in site.asked} == {f"one.example:{site.port}"}


async def test_a_name_is_looked_up_once_a_request_and_each_answer_is_checked(site: PageServer, target: Path) -> None:
    site.page("/a", "text", kind="text/plain")
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) < 3 else ["10.0.0.1"]

    for allowed in ((f"evil.example:{site.port}",), ()):
        fetcher = create_paced(Settings(page_allow_private=allowed), FakeClock().pace(0), rebinding)
        if allowed:
            await fetcher.fetch(site.url("/a", "evil.example"), target)
        else:
            assert (await refused(fetcher, site.url("/a", "evil.example"), target)).reason == "private_address"
        await fetcher.aclose()
    assert len(asked) == 3 and site.paths == ["/robots.txt", "/a"]


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "http://mixed.example/", "http://localhost/"],
)
async def test_an_address_inside_is_refused_before_anything_is_sent(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, url: str
) -> None:
    error = await refused(fetcher_of(), url, target)
    assert error.reason == "private_address" and "allow_private" in error.hint
    assert site.asked == []


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("http://169.254.169.254/", "private_address"),
        ("http://[::ffff:127.0.0.1]/", "private_address"),
        ("http://2130706433/", "bad_host"),
        ("file:///etc/passwd", "scheme"),
        ("http://user:pw@one.example/", "userinfo"),
        ("", "redirects"),
    ],
)
async def test_every_hop_of_a_redirect_is_checked(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, place: str, reason: str
) -> None:
    site.redirect("/a", "/b")
    site.redirect("/b", place)
    assert (await refused(fetcher_of(), site.url("/a"), target)).reason == reason


async def test_redirects_are_followed_with_the_rules_of_each_host(
    site: PageServer, fetcher_of: MakeFetcher, target: Path
) -> None:
    site.redirect("/a", site.url("/b", host="two.example"), 301)
    site.page("/b", "end", kind="text/plain")
    page = await fetcher_of().fetch(site.url("/a", host="one.example"), target)
    assert page.final_url == site.url("/b", host="two.example")
    hosts = [request.headers["host"].partition(":")[0] for request in site.asked]
    assert hosts == ["one.example", "one.example", "two.example", "two.example"]
    assert site.paths == ["/robots.txt", "/a", "/robots.txt", "/b"]


async def test_a_redirect_without_end_stops_after_five(site: PageServer, fetcher_of: MakeFetcher, target: Path) -> None:
    site.redirect("/a", "/a")
    assert (await refused(fetcher_of(), site.url("/a"), target)).reason == "redirects"
    assert site.paths.count("/a") == 6


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, "robots"), (404, ""), (403, "")] + [(status, "robots_unreachable") for status in (429, 500, 503)],
)
async def test_robots_are_honoured(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, status: int, reason: str
) -> None:
    site.robots("User-agent: *\nDisallow: /private", status)
    site.page("/private/a", "text", kind="text/plain")
    fetcher = fetcher_of()
    if not reason:
        assert (await fetcher.fetch(site.url("/private/a"), target)).status == 200
        return
    for _ in range(2):
        assert (await refused(fetcher, site.url("/private/a"), target)).reason == reason
    assert site.paths == ["/robots.txt"]


async def test_a_robots_file_elsewhere_counts_and_one_inside_forbids(
    site: PageServer, fetcher_of: MakeFetcher, target: Path
) -> None:
    site.redirect("/robots.txt", "/rules")
    site.page("/rules", gzip.compress(b"User-agent: *\nDisallow: /a"), headers=(("content-encoding", "gzip"),))
    assert (await refused(fetcher_of(), site.url("/a"), target)).reason == "robots"
    site.replies.clear()
    site.redirect("/robots.txt", "http://10.0.0.1/rules")
    assert (await refused(fetcher_of(), site.url("/a"), target)).reason == "robots_unreachable"


async def test_requests_to_a_host_keep_their_distance(site: PageServer, fetcher_of: MakeFetcher, target: Path) -> None:
    for name in "abc":
        site.page(f"/{name}", "text", kind="text/plain")
    clock = FakeClock()
    fetcher = fetcher_of(clock=clock, delay=1.5)
    for name in "abc":
        await fetcher.fetch(site.url(f"/{name}"), target)
    assert clock.sleeps == [1.5, 1.5, 1.5]


async def test_a_host_is_one_host_on_all_its_ports(site: PageServer, target: Path) -> None:
    clock = FakeClock()
    with PageServer() as other:
        site.page("/a", "text", kind="text/plain")
        other.page("/a", "text", kind="text/plain")
        settings = Settings(page_allow_private=("127.0.0.1",))
        fetcher = create_paced(settings, clock.pace(2.0), names)
        await fetcher.fetch(site.url("/a"), target)
        await fetcher.fetch(other.url("/a"), target)
        await fetcher.aclose()
        assert other.paths == ["/robots.txt", "/a"]
    assert clock.sleeps == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(("wanted", "kept"), [("7", 7.0), ("4000", 30.0), ("0.1", 1.0)])
async def test_a_crawl_delay_is_honoured_up_to_a_bound(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, wanted: str, kept: float
) -> None:
    site.robots(f"User-agent: *\nCrawl-delay: {wanted}")
    site.page("/a", "text", kind="text/plain")
    clock = FakeClock()
    await fetcher_of(clock=clock, delay=1.0).fetch(site.url("/a"), target)
    assert clock.sleeps == [kept]


async def test_one_request_at_a_time_goes_to_a_host(site: PageServer, fetcher_of: MakeFetcher, tmp_path: Path) -> None:
    for number in range(5):
        site.page(f"/{number}", article(str(number)))
    fetcher = fetcher_of()
    await asyncio.gather(*(fetcher.fetch(site.url(f"/{number}"), tmp_path / str(number)) for number in range(5)))
    assert site.busiest == 1 and site.paths.count("/robots.txt") == 1


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("text/html; charset=Shift_JIS", "/a", ("text/html", "Shift_JIS")),
        ("application/xhtml+xml", "/a", ("application/xhtml+xml", None)),
        ("text/plain", "/a.md?x=1", ("text/markdown", None)),
        ("application/octet-stream", "/a.vtt", ("text/vtt", None)),
        ("application/ld+json", "/a", ("application/json", None)),
        ("", "/a", ("text/html", None)),
    ],
)
async def test_the_kind_of_a_page_is_told(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, kind: str, path: str, expected: tuple[str, str | None]
) -> None:
    site.page(path, "  <p>text", kind=kind)
    page = await fetcher_of().fetch(site.url(path), target)
    assert (page.media_type, page.charset) == expected


@pytest.mark.parametrize(
    ("status", "kind", "body", "reason"),
    [
        (200, "application/pdf", "%PDF", "media_type"),
        (200, "image/png", "x", "media_type"),
        (200, "text/html", "", "empty"),
        (204, "text/html", "", "http_204"),
        (401, "text/html", "no", "http_401"),
        (403, "text/html", "no", "http_403"),
        (404, "text/html", "no", "http_404"),
        (410, "text/html", "no", "http_410"),
        (304, "text/html", "", "http_304"),
    ],
)
async def test_what_is_no_page_is_refused_with_a_reason(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, status: int, kind: str, body: str, reason: str
) -> None:
    site.page("/a", body, kind=kind, status=status)
    assert (await refused(fetcher_of(), site.url("/a"), target)).reason == reason


@pytest.mark.parametrize(
    ("status", "error"), [(429, RateLimited), (500, ServiceUnavailable), (503, ServiceUnavailable)]
)
async def test_what_may_pass_is_told_apart(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, status: int, error: type[Exception]
) -> None:
    site.page("/a", "later", status=status, headers=(("retry-after", "7"),))
    with pytest.raises(error) as raised:
        await fetcher_of().fetch(site.url("/a"), target)
    assert raised.value.retry_after == 7.0  # type: ignore[attr-defined]


async def test_bodies_are_bounded(site: PageServer, fetcher_of: MakeFetcher, target: Path) -> None:
    site.page("/large", b"a" * 3_000_000, kind="text/plain")
    site.page("/endless", b"a" * 3_000_000, kind="text/plain", chunks=65536)
    packed = gzip.compress(b"a" * 1_900_000)
    site.page("/bomb", packed, kind="text/plain", headers=(("content-encoding", "gzip"),))
    site.page("/huge", gzip.compress(b"a" * 50_000_000), kind="text/plain", headers=(("content-encoding", "gzip"),))
    site.page("/br", b"x" * 10, headers=(("content-encoding", "br"),))
    fetcher = fetcher_of(limits=ReadLimits(page_mb=2))
    reasons = [(await refused(fetcher, site.url(path), target)).reason for path in ("/large", "/endless", "/bomb")]
    assert reasons == ["too_large", "too_large", "packed_bomb"]
    assert (await refused(fetcher, site.url("/huge"), target)).reason in ("too_large", "packed_bomb")
    assert (await refused(fetcher, site.url("/br"), target)).reason == "encoding"
    assert target.stat().st_size < 2_200_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_packed_pages_are_unpacked(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, encoding: str
) -> None:
    body = article("Packed").encode() * 50
    packed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    site.page("/a", packed, headers=(("content-encoding", encoding),))
    page = await fetcher_of().fetch(site.url("/a"), target)
    assert target.read_bytes() == body and page.size == len(body)


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({"cut": True}, ()),
        ({"cut": True, "chunks": 500}, ()),
        ({}, (("content-encoding", "gzip"),)),
    ],
    ids=["short of its length", "chunks without end", "packed without end"],
)
async def test_a_cut_page_is_never_taken_for_whole(
    site: PageServer,
    fetcher_of: MakeFetcher,
    target: Path,
    options: dict[str, object],
    headers: tuple[tuple[str, str], ...],
) -> None:
    body = article("Cut").encode() * 20
    site.page("/a", gzip.compress(body)[:-20] if headers else body, headers=headers, **options)
    with pytest.raises(CutBody):
        await fetcher_of().fetch(site.url("/a"), target)


async def test_a_broken_connection_is_not_the_page_s_last_word(
    site: PageServer, fetcher_of: MakeFetcher, target: Path
) -> None:
    site.page("/a", "", reset=True)
    with pytest.raises(Offline):
        await fetcher_of().fetch(site.url("/a"), target)
    port = site.port
    with pytest.raises(Offline):
        await create_paced(Settings(page_allow_private=("127.0.0.1",)), FakeClock().pace(0), names).fetch(
            f"http://127.0.0.1:{port - 1 if port > 2000 else 1}/", target
        )


async def test_a_proxy_of_the_environment_is_not_used(
    site: PageServer, fetcher_of: MakeFetcher, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.page("/a", "text", kind="text/plain")
    assert (await fetcher_of().fetch(site.url("/a"), target)).status == 200


def test_a_user_agent_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="user_agent"):
        create(Settings(page_user_agent="x\r\nCookie: y"))
