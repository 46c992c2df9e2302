"""Lines of the log, written by many threads at once."""

from __future__ import annotations

import logging
import threading

import pytest

from fluxio_api.requestlog import WholeLines

PATIENCE_S = 20


class _Held(logging.Formatter):
    """Takes its time over a record that says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def format(self, record: logging.LogRecord) -> str:
        if record.msg == "slow":
            self.begun.set()
            assert self.go.wait(PATIENCE_S)
        return super().format(record)


def _record(message: str) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, __file__, 1, message, None, None)


def test_a_line_that_takes_its_time_holds_up_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    handler, held = WholeLines(), _Held()
    handler.setFormatter(held)
    slow = threading.Thread(target=handler.handle, args=[_record("slow")])
    quick = threading.Thread(target=handler.handle, args=[_record("quick")])
    slow.start()
    assert held.begun.wait(PATIENCE_S)
    quick.start()
    quick.join(PATIENCE_S)
    written = capfd.readouterr().err
    held.go.set()
    slow.join(PATIENCE_S)
    assert (written, capfd.readouterr().err) == ("quick\n", "slow\n")


def test_what_a_filter_refuses_is_not_written(capfd: pytest.CaptureFixture[str]) -> None:
    handler = WholeLines()
    handler.addFilter(lambda record: record.msg != "no")
    assert [handler.handle(_record("no")), handler.handle(_record("yes \ud800"))] == [False, True]
    assert capfd.readouterr().err == "yes \\ud800\n"
