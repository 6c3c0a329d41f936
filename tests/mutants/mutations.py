"""Small faults put into a module, one at a time, with cosmic-ray's operators: tests that mind none do not look."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

_BINARY: Final = "Add_Sub Sub_Add Mul_FloorDiv FloorDiv_Mul Div_Mul Mod_FloorDiv Pow_Mul LShift_RShift RShift_LShift"
_BITS: Final = "BitOr_BitAnd BitAnd_BitOr BitXor_BitAnd"
_COMPARISONS: Final = "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is"
_UNARY: Final = "USub_UAdd Delete_USub Delete_Not Delete_Invert"
#: Of each operator one or two others, not all eleven: those that somebody could have written by mistake.
OPERATORS: Final = (
    *(f"ReplaceBinaryOperator_{name}" for name in f"{_BINARY} {_BITS}".split()),
    *(f"ReplaceComparisonOperator_{name}" for name in _COMPARISONS.split()),
    *(f"ReplaceUnaryOperator_{name}" for name in _UNARY.split()),
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop", "NumberReplacer"),
)


class Mutation(NamedTuple):
    """One fault: in which line, by which operator, what was there, what is there now, and the whole text."""

    line: int
    operator: str
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.before}  =>  {self.after}"


def mutations_of(source: str, lines: Iterable[int] | None = None) -> Iterator[Mutation]:
    """All faults of a module, or those in these lines, but for such that change nothing that runs."""
    wanted = None if lines is None else set(lines)
    original, tree = _what_runs(source), get_ast(source)
    nodes = list(ast_nodes(tree))
    seen = {source}
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(places):
            if wanted is not None and wanted.isdisjoint(range(start[0], end[0] + 1)):
                continue
            text = mutate_code(source, operator, occurrence)
            if text is not None and text not in seen and _what_runs(text) != original:
                seen.add(text)
                yield _described(source, text, name)


def _described(source: str, text: str, operator: str) -> Mutation:
    old, new = source.splitlines(), text.splitlines()
    for kind, first, last, begin, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            return Mutation(first + 1, operator, _line(old[first:last]), _line(new[begin:end]), text)
    raise AssertionError("a mutation that changes nothing")


def _line(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


def _what_runs(source: str) -> str:
    """A module without its annotations, which nobody evaluates."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(value="")
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.test, node.body = ast.Constant(value=False), [ast.Pass()]
    return ast.dump(tree)
