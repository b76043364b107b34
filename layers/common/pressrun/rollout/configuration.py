"""What may be set of the judge; the first poll brings it, and it holds for the whole rollout."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pressrun.rollout.inputs import JudgeInputError, fields, number
from pressrun.rollout.thresholds import QUANTILES

OTHER = "other"
MOST_LABELS = 16
LONGEST_LABEL = 64


class Configuration(NamedTuple):
    """The judge's constants, each with its default.

    alpha: bound on the probability that a sound canary is ever rolled back, in a whole rollout.
    beta: level of the upper bound of errors and of "not slower".
    tol: slow-down that is nobody's business. margin: slow-down of p90 that must be excluded before promotion.
    err_margin: error rate that allows promotion (or four times the stable variant's).
    budget: bad answers that may be served between two decisions.
    share_floor: least share. share_step: least factor of a raise.
    actuation_seconds: mean time until a weight change is in force. lag_seconds: of the metrics, measured per rollout.
    warmup_seconds: latency and predictions of the canary's first seconds are not judged.
    bake_seconds: at half the traffic, before nine tenths. watch_seconds: at nine tenths, before all.
    deadline_seconds: since the rollout began; then the operator is asked, and as long again later traffic goes back.
    The default leaves a rollout at 2 requests a second and a metric lag of 60 s (half an hour in the median) three
    times its time.
    quantiles: those whose latency is judged. evidence_weights: of errors, latency, predictions.
    cap: most nats a poll may add to latency evidence, null: 1.5 at polls of 10 s up to 2.5 at 60 s.
    labels: predictions compared, null: the most frequent of the stable variant's in the first poll.
    """

    alpha: float = 0.01
    beta: float = 0.01
    tol: float = 0.12
    margin: float = 0.35
    err_margin: float = 0.005
    budget: float = 10.0
    share_floor: float = 0.002
    share_step: float = 2.0
    actuation_seconds: float = 20.0
    warmup_seconds: float = 90.0
    bake_seconds: float = 600.0
    watch_seconds: float = 1200.0
    deadline_seconds: float = 5400.0
    quantiles: tuple[float, ...] = QUANTILES
    evidence_weights: tuple[float, ...] = (0.5, 0.4, 0.1)
    cap: float | None = None
    lag_seconds: float = 5.0
    labels: tuple[str, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the configuration as JSON carries it."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in self._asdict().items()}


_BOUNDS = {
    "alpha": (1e-9, 0.5),
    "beta": (1e-9, 0.5),
    "tol": (0, 10),
    "margin": (0, 10),
    "err_margin": (0, 1),
    "budget": (1e-3, 1e9),
    "share_floor": (1e-6, 0.5),
    "share_step": (1, 100),
    "actuation_seconds": (0, 86_400),
    "warmup_seconds": (0, 86_400),
    "bake_seconds": (0, 864_000),
    "watch_seconds": (0, 864_000),
    "deadline_seconds": (0, 8_640_000),
    "lag_seconds": (0, 86_400),
}


def read_configuration(raw: Mapping[str, Any] | None) -> Configuration:
    """Check a configuration; what it leaves out has its default.

    Raises:
        JudgeInputError: a key is unknown, or its value does not fit.
    """
    given = fields("config", raw or {}, required=set(), optional=set(Configuration._fields))
    found: dict[str, Any] = {key: number(f"config.{key}", given[key], *_BOUNDS[key]) for key in _BOUNDS if key in given}
    if given.get("cap") is not None:
        found["cap"] = number("config.cap", given["cap"], 0.01, 1e6)
    if "quantiles" in given:
        found["quantiles"] = _quantiles(given["quantiles"])
    if "evidence_weights" in given:
        found["evidence_weights"] = _evidence_weights(given["evidence_weights"])
    if given.get("labels") is not None:
        found["labels"] = _labels(given["labels"])
    return Configuration(**found)


def with_labels(config: Configuration, classes: Mapping[str, int] | None) -> Configuration:
    """Fix the label set when the rollout starts: a label added later would change the weights of the evidence."""
    if config.labels is None:
        counts = {label: count for label, count in (classes or {}).items() if _fits(label)}
        frequent = sorted(counts, key=lambda label: (-counts[label], label))
        config = config._replace(labels=tuple(frequent[:MOST_LABELS]))
    labels = config.labels or ()
    return config._replace(labels=(*labels, OTHER) if labels and OTHER not in labels else labels)


def _quantiles(raw: object) -> tuple[float, ...]:
    expected = "some of [0.5, 0.9, 0.99], each once"
    if not isinstance(raw, list | tuple) or not raw or any(q not in QUANTILES or raw.count(q) > 1 for q in raw):
        raise JudgeInputError("config.quantiles", raw, expected)
    return tuple(sorted(raw))


def _evidence_weights(raw: object) -> tuple[float, ...]:
    expected = "three numbers from 0, for errors, latency and predictions, with a sum of at most 1 and errors above 0"
    if not isinstance(raw, list | tuple) or len(raw) != 3:
        raise JudgeInputError("config.evidence_weights", raw, expected)
    weights = tuple(number("config.evidence_weights", weight, 0, 1) for weight in raw)
    if sum(weights) > 1 + 1e-9 or not weights[0]:
        raise JudgeInputError("config.evidence_weights", raw, expected)
    return weights


def _labels(raw: object) -> tuple[str, ...]:
    expected = f"at most {MOST_LABELS} different labels of at most {LONGEST_LABEL} characters (as JSON escapes them)"
    if not isinstance(raw, list | tuple) or not all(isinstance(label, str) for label in raw):
        raise JudgeInputError("config.labels", raw, expected)
    if len(set(raw) - {OTHER}) > MOST_LABELS:
        raise JudgeInputError("config.labels", raw, expected)
    for label in raw:
        if not _fits(label) or raw.count(label) > 1:
            raise JudgeInputError("config.labels", label, expected)
    return tuple(raw)


def _fits(label: str) -> bool:
    return sum(1 if " " <= mark <= "~" else 6 if mark <= "\uffff" else 12 for mark in label) <= LONGEST_LABEL
