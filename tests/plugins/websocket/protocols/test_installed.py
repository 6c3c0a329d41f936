"""Protocols of other distributions: loaded by name when they are configured, with clear errors for what is wrong."""

from __future__ import annotations

import sys

import pytest

import wealthsources
from wealthsources_websocket.protocols import known_protocols, load_protocol
from wealthsources_websocket.protocols.base import CONTRACT

POINT = "[wealthsources.protocols]\nzacme = zacme_protocol:Acme\n"
GOOD = """
from wealthsources_websocket.protocols.base import Protocol

class Acme(Protocol):
    name = "zacme"
    contract = 1
    timeframes = {"1m": "60"}
    closes_by = "flag"
    def endpoints(self): return ("wss://bars.acme.example",)
    def subscription(self, series, request_id, credential): return ""
    def read(self, data): return ()
"""
OPTIONS = {"protocol": "zacme", "symbols": ["BTCUSDT"], "resolutions": ["1m"]}


def failure(name="zacme", **config) -> str:
    """What a configuration says that names the protocol."""
    settings = {"sources": [{"plugin": "websocket", "options": {**OPTIONS, "protocol": name}}], **config}
    with pytest.raises(wealthsources.ConfigError) as caught, wealthsources.open(settings):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_one_is_found_by_its_name_and_imported_when_it_is_configured(distribution):
    distribution(entry_points=POINT, zacme_protocol=GOOD)
    assert "zacme" in known_protocols()
    assert "zacme_protocol" not in sys.modules
    with wealthsources.open({"sources": [{"plugin": "websocket", "options": OPTIONS}]}):
        assert load_protocol("zacme") is sys.modules["zacme_protocol"].Acme


def test_a_name_that_nobody_has_is_a_key_error():
    with pytest.raises(KeyError, match="zacme"):
        load_protocol("zacme")


def test_a_distribution_that_is_twice_on_the_path_counts_once(distribution):
    distribution(entry_points=POINT, folder="one", zacme_protocol=GOOD)
    distribution(entry_points=POINT, folder="two")
    assert load_protocol("zacme").name == "zacme"


def test_two_distributions_that_claim_one_name_are_both_named(distribution):
    distribution("zfirst", POINT, folder="one", zacme_protocol=GOOD)
    distribution("zsecond", POINT, folder="two", version="3.0")
    claims = "zfirst 1.0 (zacme_protocol:Acme) and zsecond 3.0 (zacme_protocol:Acme); uninstall all of them but one"
    assert f"protocol 'zacme' is claimed by {claims}" in failure()
    assert "zacme_protocol" not in sys.modules


def test_one_that_claims_a_name_of_ours_is_named_and_not_passed_over(distribution):
    distribution(entry_points=POINT.replace("zacme =", "okx ="), zacme_protocol=GOOD)
    said = "protocol 'okx' is one of wealthsources and is claimed by zdist 1.0 (zacme_protocol:Acme); uninstall that"
    assert said in failure("okx")


def test_one_that_is_not_allowed_is_not_imported(distribution):
    distribution(entry_points=POINT, zacme_protocol=GOOD)
    said = "protocol 'zacme' is not in plugins.allow, which lists websocket; add it there to use it"
    assert said in failure(plugins={"allow": ["websocket"]})
    assert "zacme_protocol" not in sys.modules
    settings = {"plugins": {"allow": ["websocket", "zacme"]}, "sources": [{"plugin": "websocket", "options": OPTIONS}]}
    with wealthsources.open(settings):
        assert "zacme_protocol" in sys.modules


def test_ours_need_not_be_in_the_list():
    options = {**OPTIONS, "protocol": "okx"}
    settings = {"plugins": {"allow": ["websocket"]}, "sources": [{"plugin": "websocket", "options": options}]}
    with wealthsources.open(settings) as session:
        assert list(session.sources) == ["websocket"]


@pytest.mark.parametrize("contract", [CONTRACT + 1, CONTRACT - 1, "'1'"])
def test_one_of_another_contract_is_refused_with_both_versions(distribution, contract):
    distribution(
        version="2.5", entry_points=POINT, zacme_protocol=GOOD.replace("contract = 1", f"contract = {contract}")
    )
    assert (
        f"protocol 'zacme' of zdist 2.5 is written for version {contract} of the contract of protocols, and the "
        f"wealthsources that is installed has version {CONTRACT}; update the older one"
    ) in failure()


def test_one_that_says_no_contract_is_of_this_one(distribution):
    distribution(entry_points=POINT, zacme_protocol=GOOD.replace("    contract = 1\n", ""))
    assert load_protocol("zacme").contract == CONTRACT


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("class Acme", "raise SystemExit(3)\nclass Acme", "of zdist 1.0 raised SystemExit: 3; repair or update what"),
        ("class Acme", "class Other", "raised AttributeError: module 'zacme_protocol' has no attribute 'Acme'"),
        (
            "class Acme(Protocol)",
            "class Acme",
            "zacme_protocol:Acme is no subclass of wealthsources_websocket.protocols.",
        ),
        ("class Acme(Protocol)", "Acme = 3\nclass Other(Protocol)", "zacme_protocol:Acme is no subclass of"),
        ("    def read(self, data): return ()\n", "", "zacme_protocol:Acme lacks read; write what is missing there"),
        ('    timeframes = {"1m": "60"}\n', "", "lacks timeframes; write"),
        ('"zacme"', '"other"', "its `name` is 'other'; it must be that of its entry point, 'zacme'"),
    ],
)
def test_what_is_wrong_with_one_is_told(distribution, before, after, said):
    distribution(entry_points=POINT, zacme_protocol=GOOD.replace(before, after))
    assert said in failure()


def test_what_differs_from_market_to_market_may_be_stated_later(distribution):
    text = GOOD.replace('    timeframes = {"1m": "60"}\n', "") + (
        '    def __init__(self, **given):\n        super().__init__(**given)\n        self.timeframes = {"1m": "60"}\n'
    )
    distribution(entry_points=POINT, zacme_protocol=text)
    assert load_protocol("zacme")().timeframes == {"1m": "60"}
