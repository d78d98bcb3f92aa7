"""A workspace in which one invented person is planted at every stage, by really running the stages."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.services.records_in import product
from webtune_tui.bootstrap import Services, open_services
from webtune_tui.domain.jobs import Job, JobState
from webtune_tui.settings import Settings
from webtune_tui.storage.chats import ChatRepository, StoredTurn
from webtune_tui.storage.drafts import EditDraft, EditDrafts
from webtune_tui.storage.jobs import JobRepository

NAME, EMAIL = "Zaira Quintanilha", "zaira.q@quintanilha.example"
PROFILE = "https://people.example/in/zaira-quintanilha"
FORMS = (NAME, EMAIL, PROFILE)
SECRETS = ("zaira", "quintanilha", "Rua das Acácias 77")
"""What must be readable nowhere afterwards; the last stands beside the person in a record and names nobody itself."""


@dataclass(frozen=True)
class Planted:
    """The workspace and what the tests ask about."""

    root: Path
    version: str
    edited: str


def person_row(number: int) -> dict[str, Any]:
    """A record about the person, with a field that does not name them."""
    return product(
        number, seller=NAME.upper(), contact=f"mailto:{EMAIL}", profile=PROFILE + "/", street="Rua das Acácias 77"
    )


def write_sources(folder: Path) -> list[Path]:
    """Files of three formats with the person among others, and a line that can't be used."""
    folder.mkdir(parents=True)
    lines = [json.dumps(product(number), ensure_ascii=False) for number in range(12)]
    lines.insert(3, json.dumps(person_row(40)))  # with \\u escapes
    lines.insert(7, '{"broken": "' + NAME + '"')
    (folder / "shop.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    document = {"owner": EMAIL, "items": [product(number) for number in range(20, 26)] + [person_row(41)]}
    (folder / "shop.json").write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    rows = [
        "title,seller,description",
        f'"Tall, {product(30)["title"]}",Somebody,"{product(30)["description"]}"',
        f'"A ""lamp"" of\nmany words",{NAME},"{product(31)["description"]} Rua das Acácias 77"',
        f"Short bench,Nobody,{product(32)['description']}",
    ]
    (folder / "shop.csv").write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")
    return sorted(folder.iterdir())


async def plant(root: Path, sources: Path) -> Planted:
    """Import, prepare, edit, prepare, export; then what jobs, chats, evaluations and a killed editor leave."""
    async with open_services(root, Settings(), command="test") as services:
        for path in write_sources(sources):
            async with aclosing(services.imports.run([path])) as events:
                async for _ in events:
                    pass
        await _prepare(services)
        page = await services.curate.page(limit=1000)
        mine = [one for one in page.examples if "number 40" in one.prompt + one.answer]
        others = [one for one in page.examples if re.search(r"number \d\b", one.prompt + one.answer)]
        await services.curate.edit(others[0].example_id, {"assistant": f"Ask {NAME} about it."})
        await services.curate.edit(others[1].example_id, {"assistant": "An answer of my own."})
        await services.curate.edit(mine[0].example_id, {"assistant": "Rua das Acácias 77"})
        await services.curate.drop([others[2].example_id])
        await _prepare(services)
        exported = await services.export.export()
        version = exported.content_hash[:12]
        await asyncio.to_thread(_leave_traces, services, exported.paths["train"], version, others[1].example_id)
    shutil.rmtree(sources)
    return Planted(root, version, others[1].example_id)


async def _prepare(services: Services) -> None:
    async with aclosing(services.prepare.run()) as events:
        async for _ in events:
            pass


def _leave_traces(services: Services, train: Path, version: str, example_id: str) -> None:
    root = services.workspace.root
    jobs = JobRepository(services.workspace.database)
    for job_id, provider in (("job-here", "local"), ("job-away", "openai")):
        jobs.save(
            Job(
                job_id=job_id,
                provider=provider,
                state=JobState.SUCCEEDED,
                base_model="tiny",
                created_at="2026-11-22T13:00:00.000Z",
                dataset_version=version,
                provider_job_id=f"ftjob-{job_id}",
                tuned_model=f"ft:tiny:{job_id}",
                files={"train": f"file-{job_id}"},
                message=f"trained for {NAME}",
            )
        )
    folder = root / "jobs" / "job-here"
    for place in (folder / "train.jsonl", root / "jobs/.files/file-1/content", root / "exports/uploads/a-train.jsonl"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(train)
    (folder / "spec.json").write_text(json.dumps({"system_prompt": f"You are {NAME}."}))
    (folder / "events.jsonl").write_text(
        json.dumps({"kind": "message", "message": f"row of {EMAIL}", "level": "info", "data": {}, "at": 1, "id": "a"})
        + "\n"
        + json.dumps({"kind": "succeeded", "message": "done", "level": "info", "data": {}, "at": 2, "id": "b"})
        + "\n"
    )
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"\x00weights")
    (root / "evaluations" / "eval-1.jsonl").write_text(
        json.dumps({"example_id": "ex-0", "prompt": f"Who is {NAME}?"}) + "\n" + json.dumps({"prompt": "else"}) + "\n"
    )
    chats = ChatRepository(services.workspace.database)
    for text in (f"Tell me about {NAME.lower()}", "Tell me about lamps"):
        chats.add(StoredTurn("c", "m", "user", text, "2026-11-22T13:00:00.000Z", None, None))
    EditDrafts(root).keep(EditDraft(example_id, "[]", {1: f"write to {EMAIL}"}))
    page = next((root / "raw").iterdir()) / "pages" / "0001.html"
    page.parent.mkdir()
    page.write_text(f"<p>Anna</p>\n<p>&#122;aira&nbsp;quintanilha wrote\nthis {EMAIL}</p>")
    services.workspace.database.fold_log()
    shutil.copy2(root / "workspace.db", root / "workspace.before-2.db")
    with services.workspace.database.write() as connection:
        connection.execute(
            "INSERT INTO ledger (subject_id, kind, amount, basis, created_at)"
            " VALUES ('job-away', 'charge', 1.5, 'x', 'y')"
        )


def traces(root: Path) -> Iterator[str]:
    """The files that hold one of the secrets, in any case and as JSON escapes them."""
    wanted = {form.encode() for secret in SECRETS for form in (secret, secret.upper(), secret.lower(), secret.title())}
    wanted |= {json.dumps(secret)[1:-1].encode() for secret in SECRETS}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield from (f"{path.relative_to(root)}: {one.decode()}" for one in wanted if one in data)
