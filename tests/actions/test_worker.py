"""The worker's two threads live and die together, so that whoever started it starts it again."""

from __future__ import annotations

import signal
from dataclasses import replace
from threading import Thread

import pytest
from flask import Flask

from marketplace import config
from marketplace.worker import Worker


@pytest.mark.parametrize("part", ["_post", "_pass_without_mails"])
def test_a_worker_ends_with_one_when_a_thread_of_it_cannot_go_on(
    part: str, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.install(replace(config.current(), demonstration=True, worker_pause_seconds=0.01))  # without the watch
    monkeypatch.setattr(signal, "signal", lambda _number, _do: None)
    worker, ended_with = Worker(app), []

    def fail() -> int:
        raise RuntimeError("planted")

    monkeypatch.setattr(worker, "_post", lambda: 0)
    monkeypatch.setattr(worker, "_pass_without_mails", lambda: 0)
    monkeypatch.setattr(worker, part, fail)

    def run() -> None:
        try:
            worker.run()
        except SystemExit as ended:
            ended_with.append(ended.code)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(5)
    worker.must_stop = True
    assert ended_with == [1]
