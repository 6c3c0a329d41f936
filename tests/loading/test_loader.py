"""Plugins found by metadata and loaded by name, with throw-away distributions on the path."""

from __future__ import annotations

import os
import subprocess
import sys

import pydantic
import pytest

from wealthsources.hookspecs import CONTRACT
from wealthsources.loading.discovery import PluginInfo, installed
from wealthsources.loading.loader import Loader
from wealthsources.model.errors import ConfigError

GOOD = """
import pydantic
from wealthsources import NotHere, Source, hookimpl

class Options(pydantic.BaseModel, extra="forbid"):
    url: str = "none"

class Mine(Source):
    def __init__(self, options): self.options = options
    def get_history(self, request): raise NotHere("none")

@hookimpl
def wealthsources_register(register):
    register("zmine", Mine, Options)
"""


def failure(name="zmine", allow=None):
    with pytest.raises(ConfigError) as caught:
        Loader(allow).load(name)
    text = str(caught.value)
    assert "\n" not in text
    return text, caught.value


def ours():
    return [found for found in installed() if found.name.startswith("z")]


# What is installed


def test_a_distribution_that_is_twice_on_the_path_counts_once(distribution):
    distribution(folder="one")
    distribution(folder="two", zmine_module=GOOD)
    assert len(ours()) == 1
    assert Loader().load("zmine").name == "zmine"


def test_a_distribution_without_metadata_hides_no_other(distribution):
    distribution("zbroken", "zbroken = nowhere", metadata=False)
    distribution(zmine_module=GOOD)
    assert Loader().load("zmine").distribution == "zdist"
    assert PluginInfo("zbroken", "nowhere", "an unknown distribution", "(broken metadata)") in ours()


def test_a_malformed_entry_point_hides_no_other_and_is_named_when_loaded(distribution):
    distribution("zbroken", "zbroken = not a module!")
    distribution(zmine_module=GOOD)
    assert Loader().load("zmine").name == "zmine"
    text, _ = failure("zbroken")
    assert "plugin 'zbroken' of zbroken 1.0" in text


