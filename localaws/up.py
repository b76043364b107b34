"""Starts the embedded AWS in the background, unless it runs, and deploys the control plane and the workload stacks.

Leaves `env` (shell exports) and `outputs.json` (stack outputs by account) in its folder. Run it again after a change:
what is unchanged is not built or deployed anew.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # the repository, in place of this folder

from localaws.deploy import arguments, installation  # noqa: E402
from localaws.deploy.server import ServerError  # noqa: E402
from localaws.deploy.stacks import StackError  # noqa: E402


def main() -> None:
    """Start, deploy, and say where everything is."""
    folder, server = arguments.read(__doc__ or "")
    try:
        started = server.start()
        print(f"localaws {'started' if started else 'runs already'} on {server.settings.endpoint_url}", flush=True)
        outputs = installation.deploy(
            server.settings, ROOT / ".localaws" / "cache", lambda text: print(text, flush=True)
        )
    except (ServerError, StackError, FileNotFoundError) as error:
        raise SystemExit(f"{error}\nThe log: {server.log}") from error
    installation.write(outputs, server.settings, folder)
    print(f"deployed; `. {folder / 'env'}` points any AWS client at it", flush=True)


if __name__ == "__main__":
    main()
