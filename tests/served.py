"""The application really served, as `marketplace run` does: gunicorn on 127.0.0.1, this test's database and home."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from marketplace import config
from marketplace.serving import free_port, gunicorn_command
from tests import postgres

FIRST_PORT = 8600


@dataclass(frozen=True)
class Served:
    """A running copy: where it is, its master process, and the file that its standard output and error go to."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def workers(self) -> list[int]:
        """The process ids of the web workers."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(each) for each in listed]


def environment_for(settings: config.Settings, **more: str) -> dict[str, str]:
    """The environment in which a program of its own works on this test's database and home."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MARKETPLACE_", "DATABASE_URL"))}
    # Every process would compile the whole program again; what is compiled lies apart from the checkout.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **kept,
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / f"marketplace-tests-{os.getuid()}"),
        "MARKETPLACE_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "MARKETPLACE_SECRET_KEY": settings.secret_key,
        "MARKETPLACE_PASSWORD_COST": settings.password_cost,
        "MARKETPLACE_SEARCH_ENGINE": settings.search_engine,
        **more,
    }


def run_python(settings: config.Settings, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m words…` on this test's database and home, in a process of its own, and waits for its end."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        env=environment_for(settings, **more), cwd=config.CHECKOUT, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def make_durable(settings: config.Settings) -> None:
    """What is served from must keep what it commits; the server of the tests does not, for speed."""
    if settings.url.startswith("postgresql"):
        postgres.keep_commits(settings.url)


@contextmanager
def served(
    settings: config.Settings, folder: Path, application: str = "marketplace.web:web_application()", **more: str
) -> Iterator[Served]:
    """Serves until the block ends; every process that was started has ended then. `application` may be one with faults."""
    make_durable(settings)
    port = free_port(FIRST_PORT + os.getpid() % 300)
    log = folder / "served.log"
    command = [application if each.startswith("marketplace.web:") else each for each in gunicorn_command(settings, port)]
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=config.CHECKOUT, env=environment_for(settings, **more),
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    made = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        wait_until_it_answers(made)
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_it_answers(made: Served, seconds: float = 60, page: str = "") -> None:
    """Waits for the first answer of whatever status, or for this page; AssertionError when it does not come in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert made.process.poll() is None, made.log.read_text()
        try:
            urllib.request.urlopen(made.address + (page or "/healthz"), timeout=10).read()
            return
        except urllib.error.HTTPError:
            if not page:
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"no answer within {seconds} s: {made.log.read_text()}")
