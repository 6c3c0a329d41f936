"""config.yaml as frozen settings. What is wrong in it is one ConfigError, with file, line and key of each mistake."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import pydantic
from pydantic import BeforeValidator, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from wealthsources.config.diagnostics import config_error
from wealthsources.config.validate import check, public_places, value_at
from wealthsources.config.yaml_document import Document, parse, read_text
from wealthsources.model.errors import ConfigError
from wealthsources.model.markets import Fitting, Market, Markets, Prices
from wealthsources.model.text import suggest

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from wealthsources.config.diagnostics import Diagnostic, Place
    from wealthsources.model.trading_hours import TradingHours

Model = TypeVar("Model", bound=pydantic.BaseModel)


def _no_bool(value: object) -> object:
    # pydantic takes `yes` for 1.
    if isinstance(value, bool):
        raise ValueError(f"should be a number, received {str(value).lower()}")
    return value


def _none_is_empty(value: object) -> object:
    # `options:` with every line below it commented out.
    return {} if value is None else value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Number = BeforeValidator(_no_bool)
Level = Literal["debug", "info", "warning", "error"]
#: For editors: a section of which nothing is left but comments.
_Section = pydantic.WithJsonSchema({"type": ["object", "null"]})
_Texts = pydantic.WithJsonSchema(
    {"anyOf": [{"type": "array", "items": {"type": "string"}, "minItems": 1}, {"type": "string", "minLength": 1}]}
)
_Calendar = Annotated[str, Field(min_length=1)]


class _Closed(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class SourceSettings(_Closed):
    """One source of the deployment. No two sources share a name.

    plugin    the name of an installed plugin, as `wealthsources sources` lists them
    name      what the source is called in answers, status and log; by default as the plugin
    keep      whether bars that this source brings, live, are kept by the source of the deployment that keeps bars
    optional  whether the deployment starts without this source if it cannot be loaded
    options   as written, not checked yet: see `Config.options`. Secrets may be in it, so it is not in the `repr`.
    """

    plugin: str = Field(min_length=1)
    name: str = Field("", validate_default=True)
    optional: bool = False
    keep: bool = False
    options: Annotated[dict[str, Any], BeforeValidator(_none_is_empty), _Section] = Field(
        default_factory=dict, repr=False
    )

    @pydantic.field_validator("name")
    @classmethod
    def _as_the_plugin(cls, name: str, info: pydantic.ValidationInfo) -> str:
        return name or info.data.get("plugin", "")


class MarketSettings(_Closed):
    """What is unlike on the market of some symbols; of those that fit a symbol the first counts.

    symbols  one or more; `*` stands for any text, and `kraken:*` for what the source of that name lists
    prices, continuous, calendar  as in Settings, by default as there
    """

    symbols: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1), BeforeValidator(_one_or_more), _Texts
    ]
    prices: Prices | None = None
    continuous: bool | None = None
    calendar: _Calendar | None = None


class PluginSettings(_Closed):
    """Which plugins there are to choose from.

    allow  the only ones that may be loaded; None: any that is installed
    """

    allow: tuple[str, ...] | None = None


class LoggingSettings(_Closed):
    """What the commands and `serve` write to stderr. Whoever uses the library sets up the log himself.

    level    the least that is written; None: warning, with `serve` info
    format   text: lines for people · json: one object a line, for programs
    sources  another level for single sources, by name
    """

    level: Level | None = None
    format: Literal["text", "json"] = "text"
    sources: Annotated[dict[str, Level], BeforeValidator(_none_is_empty)] = Field(default_factory=dict)


class Settings(_Closed):
    """What config.yaml says, apart from what each source's `options` mean.

    clock                what "now" is in a live binding
    on_hole              what to do about missing bars that no source has
    on_stale             what to do about missing newest bars; None: raise in a live binding, mark in a backtest
    max_behind           bars that may be missing at the end before an answer is stale
    late_after           seconds a bar may take to arrive after its end
    max_price_age        seconds; an older last price is refused. None: twice the timeframe that it was read from
    source_deadline      seconds that one source has for one answer
    breaker_failures     in a row after which a source that may block is not asked for a while
    breaker_probe_after  seconds of that while; then one request tries it
    knowledge            then: a backtest sees what was known at its time, and asks only sources that can tell, and so
                         does a live binding under a feed's clock · now: it sees what is known today
    prices               positive: a price is above 0, and a bar that has another is none · any: it may be 0 or less
    continuous           every window has a bar · false: a window without a trade has none, and is not missing;
                         None: as the sources say that list the symbol, else true
    calendar             when the market is open: 24/7, or the name of an exchange's calendar, as XSHG or XNYS
    markets              what is unlike on the market of some symbols
    sources              in order of priority
    plugins              which may be loaded
    recorder             who writes down what the live sources bring, by name, each with its options as written
    logging              what the commands and `serve` write to stderr
    """

    clock: Literal["system", "feed"] = "system"
    on_hole: Literal["mark", "raise", "trim"] = "mark"
    on_stale: Literal["raise", "mark"] | None = None
    max_behind: Annotated[NonNegativeInt, _Number] = 1
    late_after: Annotated[NonNegativeFloat, _Number] = 5.0
    max_price_age: Annotated[PositiveFloat, _Number] | None = None
    source_deadline: Annotated[PositiveFloat, _Number] = 2.0
    breaker_failures: Annotated[PositiveInt, _Number] = 5
    breaker_probe_after: Annotated[PositiveFloat, _Number] = 30.0
    knowledge: Literal["then", "now"] = "now"
    prices: Prices = "positive"
    continuous: bool | None = None
    calendar: _Calendar = "24/7"
    markets: tuple[MarketSettings, ...] = ()
    sources: tuple[SourceSettings, ...] = Field((), validate_default=True)
    recorder: Annotated[
        dict[str, Annotated[dict[str, Any], BeforeValidator(_none_is_empty)]], BeforeValidator(_none_is_empty), _Section
    ] = Field(default_factory=dict, repr=False)
    plugins: Annotated[PluginSettings, BeforeValidator(_none_is_empty)] = PluginSettings()
    logging: Annotated[LoggingSettings, BeforeValidator(_none_is_empty)] = LoggingSettings()

    @pydantic.field_validator("sources", mode="before")
    @classmethod
    def _at_least_one(cls, sources: object) -> object:
        if not sources:
            raise ValueError("there is no source; list at least one, as in `sources: [{plugin: context}]`")
        return sources


def _fitting(settings: MarketSettings, default: Market, said: bool, hours: TradingHours | None) -> Fitting:
    prices = default.prices if settings.prices is None else settings.prices
    continuous = default.continuous if settings.continuous is None else settings.continuous
    return Fitting(settings.symbols, Market(prices, continuous, hours), said or settings.continuous is not None)


@dataclasses.dataclass(frozen=True)
class Config:
    """Settings, and where they come from. Relative paths in options start at `folder`; `where` is named in errors.

    path  of the file, absolute; None if they stand in none
    """

    settings: Settings
    folder: Path
    where: str
    path: Path | None
    _document: Document = dataclasses.field(repr=False)

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], folder: str | os.PathLike[str] | None = None, where: str = "the settings"
    ) -> Config:
        """Settings made in code. Texts are taken as they are, `${NAME}` too. `folder` is by default the current one.

        Raises ConfigError.
        """
        return cls._of(Document(dict(mapping)), Path(folder or ".").absolute(), where, None)

    @classmethod
    def _of(cls, document: Document, folder: Path, where: str, path: Path | None) -> Config:
        is_public = public_places(Settings)
        document = dataclasses.replace(document, shows=lambda place, _: is_public(place))
        settings, mistakes = check(Settings, document.value, document)
        # What could not be read has no value, and nothing more needs to be said about that.
        told = {(mistake.place, mistake.line) for mistake in document.mistakes}
        told |= {(place, document.line(place)) for place, _ in told if value_at(document.value, place) is None}
        more = [mistake for mistake in mistakes if (mistake.place, mistake.line) not in told]
        mistakes = [*document.mistakes, *more]
        if settings is not None:
            mistakes += [*_same_names(settings, document), *_unknown_names(settings, document)]
        if settings is None or mistakes:
            raise config_error(where, mistakes)
        return cls(settings, folder, where, path, document)

    def options(self, index: int, model: type[Model]) -> Model:
        """The options of `settings.sources[index]`, checked against a plugin's model.

        The model's validators find the folder in `info.context["folder"]`, and in `info.context["allow"]` the names of
        what may be loaded, None if all may. Raises ConfigError, as for the rest.
        """
        at = ("sources", index, "options")
        context = {"folder": self.folder, "allow": self.settings.plugins.allow}
        options, mistakes = check(model, self.settings.sources[index].options, self._document, at, context)
        if options is None:
            raise config_error(self.where, mistakes)
        return options

    def recorder_options(self, name: str, model: type[Model]) -> Model:
        """The options of the recorder of that name, checked against its model, as `options` are."""
        at = ("recorder", name)
        said = self.settings.recorder[name]
        options, mistakes = check(model, said, self._document, at, {"folder": self.folder})
        if options is None:
            raise config_error(self.where, mistakes)
        return options

    def read_markets(self, hours_of: Callable[[str], TradingHours | None]) -> Markets:
        """The market of each symbol; `hours_of` gives those of a calendar, or raises ConfigError, as this does."""
        settings, mistakes = self.settings, []

        def read(calendar: str, place: Place) -> TradingHours | None:
            try:
                return hours_of(calendar)
            except ConfigError as error:
                mistakes.append(self._document.mistake(place, str(error)))
                return None

        said = settings.continuous is not None
        default = Market(settings.prices, settings.continuous is not False, read(settings.calendar, ("calendar",)))
        others = []
        for number, each in enumerate(settings.markets):
            hours = default.hours
            if each.calendar is not None:
                hours = read(each.calendar, ("markets", number, "calendar"))
            others.append(_fitting(each, default, said, hours))
        if mistakes:
            raise config_error(self.where, mistakes)
        return Markets(default, others, says_continuous=said)

    def mistake(self, place: Place, text: str) -> Diagnostic:
        """What is wrong at a place, to be told together with other mistakes."""
        return self._document.mistake(place, text)

    def about_options(self, index: int, text: str) -> ConfigError:
        """An error about the options of a source; if it begins with the name of one, that is where it points."""
        place = ("sources", index, "options")
        return config_error(self.where, [self._document.mistake(place, text, self._document.named(place, text))])

    def about_recorder(self, name: str, text: str) -> ConfigError:
        """An error about a recorder that begins with its place: `config.yaml:9: recorder.store: text`."""
        place = ("recorder", name)
        return config_error(self.where, [self._document.mistake(place, text, key=True)])

    def about(self, index: int, text: str, key: str = "plugin") -> ConfigError:
        """An error about `settings.sources[index]` that begins with its place: `config.yaml:4:13: sources[1]: text`.

        `key` is the one of the source that it points to.
        """
        place = ("sources", index)
        return config_error(self.where, [self._document.mistake(place, text, (*place, key))])


def read_config(path: str | os.PathLike[str], where: str = "") -> Config:
    """Read a config.yaml, with `${NAME}` taken from the environment. Raises ConfigError for all mistakes at once.

    `where` is what errors call it, if not by its path.
    """
    return parse_config(read_text(Path(path)), path, where)


def parse_config(
    text: str, path: str | os.PathLike[str], where: str = "", environ: Mapping[str, str] | None = None
) -> Config:
    """The same of a text that is to stand in that file; `environ` is the process's if it is None."""
    path = Path(path)
    where = where or str(path)
    document = parse(text, where, environ)
    # Not resolved: a mounted config.yaml may be a link, and its folder is the one that it appears in.
    return Config._of(document, path.absolute().parent, where, path.absolute())


def _same_names(settings: Settings, document: Document) -> list[Diagnostic]:
    mistakes = []
    first: dict[str, int] = {}
    for index, source in enumerate(settings.sources):
        other = first.setdefault(source.name, index)
        if other != index:
            line = document.line(("sources", other))
            on_line = "" if line is None else f" on line {line}"
            text = f"has the same name as sources[{other}]{on_line}; give it a `name:` of its own"
            place = ("sources", index)
            named = (*place, "name")
            mistakes.append(document.mistake(place, text, named if named in document.keys else (*place, "plugin")))
    return mistakes


def _unknown_names(settings: Settings, document: Document) -> list[Diagnostic]:
    """Levels of sources that there are not."""
    known = [source.name for source in settings.sources]
    places = [(name, ("logging", "sources", name)) for name in settings.logging.sources if name not in known]
    why = "there is no source {!r}; {}"
    return [document.mistake(place, why.format(name, suggest(name, known)), key=True) for name, place in places]
