"""``webtune jobs``: list, watch and stop fine-tuning jobs."""

from __future__ import annotations

import argparse
import dataclasses

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, subcommands
from webtune_tui.cli.following import follow, full_report
from webtune_tui.cli.presentation import job_fields, job_lines
from webtune_tui.domain.errors import WebtuneError, WorkFailed
from webtune_tui.domain.jobs import JobState

SUMMARY = "list, watch and stop fine-tuning jobs"
EXAMPLES = ("webtune jobs list", "webtune jobs watch job-1a2b3c4d", "webtune jobs cancel job-1a2b3c4d --yes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand per verb."""
    group = subcommands(parser)
    add_subcommand(
        group, "list", list_jobs, access=Access.READ, summary="every job, newest first", examples=("webtune jobs list",)
    )
    for name, handler, access, summary in (
        ("show", show, Access.READ, "one job with its losses"),
        ("watch", watch, Access.WRITE_IF_FREE, "follow a job live; an unknown one is looked up first"),
        ("cancel", cancel, Access.WRITE, "stop a job; what it did so far is kept"),
        ("pause", pause, Access.WRITE, "save a checkpoint and stop; resume goes on from it"),
        ("resume", resume, Access.WRITE, "go on with a paused or interrupted job"),
        ("events", events, Access.READ, "what a job reported, oldest first"),
        ("metrics", metrics, Access.READ, "a job's measured points"),
    ):
        parser_of_verb = add_subcommand(
            group, name, handler, access=access, summary=summary, examples=(f"webtune jobs {name} job-1a2b3c4d",)
        )
        parser_of_verb.add_argument("job", metavar="ID", help="the job's id, or a head of it")


async def list_jobs(context: CommandContext) -> Outcome:
    """Every job of the workspace."""
    async with context.services() as services:
        jobs = await services.job_book.all()
    rows = [
        (j.job_id, j.state.value, j.provider, j.base_model, f"{j.step}/{j.total_steps or '?'}", j.created_at[:16])
        for j in jobs
    ]
    columns = ("job", "state", "provider", "base model", "steps", "created")
    return Outcome(
        {"jobs": [job_fields(job) for job in jobs]}, Table(columns, rows, empty="No jobs yet. Start one: webtune train")
    )


async def show(context: CommandContext) -> Outcome:
    """One job as it is stored."""
    async with context.services() as services:
        report = await full_report(services, context.arguments.job)
    return Outcome(report, job_lines(report))


async def watch(context: CommandContext) -> Outcome:
    """Follows a job until it is final."""
    async with context.services() as services:
        job = await services.job_book.get(context.arguments.job)
        try:
            job = await follow(services.jobs.watch(job.job_id), context.progress, context.known) or job
        except WebtuneError as error:
            error.fields = await full_report(services, job.job_id) | error.fields
            raise
        report = await full_report(services, job.job_id) | job_fields(job)
    if job.state is JobState.FAILED:
        raise WorkFailed(f"{job.job_id} failed: {job.message}", hint="See: webtune jobs events ID", fields=report)
    return Outcome(report, job_lines(report), exit_code=1 if job.state is JobState.CANCELLED else 0)


async def cancel(context: CommandContext) -> Outcome:
    """Stops a job at its provider."""
    context.confirm(f"Cancel {context.arguments.job}? What was trained so far may be charged.")
    async with context.services() as services:
        job = await services.jobs.cancel(context.arguments.job)
        report = await full_report(services, job.job_id)
    return Outcome(report, job_lines(report))


async def pause(context: CommandContext) -> Outcome:
    """Pauses a job where its provider can."""
    async with context.services() as services:
        job = await services.jobs.pause(context.arguments.job)
        report = await full_report(services, job.job_id)
    return Outcome(report, job_lines(report))


async def resume(context: CommandContext) -> Outcome:
    """Goes on with a paused job, or with a start that was interrupted before it was sent."""
    async with context.services() as services:
        job = await services.jobs.resume(context.arguments.job)
        report = await full_report(services, job.job_id)
    return Outcome(report, job_lines(report))


async def events(context: CommandContext) -> Outcome:
    """A job's stored events."""
    async with context.services() as services:
        found = await services.job_book.events(context.arguments.job)
    body = [
        {"id": e.event_id, "time": e.time, "level": e.level, "message": e.message, "data": dict(e.data)} for e in found
    ]
    rows = [(e.time, e.level, e.message) for e in found]
    return Outcome({"events": body}, Table(("time", "level", "message"), rows, empty="No events yet."))


async def metrics(context: CommandContext) -> Outcome:
    """A job's stored metric points."""
    async with context.services() as services:
        found = await services.job_book.points(context.arguments.job)
    rows = [(point.step, point.name, point.value) for point in found]
    return Outcome(
        {"points": [dataclasses.asdict(point) for point in found]},
        Table(("step", "name", "value"), rows, empty="No points yet."),
    )
