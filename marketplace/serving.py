"""Web and worker together, for one machine: gunicorn and a worker as children, stopped together.

Nothing of the application is imported here, so that it is not read twice before the first page comes.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

from marketplace.config import CHECKOUT, Settings
from marketplace.edge import READY_FD

THREADS = 4
PORTS_TRIED = 50
BACKLOG = 2048
FIRST_PASSED = 3  # SD_LISTEN_FDS_START
STARTS_WITHIN = 180.0  # seconds, on a machine that has much else to do


def free_port(first: int) -> int:
    """The first port from `first` on that nothing on 127.0.0.1 listens on. OSError when fifty are taken."""
    with _listen(first) as found:
        return int(found.getsockname()[1])


def _listen(first: int) -> socket.socket:
    for port in range(first, first + PORTS_TRIED):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            continue
        listener.listen(BACKLOG)
        return listener
    raise OSError(f"No free port between {first} and {first + PORTS_TRIED - 1}.")


def listening_socket(first_port: int) -> socket.socket:
    """The socket that clients reach us by: the one that systemd holds for us (sd_listen_fds(3)), or a new one.

    It belongs to this process, which outlives the web processes: while those are replaced, clients wait in its queue.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=FIRST_PASSED)
    return _listen(first_port)


class Web:
    """One gunicorn with its web processes, and the pipe on which each says that it answers."""

    def __init__(self, settings: Settings, listener: socket.socket, environment: dict[str, str]) -> None:
        self._heard, told = os.pipe()
        os.set_blocking(self._heard, False)
        self._awaited = settings.web_workers
        passed = (listener.fileno(), told)
        self.process = subprocess.Popen(
            gunicorn_command(settings, f"fd://{listener.fileno()}"),
            env={**environment, READY_FD: str(told)}, cwd=CHECKOUT, pass_fds=passed,
        )  # fmt: skip
        os.close(told)

    def answers(self) -> bool:
        """Whether all of its processes have said so."""
        if self._awaited > 0:
            try:
                self._awaited -= len(os.read(self._heard, self._awaited))
            except BlockingIOError:
                pass
        return self._awaited <= 0

    def wait_until_it_answers(self) -> bool:
        """False when it ended first, or did not answer in STARTS_WITHIN."""
        until = time.monotonic() + STARTS_WITHIN
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def end(self) -> None:
        """Lets it finish what it has begun."""
        _end(self.process)
        os.close(self._heard)


def serve(settings: Settings, first_port: int, tell: Callable[[str], None]) -> int:
    """Runs until stopped (SIGTERM, Ctrl-C). Returns the exit code.

    A worker that dies is started again; when the web dies, all stop. On SIGHUP web and worker are replaced by new ones,
    with the programs that are on the disk by then; the old ones go when the new web answers, and stay when it does not.
    A web that refuses to start has said why.
    """
    listener = listening_socket(first_port)
    port = listener.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "MARKETPLACE_HOME": str(settings.home)}
    asked = _Asked()
    web = Web(settings, listener, environment)
    environment.setdefault("MARKETPLACE_WATCH_URL", f"http://127.0.0.1:{port}/alive")
    if web.wait_until_it_answers():
        tell(f"{settings.service_name} is at http://127.0.0.1:{port}  (stop with Ctrl-C)")
    elif web.process.poll() is not None and not asked.to_stop:
        listener.close()
        return web.process.poll() or 1
    work = _start_worker(environment)  # after the web, which people wait for
    started = time.monotonic()
    while not asked.to_stop and web.process.poll() is None:
        if asked.to_renew:
            asked.to_renew = False
            before, web = web, _renewed(web, Web(settings, listener, environment), tell)
            if web is not before:
                _end(work)
        if work.poll() is not None and (time.monotonic() - started > 1):
            started = time.monotonic()
            work = _start_worker(environment)
        time.sleep(0.1)
    code = web.process.poll()
    listener.close()
    for child in (web.process, work):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    web.end()
    _end(work)
    return 0 if asked.to_stop else (code or 1)


class _Asked:
    """What signals have asked for."""

    def __init__(self) -> None:
        self.to_stop = self.to_renew = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, self._renew)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.to_stop = True

    def _renew(self, _number: int, _frame: FrameType | None) -> None:
        self.to_renew = True


def _renewed(old: Web, new: Web, tell: Callable[[str], None]) -> Web:
    if new.wait_until_it_answers():
        old.end()
        tell("The web processes were replaced.")
        return new
    new.end()
    tell("The new web processes did not start, so the old ones go on. See the log above.")
    return old


def gunicorn_command(settings: Settings, bind: int | str) -> list[str]:
    """How the web processes are started, on a port of 127.0.0.1 or what gunicorn binds to; tests start them so too."""
    return [
        sys.executable, "-m", "gunicorn", "marketplace.web:web_application()", "--config", "python:marketplace.web_parent",
        "--bind", f"127.0.0.1:{bind}" if isinstance(bind, int) else bind,
        "--workers", str(settings.web_workers),
        "--worker-class", "marketplace.edge.worker.EdgeWorker", "--threads", str(THREADS),
        "--worker-connections", "4000", "--backlog", str(BACKLOG), "--no-sendfile",
        "--timeout", "60", "--graceful-timeout", "20", "--keep-alive", "5",
        "--log-level", "warning", "--logger-class", "marketplace.edge.log.EdgeLog", "--no-control-socket",
        "--forwarder-headers", "",  # a client's SCRIPT_NAME or PATH_INFO is no address
    ]  # fmt: skip


def _start_worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "marketplace.cli", "worker"], env=environment, cwd=CHECKOUT)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Asks a process to end, gives it the time that it allows itself, and ends it."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=25)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
