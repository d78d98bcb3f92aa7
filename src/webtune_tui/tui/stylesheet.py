"""The app's styles, each source of them read once."""

from __future__ import annotations

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

_READ: dict[tuple[object, ...], list[RuleSet]] = {}
_MOST_READ = 1024  # the app has about a hundred sources, each once in every theme


class StylesReadOnce(Stylesheet):
    """A stylesheet that keeps what it read.

    Textual 8.2.8 reads every source again for each screen that comes with styles of its own, and keeps 64 sources
    where this app has more, so that each new kind of widget cost a walk through all of them: half of the time that
    opening a screen took.
    """

    def copy(self) -> StylesReadOnce:
        """The same sources and variables in a sheet of its own."""
        twin = StylesReadOnce(variables=self._variables.copy())
        twin.source = self.source.copy()
        return twin

    def reparse(self) -> None:
        """Takes the present variables; where a source is at fault, the rules stay as they were."""
        self.parse()

    def _parse_rules(
        self,
        css: str,
        read_from: CSSLocation,
        is_default_rules: bool = False,
        tie_breaker: int = 0,
        scope: str = "",
    ) -> list[RuleSet]:
        source = (css, read_from, is_default_rules, tie_breaker, scope, frozenset(self._variables.items()))
        rules = _READ.get(source)
        if rules is None:
            rules = super()._parse_rules(css, read_from, is_default_rules, tie_breaker, scope)
            if len(_READ) >= _MOST_READ:
                _READ.clear()
            _READ[source] = rules
        return rules
