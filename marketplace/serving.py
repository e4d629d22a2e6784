"""Web and worker together, for one machine: gunicorn and a worker as children, stopped together."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Thread
from types import FrameType

from flask import Flask

from marketplace import config
from marketplace.app import create_app
from marketplace.config import CHECKOUT, Settings
from marketplace.core import clocks, db
from marketplace.timetable import last_beat
from search.warming import warm_up

THREADS = 4
PORTS_TRIED = 50


def free_port(first: int) -> int:
    """The first port from `first` on that nothing on 127.0.0.1 listens on. OSError when fifty are taken."""
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"No free port between {first} and {first + PORTS_TRIED - 1}.")


def serve(settings: Settings, first_port: int, tell: Callable[[str], None]) -> int:
    """Runs until stopped. A worker that dies is started again; when the web dies, all stop. Returns the exit code."""
    port = free_port(first_port)
    environment = {**os.environ, "PORT": str(port), "MARKETPLACE_HOME": str(settings.home)}
    web = subprocess.Popen([*gunicorn_command(settings, port)], env=environment, cwd=CHECKOUT)
    environment.setdefault("MARKETPLACE_WATCH_URL", f"http://127.0.0.1:{port}/alive")
    work = _start_worker(environment)
    is_stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _wait_until_it_answers(port, web)
    tell(f"{settings.service_name} is at http://127.0.0.1:{port}  (stop with Ctrl-C)")
    started = time.monotonic()
    while not is_stopping and web.poll() is None:
        if work.poll() is not None and time.monotonic() - started > 1:
            started = time.monotonic()
            work = _start_worker(environment)
        time.sleep(0.2)
    code = web.poll()
    for child in (web, work):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    for child in (web, work):
        _wait_or_kill(child)
    return 0 if is_stopping else (code or 1)


def gunicorn_command(settings: Settings, port: int) -> list[str]:
    """How the web processes are started; `make bench` starts them the same way."""
    return [
        sys.executable, "-m", "gunicorn", "marketplace.serving:web_application()",
        "--bind", f"127.0.0.1:{port}",
        "--workers", str(settings.web_workers),
        "--worker-class", "marketplace.edge.worker.EdgeWorker", "--threads", str(THREADS),
        "--worker-connections", "4000", "--backlog", "2048", "--no-sendfile",
        "--timeout", "60", "--graceful-timeout", "20", "--keep-alive", "5",
        "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip


def web_application() -> Flask:
    """What each web process runs. Most of what it has loaded by now stays for good, so the collector leaves it be."""
    app = create_app()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    Thread(target=warm_up, name="open the index", daemon=True).start()
    watched = (db.engine(), config.current().home, last_beat)
    Thread(target=clocks.watch, args=watched, name="compare the clocks", daemon=True).start()
    return app


def _start_worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "marketplace.cli", "worker"], env=environment, cwd=CHECKOUT)


def _wait_until_it_answers(port: int, web: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if web.poll() is not None:
            return
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def _wait_or_kill(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(timeout=25)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
