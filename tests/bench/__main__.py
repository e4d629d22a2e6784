"""Measures the pages beside the yardsticks and prints ratios. It reports; it never fails for being slow.

YARDSTICKS=<folder with y_http.py> python -m tests.bench [--rounds 3] [--seconds 3] [--worker-class edge]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

from marketplace import config
from marketplace.core import db
from tests.bench import drafts, serving

CANNOT = 2
# The page, and the yardstick that it is compared with.
COMPARED = {"needs": "list20", "newest": "list20", "need": "view1", "submit": "post"}
WORDS = {
    "needs": "list of open needs, signed in",
    "newest": "the same, newest first (asked of the index)",
    "need": "one need, 5 answers, 3 documents",
    "submit": "final submit of a bid",
}
GOAL = 3.0


def main() -> int:
    asked = _arguments()
    folder = Path(os.environ.get("YARDSTICKS", ""))
    if not os.environ.get("YARDSTICKS") or not (folder / "y_http.py").is_file():
        return _cannot("Set YARDSTICKS to the folder that holds y_http.py and _yard.py, then run make bench again.")
    if shutil.which("wrk") is None:
        return _cannot("This needs wrk on PATH: apt-get install wrk (or https://github.com/wg/wrk).")
    sys.path.insert(0, str(folder))
    yard = importlib.import_module("_yard")
    with ExitStack() as stack:
        places, wanted = _places(stack, yard, asked)
        line = _measure(folder, places[0].settings.home.parent / "targets.json", wanted, asked)
        _tell(json.dumps(line, sort_keys=True) if asked.json else _table(line, asked))
        return max(_check_stored(each, line) for each in places)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--drafts", type=int, default=4000, help="bids to submit on each database")
    parser.add_argument("--databases", default="sqlite,pg")
    parser.add_argument("--pages", default=",".join(COMPARED))
    parser.add_argument("--worker-class", choices=("edge", "gthread", "sync"), default="edge")
    parser.add_argument("--json", action="store_true", help="print the yardsticks' own line")
    return parser.parse_args()


def _cannot(message: str) -> int:
    print(message, file=sys.stderr)
    return CANNOT


def _tell(message: str) -> None:
    print(message, flush=True)


def _places(
    stack: ExitStack, yard: ModuleType, asked: argparse.Namespace
) -> tuple[list[serving.Place], list[dict[str, Any]]]:
    scratch = Path(yard.scratch("-bench"))
    stack.callback(shutil.rmtree, scratch, ignore_errors=True)
    places: list[serving.Place] = []
    wanted: list[dict[str, Any]] = []
    for name in asked.databases.split(","):
        url, pids = "", []
        if name == "pg":
            url, postmaster = stack.enter_context(yard.postgres())
            pids = [postmaster]
        index = places[0].settings.index_folder if places else None
        place = serving.make_place(name, url, scratch / name, asked.drafts, index, _tell)
        address, master = stack.enter_context(serving.served(place, asked.worker_class))
        serving.check_pages(address, place)
        places.append(place)
        wanted += serving.targets(place, address, [master, *pids])
    pages = asked.pages.split(",")
    return places, [each for each in wanted if each["name"].partition("_")[0] in pages]


def _measure(folder: Path, path: Path, wanted: list[dict[str, Any]], asked: argparse.Namespace) -> dict[str, Any]:
    serving.write_targets(path, wanted)
    only = sorted({_yardstick(each["name"]) for each in wanted})
    command = [sys.executable, "y_http.py", "--only", ",".join(only), "--also", str(path),
               "--rounds", str(asked.rounds), "--seconds", str(asked.seconds)]  # fmt: skip
    _tell(" ".join(["python", *command[1:]]))
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _yardstick(name: str) -> str:
    page, _, database = name.partition("_")
    return f"{COMPARED[page]}_{database}"


def _table(line: dict[str, Any], asked: argparse.Namespace) -> str:
    columns = (("CPU ms", 8), ("yard", 7), ("ratio", 7), ("req/s", 8), ("yard", 8), ("ratio", 7), ("ms alone", 9))
    rows = [f"{'page':44}{'database':>9}" + "".join(f"{name:>{width}}" for name, width in columns)]
    for name, found in line["results"].items():
        page, _, database = name.partition("_")
        if page not in COMPARED:
            continue
        yard = line["results"][_yardstick(name)]
        ratio = found["cpu_ms"] / yard["cpu_ms"]
        rows.append(
            f"{WORDS[page]:44}{database:>9}{found['cpu_ms']:8.2f}{yard['cpu_ms']:7.2f}{ratio:6.2f}x"
            f"{found['rps_median']:8.0f}{yard['rps_median']:8.0f}{yard['rps_median'] / found['rps_median']:6.2f}x"
            f"{found['solo_p50_ms']:9.2f}" + ("" if ratio < GOAL else f"  (goal: below {GOAL:g})")
        )
    faults = {name: (each["bad"], each["socket_errors"]) for name, each in line["results"].items()
              if each["bad"] or each["socket_errors"]}  # fmt: skip
    rows.append(f"answers that failed, sockets that failed: {faults or 'none'}")
    moved = abs(line["cpu_after"] / line["cpu_before"] - 1)
    rows.append(f"the machine's own speed moved by {moved:.0%}" + (": run it again" if moved > 0.1 else "")
                + f"; workers: {asked.worker_class}; load before: {line['loadavg1']}")  # fmt: skip
    return "\n".join(rows)


def _check_stored(place: serving.Place, line: dict[str, Any]) -> int:
    found_line = line["results"].get(f"submit_{place.name}")
    if found_line is None:
        return 0
    config.install(place.settings)
    db.connect(place.settings.url)
    found = drafts.stored(place.submissions.prepared)
    refused = place.submissions.refused
    _tell(f"{place.name}: {found.bids:,} bids stored, each once, with {found.journal_lines:,} journal lines and "
          f"{found.sealed_parts:,} sealed parts; {found_line['n']:,} answered in the rounds, "
          f"{place.submissions.handed_out:,} of {place.submissions.prepared:,} handed out; "
          f"answers other than “Bid submitted”: {len(refused)} {sorted(set(refused)) or ''}")  # fmt: skip
    is_right = found.is_whole and found.bids >= found_line["n"] and not refused
    if not is_right:
        _tell(f"{place.name}: the submissions do not add up, so their figures do not count.")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
