"""A portfolio on paper, so that strategies which ask for their cash and positions can run.

An order is filled at once and whole, at the newest close, without costs. It judges no strategy; it only has to tell
the same in every run.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CASH = 1_000_000.0


@dataclasses.dataclass
class Position:
    """What is held of one security, under JoinQuant's names."""

    security: str
    price: float = 0.0
    total_amount: float = 0.0
    avg_cost: float = 0.0

    @property
    def closeable_amount(self) -> float:
        """All of it can be sold at any time."""
        return self.total_amount

    @property
    def value(self) -> float:
        """At the newest price."""
        return self.total_amount * self.price


@dataclasses.dataclass(frozen=True)
class Order:
    """An order that was filled."""

    security: str
    amount: float
    price: float

    @property
    def filled(self) -> float:
        """As much as was ordered."""
        return self.amount


class Positions(dict[str, Position]):
    """By security; of one that is not held an empty position, as JoinQuant has it."""

    def __missing__(self, security: str) -> Position:
        return Position(security)


class Portfolio:
    """`price(security)` is the newest close, None if there is none."""

    def __init__(self, price: Callable[[str], float | None]) -> None:
        self.starting_cash = self.available_cash = _CASH
        self.positions = Positions()
        self._price = price

    @property
    def cash(self) -> float:
        """Another name of `available_cash`."""
        return self.available_cash

    @property
    def positions_value(self) -> float:
        """Of all positions at their newest prices."""
        return sum(position.value for position in self.positions.values())

    @property
    def total_value(self) -> float:
        """Cash and positions."""
        return self.available_cash + self.positions_value

    def update(self) -> None:
        """Put the newest prices in."""
        for security, position in self.positions.items():
            position.price = self._price(security) or position.price

    def order(self, security: str, amount: float) -> Order | None:
        """Buy, or sell if `amount` is negative. None if there is no price, or nothing to do."""
        price = self._price(security)
        if price is None or not amount:
            return None
        held = self.positions.setdefault(security, Position(security))
        total = held.total_amount + amount
        if abs(total) > abs(held.total_amount) and total:
            held.avg_cost = (held.avg_cost * held.total_amount + price * amount) / total
        held.total_amount, held.price = total, price
        self.available_cash -= price * amount
        if not total:
            del self.positions[security]
        return Order(security, amount, price)

    def order_target(self, security: str, amount: float) -> Order | None:
        """Order what is missing to hold `amount`."""
        return self.order(security, amount - self.positions[security].total_amount)

    def order_value(self, security: str, value: float) -> Order | None:
        """Order for that much money."""
        price = self._price(security)
        return self.order(security, value / price) if price else None

    def order_target_value(self, security: str, value: float) -> Order | None:
        """Order what is missing to hold as much as is worth `value`."""
        price = self._price(security)
        return self.order_target(security, value / price) if price else None
