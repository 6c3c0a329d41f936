"""Recorders found by metadata and loaded by name, with throw-away distributions on the path."""

from __future__ import annotations

import pytest

from wealthsources.loading.recorders import load_recorder
from wealthsources.model.errors import ConfigError

GOOD = """
import pydantic
from wealthsources import Recorder

class Options(pydantic.BaseModel, extra="forbid"):
    folder: str = "."

class Mine(Recorder):
    options_model = Options
    def __init__(self, options): self.options = options
    def start(self, host): pass
    def stop(self): pass

class Bare(Recorder):
    def start(self, host): pass
    def stop(self): pass
"""
ENTRY = "[wealthsources.recorders]\nzmine = zrecorder:Mine"


def failure(name="zmine", allow=None):
    with pytest.raises(ConfigError) as caught:
        load_recorder(name, allow)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_is_the_class_that_the_entry_point_names(distribution):
    distribution(entry_points=ENTRY, zrecorder=GOOD)
    assert load_recorder("zmine", None).__name__ == "Mine"
    assert load_recorder("zmine", ["zmine"]).__name__ == "Mine"


def test_an_unknown_name_is_refused_with_those_that_there_are(distribution):
    distribution(entry_points=ENTRY, zrecorder=GOOD)
    assert failure("zmin").startswith("no recorder 'zmin' is installed; did you mean 'zmine'? installed: ")
    assert failure("other").startswith("no recorder 'other' is installed; installed: ")


def test_what_is_not_allowed_is_not_imported(distribution):
    distribution(entry_points=ENTRY, zrecorder="raise RuntimeError('imported')")
    assert failure(allow=["context"]) == (
        "recorder 'zmine' is not in plugins.allow, which lists context; add it there to use it"
    )


def test_a_name_that_two_distributions_claim_is_loaded_from_neither(distribution):
    distribution(entry_points=ENTRY, zrecorder=GOOD)
    distribution("zother", ENTRY, folder="two")
    assert failure() == "recorder 'zmine' is claimed by zdist 1.0 and zother 1.0; uninstall all of them but one"


@pytest.mark.parametrize(
    ("entry", "module", "why"),
    [
        (ENTRY, "import no_such_module", "importing zrecorder:Mine failed: ModuleNotFoundError: "),
        (ENTRY, "raise SystemExit(3)", "importing zrecorder:Mine failed: SystemExit: 3"),
        (f"{ENTRY} [fast]", "import no_such_module", "needs `pip install 'zdist[fast]'`: there is no module"),
        (ENTRY, "Mine = 5", "zrecorder:Mine is no Recorder that has an options_model"),
        (ENTRY.replace("Mine", "Bare"), GOOD, "zrecorder:Bare is no Recorder that has an options_model"),
    ],
    ids=["broken", "exits", "extra", "no class", "no options"],
)
def test_one_that_cannot_be_loaded_is_said_to_be_so_with_who_brings_it(distribution, entry, module, why):
    distribution(entry_points=entry, zrecorder=module)
    assert failure().startswith(f"recorder 'zmine' of zdist 1.0: {why}")


@pytest.mark.parametrize("contract", ["2", "0", "'1'"])
def test_one_of_another_contract_is_refused_with_both_versions(distribution, contract):
    text = GOOD.replace("options_model = Options", f"options_model = Options; contract = {contract}")
    distribution(version="2.5", entry_points=ENTRY, zrecorder=text)
    assert failure() == (
        f"recorder 'zmine' of zdist 2.5 is written for version {contract} of the contract of recorders, and the "
        "wealthsources that is installed has version 1; update the older one"
    )
