"""Every engine behind the one door, and where each keeps its index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.engine import SearchEngine
from search.engines import make_engine
from search.fallback import FallbackEngine
from tests import databases
from tests.engines.documents import NEEDS, SUPPLIERS

SERVER = os.environ.get("TEST_DATABASE_URL", "")
POSTGRESQL = pytest.param(
    "postgresql", marks=pytest.mark.skipif(not SERVER, reason="TEST_DATABASE_URL names no PostgreSQL server")
)
KEEPING = ["whoosh", "tantivy", POSTGRESQL]  # those that keep an index
FILES = ["whoosh", "tantivy"]  # those that keep it in files
Open = Callable[[], SearchEngine]


def opening(name: str, folder: Path) -> Iterator[Open]:
    """Opens the same index again and again, as other processes would."""
    if name == "fallback":
        kept = FallbackEngine()
        yield lambda: kept
    elif name == "postgresql":
        made = databases.empty(folder, SERVER)
        yield lambda: make_engine(name, folder, made.url)
        made.remove()
    else:
        yield lambda: make_engine(name, folder / "index")


@pytest.fixture(params=["fallback", *KEEPING], scope="module")
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    """Over the small collection; only read."""
    for open_again in opening(request.param, tmp_path_factory.mktemp("engine")):
        made = open_again()
        made.rebuild(NEEDS + SUPPLIERS)
        yield made


@pytest.fixture(params=KEEPING)
def open_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Over nothing yet; every call opens it as another process would."""
    yield from opening(request.param, tmp_path)


@pytest.fixture(params=FILES)
def open_files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """The same for those that keep files, which lie under tmp_path / "index"."""
    yield from opening(request.param, tmp_path)
