"""The metric code of `molsets` 0.3.1 (MOSES's own) as an oracle: pip install --no-deps molsets==0.3.1 fcd-torch==1.0.7

It was written for pandas 1 and an RDKit of 2020. Its functions still work when called one by one; to import them takes
two names that those packages have dropped, which are put back here.
"""

import sys
import warnings
from types import ModuleType
from typing import Any

import pandas as pd
import pytest


def metrics() -> Any:
    """The module `moses.metrics.metrics`; a test is skipped where `molsets` or `fcd_torch` is not installed."""
    pytest.importorskip("fcd_torch", reason="needs molsets: pip install --no-deps molsets==0.3.1 fcd-torch==1.0.7")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        six = ModuleType("rdkit.six")
        six.iteritems = dict.items  # pyright: ignore[reportAttributeAccessIssue]
        patch.setitem(sys.modules, "rdkit.six", six)
        appended = lambda one, other, sort: pd.concat([one, other], sort=sort)  # noqa: E731
        patch.setattr(pd.DataFrame, "append", appended, raising=False)
        return pytest.importorskip("moses.metrics.metrics", exc_type=ImportError)


def statistics(split: str) -> dict[str, Any]:
    """The published statistics of a reference, "test" or "test_scaffolds"."""
    metrics()
    from moses.dataset import get_statistics  # pyright: ignore[reportMissingImports]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_statistics(split)
