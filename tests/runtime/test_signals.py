"""How a command that goes on until somebody ends it is ended."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from wealthsources.runtime.signals import ended_by_signals


def _get(name):
    with ended_by_signals():
        os.kill(os.getpid(), name)
        threading.Event().wait(20)


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_either_signal_is_a_keyboard_interrupt_also_where_the_shell_ignored_it(name):
    before = signal.signal(name, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt):
            _get(name)
        assert signal.getsignal(name) is signal.SIG_IGN
    finally:
        signal.signal(name, before)


def test_on_another_thread_nothing_is_changed():
    seen = []

    def work():
        with ended_by_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert seen == [signal.getsignal(signal.SIGTERM)]
