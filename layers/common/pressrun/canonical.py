"""One spelling of a document, so that equal documents have equal digests."""

import hashlib
import json
from typing import Any


def canonical(document: Any) -> bytes:
    """Return the document as JSON with sorted keys and no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(document: Any) -> str:
    """Return the sha256 of the canonical document, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(document)).hexdigest()
