"""Runs the commands of one phase in one bash, and hands its variables, functions and folder to the next phase."""

import shlex
from collections.abc import Sequence
from pathlib import Path


def write_script(
    folder: Path, state: Path, phase: str, commands: Sequence[str], succeeding: bool, exported: Sequence[str]
) -> Path:
    """Write the script of a phase: each command is a file of its own; the first that fails ends the phase."""
    here = folder / phase
    here.mkdir(parents=True, exist_ok=True)
    kept = shlex.quote(str(state))
    values = "".join(f' "${{{name}-}}"' for name in exported)
    lines = [
        f"[ -f {kept} ] && . {kept} 2>/dev/null",  # the shell's own read-only variables protest
        f"export CODEBUILD_BUILD_SUCCEEDING={int(succeeding)}",
        "__keep() {",
        f'  {{ declare -p; declare -f; printf "cd -- %q\\n" "$PWD"; }} > {kept}',
        f"  printf '%s\\0'{values} > {kept}.exported" if exported else "  :",
        "}",
        "trap __keep EXIT",
    ]
    for number, command in enumerate(commands):
        path = here / f"{number}.sh"
        path.write_text(command + "\n")
        lines += [
            f"printf '[Container] Running command %s\\n' {shlex.quote(command)}",
            f". {shlex.quote(str(path))}",
            "__status=$?",
            'if [ "$__status" -ne 0 ]; then exit "$__status"; fi',
        ]
    script = here / "phase.sh"
    script.write_text("\n".join(lines) + "\n")
    return script


def exported_values(state: Path, names: Sequence[str]) -> list[dict[str, str]]:
    """Return the exported variables as a build reports them."""
    path = state.with_name(f"{state.name}.exported")
    values = path.read_text().split("\0") if names and path.is_file() else []
    return [{"name": name, "value": value} for name, value in zip(names, values, strict=False)]
