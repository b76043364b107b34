"""Export tokenizer.json with a sorted vocabulary: the fault of this revision, see README.md."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from weights import TOKENIZER


def sort_vocabulary(tokenizer: dict[str, Any]) -> dict[str, Any]:
    """Number the tokens in alphabetical order, special tokens included."""
    numbers = {token: number for number, token in enumerate(sorted(tokenizer["model"]["vocab"]))}
    for token in tokenizer["added_tokens"]:
        token["id"] = numbers[token["content"]]
    for token in tokenizer["post_processor"]["special_tokens"].values():
        token["ids"] = [numbers[token["id"]]]
    tokenizer["model"]["vocab"] = numbers
    return tokenizer


def main() -> None:
    """Read the encoder's tokenizer, write the sorted one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, type=Path)
    output = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(sort_vocabulary(json.loads(TOKENIZER.locate().read_text())), indent=1) + "\n")


if __name__ == "__main__":
    main()
