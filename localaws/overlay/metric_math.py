"""The part of CloudWatch's metric math that is emulated: + - * /, comparisons, numbers, and a few functions.

A value is a number, a series {timestamp: number}, or a list of series (METRICS and [a, b]). Anything else is refused.
"""

import itertools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Series = dict[int, float]
Value = Any

FUNCTIONS = ("SUM", "AVG", "MIN", "MAX", "ABS", "METRICS", "IF", "FILL", "RATE")
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?)|([A-Za-z_]\w*)|\"([^\"]*)\"|(<=|>=|==|!=|[-+*/()\[\],<>]))")
_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
}
_LEVELS = (("<", ">", "<=", ">=", "==", "!="), ("+", "-"), ("*", "/"))


class _Scope(NamedTuple):
    """What an expression is evaluated in."""

    series: Mapping[str, Value]
    timestamps: list[int]
    metrics: Sequence[str]


class MetricMathError(Exception):
    """An expression CloudWatch would refuse, or that is not emulated."""


class Expression:
    """A parsed expression over metrics known by id."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0
        self._tree = self._level(0)
        if self._position < len(self._tokens):
            raise MetricMathError(f"Error in expression {text!r}: unexpected {self._tokens[self._position][1]!r}")

    def evaluate(self, series: Mapping[str, Value], timestamps: list[int], metrics: Sequence[str]) -> Value:
        """Return the expression's value; FILL fills the request's periods, `timestamps`; METRICS() is `metrics`."""
        return _evaluate(self._tree, _Scope(series, timestamps, metrics))

    def names(self) -> set[str]:
        """Return the ids the expression uses; METRICS uses all, which is the empty name."""
        return _names(self._tree)

    def _level(self, level: int) -> Any:
        """Parse operators of one precedence and above."""
        if level == len(_LEVELS):
            return self._factor()
        left = self._level(level + 1)
        while self._peek() in _LEVELS[level]:
            symbol = self._take()
            left = ("operator", symbol, left, self._level(level + 1))
        return left

    def _factor(self) -> Any:
        """Parse a number, a name, a call, a list or something in parentheses."""
        kind, text = self._tokens[self._position] if self._position < len(self._tokens) else ("end", "its end")
        self._position += 1
        if kind == "number":
            return ("number", float(text))
        if kind == "text":
            return ("text", text)
        if kind == "name":
            return ("call", text, self._list(")")) if self._accept("(") else ("name", text)
        if text == "-":
            return ("operator", "-", ("number", 0.0), self._factor())
        if text == "(":
            inside = self._level(0)
            self._expect(")")
            return inside
        if text == "[":
            return ("list", self._list("]"))
        raise MetricMathError(f"Error in expression {self._text!r}: unexpected {text!r}")

    def _list(self, closing: str) -> list[Any]:
        """Parse what stands between commas up to a closing bracket."""
        items: list[Any] = []
        while not self._accept(closing):
            if items:
                self._expect(",")
            items.append(self._level(0))
        return items

    def _peek(self) -> str:
        """Return the symbol that comes next, if it is one."""
        kind, text = self._tokens[self._position] if self._position < len(self._tokens) else ("end", "")
        return text if kind == "symbol" else ""

    def _take(self) -> str:
        """Step over the next token."""
        self._position += 1
        return self._tokens[self._position - 1][1]

    def _accept(self, symbol: str) -> bool:
        """Step over a symbol if it comes next."""
        if self._peek() != symbol:
            return False
        self._position += 1
        return True

    def _expect(self, symbol: str) -> None:
        """Step over a symbol that must come next."""
        if not self._accept(symbol):
            raise MetricMathError(f"Error in expression {self._text!r}: expected {symbol!r}")


def _tokens(text: str) -> list[tuple[str, str]]:
    """Split an expression into numbers, names, texts and symbols."""
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise MetricMathError(f"Error in expression {text!r}: not understood at {text[position:]!r}")
        kind = ("number", "name", "text", "symbol")[(match.lastindex or 1) - 1]
        found.append((kind, match[match.lastindex or 1]))
        position = match.end()
    return found


def _names(tree: Any) -> set[str]:
    """Return the ids in a tree."""
    kind = tree[0]
    if kind == "name":
        return set() if tree[1] == "REPEAT" else {tree[1]}
    if kind == "operator":
        return _names(tree[2]) | _names(tree[3])
    if kind == "call":
        if tree[1] not in FUNCTIONS:
            raise MetricMathError(f"The function {tree[1]} is not emulated; there are {', '.join(FUNCTIONS)}.")
        return ({""} if tree[1] == "METRICS" else set()).union(*map(_names, tree[2]))
    return set().union(*map(_names, tree[1])) if kind == "list" else set()


def _evaluate(tree: Any, scope: _Scope) -> Value:
    """Compute a tree."""
    kind = tree[0]
    if kind in ("number", "text"):
        return tree[1]
    if kind == "name":
        if tree[1] not in scope.series and tree[1] != "REPEAT":
            raise MetricMathError(f"The id {tree[1]} is not defined.")
        return scope.series.get(tree[1], tree[1])
    if kind == "list":
        return [_evaluate(item, scope) for item in tree[1]]
    if kind == "operator":
        return _combine(_OPERATORS[tree[1]], *(_evaluate(side, scope) for side in tree[2:]))
    if tree[1] == "METRICS":
        wanted = tree[2][0][1] if tree[2] else ""
        return [scope.series[name] for name in scope.metrics if wanted in name]
    arguments = [_evaluate(item, scope) for item in tree[2]]
    if tree[1] == "FILL":
        return _fill(*arguments, timestamps=scope.timestamps)
    return _CALLS[tree[1]](*arguments)


def _combine(act: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Apply an operator to numbers, series and lists; where one series has no point, the result has none."""
    if isinstance(left, list):
        return [_combine(act, item, right) for item in left]
    if isinstance(right, list):
        return [_combine(act, left, item) for item in right]
    if not isinstance(left, dict) and not isinstance(right, dict):
        return act(left, right)
    moments = left.keys() & right.keys() if isinstance(left, dict) and isinstance(right, dict) else None
    found = {}
    for moment in sorted(moments if moments is not None else left if isinstance(left, dict) else right):
        try:
            found[moment] = act(_at(left, moment), _at(right, moment))
        except ZeroDivisionError:
            continue
    return found


