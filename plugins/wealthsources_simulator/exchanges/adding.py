"""Adding: an exchange whose clients subscribe as often as they like, each text adding to those before. Pure."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from wealthsources_simulator.exchanges.base import Conversation, Exchange, Message, Reply

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from wealthsources_simulator.bars import Series


class Topic(NamedTuple):
    """One of the things that a text asks for: the series, None if it can be none, and the exchange's own words."""

    series: Series | None
    words: Any


class Adding(Exchange):
    """What is left for one exchange to say: what a text asks for, and how it is answered.

    timeframes      our names → the exchange's
    verb            the field that says what a message wants
    joins, leaves   what it says there
    whole_texts     whether one series that it does not have makes it refuse the whole text
    acks_unknown    whether it acknowledges series that it does not have, and is silent about them
    """

    adds = True
    past = False
    closed_flag: str | None = None
    timeframes: ClassVar[Mapping[str, Any]]
    verb: ClassVar[str]
    joins: ClassVar[str] = "subscribe"
    leaves: ClassVar[str] = "unsubscribe"
    whole_texts: ClassVar[bool] = False
    acks_unknown: ClassVar[bool] = False

    def __init__(self, market: str | None = None, *, pace: float = 1.0) -> None:
        self.market = self.choose(market)
        self.pace = pace

    # For one exchange to say.

    @abstractmethod
    def topics(self, message: Message) -> list[Topic]:
        """What a text asks for, one by one, or asks to be spared."""

    @abstractmethod
    def accepted(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        """How it acknowledges these, joining or leaving."""

    def refused(self, message: Message, topics: Sequence[Topic], conversation: Conversation) -> list[Message]:
        """How it refuses these."""
        del message, topics, conversation
        return []

    def aside(self, message: object, conversation: Conversation) -> Reply | None:
        """What becomes of any other message: a ping, credentials. None for one that it does not know."""
        del message, conversation
        return None

    # What follows from that.

    def our_timeframe(self, word: object) -> str | None:
        """Our name of a timeframe."""
        return next((name for name, own in self.timeframes.items() if own == word), None)

    def has_timeframe(self, name: str) -> bool:
        return name in self.timeframes

    def one_series(self, symbol: object, word: object) -> Series | None:
        """The series of a symbol and the exchange's word for a timeframe."""
        timeframe = self.our_timeframe(word)
        return (symbol, timeframe) if isinstance(symbol, str) and timeframe is not None else None

    def subscribes(self, message: object) -> bool:
        return self._wants(message, self.joins)

    def check(self, message: object, token: str | None) -> None:
        """Whoever may not subscribe is told so, and stays."""

    def series(self, message: object) -> tuple[Series, ...]:
        if not isinstance(message, dict) or not self.subscribes(message):
            return ()
        return tuple(sorted({topic.series for topic in self.topics(message) if topic.series is not None}))

    def acknowledgement(self, message: object) -> Message:
        """The first of them, as if all it asks for were there."""
        asked = message if isinstance(message, dict) else {}
        return next(iter(self.accepted(asked, self.topics(asked), Conversation())), {})

    def reply(self, message: object, conversation: Conversation) -> Reply | None:
        if self.subscribes(message):
            return None
        if isinstance(message, dict) and self._wants(message, self.leaves):
            topics = self.topics(message)
            gone = {topic.series for topic in topics}
            left = tuple(one for one in conversation.series if one not in gone)
            return Reply(self.accepted(message, topics, conversation), left)
        return self.aside(message, conversation) or Reply([self.error("what is this?")])

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        if not isinstance(message, dict):
            return Reply()
        topics = self.topics(message)
        missing = [topic for topic in topics if topic.series not in known]
        served = [] if missing and self.whole_texts else [topic for topic in topics if topic.series in known]
        taken = topics if self.acks_unknown else served
        messages = self.accepted(message, taken, conversation) if taken else []
        if missing and not self.acks_unknown:
            messages += self.refused(message, missing, conversation)
        added = tuple(topic.series for topic in served if topic.series is not None)
        return Reply(messages, tuple(sorted({*conversation.series, *added})) if taken else None, added)

    def _wants(self, message: object, word: str) -> bool:
        return isinstance(message, dict) and message.get(self.verb) == word
