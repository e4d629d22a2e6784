"""Measuring matching: the figures are right, the files are read strictly, a run is written as it is measured."""

import json
import math

import pytest
from click.testing import CliRunner

from marketplace.cli import cli
from search.evaluation import (
    Measured,
    UnreadableLine,
    differences,
    read_pairs,
    read_run,
    report,
    scores_of,
    wanted_of,
    write_run,
)
from search.sentences import ModelMissing, SentenceModel

SUPPLIERS = [
    {"id": "s-1", "name": "Dampless", "text": "Housing repairs booking for tenants\nDamp reports", "n_notices": 90},
    {"id": "s-2", "name": "Paywell", "text": "Payroll software for schools"},
    {"id": "s-3", "name": "Nothing", "text": ""},
]
NEEDS = [
    {"id": "q-1", "title": "Repairs booking", "text": "Tenants book housing repairs", "buyer": "Leeds"},
    {"id": "q-2", "title": "School payroll", "text": ""},
    {"id": "q-3", "title": "Payroll", "text": "For forty schools"},
]
QRELS = "q-1\ts-1\t1\nq-2\ts-2\t1\nq-3\ts-9\t1\n"


@pytest.fixture
def files(tmp_path):
    def lines(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    qrels = tmp_path / "R.tsv"
    qrels.write_text(QRELS)
    return lines("S.jsonl", SUPPLIERS), lines("Q.jsonl", NEEDS), qrels


def run(files, *more):
    suppliers, queries, qrels = files
    arguments = ["--suppliers", str(suppliers), "--queries", str(queries), "--qrels", str(qrels), *map(str, more)]
    return CliRunner().invoke(cli, ["evaluate-matching", *arguments])


@pytest.mark.parametrize("engine", ["whoosh", "tantivy"])
def test_the_command_prints_figures_and_writes_the_ranking(files, tmp_path, engine):
    found = run(files, "--engine", engine, "--run-out", tmp_path / "run.tsv")
    assert found.exit_code == 0, found.output
    figures = json.loads(found.stdout.splitlines()[-1])
    assert figures["engine"] == engine and figures["queries"] == 3
    # The supplier of the third need was never loaded: a miss.
    assert figures["mrr"] == figures["recall@10"] == figures["recall@50"] == pytest.approx(2 / 3, abs=1e-4)
    assert set(figures["ms_per_query"]) == {"p50", "p95"} and figures["index_seconds"] >= 0
    rankings = read_run(tmp_path / "run.tsv")
    assert rankings["q-1"][0][0] == "s-1" and rankings["q-2"][0][0] == "s-2"
    assert "s-3" not in {each for found in rankings.values() for each, _ in found}


def test_reverse_ranks_needs_for_suppliers(files, tmp_path):
    found = run(files, "--reverse", "--run-out", tmp_path / "run.tsv")
    figures = json.loads(found.stdout.splitlines()[-1])
    assert figures["queries"] == 3 and figures["mrr"] == pytest.approx(2 / 3, abs=1e-4)
    assert read_run(tmp_path / "run.tsv")["s-1"][0][0] == "q-1"


@pytest.mark.parametrize(
    ("which", "text", "said"),
    [
        (0, '{"id": "s-1", "name": "A"}\n', "S.jsonl, line 1"),
        (0, "not json\n", "S.jsonl, line 1"),
        (1, '{"id": "q-1", "title": 7, "text": ""}\n', "Q.jsonl, line 1"),
        (2, "q-1\ts-1\t1\nq-2 s-2 one more thing\n", "R.tsv, line 2"),
        (2, "q-x\ts-x\t1\n", "Are they of one set?"),
    ],
)
def test_what_cannot_be_read_is_named(files, which, text, said):
    files[which].write_text(text)
    found = run(files)
    assert found.exit_code == 1 and said in found.stderr and not found.stdout


def test_an_unknown_engine_and_a_missing_file_are_refused(files, tmp_path):
    assert run(files, "--engine", "lucene").exit_code == 2
    assert run((files[0], tmp_path / "none.jsonl", files[2])).exit_code == 2


def test_only_id_name_and_text_are_used(files):
    firm = read_pairs(*files).suppliers["s-1"]
    assert [passage.text for passage in firm.passages] == ["Housing repairs booking for tenants", "Damp reports"]
    assert firm.size is None and firm.region is None and not firm.capabilities


def test_figures_by_hand():
    wanted = {"a": frozenset({"x"}), "b": frozenset({"y", "z"}), "c": frozenset({"w"})}
    rankings = {"a": [("n", 3), ("x", 2)], "b": [("y", 9), *((f"n{n}", 8) for n in range(20)), ("z", 1)]}
    scores = scores_of(rankings, wanted)
    assert scores["mrr"] == [1 / 2, 1.0, 0.0]
    assert scores["recall@10"] == [1.0, 0.5, 0.0] and scores["recall@50"] == [1.0, 1.0, 0.0]
    assert scores["ndcg@10"] == [
        pytest.approx(1 / math.log2(3)), pytest.approx(1 / (1 + 1 / math.log2(3))), 0.0,
    ]  # fmt: skip
    figures = report(Measured(rankings, [5.0, 1.0, 9.0], 2.0), wanted, "whoosh")
    assert figures["mrr"] == 0.5 and figures["ms_per_query"] == {"p50": 5.0, "p95": 9.0}


def test_turned_round_for_the_reverse(files):
    assert wanted_of(read_pairs(*files), True) == {
        "s-1": frozenset({"q-1"}), "s-2": frozenset({"q-2"}), "s-9": frozenset({"q-3"}),
    }  # fmt: skip


def test_run_files_go_there_and_back(tmp_path):
    write_run(tmp_path / "run.tsv", {"q": [("a", 2.0), ("b", 1.5)], "r": [("c", 0.25)]})
    assert (tmp_path / "run.tsv").read_text().splitlines()[0] == "q\ta\t2.000000"
    assert read_run(tmp_path / "run.tsv") == {"q": [("a", 2.0), ("b", 1.5)], "r": [("c", 0.25)]}
    (tmp_path / "run.tsv").write_text("q a\n")
    with pytest.raises(UnreadableLine, match=r"run\.tsv, line 1"):
        read_run(tmp_path / "run.tsv")


def test_a_difference_has_an_interval_that_tells_luck_from_gain():
    gain, low, high = differences([0.0] * 50, [0.0, 1.0] * 25)
    assert gain == 0.5 and 0 < low < gain < high < 1
    _, low, high = differences([0.0, 1.0] * 25, [1.0, 0.0] * 25)
    assert low < 0 < high
    assert differences([], []) == (0.0, 0.0, 0.0)


def test_a_missing_model_is_told_before_anything_is_indexed(files, monkeypatch):
    def missing(self):
        raise ModelMissing("The sentence model cannot be used. Run: make install-vectors")

    monkeypatch.setattr(SentenceModel, "check", missing)
    found = run(files, "--vectors")
    assert found.exit_code == 1 and "make install-vectors" in found.output and "Indexing" not in found.output
