"""What is PostgreSQL's own: its limits on vectors, roles, locks, missing tables, backups, and several readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy.engine import make_url

from marketplace.backup import read_backup, write_backup
from marketplace.core import db
from marketplace.tables import all_tables
from marketplace.upgrade import differences, upgrade
from search.documents import Kind, Passage
from search.engine import Filters, SearchUnavailable, Sort
from search.postgresql_engine import PostgresqlEngine
from search.queries import parse_query
from tests import databases
from tests.engines.conftest import SERVER
from tests.engines.documents import DAY, NEEDS, NOW, SUPPLIERS, need

pytestmark = pytest.mark.skipif(not SERVER, reason="TEST_DATABASE_URL names no PostgreSQL server")


@pytest.fixture
def url(tmp_path) -> Iterator[str]:
    made = databases.empty(tmp_path, SERVER)
    yield made.url
    made.remove()


@pytest.fixture
def engine(url) -> Iterator[PostgresqlEngine]:
    made = PostgresqlEngine(url)
    yield made
    made.close()


def rows(url: str, statement: str) -> list[tuple]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def schemas(url: str) -> set[str]:
    return {name for (name,) in rows(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'search%'")}


def found(engine, text, sort=Sort.RELEVANCE, **filters):
    results = engine.search_needs(parse_query(text), Filters(**filters), sort, now=NOW)
    return [hit.reference for hit in results.hits]


def test_words_far_into_a_long_text_and_words_said_very_often_are_found_as_phrases(engine):
    long = " ".join(["council"] * 3000 + [f"word{n}" for n in range(20_000)] + ["purple elephants dance"])
    engine.rebuild([need("N-1", "Long", long), need("N-2", "Short", "purple council elephants")])
    assert found(engine, '"purple elephants dance"') == ["N-1"]
    assert found(engine, '"council word0"') == ["N-1"] and found(engine, '"council council word0 word1"') == ["N-1"]
    assert found(engine, '"word19999 purple"') == ["N-1"] and found(engine, '"elephants council"') == []


def test_a_text_of_two_million_letters_is_kept(engine):
    engine.write([need("N-1", "Huge", "\n".join(f"line {n} speaks of thing{n % 977}" for n in range(60_000)))])
    assert found(engine, '"speaks of thing976"') == ["N-1"]


def test_every_block_of_a_long_phrase_is_joined(engine):
    words = [f"w{n}x" for n in range(900)]
    engine.rebuild([need("N-1", "Many", " ".join(words))])
    for start in range(0, 888, 37):
        assert found(engine, '"' + " ".join(words[start : start + 12]) + '"') == ["N-1"], start


def test_phrases_of_little_words(engine):
    engine.rebuild([need("N-1", "To be", "or not to be of the council"), need("N-2", "The of", "the services of all the")])
    assert found(engine, '"of the"') == ["N-1"] and found(engine, '"the of"') == ["N-2"]
    assert found(engine, '"not to be of the"') == ["N-1"] and found(engine, '"be to"') == []
    assert found(engine, '"of the council"') == ["N-1"] and found(engine, '"the services of all"') == ["N-2"]
    assert found(engine, '"to the be"') == [] and found(engine, '"of all the"') == ["N-2"]


def test_what_was_written_again_and_removed_leaves_nothing_behind(url, engine):
    engine.rebuild(NEEDS + SUPPLIERS)
    counted = _frequencies(url)
    extra = [need(f"X-{n}", f"Extra {n}", "Something else entirely.\nAnd one more line.") for n in range(30)]
    engine.write(extra)
    engine.write([replace(each, title="Other words") for each in NEEDS] + extra)
    assert _frequencies(url) != counted
    engine.write(NEEDS, [(Kind.NEED, each.reference) for each in extra])
    assert _frequencies(url) == counted


def _frequencies(url: str) -> list[list[tuple]]:
    (name,) = (each for each in schemas(url) if each.endswith("_need"))
    return [
        rows(url, f"SELECT {key}, sum({count}) FROM {name}.{table} GROUP BY 1 HAVING sum({count}) > 0 ORDER BY 1")
        for table, key, count in (
            ("postings", "stem", "octet_length(entries)"),
            ("passage_postings", "stem", "octet_length(entries)"),
            ("vocabulary", "word", "documents"),
            ("totals", "documents", "words + passages + passage_words"),
        )
    ]


def test_a_role_that_may_not_make_schemas_is_told_what_to_grant(url):
    database = make_url(url).database
    rows(url, f"CREATE ROLE {database}_reader LOGIN")
    try:
        poor = PostgresqlEngine(make_url(url).set(username=f"{database}_reader").render_as_string(hide_password=False))
        with pytest.raises(SearchUnavailable, match=f'GRANT CREATE ON DATABASE "{database}" TO "{database}_reader"'):
            poor.rebuild(NEEDS)
        with pytest.raises(SearchUnavailable, match="GRANT CREATE"):
            poor.write(NEEDS)
        assert not poor.is_ready()
        poor.close()
    finally:
        rows(url, f"DROP ROLE {database}_reader")


def test_a_lost_table_is_one_plain_refusal_and_a_rebuild_mends_it(url, engine):
    engine.rebuild(NEEDS)
    (name,) = (each for each in schemas(url) if each.endswith("_need"))
    rows(url, f"DROP TABLE {name}.texts")
    assert not engine.is_healthy()
    with pytest.raises(SearchUnavailable):
        found(engine, "housing")
    with pytest.raises(SearchUnavailable):
        engine.write(NEEDS)
    rows(url, f"DROP SCHEMA {name} CASCADE")
    assert not engine.is_ready()
    engine.rebuild(NEEDS)
    assert engine.is_ready() and engine.is_healthy() and found(engine, "bin") == ["N-2"]


def test_a_database_that_is_gone_is_one_plain_refusal(url):
    engine = PostgresqlEngine(make_url(url).set(database="there_is_none").render_as_string(hide_password=False))
    assert not engine.is_ready()
    for ask in (lambda: found(engine, "housing"), lambda: engine.write(NEEDS), lambda: engine.rebuild(NEEDS)):
        with pytest.raises(SearchUnavailable):
            ask()


def test_connections_that_the_server_ended_are_made_anew(url, engine):
    engine.rebuild(NEEDS)
    for _ in range(2):
        rows(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                  "AND pid <> pg_backend_pid()")  # fmt: skip
        assert engine.is_ready() and found(engine, "bin") == ["N-2"]
        engine.rebuild(NEEDS)


def test_limits_of_the_server_do_not_end_a_rebuild(url, engine):
    rows(url, f"ALTER DATABASE {make_url(url).database} SET statement_timeout = '9s'")
    with engine._database.writing() as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
    engine.rebuild(NEEDS)
    with engine._database.reading(engine._shape, 2.5) as snapshot:
        assert snapshot.rows(Kind.NEED, "SELECT current_setting('statement_timeout')") == [("2500ms",)]


def test_a_rebuild_takes_away_the_generation_before_and_what_a_killed_one_left(url, engine):
    engine.rebuild(NEEDS)
    rows(url, "CREATE SCHEMA search_index_900_need")
    engine.rebuild(NEEDS)
    engine.rebuild(NEEDS)
    assert schemas(url) == {"search_index", "search_index_3_need", "search_index_3_supplier"}


def test_a_reader_in_the_middle_of_a_search_does_not_notice_the_swap(url, engine):
    """Its snapshot is of before; that the tables are not taken from under it is the database's own lock."""
    engine.rebuild(NEEDS)
    with engine._database.reading(engine._shape, 5) as snapshot:
        assert snapshot.rows(Kind.NEED, "SELECT count(*) FROM documents") == [(len(NEEDS),)]
        other = PostgresqlEngine(url)
        other.rebuild(NEEDS[:1])
        assert snapshot.rows(Kind.NEED, "SELECT count(*) FROM documents") == [(len(NEEDS),)]
        other.close()
    assert found(engine, "bin") == [] and engine.references(Kind.NEED).keys() == {"N-1"}


