"""Break each stage in one place and see its tests fail: `make breaks`.

`python tests/break_stages.py training publish` tries the stages with these words in their name alone.

Works on a copy of the source in a temporary folder; prints a line a break, and ends with exit code 1 if one survives.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("src", "app", "model", "tests", "docs", "requirements")
FILES = ("pyproject.toml", "README.md", "requirements.txt")
TESTS_FAILED = 1
"""pytest's exit code for tests that ran and failed; a collection error (2) is no proof."""


def main() -> int:
    breaks = tomllib.loads((ROOT / "tests" / "breaks.toml").read_text(encoding="utf-8"))["break"]
    wanted = sys.argv[1:]
    breaks = [item for item in breaks if not wanted or any(word in item["stage"] for word in wanted)]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy(ROOT / name, copy / name)
        for item in breaks:
            is_seen = _is_seen(copy, item)
            survivors += not is_seen
            sys.stdout.write(f"{'seen' if is_seen else 'SURVIVED':9}{item['stage']}: {item['what']}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(breaks) - survivors} of {len(breaks)} breaks were seen\n")
    return 1 if survivors else 0


def _is_seen(copy: Path, item: dict[str, str]) -> bool:
    path = copy / item["file"]
    whole = path.read_text(encoding="utf-8")
    if whole.count(item["find"]) != 1:
        raise SystemExit(f"breaks.toml: {item['find']!r} occurs {whole.count(item['find'])} times in {item['file']}")
    path.write_text(whole.replace(item["find"], item["replace"]), encoding="utf-8")
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                "-m",
                "not long and not browser",
                *item["tests"],
            ],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}", "HYPOTHESIS_MAX_EXAMPLES": "50"},
            capture_output=True,
            check=False,
        )
    finally:
        path.write_text(whole, encoding="utf-8")
    return done.returncode == TESTS_FAILED


if __name__ == "__main__":
    sys.exit(main())
