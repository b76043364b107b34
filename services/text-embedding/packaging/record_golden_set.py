"""Record golden/cases.jsonl: the fp32 model's answers to golden/sentences.txt.

Run in the packaging environment after a change of the sentences; the expected vectors are never edited by hand.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from served import HERE, Response, ask, served

GOLDEN = HERE.parent / "golden"
DIGITS = 5
JSON = "application/json"


def main() -> None:
    """Ask the archive each question and write questions with answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archive", required=True, type=Path, help="model.tar.gz of the variant fp32")
    with served(parser.parse_args().archive) as model:
        lines = []
        for number, question in enumerate(questions((GOLDEN / "sentences.txt").read_text().splitlines()), start=1):
            case = {"id": f"case-{number:02}", "content_type": JSON, "request": question}
            lines.append({**case, **_expectation(ask(model, case))})
    (GOLDEN / "cases.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def questions(sentences: list[str]) -> list[dict[str, Any]]:
    """One text each, then several at once in an order that sorting by length would change, then a misspelt key."""
    together = [sentences[14], sentences[22], sentences[0], sentences[7]]
    return [*({"texts": [sentence]} for sentence in sentences), {"texts": together}, {"text": sentences[0]}]


def _expectation(response: Response) -> dict[str, Any]:
    if response.status != 200:
        return {"expected_status": response.status}
    rounded = [[round(value, DIGITS) for value in vector] for vector in response.body["embeddings"]]
    return {"expected": {"embeddings": rounded}}


if __name__ == "__main__":
    main()
