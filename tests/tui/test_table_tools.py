"""The tools around the table of examples: go to a row, sort, columns, facets, saved views, and what is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.dataset_fakes import FakeCurate, FakeTableViews, dataset_app, make_example
from tests.tui.hostile import EVERYTHING, FORBIDDEN
from tests.tui.test_dataset_screen import screen_of, settle, table, until
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Static

from webtune_tui.services.table_views import SavedView
from webtune_tui.tui.app import Place, WebtuneApp
from webtune_tui.tui.dataset.listing import View
from webtune_tui.tui.modals.ask_row import AskRow, place_of
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.facet_list import FacetList
from webtune_tui.tui.modals.pick_columns import PickColumns
from webtune_tui.tui.modals.pick_sort import PickSort
from webtune_tui.tui.modals.saved_views import SavedViews
from webtune_tui.tui.presentation.example_columns import DEFAULT_COLUMNS, TableLayout
from webtune_tui.tui.presentation.examples import ExampleRow
from webtune_tui.tui.widgets.condition_input import ConditionInput, ConditionSuggester

SMALL = (80, 24)
FLAG = "[@click=app.quit]X[/]\u202e"


def words_in(app: WebtuneApp) -> str:
    """All that the dialogue in front says in its lists and lines."""
    lists = [
        str(found.get_option_at_index(number).prompt)
        for found in app.screen.query(OptionList)
        for number in range(found.option_count)
    ]
    return "\n".join([*lists, *(str(one.content) for one in app.screen.query(Static))])


def fits(app: WebtuneApp) -> bool:
    """Whether the box of the dialogue and its buttons lie within the window, and all its words within the box."""
    window, content = app.screen.region, app.screen.query_one(".dialog-content").region
    parts = [*app.screen.query(".dialog-box"), *app.screen.query(Button)]
    words = [*app.screen.query(".dialog-content > *")]
    return all(window.contains_region(one.region) for one in parts) and all(
        content.contains_region(one.region) for one in words if one.display
    )


async def open_tool(app: WebtuneApp, pilot: Pilot[int], key: str, kind: type) -> None:
    await until(app, pilot, lambda: table(app).current is not None)  # type: ignore[arg-type]
    await pilot.press(key)
    await until(app, pilot, lambda: isinstance(app.screen, kind))  # type: ignore[arg-type]
    assert fits(app)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("1", 1), (" 1,234 ", 1234), ("1 000", 1000), ("2000", 2000), ("50%", 1000), ("0%", 1), ("100 %", 2000),
        ("12,5%", 250),
    ],
)  # fmt: skip
def test_a_row_is_named_by_number_or_share(typed: str, found: int) -> None:
    assert place_of(typed, 2000) == found


@pytest.mark.parametrize("typed", ["", "0", "2001", "101%", "-5", "abc", "1.5", "٣", "9" * 39, "\x1b[2J"], ids=ascii)
def test_what_is_no_row_is_told(typed: str) -> None:
    assert isinstance(place_of(typed, 2000), str)


async def test_a_row_is_gone_to_the_order_chosen_and_columns_change_and_are_kept(tmp_path: Path) -> None:
    curate = FakeCurate(5_000)
    views = FakeTableViews(columns=TableLayout().toggled("source").to_plain())
    app = dataset_app(tmp_path, curate=curate, table_views=views)
    async with app.run_test(size=SMALL, notifications=True, tooltips=True) as pilot:
        await open_tool(app, pilot, "colon", AskRow)
        await pilot.press(*"6000", "enter")
        await until(app, pilot, lambda: "the list has 1 to 5,000" in words_in(app))
        app.screen.query_one(Input).value = "4,321"
        await pilot.press("enter")
        await until(app, pilot, lambda: table(app).current is not None and table(app).cursor == 4_320)
        assert table(app).has_focus
        await open_tool(app, pilot, "colon", AskRow)
        await pilot.press(*"50%", "enter")
        await until(app, pilot, lambda: table(app).cursor == 2_499)

        await open_tool(app, pilot, "O", PickSort)
        await pilot.press("down", "down", "down", "enter")
        await until(app, pilot, lambda: curate.listed[-1][2:] == ("tokens", True))
        await open_tool(app, pilot, "O", PickSort)
        assert "↓ tokens" in words_in(app)
        await pilot.press("enter")
        await until(app, pilot, lambda: curate.listed[-1][2:] == ("tokens", False))
        assert table(app).sorted_by == ("tokens", False)

        await until(app, pilot, lambda: table(app).current is not None)
        rows = table(app)
        await open_tool(app, pilot, "L", PickColumns)
        assert rows.layout_wanted.columns == (*DEFAULT_COLUMNS, "source")
        await pilot.press("space")
        assert "# always stays" in words_in(app)
        await pilot.press("down", "space")
        assert "split" not in rows.layout_wanted.columns
        await pilot.press("home", "J", "J")
        assert rows.layout_wanted.columns[:3] == ("tokens", "prompt", "number")
        before = rows.width_of("prompt")
        await pilot.press("home", "down", "plus", "plus", "minus")
        assert rows.width_of("prompt") == before + 4
        await pilot.press("escape")
        kept = rows.layout_wanted
        await until(app, pilot, lambda: views.kept_columns == kept.to_plain())
        await open_tool(app, pilot, "L", PickColumns)
        await pilot.press("r", "escape")
        await until(app, pilot, lambda: views.kept_columns == TableLayout().to_plain())


async def test_a_facet_joins_the_filter_and_leaves_it_and_a_count_ends_with_the_dialogue(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=SMALL, notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: table(app).current is not None)
        screen_of(app).show_where("tokens > 100 or turns > 9")
        await open_tool(app, pilot, "F", FacetList)
        await until(app, pilot, lambda: "train" in words_in(app))
        facets = app.screen
        assert isinstance(facets, FacetList) and fits(app)
        await pilot.press("enter")
        await until(app, pilot, lambda: "● train" in words_in(app))
        assert facets.condition == "(tokens > 100 or turns > 9) and split = train"
        await pilot.press("down", "enter")  # one of the others takes its place
        await until(app, pilot, lambda: facets.condition.endswith("and split = validation"))
        await pilot.press("space")
        await until(app, pilot, lambda: "✗ validation" in words_in(app))
        assert curate.counted[-1][0] == "(tokens > 100 or turns > 9) and not split = validation"
        await pilot.press("escape")
        await until(
            app, pilot, lambda: "where (tokens" in str(screen_of(app).query_one("#table-panel").border_subtitle)
        )
        assert screen_of(app).query_one("#where", Input).value == facets.condition
        assert all(one.split != "validation" for one in await listed(app))
        screen_of(app)._listing.open(View(split="train"))  # as its key does
        await open_tool(app, pilot, "F", FacetList)
        await until(app, pilot, lambda: "● train" in words_in(app))
        await pilot.press("enter", "escape")
        await until(app, pilot, lambda: table(app).row_count == 240)
        assert screen_of(app)._listing.view.condition == ""

        curate.gate = asyncio.Event()
        stopped = curate.stopped_counts
        await pilot.press("F")
        async with asyncio.timeout(20):
            while not (isinstance(app.screen, FacetList) and "counting … 20 examples" in words_in(app)):
                await pilot.pause()
            await pilot.press("escape")
            while curate.stopped_counts == stopped:
                await pilot.pause()
        curate.gate.set()


async def listed(app: WebtuneApp) -> list[ExampleRow]:
    rows = table(app)  # type: ignore[arg-type]
    return [row for number in range(rows.row_count) if (row := rows.example_row(number))]


@pytest.mark.slow
async def test_views_are_kept_opened_and_deleted(tmp_path: Path) -> None:
    many = [SavedView(f"p{number}") for number in range(20)]
    views = FakeTableViews(*many, SavedView("old", where="tokens >= 200", sort="tokens", is_descending=True), skipped=1)
    app = dataset_app(tmp_path, table_views=views)
    async with app.run_test(size=SMALL, notifications=True, tooltips=True) as pilot:
        await open_tool(app, pilot, "V", SavedViews)
        await until(app, pilot, lambda: "old" in words_in(app))
        assert "1 view can't be read" in words_in(app)
        await pilot.press("enter")
        await until(app, pilot, lambda: table(app).sorted_by == ("tokens", True) and table(app).row_count < 240)
        assert screen_of(app).query_one("#where", Input).value == "tokens >= 200"
        await pilot.press("s")
        await open_tool(app, pilot, "V", SavedViews)
        await pilot.press("s", *"new")
        assert fits(app)
        await pilot.press("enter")
        await until(app, pilot, lambda: "new" in views.kept)
        assert replace(views.kept["new"], columns={}) == SavedView("new", "", "tokens >= 200", "train", "tokens", True)
        await pilot.press("s", *"new", "enter")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape", "escape")
        await until(app, pilot, lambda: isinstance(app.screen, SavedViews))
        app.screen.query_one(OptionList).highlighted = 1
        await pilot.press("d")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm))
        assert "old" in views.kept
        await pilot.press("right", "enter")
        await until(app, pilot, lambda: "old" not in views.kept and isinstance(app.screen, SavedViews))
        app.place = Place("w", is_read_only=True, read_only_reason="Another webtune writes")
        await pilot.press("s", "d")
        await settle(app, pilot)
        assert isinstance(app.screen, SavedViews) and not app.screen.has_class("-naming")
        await pilot.press("escape")
        assert set(views.kept) == {"new", *(view.name for view in many)}


async def test_nothing_in_sources_flags_and_names_of_views_acts(tmp_path: Path) -> None:
    curate = FakeCurate(20, lambda n: replace(make_example(n), source=f"\x1b[2J{EVERYTHING}", flags=(f"\x9b{FLAG}",)))
    app = dataset_app(tmp_path, curate=curate, table_views=FakeTableViews(SavedView(EVERYTHING, text=EVERYTHING)))
    async with app.run_test(size=SMALL, notifications=True, tooltips=True) as pilot:
        await open_tool(app, pilot, "F", FacetList)
        await until(app, pilot, lambda: "␛[2J[@click" in words_in(app) and "[/]" in words_in(app))
        assert not any(one in words_in(app) for one in FORBIDDEN)
        facets = app.screen
        assert isinstance(facets, FacetList)
        for number, row in enumerate(facets._rows):
            if row and row[0] in ("source", "flag"):
                facets.query_one(OptionList).highlighted = number
                await pilot.press("enter")
        await until(app, pilot, lambda: words_in(app).count("● ") == 2)
        await pilot.press("escape")
        await until(app, pilot, lambda: table(app).row_count == 20)
        where = screen_of(app).query_one("#where", Input).value
        assert "flags has" in where and "source =" in where and not any(one in where for one in FORBIDDEN)
        await open_tool(app, pilot, "V", SavedViews)
        await until(app, pilot, lambda: "PWNED" in words_in(app))
        assert not any(one in words_in(app) for one in FORBIDDEN)
        await pilot.press("d")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm))
        assert "PWNED" in words_in(app) and not any(one in words_in(app) for one in FORBIDDEN)
        await pilot.press("escape", "escape", "f")
        suggester = screen_of(app).query_one(ConditionInput).suggester
        assert isinstance(suggester, ConditionSuggester)
        await until(app, pilot, lambda: suggester.values["flags"] == [f"\x9b{FLAG}"])
        offered = await suggester.get_suggestion('flags has "')
        assert offered and "@click" in offered and not any(one in offered for one in FORBIDDEN)


async def test_sources_and_flags_are_completed_as_a_condition_writes_them() -> None:
    suggester = ConditionSuggester({"source": ("amazon", "two words", "\x1b]0;x\x07"), "flags": ("own-flag", "a\x1bb")})
    assert await suggester.get_suggestion("source = am") == "source = amazon"
    assert await suggester.get_suggestion('source = "tw') == 'source = "two words"'
    assert await suggester.get_suggestion('source = "\\') == r'source = "\u{1b}]0;x\u{7}"'
    assert await suggester.get_suggestion("flag:ow") == "flag:own-flag"


async def test_place_filter_and_marks_stay_when_one_comes_back_and_with_another_version(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=SMALL, notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: table(app).current is not None)
        screen_of(app).show_where("tokens > 100")
        await until(app, pilot, lambda: table(app).row_count < 240)
        await pilot.press("space")
        assert table(app).marks
        await pilot.press("G", "space", "up")
        marks, cursor = table(app).marks, table(app).cursor
        asked = len(curate.listed)
        await app.switch_mode("chat")
        await settle(app, pilot)
        await app.switch_mode("dataset")
        await settle(app, pilot)
        assert (table(app).marks, table(app).cursor, len(curate.listed)) == (marks, cursor, asked) and marks
        assert screen_of(app)._listing.view.where == "tokens > 100"

        await pilot.press("home", *["down"] * 20, "space", "down")
        here, marked = table(app).current, table(app).marks - {"ex-0000239"}
        assert here is not None and marked
        table(app).marks = marked | {"ex-0000239"}
        curate.dropped.append("ex-0000050")  # one before it is gone
        curate.size = 239
        await screen_of(app)._listing.open_version()
        await until(app, pilot, lambda: table(app).marks == marked)
        current = table(app).current
        assert current is not None and current.example_id == here.example_id
        assert table(app).cursor == 21
        table(app).marks = frozenset()

        await pilot.press("a")
        assert table(app).are_all_marked
        screen_of(app)._listing.sort_by("tokens")
        await settle(app, pilot)
        assert table(app).are_all_marked  # another order of the same
        await pilot.press("s")
        await settle(app, pilot)
        assert not table(app).are_all_marked
