"""The portfolio on paper."""

from __future__ import annotations

import pytest

from wealthsources_verify.portfolio import Portfolio


@pytest.fixture
def market():
    return {"A": 10.0}


@pytest.fixture
def portfolio(market):
    return Portfolio(market.get)


def test_an_order_is_filled_at_the_newest_close(portfolio):
    filled = portfolio.order("A", 5)
    assert (filled.amount, filled.filled, filled.price) == (5, 5, 10.0)
    held = portfolio.positions["A"]
    assert (held.total_amount, held.closeable_amount, held.avg_cost, held.value) == (5, 5, 10.0, 50.0)
    assert (portfolio.cash, portfolio.positions_value) == (999_950.0, 50.0)


def test_orders_for_targets_and_values_come_to_the_same(portfolio):
    portfolio.order_target("A", 5)
    portfolio.order_target("A", 3)
    portfolio.order_value("A", 20)
    assert portfolio.positions["A"].total_amount == 5
    portfolio.order_target_value("A", 70)
    assert portfolio.positions["A"].total_amount == 7


def test_new_prices_count_and_the_cost_is_the_mean(portfolio, market):
    portfolio.order("A", 1)
    market["A"] = 20.0
    portfolio.update()
    assert portfolio.total_value == 1_000_010.0
    portfolio.order("A", 1)
    assert portfolio.positions["A"].avg_cost == 15.0
    portfolio.order("A", -1)
    assert portfolio.positions["A"].avg_cost == 15.0


def test_what_is_sold_is_held_no_more(portfolio):
    portfolio.order("A", 1)
    portfolio.order_target("A", 0)
    assert list(portfolio.positions) == []
    assert portfolio.positions["A"].closeable_amount == 0
    assert list(portfolio.positions) == []


def test_without_a_price_or_an_amount_there_is_no_order(portfolio):
    assert portfolio.order("B", 1) is None
    assert portfolio.order_value("B", 1) is None
    assert portfolio.order("A", 0) is None
