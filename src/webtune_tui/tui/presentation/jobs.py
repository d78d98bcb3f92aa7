"""Fine-tuning jobs and estimates as words: titles, progress, facts, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from textual.content import Content

from webtune_tui.domain import clock
from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.jobs import Checkpoint, Job, JobState
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.providers.base import BaseModel, Capabilities
from webtune_tui.services.evaluate import Evaluation
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.loss_series import LossSeries
from webtune_tui.tui.presentation.states import job_look
from webtune_tui.tui.presentation.text_layout import short_number

CLOSING_SOON_DAYS = 90
_MUTED = "$text-muted"
_WAITING = (JobState.DRAFT, JobState.UPLOADING, JobState.VALIDATING, JobState.QUEUED)


def short_model(model: str, limit: int = 40) -> str:
    """The telling end of a model name: without the organisation or folder in front."""
    return display_line(model.rstrip("/").rsplit("/", 1)[-1] or model, limit=limit)


def job_name(job: Job, limit: int = 28) -> str:
    """What a person calls a job: its suffix, else the base model."""
    return display_line(job.suffix, limit=limit) if job.suffix else short_model(job.base_model, limit)


def state_words(job: Job) -> Content:
    """Symbol and word of the state; an unknown one shows the provider's own word."""
    look = job_look(job.state)
    words = look.content()
    if job.state is JobState.UNKNOWN and job.raw_state:
        words += Content.styled(f" (provider says {display_line(job.raw_state, limit=32)!r})", _MUTED)
    return words


def step_words(job: Job) -> str:
    """``step 34 of 60``, or what is known of it."""
    if job.total_steps:
        return f"step {job.step:,} of {job.total_steps:,}"
    return f"step {job.step:,}" if job.step else ""


def done_share(job: Job) -> float | None:
    """How much of the job is done, 0 to 1; ``None`` where the number of steps is not known yet."""
    if job.state is JobState.SUCCEEDED:
        return 1.0
    return min(job.step / job.total_steps, 1.0) if job.total_steps else None


def seconds_left(job: Job, now: str) -> float | None:
    """The provider's word on the end where it gives one, else the pace so far."""
    if job.state.is_final or job.state is JobState.PAUSED:
        return None
    if job.estimated_finish:
        left = clock.seconds_between(now, job.estimated_finish)
        return None if left is None else max(left, 0.0)
    elapsed = clock.seconds_between(job.started_at, now)
    if not elapsed or not job.step or not job.total_steps or elapsed < 0:
        return None
    return elapsed / job.step * max(job.total_steps - job.step, 0)


def list_entry(job: Job, loss: float | None, *, width: int, now: str) -> Content:
    """A job in two lines of ``width`` cells for the list: what it is, and how it stands."""
    look = job_look(job.state)
    first = Content.assemble((look.symbol, look.colour), " ", (job_name(job, max(width - 10, 8)), "bold"))
    if job.suffix:
        first += Content.styled(f"  {short_model(job.base_model)}", _MUTED)
    state = look.word
    if job.state is JobState.RUNNING and job.total_steps:
        state = f"step {job.step:,}/{job.total_steps:,}"
    second = Content.styled(f"  {state} {GLYPHS.dot} {display_line(job.provider, limit=12)}", _MUTED)
    tail = Content.styled(f"loss {loss:.3f}" if loss is not None else "", _MUTED)
    age = Content.styled(figures.age(job.created_at, now), _MUTED)
    return Content("\n").join([_with_tail(first, age, width), _with_tail(second, tail, width)])


def _with_tail(line: Content, tail: Content, width: int) -> Content:
    """A line with something at its right end; the line is cut where both don't fit."""
    room = max(width - tail.cell_length - (1 if tail else 0), 1)
    line = line.truncate(room, ellipsis=True)
    return line.pad_right(width - tail.cell_length - line.cell_length) + tail


def title_line(job: Job) -> Content:
    """State, name, base model and provider."""
    parts = [state_words(job), Content.styled(job_name(job), "bold")]
    if job.suffix:
        parts.append(Content(f"on {short_model(job.base_model)}"))
    parts.append(Content(f"at {display_line(job.provider, limit=20)}"))
    return Content("  ").join(parts)


