"""Board and detail of collections on fakes: order, panes, pages of records, and every action on a collection."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.collect_fakes import (
    DRIFT,
    EndlessImport,
    EndlessRecords,
    FakeCollectService,
    FakeDriftService,
    FakeOrigins,
    WritableWorkspace,
    collect_app,
    make_collection,
    make_record,
)
from tests.tui.fake_services import AppOnFakes, until
from tests.tui.hostile import EVERYTHING, FORBIDDEN, MARKUPS
from textual.events import AppBlur, AppFocus
from textual.widgets import Static

from webtune_tui.domain import clock
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.events import CollectionChanged, Noted, Progressed
from webtune_tui.domain.records import BEHIND_ALL, CollectionState, RecordKind
from webtune_tui.services.failed_inputs import FailedInput
from webtune_tui.services.field_drift import FieldDrift
from webtune_tui.services.notice import Notice
from webtune_tui.services.page_receipt import UnknownPages
from webtune_tui.settings import Settings, load
from webtune_tui.tui.modals.choose_snapshot import ChooseSnapshot, candidates_in
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.message import Message
from webtune_tui.tui.modals.new_collection import NewCollection
from webtune_tui.tui.presentation.collections import board_header, board_row, status
from webtune_tui.tui.screens.collect import CollectScreen
from webtune_tui.tui.source_forms.base import ImportRequest

READY, RUNNING, UNKNOWN = CollectionState.READY, CollectionState.RUNNING, CollectionState.UNKNOWN


def screen_of(app: AppOnFakes) -> CollectScreen:
    return next(screen for screen in app._stage_screens() if isinstance(screen, CollectScreen))


def on_screen(app: AppOnFakes) -> str:
    """Everything that is drawn now."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def ago(seconds: float) -> str:
    return clock.rfc3339(time.time() - seconds)


@pytest.mark.parametrize("width", [40, 56, 74, 100, 116, 196])
def test_a_row_of_the_board_is_exactly_as_wide_as_its_room_whatever_the_label(width: int) -> None:
    from rich.cells import cell_len

    for label in ("Shop", EVERYTHING, "象印" * 60, ""):
        for is_sandbox in (True, False):
            shown = make_collection(1, RUNNING, label=label, errors=12_345, records=9_999_999, is_sandbox=is_sandbox)
            row = board_row(shown, width, ago(0), 95.0)
            assert cell_len("".join(text for text, _ in row)) == width
            assert not any(character in "".join(text for text, _ in row) for character in FORBIDDEN)
    assert cell_len(board_header(width)[0][0]) == width


def test_a_long_run_is_safe_to_leave_and_an_old_one_says_how_long_it_is_kept() -> None:
    young = status(make_collection(1, RUNNING, created_at=ago(60)), None, ago(0)).plain
    long = status(make_collection(1, RUNNING, created_at=ago(700)), None, ago(0), typical=200.0).plain
    old = status(make_collection(1, RUNNING, created_at=ago(27 * 86_400)), None, ago(0)).plain
    assert "safe to leave" not in young
    assert "Still running, safe to leave; as a rule it takes 3 min 20 s" in long
    assert "30 days" in old and "30 days" not in long
    assert (
        "offline since 07:31:02"
        in status(make_collection(1, RUNNING, phase="offline since 07:31:02"), None, ago(0)).plain
    )


def test_the_snapshots_that_fit_are_read_from_the_message_of_an_unknown_collection() -> None:
    message = (
        "2 snapshots fit the time of c5: sd_a1 (2026-11-22T10:00:01Z, ready), s_b-2 (2026-11-22T10:00:04Z, running)"
    )
    assert [one.snapshot_id for one in candidates_in(message)] == ["sd_a1", "s_b-2"]
    assert candidates_in("The reply was lost") == []


def test_the_way_of_notifying_is_a_setting_with_known_words(tmp_path: Path) -> None:
    (tmp_path / "webtune.toml").write_text('[app]\nnotify = "desktop"\n')
    assert load(tmp_path, {}).notify == "desktop" and Settings().notify == "osc9"
    (tmp_path / "webtune.toml").write_text('[app]\nnotify = "loud"\n')
    with pytest.raises(UsageError, match=r"app\.notify"):
        load(tmp_path, {})