def test_the_loader_imports_neither_pydantic_nor_yaml():
    code = (
        "import sys, wealthsources.loading.loader as loader; loader.installed(); loader.Loader();"
        "print(sorted({'pydantic', 'yaml', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Loading


def test_a_plugin_is_loaded_with_what_it_registered(distribution):
    distribution(version="2.5", zmine_module=GOOD)
    plugin = Loader().load("zmine")
    module = sys.modules["zmine_module"]
    assert (plugin.name, plugin.source_class, plugin.options_model) == ("zmine", module.Mine, module.Options)
    assert (plugin.distribution, plugin.version) == ("zdist", "2.5")


def test_an_entry_point_may_name_an_object_in_a_module(distribution):
    text = GOOD.replace("@hookimpl\ndef", "class plugin:\n    @staticmethod\n    @hookimpl\n    def")
    text = text.replace('    register("', '        register("')
    distribution(entry_points="zmine = zmine_module:plugin", zmine_module=text)
    assert Loader().load("zmine").source_class is sys.modules["zmine_module"].Mine


def test_loading_twice_gives_the_same_plugin(distribution):
    distribution(zmine_module=GOOD)
    loader = Loader()
    assert loader.load("zmine") is loader.load("zmine")


def test_two_loaders_share_nothing(distribution):
    distribution(zmine_module=GOOD)
    assert Loader().load("zmine") is not Loader().load("zmine")


def test_only_the_named_plugin_is_imported(distribution):
    distribution(zmine_module=GOOD)
    distribution("zother", "zother = zother_module", zother_module="raise RuntimeError")
    Loader().load("zmine")
    assert "zother_module" not in sys.modules


def test_a_plugin_that_failed_can_be_loaded_once_it_is_repaired(distribution):
    site = distribution(zmine_module="raise RuntimeError('half installed')")
    loader = Loader()
    with pytest.raises(ConfigError, match="half installed"):
        loader.load("zmine")
    (site / "zmine_module.py").write_text(GOOD + "\n# longer, so that no bytecode of the old one is taken\n")
    assert loader.load("zmine").name == "zmine"


def test_without_an_options_model_no_option_is_taken(distribution):
    distribution(zmine_module=GOOD.replace(", Options)", ", None)"))
    model = Loader().load("zmine").options_model
    assert model.model_validate({}) == model()
    with pytest.raises(pydantic.ValidationError, match="Extra inputs"):
        model.model_validate({"url": "x"})


def test_the_options_model_may_be_left_out(distribution):
    distribution(zmine_module=GOOD.replace(", Options)", ")"))
    assert Loader().load("zmine").options_model.model_fields == {}


# Not to be found


def test_an_unknown_plugin_names_the_nearest_and_all_that_are_installed(distribution):
    distribution()
    text, _ = failure("zmin")
    assert text.startswith("no plugin 'zmin' is installed; did you mean 'zmine'? installed: ")
    listed = text.partition(" installed: ")[2].split(", ")
    assert {"context", "file", "websocket", "zmine"} <= set(listed)
    assert listed == sorted(listed)


def test_an_unknown_plugin_without_a_near_one_asks_for_its_package():
    text, _ = failure("quotes_of_saturn")
    assert "'quotes_of_saturn' is installed; install the package that brings it; installed: ccxt, context, " in text


def test_where_nothing_is_installed_that_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert failure()[0].startswith("no plugin 'zmine' is installed, nor any other; install the package")


def test_two_distributions_that_claim_one_name_are_both_named(distribution):
    distribution("zfirst", folder="one", zmine_module=GOOD)
    distribution("zsecond", folder="two", version="3.0")
    text, _ = failure()
    assert "'zmine' is claimed by zfirst 1.0 (zmine_module) and zsecond 3.0 (zmine_module)" in text
    assert "uninstall all of them but one" in text
    assert "zmine_module" not in sys.modules


def test_a_name_that_is_claimed_twice_disturbs_no_other(distribution):
    distribution("zfirst", "zmine = zmine_module\nztwice = nowhere", folder="one", zmine_module=GOOD)
    distribution("zsecond", "ztwice = nowhere", folder="two")
    assert Loader().load("zmine").distribution == "zfirst"


def test_a_plugin_that_is_not_allowed_is_not_imported(distribution):
    distribution(zmine_module=GOOD)
    text, _ = failure(allow=["file", "context"])
    assert text == "plugin 'zmine' is not in plugins.allow, which lists file, context; add it there to use it"
    assert "zmine_module" not in sys.modules


def test_an_empty_allow_list_allows_nothing(distribution):
    distribution(zmine_module=GOOD)
    assert "which lists nothing" in failure(allow=())[0]


def test_an_allowed_plugin_is_loaded(distribution):
    distribution(zmine_module=GOOD)
    assert Loader(allow={"zmine"}).load("zmine").name == "zmine"


# What can go wrong in the plugin's own code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('no\\nluck')", "raised ValueError: no luck"),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("raise AssertionError", "raised AssertionError;"),
        ("raise type('Mute', (ValueError,), {'__str__': lambda self: 1 / 0})", "raised Mute;"),
        ("from os import nothing_like_it", "raised ImportError: cannot import name 'nothing_like_it'"),
        ("def broken(:", "raised SyntaxError"),
        ("import znowhere", "raised ModuleNotFoundError: No module named 'znowhere'"),
    ],
)
def test_what_the_import_raises_is_told_with_module_type_message_and_cause(distribution, code, said):
    distribution(zmine_module=code)
    text, error = failure()
    assert text.startswith("plugin 'zmine' of zdist 1.0: importing zmine_module ")
    assert said in text
    assert text.endswith("repair or update zdist, or take the plugin out of the configuration")
    assert type(error.__cause__).__name__ in said


