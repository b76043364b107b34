"""Compare an archive's answers with the golden set, and count how it answers other requests.

Run in the packaging environment; prints JSON:
    python services/text-embedding/packaging/quality.py --archive FILE --requests FILE ...
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from served import HERE, ServedModel, ask, read_lines, served

CASES = HERE.parent / "golden" / "cases.jsonl"


def main() -> None:
    """Read the arguments, print the findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archive", required=True, type=Path)
    parser.add_argument("--requests", nargs="*", default=[], type=Path, help="files whose answers are counted")
    arguments = parser.parse_args()
    with served(arguments.archive) as model:
        findings = golden_findings(model, read_lines(CASES))
        findings["answers"] = {str(path): answer_counts(model, read_lines(path)) for path in arguments.requests}
    print(json.dumps(findings))


def golden_findings(model: ServedModel, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the cosines of all golden vectors and the cases whose status is not the expected one."""
    cosines: list[float] = []
    wrong = {}
    for case in cases:
        response = ask(model, case)
        if response.status != case.get("expected_status", 200):
            wrong[case["id"]] = response.status
        elif response.status == 200:
            cosines += row_cosines(response.body["embeddings"], case["expected"]["embeddings"])
    return {"min_cosine": min(cosines), "mean_cosine": float(np.mean(cosines)), "wrong_statuses": wrong}


def row_cosines(found: list[list[float]], expected: list[list[float]]) -> list[float]:
    """Return the cosine of each row of (n, d) with its counterpart."""
    a, b = np.array(found), np.array(expected)
    cosines = (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return [float(value) for value in cosines]


def answer_counts(model: ServedModel, samples: list[dict[str, Any]]) -> dict[str, int]:
    """Count the answers by status, failures by the error's name."""
    responses = [ask(model, sample) for sample in samples]
    return dict(Counter(response.body.get("error", str(response.status)) for response in responses))


if __name__ == "__main__":
    main()
