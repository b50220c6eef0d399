"""Runs the ordeal tests within their own limit; one that fails runs once more, and is reported as flaky if it then passes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LIMIT = 45 * 60  # seconds; on two idle cores it is to take less than 40 minutes
RESULTS = Path(__file__).resolve().parents[1] / "var" / "tests" / "results.json"
PYTEST = [sys.executable, "-m", "pytest", "-m", "ordeal", "--timeout=600"]
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]  # the longest file, in tests/browser, is begun first


def main() -> int:
    """Run, and run again what failed. Exit 0 when all passed at last."""
    _forget_failures()
    try:
        code = subprocess.run([*PYTEST, *PARALLEL, *sys.argv[1:]], timeout=LIMIT, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"Error: the ordeal took longer than {LIMIT // 60} minutes", file=sys.stderr)
        return 1
    if code != 1:
        return code
    failed = [test for test, outcome in json.loads(RESULTS.read_text()).items() if outcome == "failed"]
    print(f"\nOnce more: {len(failed)} that failed", flush=True)
    code = subprocess.run([*PYTEST, *failed], check=False).returncode
    after = json.loads(RESULTS.read_text())
    for test in failed:
        print(f"{'FLAKY' if after.get(test) == 'passed' else 'FAILED'} {test}")
    return code


def _forget_failures() -> None:
    """What failed in earlier runs may have another name by now; only this run's failures are run again."""
    if RESULTS.exists():
        known = json.loads(RESULTS.read_text())
        RESULTS.write_text(json.dumps({test: outcome for test, outcome in known.items() if outcome != "failed"}, indent=0, sort_keys=True))


if __name__ == "__main__":
    sys.exit(main())
