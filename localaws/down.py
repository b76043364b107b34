"""Ends the embedded AWS that `up.py` started, and everything that runs below it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # the repository, in place of this folder

from localaws.deploy import arguments  # noqa: E402


def main() -> None:
    """End it, and take away what pointed at it."""
    folder, server = arguments.read(__doc__ or "")
    stopped = server.stop()
    for name in ("env", "outputs.json"):
        (folder / name).unlink(missing_ok=True)
    print("localaws stopped" if stopped else "localaws does not run")


if __name__ == "__main__":
    main()
