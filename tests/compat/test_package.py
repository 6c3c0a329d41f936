"""The distribution: names, exceptions, and the wheel."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import engine.python_sdk
from engine.python_sdk import exceptions

COMPAT = Path(__file__).parents[2] / "compat"

NAMES = {
    "websocket_manager": "get_websocket_manager WebSocketManager",
    "websocket_cache": "WebSocketCache get_websocket_cache set_websocket_cache",
    "websocket_client": "ConnectionState WebSocketClient get_websocket_client initialize_websocket_client "
    "shutdown_websocket_client",
    "context_data_adapter": "ContextDataAdapter",
    "data_adapter": "DataAdapter register_data_adapter get_data_adapter clear_data_adapter",
    "exceptions": "NotFoundError ParseError WebSocketConnectionError WebSocketSubscriptionError",
}
ERRORS = ["NotFoundError", "ParseError", "WebSocketConnectionError", "WebSocketSubscriptionError"]


@pytest.mark.parametrize("module", NAMES)
def test_the_legacy_names_are_where_they_were(module):
    found = importlib.import_module(f"engine.python_sdk.{module}")
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


def test_the_package_exports_what_it_did():
    wanted = {*ERRORS, "get_websocket_manager", "get_websocket_cache", "get_trading_rule", "get_commission_rates"}
    assert set(engine.python_sdk.__all__) == wanted
    assert [name for name in wanted if not hasattr(engine.python_sdk, name)] == []


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_derives_straight_from_exception(name):
    assert getattr(exceptions, name).__bases__ == (Exception,)


@pytest.mark.parametrize("name", ["get_trading_rule", "get_commission_rates"])
def test_what_belongs_to_trading_is_not_found_here(name):
    with pytest.raises(exceptions.NotFoundError, match="belong to the strategy engine"):
        getattr(engine.python_sdk, name)("binance", "BTCUSDT")


def test_origin_18_no_token_is_in_the_source():
    texts = [path.read_text() for path in COMPAT.rglob("*") if path.suffix in (".py", ".md", ".toml")]
    assert len(texts) > 10
    assert [found for text in texts for found in re.findall(r"[0-9a-fA-F]{32,}", text)] == []


def imported_beside(folder: Path, code: str) -> str:
    """What a new interpreter prints that has `folder` first on its path."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_other_parts_of_a_package_of_that_name_can_still_be_imported(tmp_path):
    (tmp_path / "engine" / "context").mkdir(parents=True)
    (tmp_path / "engine" / "__init__.py").write_text("")
    (tmp_path / "engine" / "context" / "__init__.py").write_text("NAME = 'of the engine'")
    code = f"sys.path.append({str(tmp_path)!r}); import engine.context, engine.python_sdk; print(engine.context.NAME)"
    assert imported_beside(COMPAT, code) == "of the engine"


def test_the_wheel_has_the_import_paths(tmp_path):
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=COMPAT, check=True, capture_output=True, timeout=30)
    (wheel,) = tmp_path.glob("wealthsources_engine_sdk-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
        assert top == {"engine", wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"}
        archive.extractall(tmp_path / "site")
    code = "; ".join(
        f"from engine.python_sdk.{module} import {', '.join(names.split())}" for module, names in NAMES.items()
    )
    shown = imported_beside(tmp_path / "site", f"{code}; import engine; print(engine.__file__)")
    assert shown == str(tmp_path / "site" / "engine" / "__init__.py")
