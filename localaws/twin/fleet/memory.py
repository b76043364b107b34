"""How much memory containers use."""

from collections.abc import Iterable

import psutil


def resident_mib(processes: Iterable[int]) -> dict[int, float]:
    """Return the resident memory of processes, each with all below it; one pass over the machine's processes."""
    children: dict[int, list[int]] = {}
    resident: dict[int, int] = {}
    for process in psutil.process_iter(["ppid", "memory_info"]):
        memory = process.info["memory_info"]
        resident[process.pid] = memory.rss if memory else 0
        children.setdefault(process.info["ppid"], []).append(process.pid)

    def total(pid: int) -> int:
        return resident.get(pid, 0) + sum(total(child) for child in children.get(pid, []))

    return {pid: total(pid) / 2**20 for pid in processes}