async def test_what_runs_stands_on_top_then_the_newest_and_1000_collections_redraw_cheaply(tmp_path: Path) -> None:
    many = [make_collection(n, created_at=ago(10_000 + n), label=f"Shop {n}") for n in range(1000)]
    running = make_collection(2000, RUNNING, created_at=ago(90_000), label="Old but running")
    collect = FakeCollectService(*many, running)
    collect.typical = 95.0
    app = collect_app(tmp_path, collect)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await app.settled()
        board = screen_of(app).board
        await until(pilot, lambda: board.row_count == 1001)
        assert [one.label for one in board.shown[:3]] == ["Old but running", "Shop 0", "Shop 1"]
        await until(pilot, lambda: "of ~1m" in on_screen(app))
        times = []
        for _ in range(10):
            begun = time.thread_time()
            screen_of(app)._show_board()
            times.append(time.thread_time() - begun)
        assert sorted(times)[5] < 0.05
        await pilot.press("end")
        assert board.current is not None and board.current.label == "Shop 999"
        await pilot.press("slash", *"shop 77")
        await until(pilot, lambda: board.row_count == 11)
        await pilot.press("escape")
        await until(pilot, lambda: board.row_count == 1001)


async def test_a_million_records_cost_a_page_and_the_end_is_one_key_away(tmp_path: Path) -> None:
    collect = EndlessRecords(make_collection(1, records=1_000_000, new=1_000_000))
    app = collect_app(tmp_path, collect)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        records = screen_of(app).detail.records
        await until(pilot, lambda: "Item 3" in on_screen(app))
        assert records.row_count == 1_000_000 and collect.asked == [(-1, None, 100)]
        await pilot.press("enter", "G")
        await until(pilot, lambda: "Item 999999" in on_screen(app))
        assert collect.asked[1:] == [(-1, BEHIND_ALL, 100)]
        for _ in range(30):
            await pilot.press("pageup")
        await app.settled()
        assert len(records.records) <= 800


async def test_records_errors_rejects_and_changes_are_apart_and_every_pane_is_reached_at_80_columns(
    tmp_path: Path,
) -> None:
    collect = FakeCollectService(make_collection(1, records=20, new=20, errors=2, rejected=1, gone=5))
    collect.records = [make_record(place) for place in range(20)]
    collect.records += [
        make_record(20 + place, RecordKind.ERROR, error="Dead page", error_code="dead_page", input={"url": f"u{place}"})
        for place in range(2)
    ]
    (tmp_path / "raw" / "c1").mkdir(parents=True)
    reject = {"path": "records.ndjson", "line": 12, "reason": "not valid JSON", "snippet": '{"a":'}
    (tmp_path / "raw" / "c1" / "rejects.jsonl").write_text(json.dumps(reject) + "\n")
    app = collect_app(tmp_path, collect, drift=FakeDriftService(DRIFT))
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        detail = screen_of(app).detail
        await until(pilot, lambda: detail.records.row_count == 20 and "Item 3" in on_screen(app))
        await pilot.press("E")
        await until(pilot, lambda: on_screen(app).count("dead_page") == 2 and "u1" in on_screen(app))
        assert "Item" not in on_screen(app)
        await pilot.press("R")
        await until(pilot, lambda: "records.ndjson:12 " in on_screen(app) and "not valid JSON" in on_screen(app))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "pane-changes")
        await until(pilot, lambda: "price" in on_screen(app) and "https://shop.example/dp/9" in on_screen(app))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "begun" in on_screen(app))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "12 new, 3 changed, 5 gone, 2 fields differ" in on_screen(app))
        assert "gone" in on_screen(app) and "charged" in on_screen(app)
        await pilot.click("#collect-tabs", offset=(12, 0))
        await until(pilot, lambda: "Item 3" in on_screen(app))


