"""What every source has to do, as tests that the author of one inherits. Needs pytest.

    from wealthsources.testing.contract import SourceContract

    class TestAcme(SourceContract):
        @pytest.fixture
        def source(self, tmp_path) -> Source:
            return AcmeSource(Options(database=tmp_path / "bars.db"))  # new, not started

        @pytest.fixture
        def held(self) -> Bars:
            return Bars.from_records("BTCUSDT", "1h", […])  # all that it has of that series, at least five

Nothing else is needed; the rest of the first part of `SourceContract` is for sources that are unlike others. Every case
has a number, which is in front of what it says when it fails.
"""

from __future__ import annotations

from wealthsources.testing.answer_cases import AnswerCases
from wealthsources.testing.life_cases import LifeCases
from wealthsources.testing.live_cases import LiveCases
from wealthsources.testing.promise_cases import PromiseCases
from wealthsources.testing.waiting_cases import WaitingCases


class SourceContract(AnswerCases, PromiseCases, LifeCases, WaitingCases, LiveCases):
    """Inherit it in a class whose name begins with Test, and write the fixtures `source` and `held`."""
