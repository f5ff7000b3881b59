"""Analogs: distinct valid strings near one."""

import numpy as np
import pytest

from grae.chemistry import canonical, read
from grae.chemistry.counts import heavy_atoms
from grae.chemistry.structure import tanimoto
from grae.chemistry.templates import hold
from grae.errors import DataError, ParseError, SettingsError

LEAD = "CC(=O)Nc1ccc(OCC)cc1"


def test_analogs_of_a_molecule(molecules_model_of):
    model = molecules_model_of("kekule")
    found = model.analogs(LEAD, 20, least_similarity=0.4, seed=1)
    assert 0 < len(found) <= 20
    assert len({canonical(text) for text in found.texts}) == len(found)
    assert canonical(LEAD) not in found.texts
    similarities = [analog.similarity for analog in found]
    assert similarities == sorted(similarities, reverse=True)
    assert min(similarities) >= 0.4
    assert similarities == pytest.approx(tanimoto(LEAD, found.texts))
    code = model.transform([LEAD])[0]
    for analog in found:
        assert read(analog.text) is not None
        assert analog.source in ("code", "derivation")
        if analog.distance is not None:
            assert analog.distance == pytest.approx(np.linalg.norm(model.transform([analog.text])[0] - code), rel=1e-4)
        assert analog.properties["heavy_atoms"] == heavy_atoms([analog.text])[0]
    assert found.to_frame().shape == (len(found), 4 + len(found[0].properties))
    assert model.analogs(LEAD, 20, least_similarity=0.4, seed=1).texts == found.texts


def test_analogs_that_hold_a_template_and_keep_a_rule_and_a_condition(molecules_model_of):
    model = molecules_model_of("kekule")
    found = model.analogs(LEAD, 15, least_similarity=0.2, template="c1ccc(*)cc1", seed=0)
    assert len(found)
    assert all(hold("c1ccc(*)cc1", found.texts))
    ruled = model.analogs(LEAD, 15, least_similarity=0.2, rule=lambda text: "N" not in text, where="heavy_atoms < 14")
    assert ruled.refused
    assert all("N" not in text and "n" not in text and heavy_atoms([text])[0] < 14 for text in ruled.texts)


def test_analogs_of_an_expression(expressions_model):
    found = expressions_model.analogs("x*sin(x)+1", 12, least_similarity=0.2)
    assert len(found) == 12
    assert len(set(found.texts)) == 12
    assert "x*sin(x)+1" not in found.texts
    grammar = expressions_model.language_grammar_
    assert found[0].similarity == pytest.approx(
        grammar.language.similarities(grammar, "x*sin(x)+1", [found[0].text])[0]
    )
    held = expressions_model.analogs("x*sin(x)+1", 8, least_similarity=0.0, template="<S>*sin(<S>)")
    assert len(held)
    assert all("*sin(" in text and text.endswith(")") for text in held.texts)


def test_too_few_are_what_is_found(expressions_model):
    found = expressions_model.analogs("x*sin(x)+1", 5000, least_similarity=0.9)
    assert len(found) < 5000
    assert "of 5,000 analogs of at least 0.9 similarity" in str(found)


def test_bad_input(expressions_model, molecules_model_of):
    for given in ({"n": 0}, {"least_similarity": 1.5}):
        with pytest.raises(SettingsError, match="analogs of at least"):
            expressions_model.analogs("x", **given)
    with pytest.raises(ParseError):
        expressions_model.analogs("x+")
    with pytest.raises(ParseError):
        expressions_model.analogs("x", template="<S>+")
    with pytest.raises(DataError):
        molecules_model_of("kekule").analogs("C(C)(C)(C)(C)C")
