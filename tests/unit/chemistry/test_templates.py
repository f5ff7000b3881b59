"""Which molecules are a template with its attachment points filled."""

import pytest

from grae.chemistry.templates import hold, with_placeholders
from grae.errors import DataError


@pytest.mark.parametrize(
    ("template", "holding", "others"),
    [
        ("c1ccc(*)cc1", ["CCc1ccccc1", "OC(=O)c1ccccc1"], ["c1ccccc1", "Cc1ccc(C)cc1", "c1ccc2ccccc2c1"]),
        ("CC(*)=O", ["CC(=O)N", "CC(=O)c1ccccc1"], ["CC=O", "CCC(=O)N"]),
        ("*N1CCN(*)CC1", ["CN1CCN(C)CC1", "O=C(C)N1CCN(CC)CC1"], ["CN1CCNCC1", "CC1CN(C)CCN1C"]),
        ("c1ccc(*c2ccncc2)cc1", ["c1ccc(Cc2ccncc2)cc1", "c1ccc(CCOc2ccncc2)cc1"], ["c1ccc(Cc2cccnc2)cc1"]),
        ("C1CC*CC1", ["C1CCOCC1", "C1CCC(C)CC1"], ["CC1CCOCC1", "C1CCCC1"]),
        ("*C=C*", ["CC=CC"], ["C=CC", "C1=CCCCC1", "c1ccccc1", "CC(C)=CC"]),
    ],
)
def test_only_attachment_points_differ(template, holding, others):
    assert hold(template, holding) == [True] * len(holding)
    assert hold(template, others) == [False] * len(others)


def test_the_scaffold_alone():
    assert hold("c1ccc(*)cc1", ["Cc1ccc(C)cc1", "C1CCCCC1", None], exact=False) == [True, False, False]
    for exact in (True, False):
        with pytest.raises(DataError, match="no atom besides attachment points"):
            hold("**", ["CC"], exact=exact)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("c1ccccc1", "no attachment point"),
        ("*", "no atom besides attachment points"),
        ("c1c*c[nH]1", "part of an aromatic ring"),
        ("c1ccc(*", "RDKit cannot read it"),
        ("[Fe](*)C", "bonded to a metal"),
    ],
)
def test_templates_without_a_place_to_fill(template, message):
    with pytest.raises(DataError, match=message):
        with_placeholders(template, kekule=True)
