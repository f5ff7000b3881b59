"""The pretrained model under ten templates: every sample is valid and holds its scaffold, and most are distinct."""

import os

import pytest

import grae
from grae.chemistry import read
from grae.chemistry.templates import hold

TEMPLATES = (
    "c1ccc(*)cc1",
    "CC(*)=O",
    "*c1nc2ccccc2[nH]1",
    "*N1CCN(*)CC1",
    "O=C(*)c1ccc(*)cc1",
    "C[C@H](*)NC(=O)*",
    "c1ccc(*c2ccncc2)cc1",
    "O=S(=O)(c1ccccc1)*C(=O)O",
    "c1cc2c(*)ncnc2cc1*",
    "*c1ccc2[nH]c3ccc(*)cc3c2c1",
)
"""One hole, two holes, linkers, fused cores."""


def samples_of(model, template: str, n: int) -> list[str]:
    texts = model.sample(n, template=template, seed=1)
    assert len(texts) == n
    assert all(read(text) is not None for text in texts), template
    assert all(hold(template, texts)), template
    return texts


@pytest.fixture(scope="module")
def model():
    return grae.load("zinc250k", device="cpu")


def test_a_few_samples_of_each(model):
    for template in TEMPLATES:
        texts = samples_of(model, template, 20)
        assert len(set(texts)) >= 15, template


@pytest.mark.slow
def test_ten_thousand_samples(model):
    """GRAE_SCALE multiplies the thousand of each template."""
    n = 1000 * int(os.environ.get("GRAE_SCALE", "1"))
    for template in TEMPLATES:
        texts = samples_of(model, template, n)
        assert len(set(texts)) >= 0.9 * n, (template, len(set(texts)) / n)