def test_an_interrupt_is_not_taken_for_the_plugins_fault(distribution):
    distribution(zmine_module="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Loader().load("zmine")


def test_what_the_hook_raises_is_told_as_the_hooks(distribution):
    distribution(zmine_module=GOOD.replace('register("zmine"', 'raise KeyError("zzz"); register("zmine"'))
    text, error = failure()
    assert "wealthsources_register of zmine_module raised KeyError: 'zzz'" in text
    assert isinstance(error.__cause__, KeyError)


def test_an_entry_point_to_an_attribute_that_is_not_there_is_told(distribution):
    distribution(entry_points="zmine = zmine_module:nothing", zmine_module=GOOD)
    assert "importing zmine_module:nothing raised AttributeError" in failure()[0]


# Extras


@pytest.mark.parametrize("code", ["import zmsgspec", "import zmsgspec.json", "from zmsgspec import json"])
def test_a_missing_extra_is_told_with_the_command_that_installs_it(distribution, code):
    distribution("z-dist", "zmine = zmine_module [fast]", zmine_module=code)
    text, error = failure()
    assert text.startswith("plugin 'zmine' needs `pip install 'z-dist[fast]'`: there is no module 'zmsgspec")
    assert isinstance(error.__cause__, ModuleNotFoundError)


def test_all_extras_of_the_entry_point_are_in_the_command(distribution):
    distribution("zdist", "zmine = zmine_module [fast, my-extra]", zmine_module="import zmsgspec")
    assert "needs `pip install 'zdist[fast,my-extra]'`" in failure()[0]


def test_an_extra_may_also_be_missing_in_the_hook(distribution):
    text = GOOD.replace('register("zmine"', 'import zmsgspec; register("zmine"')
    distribution("zdist", "zmine = zmine_module [fast]", zmine_module=text)
    assert "needs `pip install 'zdist[fast]'`" in failure()[0]


@pytest.mark.parametrize("code", ["import wealthsources.no_such_part", "import zmine_module.no_such_part"])
def test_no_extra_is_blamed_for_a_missing_part_of_the_plugin_or_of_us(distribution, code):
    distribution("zdist", "zmine = zmine_module [fast]", zmine_module=code)
    text, _ = failure()
    assert "pip install" not in text
    assert "raised ModuleNotFoundError" in text


def test_no_extra_is_blamed_when_the_plugins_own_module_is_missing(distribution):
    distribution("zdist", "zmine = zgone.plugin [fast]")
    text, _ = failure()
    assert "pip install" not in text
    assert "importing zgone.plugin raised ModuleNotFoundError: No module named 'zgone'" in text


# What a plugin may register


def test_a_module_without_the_hook_is_told_what_to_define(distribution):
    distribution(zmine_module="x = 1")
    text, _ = failure()
    assert "zmine_module has no hook; define `wealthsources_register(register)` with @hookimpl" in text


def test_a_hook_without_the_marker_is_no_hook(distribution):
    distribution(zmine_module=GOOD.replace("@hookimpl", ""))
    assert "with @hookimpl" in failure()[0]


def test_a_hook_with_other_arguments_is_told_the_right_ones(distribution):
    distribution(zmine_module=GOOD.replace("(register):", "(registry):"))
    text, error = failure()
    assert "its hook must be `def wealthsources_register(register)`" in text
    assert "{'registry'}" in text
    assert type(error.__cause__).__name__ == "PluginValidationError"


def test_a_misspelt_hook_is_told_the_right_name(distribution):
    distribution(zmine_module=GOOD.replace("def wealthsources_register", "def wealthsources_registr"))
    text, _ = failure()
    assert "must be `def wealthsources_register(register)`" in text
    assert "unknown hook 'wealthsources_registr'" in text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", "registers nothing; it must call `register` once with the name of its entry point, 'zmine'"),
        ('register("zmine", Mine, None); register("zmine", Mine, None)', "registers 'zmine', 'zmine'; it must call"),
        (
            'register("zmine", Mine, None); register("other", Mine, None)',
            "registers 'zmine', 'other', but zdist has no entry point 'other' that leads to zmine_module; add it, or",
        ),
        ('register("other", Mine, None)', "registers 'other'; it must call `register` once with the name of its entry"),
        ('register("zmine")', "raised TypeError"),
        ('register("zmine", int, None)', "registers int; register a subclass of wealthsources.Source"),
        ('register("zmine", Mine(None), None)', "registers an object of type Mine; register a subclass"),
        ('register("zmine", Source, None)', "registers Source, which lacks get_history; write what is missing"),
        ('register("zmine", Mine, dict)', "registers dict for its options; give a subclass of pydantic.BaseModel"),
        ('register("zmine", Mine, {})', "registers an object of type dict for its options"),
        ('register("zmine", Mine, pydantic.BaseModel)', "BaseModel ignores unknown keys; declare it with extra="),
    ],
)
def test_what_is_registered_is_checked(distribution, body, said):
    distribution(zmine_module=GOOD.replace('register("zmine", Mine, Options)', body))
    text, _ = failure()
    assert "plugin 'zmine' of zdist 1.0" in text
    assert said in text


def test_all_abstract_methods_that_are_missing_are_named(distribution):
    lacking = """
class Lacking(Source):
    from abc import abstractmethod
    @abstractmethod
    def also(self): ...
"""
    text = GOOD.replace("@hookimpl", lacking + "\n@hookimpl").replace('"zmine", Mine', '"zmine", Lacking')
    distribution(zmine_module=text)
    assert "registers Lacking, which lacks also, get_history" in failure()[0]


# Several sources in one package

BOTH = (
    GOOD
    + """
    register("zother", type("Other", (Mine,), {}), Options)
"""
)
POINTS = "zmine = zmine_module\nzother = zmine_module"


