"""The recorder of a store keeps the contract of a recorder."""

from __future__ import annotations

import contextlib

import pytest

from wealthsources.testing import LoneRecorderHost
from wealthsources.testing.recorder_contract import RecorderContract
from wealthsources_store.options import StoreOptions
from wealthsources_store.recorder import RecorderOptions, StoreRecorder
from wealthsources_store.source import StoreSource

from .stock import got
from .test_recorder import Live


class TestStoreRecorder(RecorderContract):
    @pytest.fixture
    def recorder(self) -> StoreRecorder:
        return StoreRecorder(RecorderOptions())

    @pytest.fixture
    def host(self, tmp_path):
        self.store = StoreSource(StoreOptions(url=f"sqlite:///{tmp_path}/bars.db"))
        yield LoneRecorderHost(live=Live(), store=self.store)
        self.store.stop()

    @pytest.fixture
    def written(self, host):
        return lambda: len(got(self.store.database, end=1_900_000_000_000))

    @pytest.fixture
    def failing(self, tmp_path):
        @contextlib.contextmanager
        def failing():
            (tmp_path / "bars.db").write_bytes(b"no database " * 1_000)
            yield

        return failing
