"""The line of keys at the bottom: it is made anew only when other keys work."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import Resize
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

NARROW = 100
"""Columns below which the keys stand close together."""
_PALETTE = "-command-palette"


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
        """The keys; in a narrow window the palette's is called All, so that the others have room."""
        for one in super().compose():
            if self.compact and isinstance(one, FooterKey) and one.has_class(_PALETTE):
                one.description = "All"
            yield one

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
