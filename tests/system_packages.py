"""What the tests need that PyPI does not have; run by `make test` before anything else.

Names the missing Debian package and the command that installs it, and ends with exit code 1.
"""

import shutil
import sys
from pathlib import Path

# (Debian package, what it brings, where it may be)
NEEDED = (
    ("postgresql", "the server for the warehouse tests", ("initdb",), ("/usr/lib/postgresql/*/bin/initdb",)),
    ("chromium", "the browser for the page's tests", ("chromium", "chromium-browser", "google-chrome"), ()),
    ("git", "the commit that a model is trained from", ("git",), ()),
)


def is_there(commands: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(shutil.which(c) for c in commands) or any(list(Path("/").glob(p.lstrip("/"))) for p in patterns)


def main() -> int:
    missing = [(package, why) for package, why, commands, patterns in NEEDED if not is_there(commands, patterns)]
    for package, why in missing:
        sys.stderr.write(f"missing system package: {package} ({why})\n")
    if missing:
        packages = " ".join(package for package, _ in missing)
        sys.stderr.write(f"install with: sudo apt-get install --yes --no-install-recommends {packages}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
