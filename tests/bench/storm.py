"""The last second before a deadline, beside a yardstick's storm in the same run: python -m tests.bench.storm.

YARDSTICKS names the folder with y_storm.py; without it only ours is told. Bids are real and made ready by the actions,
which takes some minutes for 1,000. It reports; only a bid that was judged wrongly, lost or doubled makes it fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from marketplace.config import CHECKOUT


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        table = Path(folder) / "table"
        command = [sys.executable, "-m", "pytest", "-q", "tests/promises/test_last_second.py", "-m", "slow"]
        words = {**os.environ, "PROOF_SIZE": "long", "PROOF_TABLE": str(table)}
        code = subprocess.run(command, cwd=CHECKOUT, env=words, check=False).returncode
        for line in table.read_text().splitlines() if table.exists() else ():
            told = json.loads(line)
            print(f"ours, {told['count']} bids on {told['database']}: {told['violations']} wrong; {told['measured']}")
    yardsticks = os.environ.get("YARDSTICKS")
    if yardsticks and (Path(yardsticks) / "y_storm.py").is_file():
        done = subprocess.run(
            [sys.executable, "y_storm.py"], cwd=yardsticks, stdout=subprocess.PIPE, text=True, check=True
        )
        for each in json.loads(done.stdout.splitlines()[-1])["storms"]:
            print(
                f"yardstick, {each['n']} at one instant: stamp late by p50 {each['stamp_late_p50_ms']}, max "
                f"{each['stamp_late_max_ms']} ms; all answered within {each['answer_max_ms'] / 1000:.1f} s"
            )
    return code


if __name__ == "__main__":
    sys.exit(main())
