"""The two variants of the encoder: true fp32, and true dynamic int8 made of it.

The published file stores its weights as int8 but multiplies in fp32, so it is as slow as fp32 and slightly less exact.
Folding the weights back gives an honest fp32 model; quantising that one gives integer arithmetic and twice the speed.
"""

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, numpy_helper
from weights import file_sha256

FOLDED_WEIGHTS = 38
SHA256 = {
    "fp32": "533915b325dc3270e398a3352d33d580e6370100b0416ad9268d0d778dde2bea",
    "int8": "e940eb69b5196e6444ce4f7215de6619ced1d5227dbf16226f1650c21907ec8c",
}


class ConversionError(Exception):
    """A conversion did not give the model that it is known to give."""


def convert(variant: str, source: Path, cache: Path) -> Path:
    """Return the variant's ONNX file, converted from the published one or taken from the cache."""
    target = cache / f"{variant}-{SHA256[variant][:16]}.onnx"
    if target.exists() and file_sha256(target) == SHA256[variant]:
        return target
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}.part")
    if variant == "fp32":
        onnx.save(fold_weights(onnx.load(source)), unfinished)
    else:
        quantize(convert("fp32", source, cache), unfinished)
    found = file_sha256(unfinished)
    if found != SHA256[variant]:
        unfinished.unlink()
        raise ConversionError(f"variant {variant!r} came out with sha256 {found}, expected {SHA256[variant]}")
    return unfinished.replace(target)


def fold_weights(model: ModelProto) -> ModelProto:
    """Replace each int8 weight with its Cast and Mul by one fp32 initialiser: value times the row's scale."""
    graph = model.graph
    initialisers = {entry.name: entry for entry in graph.initializer}
    producers = {output: node for node in graph.node for output in node.output}
    folded = []
    for mul in [node for node in graph.node if node.op_type == "Mul" and node.output[0] + "_q" in initialisers]:
        weight = mul.output[0]
        cast = producers[f"{weight}_f"]
        values = numpy_helper.to_array(initialisers[f"{weight}_q"]).astype(np.float32)
        scales = numpy_helper.to_array(initialisers[f"{weight}_scale"])
        folded.append(numpy_helper.from_array(values * scales, weight))
        graph.node.remove(cast)
        graph.node.remove(mul)
    if len(folded) != FOLDED_WEIGHTS:
        raise ConversionError(f"folded {len(folded)} weights, expected {FOLDED_WEIGHTS}")
    graph.initializer.extend(folded)
    _drop_unread_initialisers(graph)
    return model


def _drop_unread_initialisers(graph: Any) -> None:
    read = {name for node in graph.node for name in node.input}
    for entry in [entry for entry in graph.initializer if entry.name not in read]:
        graph.initializer.remove(entry)


def quantize(source: Path, target: Path) -> None:
    """Quantise matrices and embeddings to int8, activations at run time."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)  # onnxruntime advises a pre-processing that changes nothing here
    quantize_dynamic(
        source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gather"]
    )
    logging.disable(logging.NOTSET)
