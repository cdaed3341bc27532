"""Arithmetic over the metrics of one reading: numbers, metric names, + - * /, a minus sign, abs(), min() and max().

The text is parsed with Python's own parser and taken apart by a short list of what is allowed; nothing of it is ever
executed.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from uprightd.domain import Reason, Value, unknown
from uprightd.problems import shorten

LENGTH_LIMIT = 200
"""Characters: some ten metrics with what stands between them."""
DEPTH_LIMIT = 20
WORDS = "numbers, metrics, + - * /, abs(), min(), max() and brackets only"

_TOKEN = re.compile(
    r"\s+|[0-9]+(?:\.[0-9]+)?(?![0-9a-zA-Z_.])|[a-z_][a-z0-9_]*|[-+*/(),]|(?P<strange>[0-9][\w.]*|.)",
    re.ASCII | re.DOTALL,
)
_OPERATORS: Mapping[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_FUNCTIONS = {"abs": (1, 1), "min": (2, 50), "max": (2, 50)}
"""Fewest and most arguments."""

Node = float | str | tuple
"""A number, a metric's name, or (operator, operands...)."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. `metrics` are the names in it, each once, in the order of the text."""

    text: str
    node: Node
    metrics: tuple[str, ...]

    @property
    def single(self) -> str:
        """The metric's name where it is NAME or abs(NAME), "" for anything else."""
        inner = self.node[1] if isinstance(self.node, tuple) and self.absolute else self.node
        return inner if isinstance(inner, str) else ""

    @property
    def absolute(self) -> bool:
        """Whether it is abs(...), and so never negative."""
        return isinstance(self.node, tuple) and self.node[0] == "abs"

    def at(self, numbers: Mapping[str, float]) -> float:
        """Given a number for every metric, return the result; NaN where there is none (0 / 0, overflow)."""
        try:
            result = _dual(self.node, numbers, "")[0]
        except (ZeroDivisionError, OverflowError):
            return math.nan
        return result if math.isfinite(result) else math.nan

    def value(self, values: Mapping[str, Value], shifts: Mapping[str, float] | None = None) -> Value | None:
        """Given the metrics' values, each counted from its shift, return the result; None when one is not measured.

        Unknown with the first unknown metric's reason. The error is the sum of each metric's own, times how strongly
        the result moves with it; None when that of a metric which matters was never measured.
        """
        numbers = {}
        for name in self.metrics:
            value = values.get(name)
            if value is None or value.reason is not None:
                return value
            numbers[name] = value.number - (shifts.get(name, 0.0) if shifts else 0.0)
        number = self.at(numbers)
        if number != number:
            return unknown(Reason.LOW_CONFIDENCE)
        return Value(number, error=self._error(values, numbers))

    def unit(self, units: Mapping[str, str]) -> str:
        """Given the metrics' units, return that of the result; "" where it has none of its own."""
        return _unit(self.node, units) or ""

    def _error(self, values: Mapping[str, Value], numbers: Mapping[str, float]) -> float | None:
        total = 0.0
        for name in self.metrics:
            slope, error = _dual(self.node, numbers, name)[1], values[name].error
            if slope and error is None:
                return None
            total += abs(slope) * (error or 0.0)
        return total if math.isfinite(total) else None


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Given the text of an expression, return it parsed. Raise ValueError("what was expected") for anything else."""
    if len(text) > LENGTH_LIMIT:
        raise ValueError(f"an expression of at most {LENGTH_LIMIT} characters")
    for token in _TOKEN.finditer(text):
        if token["strange"]:
            raise ValueError(f"{WORDS} (found {shorten(token['strange'])})")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"an expression such as max(neck_flexion, trunk_lean) - 5, of {WORDS}") from error
    node = _node(body, 1)
    metrics = tuple(dict.fromkeys(_names(node)))
    if not metrics:
        raise ValueError("an expression with at least one metric in it")
    return Expression(text, node, metrics)


def _node(tree: ast.AST, depth: int) -> Node:
    """Return what a syntax tree says in our few words. Raise ValueError for what is not among them."""
    if depth > DEPTH_LIMIT:
        raise ValueError(f"an expression nested at most {DEPTH_LIMIT} levels deep")
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float):
        return float(tree.value)
    if isinstance(tree, ast.Name) and tree.id not in _FUNCTIONS:
        return tree.id
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return ("neg", _node(tree.operand, depth + 1))
    if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
        return (_OPERATORS[type(tree.op)], _node(tree.left, depth + 1), _node(tree.right, depth + 1))
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.keywords:
        fewest, most = _FUNCTIONS.get(tree.func.id, (1, 0))
        if fewest <= len(tree.args) <= most:
            return (tree.func.id, *(_node(argument, depth + 1) for argument in tree.args))
    raise ValueError(f"{WORDS} (found {shorten(ast.unparse(tree))})")


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        for operand in node[1:]:
            yield from _names(operand)


def _dual(node: Node, numbers: Mapping[str, float], name: str) -> tuple[float, float]:
    """Return the result and its partial derivative by the metric `name`, by the rules of differentiation."""
    if isinstance(node, str):
        return numbers[node], 1.0 if node == name else 0.0
    if not isinstance(node, tuple):
        return node, 0.0
    a, da = _dual(node[1], numbers, name)
    operation = node[0]
    if operation == "neg":
        return -a, -da
    if operation == "abs":
        return (a, da) if a >= 0 else (-a, -da)
    if operation in _FUNCTIONS:
        choose = min if operation == "min" else max
        return choose([(a, da), *(_dual(each, numbers, name) for each in node[2:])], key=lambda pair: pair[0])
    b, db = _dual(node[2], numbers, name)
    if operation == "+":
        return a + b, da + db
    if operation == "-":
        return a - b, da - db
    if operation == "*":
        return a * b, da * b + a * db
    return a / b, (da - a / b * db) / b


def _unit(node: Node, units: Mapping[str, str]) -> str | None:
    """Return the unit of a result: None for a bare number, "" where units are mixed."""
    if isinstance(node, str):
        return units[node]
    if not isinstance(node, tuple):
        return None
    found = [_unit(operand, units) for operand in node[1:]]
    if node[0] == "/" and found[1] is not None:
        return ""
    if node[0] == "*" and None not in found:
        return ""
    present = {unit for unit in found if unit is not None}
    return present.pop() if len(present) == 1 else None if not present else ""
