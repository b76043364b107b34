"""Memory of the instance types that the twin knows."""

from collections.abc import Mapping

from localaws.twin.errors import invalid

GIB = 1024
MEMORY_MIB: dict[str, int] = {
    "ml.t2.medium": 4 * GIB,
    "ml.t2.large": 8 * GIB,
    "ml.m5.large": 8 * GIB,
    "ml.m5.xlarge": 16 * GIB,
    "ml.m6i.large": 8 * GIB,
    "ml.m6i.xlarge": 16 * GIB,
    "ml.m7i.large": 8 * GIB,
    "ml.m7i.xlarge": 16 * GIB,
    "ml.c5.large": 4 * GIB,
    "ml.c5.xlarge": 8 * GIB,
    "ml.c6i.large": 4 * GIB,
    "ml.c6i.xlarge": 8 * GIB,
    "ml.c6i.2xlarge": 16 * GIB,
    "ml.c7i.large": 4 * GIB,
    "ml.c7i.xlarge": 8 * GIB,
    "ml.c7i.2xlarge": 16 * GIB,
    "ml.r5.large": 16 * GIB,
    "ml.g4dn.xlarge": 16 * GIB,
    "ml.g5.xlarge": 16 * GIB,
    "ml.g5.2xlarge": 32 * GIB,
    "ml.g6.xlarge": 16 * GIB,
    "ml.g6.2xlarge": 32 * GIB,
}


def memory_mib(instance_type: str, overrides: Mapping[str, int]) -> int:
    """Return an instance type's memory."""
    known = {**MEMORY_MIB, **overrides}
    if instance_type not in known:
        raise invalid(
            f"The instance type {instance_type} is not emulated by the embedded AWS, which knows: "
            f"{', '.join(sorted(known))}"
        )
    return known[instance_type]
