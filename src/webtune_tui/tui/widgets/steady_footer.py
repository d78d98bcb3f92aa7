"""The line of keys at the bottom: it is made anew only when other keys work."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.events import Resize
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

NARROW = 100
"""Columns below which the keys stand close together."""
_PALETTE = "-command-palette"
_ALWAYS = ("question_mark", "escape")


def _cells(key: FooterKey) -> int:
    """How wide a key is, with the gap behind it."""
    return cell_len(key.key_display) + cell_len(key.description) + 2


class SteadyFooter(Footer):
    """Textual's Footer builds all its keys again whenever anything asked which keys work, three times in four for the
    same keys. This one looks first; its keys are the costliest widgets that a step of the focus makes."""

    DEFAULT_CSS = """
    SteadyFooter.-compact { padding-left: 1; }
    """

    def __init__(self, *, show_command_palette: bool = True, compact: bool = False) -> None:
        super().__init__(show_command_palette=show_command_palette, compact=compact)
        self._shown: tuple[object, ...] | None = None

    def compose(self) -> ComposeResult:
        """The keys. In a narrow window the palette's is called All, and keys that would be cut are left to it."""
        keys = list(super().compose())
        if not self.compact:
            yield from keys
            return
        shown = [one for one in keys if isinstance(one, FooterKey)]
        for one in shown:
            if one.has_class(_PALETTE):
                one.description = "All"
        over = sum(map(_cells, shown)) + 1 - self.app.size.width
        for one in reversed(shown):
            if over > 0 and one.key not in _ALWAYS and not one.has_class(_PALETTE):
                over -= _cells(one)
                keys.remove(one)
        yield from keys

    def on_resize(self, event: Resize) -> None:
        """Other words where there is less room."""
        if self.compact != (is_narrow := event.size.width < NARROW):
            self.compact = is_narrow
            self.call_after_refresh(self.recompose)

    async def recompose(self) -> None:
        """Makes the keys anew where they are others than those in sight."""
        if not self.is_attached:
            return
        wanted = self._wanted()
        if wanted != self._shown:
            self._shown = wanted
            await super().recompose()

    def _wanted(self) -> tuple[object, ...]:
        """Everything that the keys are made from."""
        keys = tuple(
            (active.binding, active.enabled, active.tooltip, self.app.get_key_display(active.binding))
            for active in self.screen.active_bindings.values()
            if active.binding.show or active.binding.key == self.app.COMMAND_PALETTE_BINDING
        )
        return self._bindings_ready, self.compact, self.show_command_palette, self.app.ENABLE_COMMAND_PALETTE, keys