def facts(job: Job, train: LossSeries, valid: LossSeries, now: str) -> list[tuple[str, str]]:
    """Name and value pairs in order of importance."""
    found = []
    if train.first is not None and train.last is not None:
        found.append(("train loss", _course(train)))
    if valid.first is not None:
        best = f" (best {valid.best:.3f} at {valid.best_step:,})" if valid.best != valid.last else ""
        found.append(("validation", f"{_course(valid)}{best}"))
    if job.trained_tokens:
        found.append(("tokens", figures.count(job.trained_tokens)))
    took = clock.seconds_between(job.started_at or job.created_at, job.finished_at or now)
    if took is not None and job.state not in _WAITING:
        found.append(("took" if job.state.is_final else "running for", figures.duration(took)))
    if job.cost:
        found.append(("cost", figures.money(job.cost)))
    elif job.estimated_cost:
        found.append(("cost", f"about {figures.money(job.estimated_cost)}"))
    if job.dataset_version:
        found.append(("data", display_line(job.dataset_version, limit=12)))
    return found


def facts_line(pairs: Sequence[tuple[str, str]], width: int) -> Content:
    """As many of the pairs as fit on two lines of ``width`` cells."""
    lines: list[Content] = [Content()]
    for name, value in pairs:
        part = Content.assemble((f"{name} ", _MUTED), value)
        gap = 3 if lines[-1] else 0
        if lines[-1].cell_length + gap + part.cell_length > width:
            if len(lines) == 2 or not lines[-1]:
                break
            lines.append(part)
        else:
            lines[-1] = lines[-1] + Content(" " * gap) + part
    return Content("\n").join(lines)


def advice(job: Job, verdict: str = "") -> Content:
    """What this state means for the person, and the next step."""
    match job.state:
        case JobState.SUCCEEDED:
            words = [
                Content.styled("Done. ", "$success bold"),
                Content("Next: "),
                _key("5"),
                Content(" ask base and tuned side by side"),
            ]
            if verdict:
                words += [Content("\nHeld-out test: "), Content.styled(display_line(verdict, limit=90), "bold")]
            return Content.assemble(*words)
        case JobState.FAILED:
            reason = display(job.message, limit=600) or "The provider gave no reason."
            return Content.assemble(
                ("Failed: ", "$error bold"),
                reason,
                "\n",
                _key("r"),
                " fix and retry with these settings",
            )
        case JobState.CANCELLED:
            return Content.assemble(
                "Cancelled. Steps done so far are kept; ", _key("r"), " starts again with these settings"
            )
        case JobState.UNKNOWN:
            return Content.assemble(
                ("It is not known whether the provider has this job. ", "$warning"),
                "It is looked up, never sent again by itself. ",
                _key("w"),
                " looks again",
            )
        case JobState.PAUSED:
            return Content.assemble(("Paused at the provider. ", "$warning"), display_line(job.message, limit=200))
        case JobState.QUEUED:
            return Content.styled("Waiting for its turn. It goes on without this app.", _MUTED)
        case _:
            return Content.styled(display_line(job.message, limit=200), _MUTED)


def verdict_words(evaluation: Evaluation) -> str:
    """``better, loss 2.218 → 1.049 on 18 cases``."""
    cases = figures.count(evaluation.cases, "case")
    measured = "".join(f", {one.name} {one.base:.3f} {GLYPHS.arrow} {one.tuned:.3f}" for one in evaluation.metrics[:1])
    return f"{evaluation.verdict}{measured} on {cases}"


def checkpoint_lines(checkpoints: Sequence[Checkpoint], *, count: int, best_step: int | None) -> Content:
    """The newest checkpoints with their losses, one a line."""
    if not checkpoints:
        return Content.styled("none yet", _MUTED)
    lines = [Content.styled("  step   valid   train", _MUTED)]
    for checkpoint in sorted(checkpoints, key=lambda one: one.step, reverse=True)[: count - 1]:
        is_best = checkpoint.step == best_step
        losses = (_loss_column(checkpoint, "full_valid_loss", "valid_loss"), _loss_column(checkpoint, "train_loss"))
        lines.append(
            Content.assemble(
                (f"{checkpoint.step:>6,}{losses[0]}{losses[1]}", "bold" if is_best else ""),
                (f" {GLYPHS.done}" if is_best else "", "$success"),
            )
        )
    hidden = len(checkpoints) - (count - 1)
    if hidden > 0:
        lines[-1] = Content.styled(f"  and {hidden + 1} earlier", _MUTED)
    return Content("\n").join(lines)