async def test_failed_inputs_are_priced_confirmed_and_sent_as_a_collection_of_their_own(tmp_path: Path) -> None:
    collect = FakeCollectService(make_collection(1, errors=2))
    collect.failed = [
        FailedInput({"url": "https://shop.example/1"}, "no_peers", "502"),
        FailedInput({"url": "https://shop.example/2"}, "dead_page", "404"),
    ]
    app = collect_app(tmp_path, collect)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, NewCollection) and "at most 1 records" in on_screen(app))
        assert "dead_page" in on_screen(app) and "1 worth another try" in on_screen(app)
        await pilot.press("ctrl+s", "ctrl+n")
        await until(pilot, lambda: "at most 2 records" in on_screen(app) and "Confirm it" in on_screen(app))
        await pilot.press("ctrl+s", "ctrl+s")
        await until(pilot, lambda: collect.started)
        assert [given["url"] for given in collect.started[0].stored["inputs"]] == [
            "https://shop.example/1", "https://shop.example/2",
        ]  # fmt: skip
        collect.live.put_nowait(None)


async def test_deleting_tells_what_depends_on_it_and_asks(tmp_path: Path) -> None:
    collect = FakeCollectService(make_collection(1), make_collection(2, RUNNING))
    origins = FakeOrigins(collect, "The model shop-1 learned from its records")
    app = collect_app(tmp_path, collect, origins=origins)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("d")
        assert any("cancel it first" in note.message for note in app._notifications)
        await pilot.press("down", "d")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "The model shop-1 learned from its records" in on_screen(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CollectScreen))
        assert not origins.deleted
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.click("#confirm-yes")
        await until(pilot, lambda: origins.deleted == ["c1"] and screen_of(app).board.row_count == 1)


async def test_earlier_collections_are_offered_for_resuming_and_snapshots_that_fit_for_adoption(tmp_path: Path) -> None:
    message = "2 snapshots fit the time of c1: sd_a (2026-11-22T10:00:01Z, ready), sd_b (2026-11-22T10:00:04Z, running)"
    pages = make_collection(3, UNKNOWN, source="pages", created_at=ago(90_000))
    collect = FakeCollectService(
        make_collection(1, UNKNOWN, message=message, created_at=ago(80_000)),
        make_collection(2, RUNNING, created_at=ago(90_000)),
        pages,
    )
    collect.unknown = UnknownPages(2, 0.01, "2 pages x $5 per 1,000")
    app = collect_app(tmp_path, collect)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        offer = app.screen.query_one("#collect-offer", Static)
        assert offer.display and "3 collections are unfinished since 1d" in str(offer.content)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ChooseSnapshot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: collect.adopted == ["sd_b"])
        await until(pilot, lambda: screen_of(app)._known.get("c7") is not None)
        screen_of(app)._show_board("c3")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and "$0.01" in on_screen(app))
        await pilot.click("#confirm-yes")
        await until(pilot, lambda: collect.resumed == ["c3 again"])
        await pilot.press("ctrl+r")
        await until(pilot, lambda: sorted(collect.resumed) == ["c1", "c2", "c3 again"])
        assert not offer.display
        for _ in range(3):
            collect.live.put_nowait(None)


async def test_the_end_is_announced_only_where_nobody_looks_and_as_plain_text(tmp_path: Path) -> None:
    running = make_collection(1, RUNNING, label=EVERYTHING)
    collect = FakeCollectService(running)
    app = collect_app(tmp_path, collect)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        sent: list[str] = []
        assert app._driver is not None
        app._driver.write = sent.append  # type: ignore[method-assign]

        async def run_once() -> None:
            collect.known["c1"] = running
            await screen_of(app).shown()
            app.call_later(screen_of(app).action_resume)
            await until(pilot, lambda: screen_of(app)._known.has_live)
            collect.live.put_nowait(Progressed("downloading", 5, 10, "records"))
            collect.live.put_nowait(Noted("half way"))
            collect.live.put_nowait(CollectionChanged(make_collection(1, READY, label=EVERYTHING)))
            collect.live.put_nowait(None)
            await until(pilot, lambda: not screen_of(app)._known.has_live)

        await run_once()
        assert not [text for text in sent if "\x1b]9" in text]
        app.post_message(AppBlur())
        await until(pilot, lambda: not app.app_focus)
        await run_once()
        told = [text for text in sent if "\x1b]9;webtune: collected" in text]
        assert len(told) == 1 and told[0].count("\x1b") == 1 and told[0].count("\x07") == 2
        assert not any(character in told[0].strip("\x1b\x07") for character in FORBIDDEN if character not in "\x07")
        app.settings = Settings(notifications=False)
        await run_once()
        assert len([text for text in sent if "\x1b]9" in text]) == 1
        app.post_message(AppFocus())


