"""Values of expressions against Python's own reading of the same text."""

import ast
import operator

import numpy as np
import pytest

from grae.errors import DerivationError, GrammarError
from grae.expressions import are_finite, evaluate, evaluate_many, evaluate_text, points
from grae.grammar import Grammar, load_grammar
from grae.grammar.counting import sample_uniform

X = np.linspace(-3, 3, 31)
RICH = """
#% language expressions
#% ignore ' '
E -> E '+' T | E '-' T | T | '-' T
T -> T '*' F | T '/' F | F
F -> '(' E ')' | Call | 'x' | '0' | '0.5' | '12' | '3.' | '1e-3'
Call -> 'sin(' E ')' | 'cos' '(' E ')' | 'exp(' E ')' | 'log(' E ')' | 'sqrt(' E ')' | 'tan(' E ')'
Call -> 'tanh(' E ')' | 'abs(' E ')'
"""
FLAT = "S -> 'x' | '2' | '(' S ')' | S '-' S | S '/' S | S '+' S | S '*' S | '-' S | 'exp(' S ')'"

BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def reference(text: str, x: np.ndarray) -> np.ndarray:
    """What Python's parser makes of the text, computed from its syntax tree."""

    def value(node: ast.expr) -> np.ndarray:
        match node:
            case ast.Constant(number):
                return np.full_like(x, number)
            case ast.Name("x"):
                return x
            case ast.UnaryOp(ast.USub(), operand):
                return -value(operand)
            case ast.BinOp(left, how, right):
                return BINARY[type(how)](value(left), value(right))
            case ast.Call(ast.Name(name), [argument]):
                return getattr(np, name)(value(argument))
        raise AssertionError(ast.dump(node))

    with np.errstate(all="ignore"):
        return value(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("grammar", "max_length"),
    [(load_grammar("arithmetic"), 15), (Grammar.from_text(RICH), 25), (Grammar.from_text(FLAT), 12)],
    ids=["arithmetic", "rich", "flat"],
)
def test_values_are_pythons(grammar: Grammar, max_length: int):
    derivations = sample_uniform(grammar, 1500, max_length, seed=0)
    values = evaluate_many(grammar, derivations, X)
    assert values.shape == (1500, len(X))
    assert values.dtype == np.float64
    for ids, row in zip(derivations, values, strict=True):
        text = grammar.unparse(ids)
        np.testing.assert_allclose(row, reference(text, X), rtol=1e-12, err_msg=text)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "1",
        "1 / 2 / 3",
        "1 + x * 2",
        "( 1 + x ) * 2",
        "1 + x * 2 + 3 / x * x",
        "x*sin(x+exp(1/x)*2)/3+1",
        "1/3+x+sin(x*x)",
    ],
)
def test_usual_rules_of_arithmetic(text: str):
    grammar = load_grammar("arithmetic")
    np.testing.assert_allclose(evaluate_text(grammar, text, X), reference(text, X), rtol=1e-13)


def test_score_of_a_printed_expression():
    """The paper's score of 1/2+(x)+sin(x*x), recomputed from its definition: 0.027."""
    grammar = load_grammar("arithmetic")
    x = points()
    assert (len(x), x[0], x[-1]) == (1000, -10, 10)
    difference = evaluate_text(grammar, "1/2+(x)+sin(x*x)", x) - (1 / 3 + x + np.sin(x * x))
    assert np.log(1 + np.mean(np.minimum(difference**2, 1000))) == pytest.approx(0.027, abs=5e-4)


def test_productions_may_join_several_steps():
    """As motifs do: the children's symbols stand in the parent's right-hand side."""
    grammar = Grammar.from_text("S -> S '+' 'x' '*' '(' S '-' '2' ')' | 'sin(' 'x' '/' S ')' | '3' | '-' '-' 'x'")
    for ids in sample_uniform(grammar, 20, 5, seed=0):
        np.testing.assert_allclose(evaluate(grammar, ids, X), reference(grammar.unparse(ids), X), rtol=1e-13)


