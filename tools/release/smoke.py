"""Whether what was installed works: run by the Python of a clean environment, from an empty folder.

    python -I smoke.py core | EXTRA

Knows nothing but what is installed there: the core reads a file, an extra's plugin is imported and listed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

DEPLOYED = {
    "websocket": "{plugin: websocket, options: {protocol: binance, symbols: [BTCUSDT], resolutions: [1h]}}",
    "mexc": "{plugin: websocket, options: {protocol: mexc, symbols: [BTCUSDT], resolutions: [1h]}}",
    "ccxt": "{plugin: ccxt, options: {exchange: binance}}",
    "file": '{plugin: file, options: {path: "data/{symbol}/{timeframe}.csv"}}',
    "parquet files": '{plugin: file, options: {path: "data/{symbol}/{timeframe}.parquet"}}',
    "s3": '{plugin: file, options: {path: "s3://bucket/{symbol}/{timeframe}.parquet"}}',
    "store": '{plugin: store, options: {url: "sqlite:///bars.db"}}',
    "postgresql": '{plugin: store, options: {url: "postgresql+psycopg://user@127.0.0.1/bars"}}',
}
#: Per extra: modules to import, configurations that must be found right, and commands that must go well.
EXTRAS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "websocket": (
        ["wealthsources_websocket.plugin", "wealthsources_websocket.source"],
        ["websocket"],
        ["decode --help"],
    ),
    "demo": (["wealthsources_simulator", "wealthsources_websocket.plugin"], ["websocket"], ["simulate --help"]),
    "ccxt": (["wealthsources_ccxt.plugin", "wealthsources_ccxt.source"], ["ccxt"], ["markets --help"]),
    "file": (["wealthsources_file.plugin", "pyarrow.parquet"], ["parquet files"], ["inspect data/BTCUSDT/1h.parquet"]),
    "s3": (["wealthsources_file.plugin", "s3fs"], ["s3"], []),
    "store": (["wealthsources_store.plugin", "wealthsources_store.source"], ["store"], ["revisions --help"]),
    "postgresql": (["wealthsources_store.plugin", "psycopg"], ["postgresql"], ["fetch --help"]),
    "parquet": (["wealthsources_store.parquet"], ["store"], ["export --help", "import --help"]),
    "calendars": (["exchange_calendars"], ["file"], []),
    "metrics": (["wealthsources.metrics"], ["file"], []),
    "mexc": (["wealthsources_websocket.protocols.mexc_frames"], ["mexc"], []),
    "plot": (
        ["plotly", "matplotlib"],
        ["file"],
        ["plot BTCUSDT 1h --output bars.html", "plot BTCUSDT 1h --output bars.png"],
    ),
}
HOUR = 3_600_000
FIRST = 1_704_067_200_000


def main(extra: str) -> None:
    write_files()
    check_core()
    if extra == "core":
        check_that_a_missing_extra_is_named()
    elif extra == "all":
        for name in EXTRAS:
            check_extra(name)
    else:
        check_extra(extra)


def write_files() -> None:
    folder = Path("data/BTCUSDT")
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{FIRST + place * HOUR},{place + 1}.50,{place + 3},{place + 1},{place + 2}.25,10" for place in range(5)]
    (folder / "1h.csv").write_text("\n".join(["open_time,open,high,low,close,volume", *rows, ""]))


def deploy(*sources: str, more: str = "") -> None:
    lines = "".join(f"  - {DEPLOYED[source]}\n" for source in sources)
    Path("config.yaml").write_text(f"sources:\n{lines}{more}")


def check_core() -> None:
    import wealthdata  # noqa: F401 - that it can be imported
    import wealthsources

    version = importlib.metadata.version("wealthsources")
    expect(wealthsources.__version__ == version, "the version of the module is not that of the distribution")
    expect(command("--version") == f"wealthsources {version}\n", "--version says another version")
    expect("Usage: wealthsources" in command("--help"), "--help shows no usage")
    deploy("file")
    answer = command("get BTCUSDT 1h --count 5 --format csv")
    expect(f"{FIRST + 4 * HOUR}," in answer and ",5.50," in answer, f"the file is not answered: {answer}")


def check_that_a_missing_extra_is_named() -> None:
    deploy("websocket")
    listed = command("sources", code=2)
    expect("pip install 'wealthsources[websocket]'" in listed, f"a missing extra is not named: {listed}")


def check_extra(extra: str) -> None:
    modules, sources, commands = EXTRAS[extra]
    for module in modules:
        importlib.import_module(module)
    if "data/BTCUSDT/1h.parquet" in "".join(commands):
        write_parquet()
    deploy(*sources, more="calendar: XSHG\n" if extra == "calendars" else "")
    listed = command("sources").splitlines()
    expect(sum(" enabled " in line for line in listed) == len(sources), f"not listed as enabled: {listed}")
    expect("OK" in command("check"), "the configuration is refused")
    for arguments in commands:
        command(arguments)
    if extra == "metrics":
        check_metrics()


def write_parquet() -> None:
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.csv.read_csv("data/BTCUSDT/1h.csv"), "data/BTCUSDT/1h.parquet")


def check_metrics() -> None:
    import wealthsources
    from wealthsources.metrics import metrics_text

    with wealthsources.open("config.yaml") as session:
        expect("wealthsources_source_up" in metrics_text(session), "there are no metrics")


def command(arguments: str, code: int = 0) -> str:
    """What `wealthsources ARGUMENTS` prints; it has to end with that code."""
    program = Path(sys.executable).with_name("wealthsources")
    done = subprocess.run([program, *arguments.split()], capture_output=True, text=True, check=False)
    expect(done.returncode == code, f"wealthsources {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(right: bool, otherwise: str) -> None:
    if not right:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    main(sys.argv[1])
