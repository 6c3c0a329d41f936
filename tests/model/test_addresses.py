from __future__ import annotations

import pytest

from wealthsources import is_loopback


@pytest.mark.parametrize("url", ["http://localhost:1", "ws://127.0.0.1", "wss://[::1]:8443/x", "ws://127.1.2.3"])
def test_this_machine_is_known_by_its_names(url):
    assert is_loopback(url)


@pytest.mark.parametrize("url", ["https://example.org", "ws://localhost.example.org", "ws://10.0.0.1", "nothing", ""])
def test_another_host_is_not_this_machine(url):
    assert not is_loopback(url)
