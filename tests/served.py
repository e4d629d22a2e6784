"""The application on a test's database, served by processes of its own, as `marketplace run` serves it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from marketplace import config
from marketplace.serving import free_port, gunicorn_command

STARTS_WITHIN = 60.0  # seconds, on a busy machine


@dataclass(frozen=True)
class Served:
    """Where it answers, and gunicorn's master."""

    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def served(settings: config.Settings, first_port: int = 0) -> Iterator[Served]:
    """Yields once it answers; it has ended afterwards."""
    port = free_port(first_port or 20_000 + os.getpid() % 1_000 * 10)
    process = subprocess.Popen(
        gunicorn_command(settings, port),
        cwd=config.CHECKOUT, env=environment(settings), start_new_session=True,
    )  # fmt: skip
    try:
        wait_until_it_answers(port, process)
        yield Served(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def environment(settings: config.Settings) -> dict[str, str]:
    """The environment in which a process has these settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MARKETPLACE_")}
    return {
        **kept,
        "MARKETPLACE_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "MARKETPLACE_SECRET_KEY": settings.secret_key,
        "MARKETPLACE_PASSWORD_COST": settings.password_cost,
        "PYTHONPATH": str(config.CHECKOUT),
    }


def wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> float:
    """Asks for a page until one comes; returns the seconds that it took."""
    started = time.monotonic()
    while time.monotonic() - started < STARTS_WITHIN:
        assert process.poll() is None, "the server ended before it answered"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(b"GET /needs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if client.recv(4096).startswith(b"HTTP/1.1 200"):
                    return time.monotonic() - started
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"no answer within {STARTS_WITHIN:.0f} seconds")
