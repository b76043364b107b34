"""A container for tests: says who answers, and misbehaves on request.

Environment: ANSWER (text of the answer), STARTS (no: never healthy; crash: ends at once), GATE (a file whose being
there lets it start).
A request's body may be JSON with `sleep` (seconds), `status` (of the answer), `crash`, `eat` (MiB).
"""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ANSWER, STARTS = os.environ.get("ANSWER", ""), os.environ.get("STARTS", "yes")
EATEN: list[bytearray] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200 if STARTS != "no" else 500, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = json.loads(body) if self.headers["Content-Type"] == "application/json" else {}
        if "eat" in wanted:
            EATEN.append(bytearray(b"x" * (wanted["eat"] * 2**20)))
        if "crash" in wanted:
            os._exit(3)
        time.sleep(wanted.get("sleep", 0))
        model = Path(os.environ["SM_MODEL_DIR"], "model.txt")
        said = {
            "answer": ANSWER,
            "model": model.read_text() if model.exists() else None,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "pid": os.getpid(),
        }
        self.answer(wanted.get("status", 200), json.dumps(said).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", "seen")
        self.send_header("X-Secret", "of the container")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    if STARTS == "crash":
        raise SystemExit("the container cannot start")
    while "GATE" in os.environ and not Path(os.environ["GATE"]).exists():
        time.sleep(0.05)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