def test_undefined_values_pass_in_silence():
    grammar = Grammar.from_text(RICH)
    x = np.array([-1.0, 0.0, 1.0, 1000.0])
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(evaluate_text(grammar, "12 / x", x), [-12, np.inf, 12, 0.012])
        np.testing.assert_array_equal(evaluate_text(grammar, "12 / 0", x), [np.inf] * 4)
        assert np.isnan(evaluate_text(grammar, "log(x)", x)[0])
        assert np.isnan(evaluate_text(grammar, "sqrt(x)", x)[0])
        assert evaluate_text(grammar, "exp(x)", x)[3] == np.inf
        with pytest.raises(FloatingPointError):  # the caller's own setting stands
            np.divide(1.0, x)


def test_finite():
    grammar = load_grammar("arithmetic")
    texts = ["x", "exp(exp(x))", "1/x"]  # no point of `points()` is 0
    flags = are_finite(grammar, [grammar.parse(text) for text in texts])
    assert flags.dtype == bool
    assert flags.tolist() == [True, False, True]
    assert are_finite(grammar, [grammar.parse("1/x")], np.array([0.0, 1.0])).tolist() == [False]


def test_values_are_the_callers_own():
    x = X.copy()
    values = evaluate_text(load_grammar("arithmetic"), "x", x)
    values += 1
    np.testing.assert_array_equal(x, X)


def test_no_expressions():
    grammar = load_grammar("arithmetic")
    assert evaluate_many(grammar, [], X).shape == (0, len(X))
    assert are_finite(grammar, []).shape == (0,)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("S -> S '^' S", "unknown terminal '^'"),
        ("S -> 'sinh(' S ')'", "unknown terminal 'sinh'"),
        ("S -> S S", "no operator before 'S'"),
        ("S -> 'x' '2'", "no operator before '2'"),
        ("S -> S '(' S ')'", "no operator before '('"),
        ("S -> ", "it is empty"),
        ("S -> S '+'", "it ends before an expression does"),
        ("S -> S '+' '*' S", "no expression before '*'"),
        ("S -> '+' S", "no expression before '+'"),
        ("S -> '(' ')'", "no expression before ')'"),
        ("S -> '(' S", "no ')' for a '('"),
        ("S -> S ')'", "no '(' for a ')'"),
        ("S -> 'sin' S", "no '(' before 'S'"),
        ("S -> 'sin' '-' S", "no '(' before '-'"),
    ],
)
def test_names_the_production_it_does_not_understand(line: str, reason: str):
    grammar = Grammar.from_text(f"# a comment\nS -> 'x'\n{line}\n", "mine")
    with pytest.raises(GrammarError) as raised:
        evaluate_text(grammar, "x", X)
    message = str(raised.value)
    assert message.startswith(f"mine, line 3: production '{grammar.productions[1]}' does not read as arithmetic")
    assert reason in message
    assert "known are numbers" in message


def test_unusable_productions_need_no_meaning():
    grammar = Grammar.from_text("S -> 'x' | U \n U -> U '^' \n Other -> '%'")
    np.testing.assert_array_equal(evaluate(grammar, [0], X), X)


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ([], "ends before S is expanded"),
        ([0, 3, 7], "ends before T is expanded"),
        ([3, 7, 7], "continues after its last nonterminal"),
        ([7], "production 7 of grammar 'arithmetic' does not expand S"),
        ([3, 11], "production 11 .* does not expand T"),
        ([3, 12], "production 12 .* does not expand T"),
        ([-1], "production -1 .* does not expand S"),
    ],
)
def test_refuses_what_is_no_derivation(ids: list[int], reason: str):
    with pytest.raises(DerivationError, match=reason):
        evaluate(load_grammar("arithmetic"), ids, X)