async def test_hostile_labels_messages_errors_and_drift_are_shown_as_written(tmp_path: Path) -> None:
    collect = FakeCollectService(
        *[
            make_collection(n, CollectionState.FAILED, label=markup, message=EVERYTHING, errors=1, rejected=1)
            for n, markup in enumerate(MARKUPS, start=1)
        ]
    )
    collect.records = [make_record(0, RecordKind.ERROR, error=EVERYTHING, error_code=MARKUPS[0], input=EVERYTHING)]
    collect.log = [(ago(5), "error", EVERYTHING)]
    odd = FieldDrift(MARKUPS[0], EVERYTHING, EVERYTHING, EVERYTHING)
    drift = replace(DRIFT, previous_id=EVERYTHING, gone_sample=(EVERYTHING,), fields=(odd,))
    app = collect_app(tmp_path, collect, drift=FakeDriftService(drift), workspace=WritableWorkspace(tmp_path))
    (tmp_path / "raw" / "c7").mkdir(parents=True)
    reject = {"path": EVERYTHING, "line": 1, "reason": EVERYTHING, "snippet": EVERYTHING}
    (tmp_path / "raw" / "c7" / "rejects.jsonl").write_text(json.dumps(reject) + "\n")
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await until(pilot, lambda: all(markup[:8] in on_screen(app) for markup in MARKUPS))
        drawn = on_screen(app)
        for pane in ("errors", "rejects", "changes", "log"):
            screen_of(app).action_pane(pane)
            await pilot.pause()
            await pilot.click("#collect-panes", offset=(12, 4), times=2)
            await pilot.pause()
            drawn += on_screen(app)
            while not isinstance(app.screen, CollectScreen):
                await pilot.press("escape")
        for row in range(len(MARKUPS)):
            await pilot.click("#collect-board", offset=(16, row + 2))
        assert not any(character in drawn for character in FORBIDDEN)
        assert app.is_running and app.return_value is None


async def test_a_running_import_has_its_row_and_is_stopped_by_a_key_that_asks(tmp_path: Path) -> None:
    collect = FakeCollectService()
    imports = EndlessImport(collect)
    app = collect_app(tmp_path, collect, imports=imports)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        screen_of(app).start(ImportRequest((tmp_path / "rows.jsonl",)))
        await until(pilot, lambda: screen_of(app).board.row_count == 1 and "6,000" in on_screen(app))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "importing the same files again" in on_screen(app)
        await pilot.click("#confirm-yes")
        await until(pilot, lambda: imports.is_stopped and not screen_of(app)._known.has_live)


async def test_what_collecting_asks_of_a_person_is_told_once_before_the_first_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    app = collect_app(tmp_path, FakeCollectService())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("n", "1")
        await until(pilot, lambda: isinstance(app.screen, Message))
        assert "webtune purge" in on_screen(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, NewCollection))
        assert not Notice().is_due()
        await pilot.press("escape", "1")
        await until(pilot, lambda: isinstance(app.screen, NewCollection))


async def test_a_read_only_workspace_greys_what_would_change_it(tmp_path: Path) -> None:
    workspace = WritableWorkspace(tmp_path)
    app = collect_app(tmp_path, FakeCollectService(make_collection(1, errors=1)), workspace=workspace)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        app.place = replace(app.place, is_read_only=True, read_only_reason="another writes")
        await pilot.pause()
        keys: dict[str, str] = {"n": "new", "i": "import", "f": "retry", "d": "delete", "a": "adopt", "p": "pages"}
        for key in keys:
            await pilot.press(key)
            assert isinstance(app.screen, CollectScreen)
        assert len([note for note in app._notifications if note.message == "another writes"]) == len(keys)
