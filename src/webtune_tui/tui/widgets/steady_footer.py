"""The line of keys at the bottom: it is made anew only when other keys work."""

from __future__ import annotations

from textual.widgets import Footer


class SteadyFooter(Footer):
    """Textual's Footer builds all its keys again whenever anything asked which keys work, three times in four for the
    same keys. This one looks first; its keys are the costliest widgets that a step of the focus makes."""

    def __init__(self, *, show_command_palette: bool = True, compact: bool = False) -> None:
        super().__init__(show_command_palette=show_command_palette, compact=compact)
        self._shown: tuple[object, ...] | None = None

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
        return self._bindings_ready, self.show_command_palette, self.app.ENABLE_COMMAND_PALETTE, keys