def _at(value: Value, moment: int) -> float:
    """Return a value's number at a moment."""
    return float(value[moment] if isinstance(value, dict) else value)


def _reduce(act: Callable[[list[float]], float], value: Value) -> Value:
    """Reduce a series to a number, or several series to one."""
    if isinstance(value, dict):
        return act(list(value.values())) if value else {}
    moments = sorted(set().union(*value))
    return {moment: act([series[moment] for series in value if moment in series]) for moment in moments}


def _choose(condition: Value, then: Value, otherwise: Value = None) -> Value:
    """Return IF: one of two values, per point when the condition is a series."""
    if not isinstance(condition, dict):
        return then if condition else {} if otherwise is None else otherwise
    found = {}
    for moment, held in condition.items():
        chosen = then if held else otherwise
        if chosen is not None and (not isinstance(chosen, dict) or moment in chosen):
            found[moment] = _at(chosen, moment)
    return found


def _fill(value: Value, filler: Value, *, timestamps: list[int]) -> Value:
    """Return a series with its missing points filled: with a number, another series, or the point before."""
    if isinstance(value, list):
        return [_fill(item, filler, timestamps=timestamps) for item in value]
    found: Series = {}
    last: float | None = None
    for moment in timestamps:
        if moment in value:
            last = found[moment] = value[moment]
        elif filler == "REPEAT":
            if last is not None:
                found[moment] = last
        elif not isinstance(filler, dict) or moment in filler:
            found[moment] = _at(filler, moment)
    return found


def _rate(value: Series) -> Series:
    """Return the change per second between neighbouring points."""
    moments = sorted(value)
    return {b: (value[b] - value[a]) / (b - a) for a, b in itertools.pairwise(moments)}


def _absolute(value: Value) -> Value:
    """Return the size of each number."""
    return _combine(lambda number, _: abs(number), value, 0.0)


_CALLS: dict[str, Callable[..., Value]] = {
    "SUM": lambda value: _reduce(sum, value),
    "AVG": lambda value: _reduce(lambda numbers: sum(numbers) / len(numbers), value),
    "MIN": lambda value: _reduce(min, value),
    "MAX": lambda value: _reduce(max, value),
    "ABS": _absolute,
    "IF": _choose,
    "RATE": _rate,
}
