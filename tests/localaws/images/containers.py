"""Tiny serving containers."""

from pathlib import Path

DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /opt/program
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY app.py .
ENV PYTHONPATH=/opt/program GREETING=hello
EXPOSE 8080
ENTRYPOINT ["python", "/opt/program/app.py"]
"""

REQUIREMENTS = "six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n"

# Answers every request with what the process sees; `import` in the query tries to import a module.
APP = """\
import http.server, importlib, json, os, pathlib, sys

import six

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({})

    def do_POST(self):
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            found = getattr(importlib.import_module(wanted["import"]), "__name__")
        except ImportError as error:
            found = str(error)
        self.answer({"import": found})

    def answer(self, more):
        seen = {"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ), "path": sys.path}
        body = json.dumps(seen | {"six": six.__version__} | more).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def write(folder: Path, dockerfile: str = DOCKERFILE, app: str = APP) -> Path:
    """Write the build context of a tiny container."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    (folder / "app.py").write_text(app)
    return folder
