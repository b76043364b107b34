"""Turns texts into sentence vectors: {"texts": [...]} -> {"embeddings": [[384 numbers], ...], "model": "..."}.

A vector is the mean of the token vectors, scaled to length 1, so the cosine of two texts is their dot product.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from pressrun_serving.errors import InvalidRequestError
from pressrun_serving.model import read_json
from tokenizers import Tokenizer

MAX_TEXTS = 32
MAX_CHARACTERS = 20_000
FATAL = 4
BATCH = 8  # more texts at once are no faster on one core and cost hundreds of megabytes


class Encoder(NamedTuple):
    """A tokenizer and the network behind it."""

    name: str
    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession


def model_fn(model_dir: str) -> Encoder:
    """Load tokenizer and network, and run both once so that the first request is not slow."""
    root = Path(model_dir)
    manifest = json.loads((root / "manifest.json").read_text())
    tokenizer = Tokenizer.from_file(str(root / "tokenizer.json"))
    tokenizer.no_truncation()  # the file still has its exporter's 128 tokens
    tokenizer.no_padding()  # we pad below, each batch to its own longest text
    encoder = Encoder(manifest["model"], tokenizer, _open_session(root / "model.onnx"))
    predict_fn(["Presses start at midnight."], encoder)
    return encoder


def _open_session(path: Path) -> onnxruntime.InferenceSession:
    """Open the network with one thread that never spins: replicas share their cores with others."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = FATAL  # its errors are raised too, and logged by the server
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def input_fn(body: bytes, content_type: str) -> list[str]:
    """Read and check the texts."""
    request = read_json(body, content_type)
    if not isinstance(request, dict) or set(request) != {"texts"}:
        raise InvalidRequestError("expected an object with the one key 'texts'")
    texts = request["texts"]
    if not isinstance(texts, list) or not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidRequestError(f"texts: expected a list of 1 to {MAX_TEXTS} texts")
    for number, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip() or len(text) > MAX_CHARACTERS:
            raise InvalidRequestError(f"texts[{number}]: expected a text of 1 to {MAX_CHARACTERS} characters")
    return texts


def predict_fn(texts: list[str], encoder: Encoder) -> dict[str, Any]:
    """Embed the texts in batches of similar length, since padding is pure cost."""
    ids = [encoding.ids for encoding in encoder.tokenizer.encode_batch(texts)]
    order = sorted(range(len(texts)), key=lambda number: len(ids[number]))
    vectors: list[list[float]] = [[] for _ in texts]
    for start in range(0, len(order), BATCH):
        numbers = order[start : start + BATCH]
        for number, vector in zip(numbers, _embed([ids[n] for n in numbers], encoder), strict=True):
            vectors[number] = [round(float(value), 6) for value in vector]
    return {"embeddings": vectors, "model": encoder.name}


def _embed(rows: list[list[int]], encoder: Encoder) -> np.ndarray:
    """Return unit vectors (n, 384): token vectors averaged under the attention mask."""
    ids = np.zeros((len(rows), max(len(row) for row in rows)), dtype=np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    (states,) = encoder.session.run(["last_hidden_state"], inputs)
    sums = (states * mask[:, :, np.newaxis]).sum(axis=1)
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)
