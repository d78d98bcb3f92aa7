"""The screen Fine-tune as a person uses it, on fake services."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.tui.fake_services import (
    BASE,
    BASE_TO_ADD,
    CLOSED,
    HOSTED,
    LOCAL,
    AppOnFakes,
    FakeCurateService,
    FakeEvaluateService,
    FakeProviders,
    FakeTrainService,
    fake_services,
    job,
    until,
)
from textual.widgets import Button, ContentSwitcher, Input, OptionList, Select, Static

from webtune_tui.domain.errors import ExtraMissing, TryLater
from webtune_tui.domain.events import JobChanged, JobReported
from webtune_tui.domain.jobs import Checkpoint, JobEvent, JobState, MetricPoint
from webtune_tui.services.evaluate import Evaluation
from webtune_tui.tui.fine_tuning.watching import NEVER_SENT
from webtune_tui.tui.modals.add_base import AddBase
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.presentation.loss_series import MAXIMUM_BUCKETS
from webtune_tui.tui.widgets.event_log import KEPT_EVENTS, EventLog
from webtune_tui.tui.widgets.job_monitor import JobMonitor
from webtune_tui.tui.widgets.loss_chart import LossChart
from webtune_tui.tui.widgets.train_form import TrainForm

HOSTILE = "[@click=app.quit]CLICK[/] [/ [red]x \x1b]52;c;UFdORUQ=\x07 \x9b31m \u202eabc"


def view(app: AppOnFakes) -> str | None:
    return app.screen.query_one("#tune-views", ContentSwitcher).current


def shown(app: AppOnFakes, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def start(services: Any, folder: Path) -> AppOnFakes:
    return AppOnFakes("fine_tune", services, folder)


def points(*values: float | None, name: str = "train_loss", first: int = 1) -> tuple[MetricPoint, ...]:
    return tuple(MetricPoint(step, name, value) for step, value in enumerate(values, first))


def event(number: int, message: str, level: str = "info", **data: Any) -> JobEvent:
    return JobEvent(f"e{number}", f"2026-11-22T13:05:{number % 60:02d}.000Z", level, message, data)


async def test_without_a_dataset_it_says_what_comes_first(tmp_path: Path) -> None:
    app = start(fake_services(curate=FakeCurateService(())), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "Nothing to train on yet" in shown(app, ".empty-title"))
        assert "prepare a dataset" in shown(app, ".empty-steps")


async def test_a_running_job_is_taken_up_where_it_stands(tmp_path: Path) -> None:
    train = FakeTrainService(job(step=3))
    train.reports["job-1"] = [
        JobReported("job-1", (event(1, "The job has started"),), points(2.5, 2.0, 1.5), (Checkpoint("c", 3, "m"),))
    ]
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches == ["job-1"])
        monitor = app.screen.query_one(JobMonitor)
        await until(pilot, lambda: monitor.train.count == 3 and "step 3 of 60" in shown_progress(app))
        assert "2.500 → 1.500" in shown(app, "#job-facts")
        assert "The job has started" in app.screen.query_one(EventLog).plain
        assert "train loss 1.500" in app.screen.query_one(LossChart).plain
        train.tell("job-1", JobReported("job-1", (), points(1.2, name="train_loss", first=4)))
        train.tell("job-1", JobChanged(job(step=4)))
        await until(pilot, lambda: "step 4 of 60" in shown_progress(app) and monitor.train.last == 1.2)


def shown_progress(app: AppOnFakes) -> str:
    return str(app.screen.query_one("#job-progress").render())


async def test_leaving_the_screen_and_the_app_cancels_nothing(tmp_path: Path) -> None:
    train = FakeTrainService(job())
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches)
        await pilot.press("5")
        await until(pilot, lambda: app.screen.name == "chat")
        await pilot.press("4")
        await until(pilot, lambda: view(app) == "tune-jobs")
    assert train.unwatched == ["job-1"]
    assert train.cancelled == []
    again = start(fake_services(train=train), tmp_path)
    async with again.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches == ["job-1", "job-1"])


async def test_cancel_asks_says_what_it_means_and_does_nothing_on_no(tmp_path: Path) -> None:
    train = FakeTrainService(job())
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "stops for good" in app.screen.question  # type: ignore[attr-defined]
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert train.cancelled == []
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.click("#confirm-yes")
        await until(pilot, lambda: train.cancelled == ["job-1"])
        await until(pilot, lambda: "cancelled" in shown(app, "#job-title"))
        assert app.screen.check_action("cancel_job", ()) is False


async def test_hostile_words_of_a_provider_are_shown_and_cannot_act(tmp_path: Path) -> None:
    strange = job(state=JobState.UNKNOWN, raw_state=HOSTILE, suffix=HOSTILE, base_model=HOSTILE, message=HOSTILE)
    failed = job("job-2", JobState.FAILED, message=HOSTILE, provider=HOSTILE)
    train = FakeTrainService(strange, failed)
    train.reports["job-1"] = [JobReported("job-1", (event(1, HOSTILE, HOSTILE), event(2, HOSTILE, "error")))]
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "CLICK" in app.screen.query_one(EventLog).plain)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "Failed" in shown(app, "#job-advice"))
        await pilot.click("#job-advice")
        await pilot.click("#job-title")
        assert app.is_running
        drawn = app.export_screenshot()
        assert "\x1b" not in drawn
        assert "CLICK" in drawn


async def test_a_value_that_is_no_number_is_named_and_the_chart_stays(tmp_path: Path) -> None:
    train = FakeTrainService(job())
    train.reports["job-1"] = [JobReported("job-1", (), points(2.0, float("nan"), None, 1.5))]
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches)
        chart = app.screen.query_one(LossChart)
        await until(pilot, lambda: "no number (NaN) at 2 steps, first 2" in chart.plain)
        assert chart.plain.count("×") >= 2


async def test_a_long_history_stays_bounded_and_the_keys_stay_alive(tmp_path: Path) -> None:
    train = FakeTrainService(job(total_steps=300_000, step=300_000))
    many_events = tuple(event(number, f"note {number}") for number in range(5000))
    train.reports["job-1"] = [JobReported("job-1", many_events, points(*([1.0] * 300_000)))]
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches)
        await pilot.press("question_mark")
        await pilot.press("escape")
        monitor = app.screen.query_one(JobMonitor)
        await until(pilot, lambda: monitor.train.count == 300_000)
        assert len(monitor.train) <= MAXIMUM_BUCKETS
        log = app.screen.query_one(EventLog)
        assert len(log.events) == KEPT_EVENTS
        assert log.events[-1].message == "note 4999"


async def test_measurements_in_a_row_take_one_line_of_the_log(tmp_path: Path) -> None:
    train = FakeTrainService(job())
    steps = [event(number, f"Step {number}", step=number, train_loss=1.0) for number in range(1, 20)]
    train.reports["job-1"] = [JobReported("job-1", (event(0, "Started"), *steps, event(30, "Checkpoint saved")))]
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "Checkpoint saved" in app.screen.query_one(EventLog).plain)
        words = [line.split(" ", 1)[1] for line in app.screen.query_one(EventLog).plain.split("\n")]
        assert words == ["Started", "Step 19", "Checkpoint saved"]


async def test_a_failed_job_gives_its_reason_and_opens_the_form_with_its_settings(tmp_path: Path) -> None:
    broken = job(
        state=JobState.FAILED,
        message="Line 12 is too long",
        hyperparameters={"epochs": 7, "learning_rate": 5e-4},
        seed=4,
    )
    app = start(fake_services(train=FakeTrainService(broken)), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: view(app) == "tune-jobs" and "Line 12 is too long" in shown(app, "#job-advice"))
        await pilot.press("r")
        await until(pilot, lambda: app.screen.query(TrainForm))
        assert app.screen.query_one("#field-epochs", Input).value == "7"
        assert app.screen.query_one("#field-learning_rate", Input).value == "0.0005"
        assert app.screen.query_one("#field-seed", Input).value == "4"


async def test_a_succeeded_job_points_to_the_chat_and_tells_the_verdict(tmp_path: Path) -> None:
    done = job(state=JobState.SUCCEEDED, step=60, tuned_model="ft:shop")
    kept = Evaluation("ev", "ft:shop", BASE.model, "v", 18, tmp_path, (), "better", "2026-11-22T14:00:00.000Z")
    app = start(fake_services(train=FakeTrainService(done), evaluate=FakeEvaluateService([kept])), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: view(app) == "tune-jobs" and "better on 18 cases" in shown(app, "#job-advice"))
        assert "ask base and tuned side by side" in shown(app, "#job-advice")


async def test_the_estimate_follows_every_choice_and_a_misfit_is_named(tmp_path: Path) -> None:
    train = FakeTrainService()
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm) and "in 3 epochs" in shown(app, "#form-estimate"))
        app.screen.query_one("#field-epochs", Input).value = "9"
        await until(pilot, lambda: "in 9 epochs" in shown(app, "#form-estimate"))
        assert "measured on this machine" in shown(app, "#form-basis")
        app.screen.query_one("#field-epochs", Input).value = "many"
        await until(pilot, lambda: app.screen.query_one("#form-problem").display)
        assert "does not fit" in shown(app, "#form-problem")
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert train.started == []


async def test_starting_here_asks_nothing_and_shows_the_new_job(tmp_path: Path) -> None:
    train = FakeTrainService()
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm) and app.screen.query_one(TrainForm).estimate)
        app.screen.query_one("#field-max_steps", Input).value = "30"
        app.screen.query_one("#field-suffix", Input).value = "tote"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: view(app) == "tune-jobs" and train.watches == ["job-new-1"])
        (request,) = train.started
        assert request["provider"] == "local"
        assert request["suffix"] == "tote"
        assert request["hyperparameters"].chosen() == {"max_steps": 30}
        assert "tote" in shown(app, "#job-title")


async def test_a_paid_start_asks_with_the_price_and_a_no_keeps_the_form(tmp_path: Path) -> None:
    train = FakeTrainService()
    train.bases_known = [replace(BASE, model="gpt-4o-mini-2024-07-18")]
    train.estimated = replace(train.estimated, cost=0.92, prices_dated="2026-11-20", basis="Price list.")
    app = start(fake_services(train=train, providers=FakeProviders(HOSTED, LOCAL)), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm))
        app.screen.query_one("#form-provider", Select).value = "openai"
        form = app.screen.query_one(TrainForm)
        await until(pilot, lambda: form.estimate is not None and form.estimate.provider == "openai")
        assert not app.screen.query_one("#line-lora_rank").display
        assert "2027-01-06" in shown(app, "#form-provider-words")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "$0.92" in app.screen.question  # type: ignore[attr-defined]
        assert "2026-11-20" in app.screen.question  # type: ignore[attr-defined]
        await pilot.press("escape")
        await until(pilot, lambda: view(app) == "tune-form")
        assert train.started == []


async def test_a_closed_provider_is_marked_with_its_date_and_the_way_out(tmp_path: Path) -> None:
    app = start(fake_services(providers=FakeProviders(CLOSED)), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm))
        await until(pilot, lambda: "closed since 2026-01-06" in shown(app, "#form-provider-words"))


async def test_without_the_training_stack_the_form_says_what_to_install(tmp_path: Path) -> None:
    train = FakeTrainService()
    train.estimate_error = ExtraMissing(
        "Training on this machine needs the extra `local` (about 1.5 GB)", hint="Run: pip install 'webtune-tui[local]'"
    )
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm) and app.screen.query_one("#form-problem").display)
        words = shown(app, "#form-problem")
        assert "1.5 GB" in words
        assert "pip install 'webtune-tui[local]'" in words


async def test_a_base_model_is_added_with_a_progress_bar_and_then_chosen(tmp_path: Path) -> None:
    train = FakeTrainService()
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm) and app.screen.query_one(TrainForm).base)
        form = app.screen.query_one(TrainForm)
        app.screen.query_one("#form-base", Select).value = BASE_TO_ADD.model
        await until(pilot, lambda: "MIT" in shown(app, "#form-base-words"))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AddBase))
        assert "980 MB" in shown(app, "#add-base-facts")
        await pilot.click("#add-base-yes")
        await until(
            pilot, lambda: train.added == [BASE_TO_ADD.model] and form.base is not None and form.base.is_present
        )
        assert form.base is not None
        assert form.base.model == BASE_TO_ADD.model
        assert not form.query_one("#form-progress").has_class("-busy")


async def test_a_start_that_fails_keeps_the_form_and_tells_why(tmp_path: Path) -> None:
    train = FakeTrainService()
    train.start_error = TryLater("The provider is busy", hint="Try again in a minute.")
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm) and app.screen.query_one(TrainForm).estimate)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: any("busy" in note.message for note in app._notifications))
        assert view(app) == "tune-form"


async def test_a_watch_that_breaks_off_is_told_beside_the_job_and_can_be_taken_up_again(tmp_path: Path) -> None:
    train = FakeTrainService(job())
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches)
        train.tell("job-1", TryLater("The provider can't be reached", hint="The job goes on."))
        await until(pilot, lambda: "can't be reached" in shown(app, "#job-advice"))
        await pilot.press("w")
        await until(pilot, lambda: len(train.watches) == 2)


async def test_a_paid_start_that_was_interrupted_goes_on_only_after_a_question(tmp_path: Path) -> None:
    train = FakeTrainService(job(state=JobState.UPLOADING, provider="openai", estimated_cost=0.9))
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: NEVER_SENT in shown(app, "#job-advice"))
        assert train.watches == []
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "$0.90" in app.screen.question  # type: ignore[attr-defined]
        await pilot.click("#confirm-yes")
        await until(pilot, lambda: train.watches == ["job-1"])


async def test_a_running_job_can_be_paused_and_goes_on(tmp_path: Path) -> None:
    train = FakeTrainService(job())
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches)
        await pilot.press("p")
        await until(pilot, lambda: "paused" in shown(app, "#job-title"))
        await pilot.press("p")
        await until(pilot, lambda: "running" in shown(app, "#job-title") and len(train.watches) == 2)


async def test_the_held_out_test_runs_from_a_succeeded_job(tmp_path: Path) -> None:
    train = FakeTrainService(job(state=JobState.SUCCEEDED, step=60, tuned_model="ft:shop"))
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "Done." in shown(app, "#job-advice"))
        await pilot.press("v")
        await until(pilot, lambda: "better, loss 2.200 → 1.100 on 18 cases" in shown(app, "#job-advice"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_it_survives_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    train = FakeTrainService(job(), job("job-2", JobState.FAILED, message="no"))
    train.reports["job-1"] = [JobReported("job-1", (event(1, "x" * 500),), points(3.0, 2.0, 1.0))]
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches)
        for width, height in ((200, 60), (60, 16), (40, 10), (100, 30), (80, 24), (20, 5), (120, 40)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm))
        for width, height in ((200, 60), (60, 16), (40, 10), (80, 24)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
        assert app.is_running


async def test_a_narrow_window_shows_the_list_or_the_job(tmp_path: Path) -> None:
    train = FakeTrainService(job(), job("job-2", JobState.SUCCEEDED, step=60, suffix="older"))
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: train.watches == ["job-1"])
        panel, entries = app.screen.query_one("#tune-monitor-panel"), app.screen.query_one("#tune-list-panel")
        await until(pilot, lambda: panel.size.width > 0 and entries.size.width == 0)
        await pilot.press("escape")
        await until(pilot, lambda: panel.size.width == 0 and entries.size.width > 0)
        assert app.screen.query_one(OptionList).has_focus
        await pilot.press("down", "enter")
        await until(pilot, lambda: train.watches[-1] == "job-2" and panel.size.width > 0)


async def test_the_mouse_can_start_a_job(tmp_path: Path) -> None:
    train = FakeTrainService()
    app = start(fake_services(train=train), tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: "No fine-tuning job yet" in shown(app, ".empty-title"))
        await pilot.press("n")
        await until(pilot, lambda: app.screen.query(TrainForm) and app.screen.query_one(TrainForm).estimate)
        assert app.screen.query_one("#form-start", Button).display
        await pilot.click("#form-start")
        await until(pilot, lambda: train.started)
