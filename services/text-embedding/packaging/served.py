"""A model archive, unpacked and loaded as the container loads it."""

import json
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "serving"))

from pressrun_serving.errors import RequestError  # noqa: E402 - found through the line above
from pressrun_serving.model import ModelError, ServedModel, load  # noqa: E402


class Response(NamedTuple):
    """What a client would get: the status, and the answer or the error's name."""

    status: int
    body: dict[str, Any]


@contextmanager
def served(archive: Path) -> Iterator[ServedModel]:
    """Load an archive for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as contents:
            contents.extractall(folder, filter="data")
        yield load(Path(folder))


def ask(model: ServedModel, sample: dict[str, Any]) -> Response:
    """Send one line of a golden set or of a request file to the model."""
    body = json.dumps(sample["request"]).encode()
    try:
        return Response(200, json.loads(model.invoke(body, sample["content_type"], "application/json").body))
    except RequestError as error:
        return Response(error.status, {"error": type(error).__name__})
    except ModelError as error:
        return Response(500, {"error": error.name})


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of one JSON document per line."""
    return [json.loads(line) for line in path.read_text().splitlines()]
