"""Data sets, named or from files: encoded once into memory-mapped derivation stores, and split."""

from grae.datasets.coverage import Coverage, check_coverage
from grae.datasets.encoding import Progress
from grae.datasets.fetching import fetch, find
from grae.datasets.forms import encode_in_form
from grae.datasets.locations import cache_home, data_home
from grae.datasets.observations import read_data
from grae.datasets.readers import Source
from grae.datasets.reading import Line
from grae.datasets.registry import DatasetEntry, default_dataset, entries, entry
from grae.datasets.rejects import Reject
from grae.datasets.sources import open_source
from grae.datasets.split import Split, make_split
from grae.datasets.store import DerivationStore, build_store, open_store

__all__ = [
    "Coverage",
    "DatasetEntry",
    "DerivationStore",
    "Line",
    "Progress",
    "Reject",
    "Source",
    "Split",
    "build_store",
    "cache_home",
    "check_coverage",
    "data_home",
    "default_dataset",
    "encode_in_form",
    "entries",
    "entry",
    "fetch",
    "find",
    "make_split",
    "open_source",
    "open_store",
    "read_data",
]
