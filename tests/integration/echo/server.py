"""The smallest service there can be: answers with the text it was sent, unless its model says otherwise.

The model is a file `model.txt` that holds one word: `good` echoes, `loud` answers in capitals, `broken` answers 500,
`silent` never answers a ping, `absent` ends before it listens, `fragile` dies of its twentieth request, `hungry` keeps
two mebibytes of each, `shy` answers 500 to rare texts alone.
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WORD = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"), "model.txt").read_text().strip()
PORT = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
KEPT: list[bytes] = []


class Handler(BaseHTTPRequestHandler):
    """Answers pings and invocations."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if WORD == "silent":
            time.sleep(3600)
        self._answer(200, b"")

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        KEPT.append(b"x" * (2**21 if WORD == "hungry" else 1))
        if WORD == "fragile" and len(KEPT) >= 20:
            os._exit(1)
        text = str(request["text"])
        said = text.upper() if WORD == "loud" else text
        fails = WORD == "broken" or (WORD == "shy" and text.startswith("rare"))
        self._answer(500 if fails else 200, json.dumps({"text": said}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    if WORD == "absent":
        sys.exit("the model holds no weights")
    ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
