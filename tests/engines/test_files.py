"""Engines that keep files: killed at any moment, broken, half written, out of time."""

import gc
import multiprocessing
import resource
import time
from contextlib import contextmanager, suppress

import pytest

from search import file_engine
from search.documents import Kind
from search.engine import Filters, SearchUnavailable
from search.engines import make_engine
from search.queries import parse_query
from search.whoosh_engine import WhooshEngine
from tests.engines.conftest import FILES
from tests.engines.documents import NEEDS, NOW, need
from tests.engines.test_contract import found


def test_a_search_out_of_time_says_so(tmp_path):
    engine = WhooshEngine(tmp_path, seconds=-1)
    engine.write(NEEDS)
    assert engine.search_needs(parse_query("housing"), Filters(), now=NOW).is_partial


def _write_for_ever(name, folder, acknowledged):
    engine = make_engine(name, folder)
    for number in range(10_000):
        engine.write([need(f"K-{number}", f"Title {number}")])
        acknowledged.value = number


def _rebuild_for_ever(name, folder, acknowledged):
    engine = make_engine(name, folder)
    while True:
        engine.rebuild(NEEDS)
        acknowledged.value += 1


def _killed(process, acknowledged, pause):
    """Waits until the second acknowledgement and a little, then kills."""
    end = time.monotonic() + 60
    try:
        while acknowledged.value < 1:
            assert time.monotonic() < end and process.is_alive()
            time.sleep(0.002)
        time.sleep(pause)
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("work", [_write_for_ever, _rebuild_for_ever])
def test_a_kill_loses_nothing_acknowledged(name, tmp_path, work):
    make_engine(name, tmp_path).rebuild(NEEDS)
    # A fork of this process would inherit locks that an engine's threads may hold, and wait for them for ever.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["search.engines", "tests.engines.documents"])
    for pause in (0.0, 0.013, 0.031):
        acknowledged = context.Value("i", -1, lock=False)
        process = context.Process(target=work, args=(name, tmp_path, acknowledged), daemon=True)
        process.start()
        _killed(process, acknowledged, pause)
        engine = make_engine(name, tmp_path)
        assert acknowledged.value >= 1 and engine.is_healthy()
        expected = {document.reference for document in NEEDS}
        if work is _write_for_ever:
            expected |= {f"K-{number}" for number in range(acknowledged.value + 1)}
        assert expected <= set(engine.references(Kind.NEED))
    engine.write([need("N-10", "After the kill")])
    assert found(engine, "kill") == ["N-10"]


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scribble(path):
    size = path.stat().st_size
    path.write_bytes(b"\x7f" * size)


SPOILT = [
    ("whoosh", "*.seg"), ("whoosh", "*.toc"), ("tantivy", "meta.json"), ("tantivy", "*.store"), ("tantivy", "*.term"),
    ("tantivy", "*.idx"), ("tantivy", "*.fast"), ("tantivy", "*"),
]  # fmt: skip


@pytest.fixture
def complaints_end_here():
    """What the test held is free by now: files left open are complained of here, not in whichever test comes next."""
    yield
    gc.collect()


# Whoosh leaves a file open when its segment does not begin as it should.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("complaints_end_here")
@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_bytes(b"broken"), lambda path: path.unlink(), _cut, _scribble]
)
@pytest.mark.parametrize(("name", "files"), SPOILT, ids=[f"{name} {files}" for name, files in SPOILT])
def test_a_missing_or_broken_file_is_one_plain_refusal(tmp_path, name, files, spoil):
    engine = make_engine(name, tmp_path)
    engine.rebuild(NEEDS)
    for path in (tmp_path / (tmp_path / "CURRENT").read_text().strip()).rglob(files):
        if path.is_file() and path.name != "SHAPE":
            spoil(path)
    broken = make_engine(name, tmp_path)
    assert not broken.is_healthy()
    with pytest.raises(SearchUnavailable):
        found(broken, "housing")
    assert not broken.is_ready(), "what broke is not asked again and again"
    with pytest.raises(SearchUnavailable):
        broken.write(NEEDS[:1])
    broken.rebuild(NEEDS)
    assert broken.is_ready() and broken.is_healthy() and len(found(broken, "housing")) == 2


@contextmanager
def _room_for(size):
    """No file may grow beyond so many bytes, as if that were the room left on the disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Whoosh leaves files open where it could not write on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("size", [0, 200, 776, 1843])
def test_a_full_disk_leaves_an_index_that_can_be_read_and_later_written(open_files, tmp_path, size):
    open_files().rebuild(NEEDS)
    for _ in range(3):
        engine = open_files()
        with _room_for(size), suppress(SearchUnavailable):
            engine.write([need("N-1", "Changed")])
        with _room_for(size), suppress(OSError, ValueError):
            engine.rebuild(NEEDS)
        engine = open_files()
        assert engine.is_ready() and engine.is_healthy() and len(found(engine, "housing")) == 2
    engine.write([need("N-9", "Housing again")])
    assert len(found(engine, "housing")) == 3
    assert len(list((tmp_path / "index").glob("g-*"))) <= 3, "failed rebuilds do not pile up"
    gc.collect()


def test_an_index_of_another_shape_is_not_read(open_files, tmp_path):
    open_files().rebuild(NEEDS)
    for shape in (tmp_path / "index").rglob("SHAPE"):
        shape.write_text("older")
    engine = open_files()
    assert not engine.is_ready() and not engine.is_healthy()
    with pytest.raises(SearchUnavailable, match="another version"):
        found(engine, "housing")
    with pytest.raises(SearchUnavailable):
        engine.write(NEEDS)
    engine.rebuild(NEEDS)
    assert engine.is_ready() and len(found(engine, "housing")) == 2


def test_what_a_killed_rebuild_noted_does_not_grow(open_files, tmp_path):
    engine = open_files()
    engine.rebuild(NEEDS)
    touched = tmp_path / "index" / "TOUCHED"
    touched.write_text("")
    engine.write(NEEDS[:1])
    assert not touched.exists()


def test_writes_during_the_first_rebuild_are_carried_over(open_files):
    engine, other = open_files(), open_files()

    def documents():
        yield NEEDS[0]
        other.write([NEEDS[1]], [(Kind.NEED, "N-1")])
        assert not other.is_ready(), "a few documents are no index"

    engine.rebuild(documents())
    assert set(engine.references(Kind.NEED)) == {"N-2"}


def test_a_view_that_is_slow_to_open_is_replaced_while_searches_go_on(open_files, monkeypatch):
    monkeypatch.setattr(file_engine, "_SLOW_TO_OPEN", -1.0)
    engine, other = open_files(), open_files()
    engine.rebuild(NEEDS)
    assert len(found(other, "housing")) == 2
    for title in ("Report damp online", "Report mould online"):
        engine.write([need("N-6", title)])
        _wait_until(lambda: found(other, title.split()[1]) == ["N-6"])  # noqa: B023
    engine.rebuild(NEEDS[:1])
    _wait_until(lambda: found(other, "") == ["N-1"])


def _wait_until(is_so, seconds=20):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)
