"""Other policies for the live sources that sessions make: a session is given options only."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from wealthsources_websocket import plugin
from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.policies import Policies
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.source import WebSocketSource


def use_policies(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Have live sources made with these policies beside those set so far; by default with a budget of their own.

    The budget of the process is shared by all tests, which connect to this one host.
    """
    present = getattr(plugin.WebSocketSource, "policies", None) or Policies(budget=ConnectBudget())

    class WithPolicies(WebSocketSource):
        policies = dataclasses.replace(present, **changes)

        def __init__(self, options: WebSocketOptions) -> None:
            super().__init__(options, self.policies)

    monkeypatch.setattr(plugin, "WebSocketSource", WithPolicies)
