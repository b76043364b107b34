"""The model of an archive: its code/inference.py, with SageMaker's four functions, each of them optional."""

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pressrun_serving.errors import (
    InvalidRequestError,
    ModelLoadError,
    RequestError,
    UnacceptableAcceptError,
    UnsupportedContentTypeError,
)

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What an invocation gives back."""

    body: bytes
    content_type: str


class ModelError(Exception):
    """The model's code failed on a request; ``name`` is the class of its error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.name = type(error).__name__


class ServedModel:
    """A loaded model and its way from request body to answer."""

    def __init__(self, model: Any, code: ModuleType | None) -> None:
        self._model = model
        self._input_fn: Callable[[bytes, str], Any] = getattr(code, "input_fn", read_json)
        self._predict_fn: Callable[[Any, Any], Any] = getattr(code, "predict_fn", call_model)
        self._output_fn: Callable[[Any, str], Any] = getattr(code, "output_fn", write_json)

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answer one request; a request's own fault is a RequestError, all else a ModelError."""
        try:
            data = self._input_fn(body, content_type)
            prediction = self._predict_fn(data, self._model)
            return _answer(self._output_fn(prediction, accept), accept)
        except RequestError:
            raise
        except Exception as error:
            raise ModelError(error) from error


def load(model_dir: Path) -> ServedModel:
    """Load the archive's code and model from the directory it was unpacked to."""
    if not model_dir.is_dir():
        raise ModelLoadError(f"model directory {str(model_dir)!r} does not exist")
    code = _load_code(model_dir / "code")
    model_fn = getattr(code, "model_fn", None)
    if model_fn is None and not hasattr(code, "predict_fn"):
        raise ModelLoadError(f"{model_dir}/code/inference.py: expected model_fn or predict_fn, found neither")
    return ServedModel(model_fn(str(model_dir)) if model_fn else None, code)


def _load_code(folder: Path) -> ModuleType | None:
    path = folder / "inference.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("inference", path)
    if spec is None or spec.loader is None:
        raise ModelLoadError(f"{path} is not a Python module")
    sys.path.insert(0, str(folder))  # modules beside inference.py are importable, as in SageMaker's toolkits
    module = importlib.util.module_from_spec(spec)
    sys.modules["inference"] = module
    spec.loader.exec_module(module)
    return module


def read_json(body: bytes, content_type: str) -> Any:
    """Read a JSON body: the default input_fn."""
    if content_type != JSON:
        raise UnsupportedContentTypeError(f"content type {content_type!r}, expected {JSON!r}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"the body is not JSON: {error}") from error


def call_model(data: Any, model: Any) -> Any:
    """Call the model: the default predict_fn."""
    return model(data)


def write_json(prediction: Any, accept: str) -> tuple[bytes, str]:
    """Write a JSON answer: the default output_fn."""
    ranges = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    if not ranges & {JSON, "application/*", "*/*", ""}:
        raise UnacceptableAcceptError(f"accept {accept!r}, expected {JSON!r}")
    return json.dumps(prediction, separators=(",", ":"), allow_nan=False).encode(), JSON


def _answer(result: Any, accept: str) -> Answer:
    """Take what output_fn may return: a body, or a body and its content type."""
    body, content_type = result if isinstance(result, tuple) else (result, JSON if "*" in accept else accept)
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes):
        raise TypeError(f"output_fn returned {type(body).__name__}, expected bytes or str")
    return Answer(body, content_type or JSON)
