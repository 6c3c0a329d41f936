"""The text of a first config.yaml, with comments, for one exchange. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The file that the first line names for editors, and that `wealthsources schema` makes.
SCHEMA: Final = "config.schema.json"
_CREDENTIALS: Final = {"api_key": "API_KEY", "api_secret": "API_SECRET", "csrf_token": "CSRF_TOKEN"}
#: What the history calls the same.
_OF_HISTORY: Final = {"api_key": "api_key", "api_secret": "secret"}


@dataclasses.dataclass(frozen=True, slots=True)
class FirstConfig:
    """What is asked for.

    exchange     the name of its protocol; market, environment, endpoint: None: as that has them
    credentials  the options in which it wants some
    history      whether the exchange's history stands behind its live bars
    continuous   False: its quiet minutes have no bar
    """

    exchange: str
    symbols: Sequence[str]
    timeframes: Sequence[str]
    market: str | None = None
    environment: str | None = None
    endpoint: str | None = None
    credentials: Sequence[str] = ()
    history: bool = True
    continuous: bool = True

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that it reads, and that must be set."""
        return tuple(map(self._variable, self.credentials))

    def _variable(self, credential: str) -> str:
        return f"{self.exchange.upper().replace('-', '_')}_{_CREDENTIALS[credential]}"

    def text(self) -> str:
        """The file."""
        return "\n".join([*_HEAD, "sources:", *self._live(), "", *_CONTEXT, *self._history(), *self._tail(), ""])

    def _live(self) -> list[str]:
        said = {"market": self.market, "environment": self.environment, "endpoint": self.endpoint}
        lines = [f"      {name}: {_flow(value)}" for name, value in said.items() if value is not None]
        quiet = "" if self.continuous else " Of a minute without a trade this exchange sends none."
        return [
            f"  # Bars as they happen.{quiet} What a stale or broken stream did not bring is looked for below.",
            "  - name: live",
            "    plugin: websocket",
            "    options:",
            f"      protocol: {_flow(self.exchange)}",
            *lines,
            *(f"      {name}: ${{{self._variable(name)}}}" for name in self.credentials),
            "      # These two lists may be changed while it runs: `session.reload()`, or SIGHUP.",
            f"      symbols: {_flow(list(self.symbols))}",
            f"      resolutions: {_flow(list(self.timeframes))}",
            "      # proxy: env         # as HTTPS_PROXY says; or an address: http://host:3128, socks5://host:1080",
        ]

    def _history(self) -> list[str]:
        if not self.history:
            return []
        market = [] if self.market is None else [f"      market: {_flow(self.market)}"]
        wanted = [name for name in self.credentials if name in _OF_HISTORY]
        return [
            "",
            "  # The exchange's own history, over REST; needs: pip install 'wealthsources[ccxt]'",
            "  - name: history",
            "    plugin: ccxt",
            "    optional: true",
            "    options:",
            f"      exchange: {_flow(self.exchange)}",
            *market,
            *(f"      {_OF_HISTORY[name]}: ${{{self._variable(name)}}}" for name in wanted),
        ]

    def _tail(self) -> list[str]:
        allowed = ["websocket", "context", *(["ccxt"] if self.history else [])]
        return [*_ARCHIVE, *_SETTINGS, f"  allow: {_flow(allowed)}"]


def _flow(value: object) -> str:
    """As YAML on one line, so that it is read back as it is."""
    import yaml  # noqa: PLC0415 - not for --help

    text = yaml.safe_dump(value, default_flow_style=True, width=1 << 20, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").replace("${", "$${")


_HEAD: Final = (
    f"# yaml-language-server: $schema={SCHEMA}",
    "# The order of the sources is their priority: each is asked only for what the ones before it could not give.",
    "# `wealthsources check` says whether all of this is right, without starting anything; docs/configuration.md has",
    "# all keys.",
    "",
)
_CONTEXT: Final = (
    "  # The bars that a strategy's engine put into its context.",
    "  - plugin: context",
)
_ARCHIVE: Final = (
    "",
    "  # Files on disk, one for each symbol and timeframe; add file to `allow` below.",
    "  # - name: archive",
    "  #   plugin: file",
    '  #   options: {path: "data/{symbol}/{timeframe}.csv"}',
)
_SETTINGS: Final = (
    "",
    "# on_hole: mark      # missing bars in between: mark (listed with the answer) | raise | trim",
    "# on_stale: raise    # missing newest bars: raise | mark; by default raise when live, mark in a backtest",
    "# max_behind: 1      # how many of the newest bars may be missing before an answer is stale",
    "",
    "# Refuse every other plugin that happens to be installed.",
    "plugins:",
)
