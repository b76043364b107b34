"""The part of CloudWatch's metric math that is emulated: + - * /, comparisons, numbers, and a few functions.

A value is a number, a series {timestamp: number}, or a list of series (METRICS and [a, b]). Anything else is refused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from localaws.overlay.metric_values import CALLS, OPERATORS, Value, combine, fill

FUNCTIONS = ("SUM", "AVG", "MIN", "MAX", "ABS", "METRICS", "IF", "FILL", "RATE")
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?)|([A-Za-z_]\w*)|\"([^\"]*)\"|(<=|>=|==|!=|[-+*/()\[\],<>]))")
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
        return combine(OPERATORS[tree[1]], *(_evaluate(side, scope) for side in tree[2:]))
    if tree[1] == "METRICS":
        wanted = tree[2][0][1] if tree[2] else ""
        return [scope.series[name] for name in scope.metrics if wanted in name]
    arguments = [_evaluate(item, scope) for item in tree[2]]
    if tree[1] == "FILL":
        return fill(*arguments, timestamps=scope.timestamps)
    return CALLS[tree[1]](*arguments)