def test_one_module_may_register_several_sources_each_under_its_own_entry_point(distribution):
    distribution(entry_points=POINTS, zmine_module=BOTH)
    loader = Loader()
    assert [loader.load(name).source_class.__name__ for name in ("zmine", "zother")] == ["Mine", "Other"]


def test_several_modules_of_one_package_may_have_a_source_each(distribution):
    other = GOOD.replace('"zmine"', '"zother"')
    distribution(entry_points="zmine = zmine_module\nzother = zother_module", zmine_module=GOOD, zother_module=other)
    assert Loader().load("zother").distribution == "zdist"
    assert "zmine_module" not in sys.modules


def test_what_is_wrong_with_one_of_them_keeps_no_other_from_working(distribution):
    broken = BOTH.replace('type("Other", (Mine,), {})', "int")
    distribution(entry_points=POINTS, zmine_module=broken)
    assert Loader().load("zmine").name == "zmine"
    assert "registers int" in failure("zother")[0]


def test_an_entry_point_of_the_same_name_that_leads_elsewhere_does_not_count(distribution):
    distribution(entry_points="zmine = zmine_module\nzother = elsewhere", zmine_module=BOTH)
    assert "has no entry point 'zother' that leads to zmine_module" in failure()[0]


def test_one_name_registered_twice_beside_another_is_told(distribution):
    text = (
        BOTH
        + """
    register("zother", Mine, Options)
"""
    )
    distribution(entry_points=POINTS, zmine_module=text)
    assert "registers 'zother' twice; give each source a name of its own" in failure()[0]


# The version of the contract


def written_for(contract: str) -> str:
    return GOOD.replace('"zmine", Mine, Options', f'"zmine", Mine, Options, contract={contract}')


def test_a_plugin_that_was_written_for_this_contract_is_loaded(distribution):
    distribution(zmine_module=written_for(str(CONTRACT)))
    assert Loader().load("zmine").name == "zmine"


@pytest.mark.parametrize(
    ("contract", "remedy"),
    [
        (str(CONTRACT + 1), "update wealthsources"),
        (str(CONTRACT - 1), "update zdist"),
        ("'1'", "its hook must give `contract` a whole number"),
        ("None", "its hook must give `contract` a whole number"),
    ],
)
def test_a_plugin_of_another_contract_is_refused_with_both_versions(distribution, contract, remedy):
    distribution(version="2.5", zmine_module=written_for(contract))
    assert failure()[0] == (
        f"plugin 'zmine' of zdist 2.5 is written for version {contract} of the contract of sources, and the "
        f"wealthsources that is installed has version {CONTRACT}; {remedy}"
    )


# Tracing


def test_the_calls_of_hooks_are_shown_where_the_environment_asks_for_it(distribution, monkeypatch, capsys):
    distribution(zmine_module=GOOD)
    monkeypatch.setenv("WEALTHSOURCES_DEBUG_HOOKS", "1")
    Loader().load("zmine")
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("plugin 'zmine' of zdist 1.0: ") for line in lines), lines
    assert lines[0].endswith(" wealthsources_register [hook]")
    (told,) = [line for line in lines if "[register]" in line]
    assert "name='zmine', source_class=<class 'zmine_module.Mine'>" in told
    assert "contract=1" in told


@pytest.mark.parametrize("value", [None, "", "0"])
def test_they_are_not_shown_otherwise(distribution, monkeypatch, capsys, value):
    distribution(zmine_module=GOOD)
    if value is not None:
        monkeypatch.setenv("WEALTHSOURCES_DEBUG_HOOKS", value)
    Loader().load("zmine")
    assert capsys.readouterr().err == ""


# Nobody's code runs that was not named

GROUPS = (
    "wealthsources",
    *(f"wealthsources.{name}" for name in ("commands", "recorders", "protocols", "replays", "markets")),
)


@pytest.mark.parametrize(
    "code",
    [
        "import wealthdata, wealthsources; wealthdata.get_price",
        "import runpy, sys; sys.argv[1:] = ['--help']; runpy.run_module('wealthsources', run_name='__main__')",
        "import runpy, sys; sys.argv[1:] = ['get', '--help']; runpy.run_module('wealthsources', run_name='__main__')",
    ],
)
def test_neither_help_nor_an_import_runs_code_of_a_plugin(distribution, code):
    points = "".join(f"[{group}]\nzfails = zfails_module:thing\n" for group in GROUPS)
    text = "import os; os._exit(99)"
    site = distribution(entry_points=points.removeprefix("[wealthsources]\n"), zfails_module=text)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    named = subprocess.run([sys.executable, "-c", "import zfails_module"], env=environment, check=False)
    assert named.returncode == 99  # it would have told
