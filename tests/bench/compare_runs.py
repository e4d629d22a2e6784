"""Whether one ranking is better than another: `python -m tests.bench.compare_runs QRELS BEFORE AFTER [--reverse]`.

Run files are those of `marketplace evaluate-matching --run-out`. Each measure: before, after, the mean difference and
its 95 % interval by paired bootstrap over those who asked. An interval that spans nought says nothing.
"""

import sys
from pathlib import Path

from search.evaluation import (
    MEASURES,
    differences,
    read_relevant,
    read_run,
    scores_of,
    turned_round,
)


def main(arguments: list[str]) -> None:
    """Prints one line a measure."""
    is_reverse = "--reverse" in arguments
    qrels, before, after = (Path(each) for each in arguments if each != "--reverse")
    wanted = turned_round(read_relevant(qrels)) if is_reverse else read_relevant(qrels)
    first, second = (scores_of(read_run(path), wanted) for path in (before, after))
    print(f"{len(wanted)} asked; {before.name} -> {after.name}")
    for name in MEASURES:
        gain, low, high = differences(first[name], second[name])
        means = [sum(each[name]) / len(wanted) for each in (first, second)]
        print(f"{name:10} {means[0]:.4f} -> {means[1]:.4f}   {gain:+.4f} [{low:+.4f}, {high:+.4f}]")


if __name__ == "__main__":
    main(sys.argv[1:])