def test_a_search_out_of_time_says_so(url, engine):
    engine.rebuild(NEEDS)
    rows(url, "ALTER TABLE search_index_1_need.documents RENAME TO slow")
    rows(url, "CREATE VIEW search_index_1_need.documents AS SELECT slow.* FROM slow, pg_sleep(3)".replace(
        "FROM slow", "FROM search_index_1_need.slow"))  # fmt: skip
    hurried = PostgresqlEngine(url, seconds=0.2)
    results = hurried.search_needs(parse_query("housing"), Filters(), now=NOW)
    assert results.is_partial and not results.hits
    hurried.close()


def test_filters_that_no_database_can_hold_find_nothing(engine):
    engine.rebuild(NEEDS)
    for value in ("\0", "a\0b", "\ud800", "'; DROP TABLE documents; --", "{}", "x" * 100_000):
        assert found(engine, "", regions=frozenset({value})) == []
        assert found(engine, "", capabilities=frozenset({value}), statuses=frozenset({"open"})) == []
    assert found(engine, "bin") == ["N-2"]
    assert engine.search_needs(parse_query(""), Filters(), page=10**30, now=NOW).hits == ()


def test_a_lone_surrogate_in_a_text_is_no_trouble(engine):
    odd = need("N-1", "Odd \ud800 title", "Bins \udfff and more")
    engine.rebuild([odd])
    engine.write([odd])
    assert found(engine, "bins") == ["N-1"]


def test_backups_upgrades_and_migrations_know_nothing_of_the_index(url, engine, tmp_path, house):
    database = db.make_engine(url)
    upgrade(database)
    engine.rebuild(NEEDS)
    assert differences(database) == []
    write_backup(database, all_tables(), tmp_path / "files", tmp_path / "kept.zip", lambda _: None)
    restored = databases.empty(tmp_path / "restored", SERVER)
    fresh = db.make_engine(restored.url)
    read_backup(tmp_path / "kept.zip", fresh, all_tables(), tmp_path / "other", lambda _: None)
    other = PostgresqlEngine(restored.url)
    assert not other.is_ready(), "the index is not in the backup"
    other.rebuild(NEEDS)
    assert other.is_ready() and engine.is_ready()
    upgrade(database)
    for each in (database, fresh):
        each.dispose()
    other.close()
    restored.remove()


def test_matches_are_the_same_after_days_of_writing(engine):
    passages = [Passage("Title", "Housing repairs booking"), Passage("Requirement 1", "Tenants report a repair")]
    engine.rebuild(NEEDS + SUPPLIERS)
    before = engine.match(passages, Kind.SUPPLIER, now=NOW)
    for _ in range(3):
        engine.write([replace(each, updated_at=NOW - 2 * DAY) for each in SUPPLIERS])
        engine.write(SUPPLIERS)
    assert engine.match(passages, Kind.SUPPLIER, now=NOW) == before and before[0].reference == "S-1"
