"""What the machine and the installation are like: versions, plugins, forks, threads, proxies. Connects to nothing."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import platform
import threading
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

import wealthsources
from wealthsources.cli.doctor.line import Line, error, ok, warning
from wealthsources.loading.discovery import PLUGINS, installed, missing_module
from wealthsources.loading.recorders import RECORDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wealthsources.loading.discovery import PluginInfo

#: What the core cannot be without.
_NEEDED: Final = ("pandas", "numpy")
_LIVE: Final = "websocket-client"


def machine() -> Iterator[Line]:
    """All of it."""
    yield from versions()
    yield from plugins()
    yield forks()
    yield from proxies(getproxies_environment())


def versions() -> Iterator[Line]:
    """Python's, ours, and those of the packages that bars go through."""
    yield ok("versions", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    yield ok("versions", f"wealthsources {wealthsources.__version__}")
    for name in _NEEDED:
        version = _version(name)
        remedy = f"pip install {name}"
        yield ok("versions", f"{name} {version}") if version else error("versions", f"there is no {name}", remedy)
    version = _version(_LIVE)
    if version:
        yield ok("versions", f"{_LIVE} {version}")
    else:
        remedy = "pip install 'wealthsources[websocket]', for live bars"
        yield warning("versions", f"there is no {_LIVE}", remedy)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def plugins() -> Iterator[Line]:
    """What is installed, by distribution; a plugin that is broken as far as its metadata tells. Imports none."""
    found = {"plugins": installed(PLUGINS), "recorders": installed(RECORDERS)}
    for kind, infos in found.items():
        for origin in sorted({info.origin for info in infos}):
            names = ", ".join(info.name for info in infos if info.origin == origin)
            yield ok("plugins", f"{kind} of {origin}: {names}")
        yield from filter(None, (_fault(info, Counter(each.name for each in infos)) for info in infos))


def _fault(info: PluginInfo, claims: Counter[str]) -> Line | None:
    if claims[info.name] > 1:
        text = f"{info.name!r} is claimed by {info.origin}, and by another distribution"
        return warning("plugins", text, "uninstall all of them but one")
    if missing := missing_module(info):
        text = f"{info.name!r} of {info.origin} has no module {missing!r}"
        return warning("plugins", text, f"reinstall {info.distribution}, or uninstall it")
    return None


def forks() -> Line:
    """How processes are made of this one, and which threads would be lost in them. Ask before inquiries run."""
    # Not get_start_method(): that would settle it.
    method = multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]
    running = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
    if running:
        text = f"start method {method}; these threads run already and are lost in a forked child: {', '.join(running)}"
        return warning("processes", text, "fork first, or open a session in each process")
    text = f"start method {method}, no other thread runs before a session is opened"
    if method == "fork":
        text += "; a live session belongs to the process that opened it"
    return ok("processes", text)


def proxies(environment: Mapping[str, str]) -> Iterator[Line]:
    """Those that the environment names, without users and passwords."""
    if not environment:
        yield ok("proxies", "the environment names none")
    for kind, address in sorted(environment.items()):
        if kind == "no":
            yield ok("proxies", f"NO_PROXY is {address}")
        else:
            name = f"{kind.upper()}_PROXY"
            yield ok("proxies", f"{name} is {_shown(address)}; a websocket source goes through it with proxy: env")


def _shown(address: str) -> str:
    """Host and port alone."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        return f"{parts.scheme}://{parts.hostname or '?'}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "no address"