def _loss_column(checkpoint: Checkpoint, *names: str) -> str:
    value = next((checkpoint.metrics[name] for name in names if checkpoint.metrics.get(name) is not None), None)
    return f"{'–' if value is None else f'{value:.3f}':>8}"


def provider_label(capabilities: Capabilities, today: date) -> Content:
    """A provider in the picker: its title, and its end where one is near."""
    words = Content(display_line(capabilities.title, limit=40))
    if closing := closing_words(capabilities, today):
        words += Content.styled(f"  {closing}", "$warning")
    return words


def closing_words(capabilities: Capabilities, today: date) -> str:
    """``closed since 2027-01-06`` or ``closes 2027-01-06 (in 45 days)``; empty where no end is known."""
    if not capabilities.closes_on:
        return ""
    days = (date.fromisoformat(capabilities.closes_on) - today).days
    if days < 0:
        return f"closed since {capabilities.closes_on}"
    return f"closes {capabilities.closes_on} (in {figures.count(days, 'day')})"


def provider_warning(capabilities: Capabilities, today: date) -> Content:
    """The sentence under the form: what an end date means, and the provider's own note."""
    note = display(capabilities.note, limit=300)
    closing = closing_words(capabilities, today)
    if not closing:
        return Content.styled(note, _MUTED)
    if closing.startswith("closed"):
        advice_words = "No job can be created there any more. The data can be exported and tuned on this machine."
        return Content.assemble((f"{GLYPHS.attention} {closing}. ", "$error bold"), advice_words)
    return Content.assemble((f"{GLYPHS.attention} {closing}. ", "$warning bold"), note)


def base_label(base: BaseModel, today: date) -> Content:
    """A base model in the picker: name, size, whether it is here."""
    parts = [Content(display_line(base.title or base.model, limit=44))]
    details = []
    if not base.is_present:
        details.append(f"to add, {figures.size(base.size_bytes)}" if base.size_bytes else "to add")
    if base.trainable_here is False:
        details.append("too large for this machine")
    if base.shutdown_date:
        details.append(f"ends {base.shutdown_date}")
    if details:
        parts.append(Content.styled(f"  {', '.join(details)}", _MUTED))
    return Content("").join(parts)


def base_facts(base: BaseModel) -> str:
    """Size, parameters, licence, context: what to know before a base model is chosen or added."""
    known = [
        f"{short_number(base.parameters)} parameters" if base.parameters else "",
        figures.size(base.size_bytes) if base.size_bytes else "",
        display_line(base.licence, limit=30) if base.licence else "licence not stated",
        f"context {base.context:,}" if base.context else "",
        display_line(base.note, limit=160),
    ]
    return f" {GLYPHS.dot} ".join(part for part in known if part)


def estimate_rows(estimate: Estimate) -> list[tuple[str, str]]:
    """The estimate as name and value; what can't be known has a dash."""
    cost = "free, runs here" if estimate.cost == 0 else figures.money(estimate.cost)
    return [
        ("Tokens", f"{estimate.tokens:,} in {figures.count(estimate.epochs, 'epoch')}"),
        ("Time", _about(figures.duration(estimate.seconds))),
        ("Cost", cost if estimate.cost == 0 else _about(cost)),
        ("Memory", _about(figures.size(estimate.memory_bytes))),
        ("Disk", _about(figures.size(estimate.disk_bytes))),
    ]


def estimate_basis(estimate: Estimate) -> str:
    """Where the figures come from, and of which day the prices are."""
    dated = f" Prices of {estimate.prices_dated}." if estimate.prices_dated and estimate.cost else ""
    return display(f"{estimate.basis}{dated}", limit=400)


def _about(words: str) -> str:
    return words if words == figures.UNKNOWN else f"about {words}"


def _course(series: LossSeries) -> str:
    if series.count < 2:
        return f"{series.last:.3f}"
    return f"{series.first:.3f} {GLYPHS.arrow} {series.last:.3f}"


def _key(key: str) -> Content:
    return Content.styled(f" {key} ", "bold $accent on $panel")
