"""What the app makes once: styles are read once, and the keys at the bottom are made anew only for other keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tui.dataset_fakes import dataset_app
from tests.tui.fake_services import until
from textual.css import stylesheet as textual_stylesheet
from textual.css.stylesheet import StylesheetParseError
from textual.widgets._footer import FooterKey

from webtune_tui.tui.stylesheet import StylesReadOnce

SIZE = (120, 40)
PLAIN, FAULTY = "Static { color: $colour; }", "Static { colour: red; }"


def colours(sheet: StylesReadOnce) -> list[str]:
    return [rule.styles.color.hex for rule in sheet.rules]


def test_a_source_is_read_once_for_each_set_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    reads = textual_stylesheet.parse

    def counted(scope: str, css: str, *arguments: object, **more: object) -> object:
        read.append(css)
        return reads(scope, css, *arguments, **more)

    monkeypatch.setattr(textual_stylesheet, "parse", counted)
    sheet = StylesReadOnce(variables={"colour": "#010203"})
    sheet.add_source(PLAIN, read_from=("here", "a"))
    assert colours(sheet) == ["#010203"]
    twin = sheet.copy()
    twin.parse()
    assert colours(twin) == ["#010203"]
    sheet.reparse()
    assert len(read) == 1
    sheet.set_variables({"colour": "#040506"})
    sheet.reparse()
    assert colours(sheet) == ["#040506"] and len(read) == 2
    sheet.set_variables({"colour": "#010203"})
    sheet.reparse()
    assert colours(sheet) == ["#010203"] and len(read) == 2


def test_a_fault_in_one_source_leaves_the_rules_as_they_were() -> None:
    sheet = StylesReadOnce(variables={"colour": "#070809"})
    sheet.add_source(PLAIN, read_from=("here", "b"))
    assert colours(sheet) == ["#070809"]
    sheet.add_source(FAULTY, read_from=("here", "c"))
    with pytest.raises(StylesheetParseError):
        sheet.reparse()
    assert colours(sheet) == ["#070809"]


async def test_the_keys_at_the_bottom_are_made_anew_only_for_other_keys(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: app.services is not None and app.screen.query(FooterKey))
        await app.settled()
        await pilot.pause()
        before = list(app.screen.query(FooterKey))
        for _ in range(3):
            app.screen.refresh_bindings()
            await pilot.pause()
        assert list(app.screen.query(FooterKey)) == before
        await pilot.press("slash")
        await until(pilot, lambda: list(app.screen.query(FooterKey)) != before)
        await pilot.press("escape")
        described = [key.description for key in before]
        await until(pilot, lambda: [key.description for key in app.screen.query(FooterKey)] == described)
