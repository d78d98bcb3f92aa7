"""From a fetched page to its record, and from a page that can't be had to an error row. Blocking: for a thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.records import RawPlace, Record, RecordKind
from webtune_tui.json_text import content_hash
from webtune_tui.services.large_pages import LARGE, extract_apart
from webtune_tui.sources import main_text, search_results
from webtune_tui.sources.base import PageRefused
from webtune_tui.sources.delivered import delivered_record
from webtune_tui.sources.files import subtitles
from webtune_tui.sources.files.base import Row
from webtune_tui.sources.files.markdown import first_heading
from webtune_tui.storage.pages import Page, PageRepository, PageState
from webtune_tui.storage.records import RecordRepository, StoredBatch

RESULTS_STEP = 1000  # positions kept for the results of one page of a search
PAGES_AT_ONCE = 10
NO_TEXT, UNREADABLE = "no_text", "unreadable"
_HEADING_REACH = 20_000  # characters in which the title of a Markdown page is looked for
_HTML = ("text/html", "application/xhtml+xml")
_SUBTITLES = ("text/vtt", "application/x-subrip", "text/srt")


class PageStore:
    """Stores the pages of one collection as records, in the order in which they were asked for, each once."""

    def __init__(
        self,
        pages: PageRepository,
        records: RecordRepository,
        collection_id: str,
        folder: Path,
        request: Mapping[str, Any],
    ) -> None:
        self._pages = pages
        self._records = records
        self._collection_id = collection_id
        self._folder = folder
        self._search = request if request.get("via") == "serp" else None
        self._step = RESULTS_STEP if self._search is not None else 1

    def ready(self) -> Generator[StoredBatch, None, None]:
        """Stores what can be stored by now; gives each batch after its transaction."""
        while True:
            first = self._records.stored_up_to(self._collection_id) // self._step
            rows = self._pages.from_position(self._collection_id, first, limit=PAGES_AT_ONCE)
            final = []
            for row in rows:
                if not row.state.is_final:
                    break
                final.append(row)
            if not final:
                return
            found = [record for row in final for record in self._records_of(row)]
            yield self._records.store(self._collection_id, found, next_position=(final[-1].position + 1) * self._step)

    def _records_of(self, page: Page) -> list[Record]:
        if page.state is PageState.FAILED:
            return [self._error(page, page.message, page.code)]
        if page.state is not PageState.DONE:
            return []
        path = self._folder / page.raw_file
        try:
            return self._results(page, path.read_bytes()) if self._search is not None else [self._page(page, path)]
        except PageRefused as error:
            return [self._error(page, error.message, error.reason)]
        except InvalidInput as error:
            return [self._error(page, error.message, UNREADABLE)]

    def _page(self, page: Page, path: Path) -> Record:
        said = _main_text(page, path)
        if not said.text:
            raise PageRefused(f"{page.url} holds no main text", reason=NO_TEXT)
        final_url = page.final_url or page.url
        told = {
            "title": said.title or None,
            "text": said.text,
            "date": said.date or None,
            "author": said.author or None,
            "language": said.language or None,
        }
        return Record(
            collection_id=self._collection_id,
            position=page.position,
            kind=RecordKind.DATA,
            key=f"url:{final_url}",
            content_hash=content_hash(told),
            fields={"url": page.url, "final_url": final_url, **told, "status": page.status},
            url=final_url,
            collected_at=page.fetched_at,
            place=RawPlace(page.raw_file, None, 0, page.bytes),
        )

    def _results(self, page: Page, body: bytes) -> list[Record]:
        assert self._search is not None
        engine, query = str(self._search.get("engine", "")), str(self._search.get("query", ""))
        return [
            Record(
                collection_id=self._collection_id,
                position=page.position * RESULTS_STEP + result.position - 1,
                kind=RecordKind.DATA,
                key=f"search:{engine}:{query}:{result.url}",
                content_hash=content_hash({"title": result.title, "description": result.description}),
                fields={
                    "query": query,
                    "engine": engine,
                    "position": result.position,
                    "url": result.url,
                    "title": result.title,
                    "description": result.description,
                },
                url=result.url,
                collected_at=page.fetched_at,
                place=RawPlace(page.raw_file, result.position, None, None),
            )
            for result in search_results.results_of(body.decode("utf-8", "replace"), engine)
        ]

    def _error(self, page: Page, message: str, code: str) -> Record:
        now = page.fetched_at or clock.now()
        fields = {"timestamp": now, "input": {"url": page.url}, "url": page.url, "error": message, "error_code": code}
        made = delivered_record(self._collection_id, page.position * self._step, fields, "", now=now)
        if not page.raw_file:
            return made
        return dataclasses.replace(made, place=RawPlace(page.raw_file, None, 0, page.bytes))


def _main_text(page: Page, path: Path) -> main_text.MainText:
    media_type, _, charset = page.media_type.partition("; charset=")
    url = page.final_url or page.url
    is_html = media_type in _HTML
    if is_html and (page.bytes or 0) > LARGE:
        return extract_apart(path, url, charset or None)
    body = path.read_bytes()
    if is_html:
        return main_text.extract(body, url, charset=charset or None)
    text, encoding = main_text.decode(body, charset or None)
    if media_type in _SUBTITLES:
        return _transcript(path, encoding)
    title = first_heading(text[:_HEADING_REACH]) if media_type.endswith("markdown") else None
    return main_text.MainText(title or "", "", "", "", text.strip())


def _transcript(path: Path, encoding: str) -> main_text.MainText:
    """What is said in subtitles, rolling captions merged."""
    for row in subtitles.rows(path, encoding):
        if isinstance(row, Row):
            said = {name: row.fields.get(name) or "" for name in ("title", "language", "text")}
            return main_text.MainText(said["title"], "", "", said["language"], said["text"])
    return main_text.MainText("", "", "", "", "")
