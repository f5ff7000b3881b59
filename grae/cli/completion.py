"""Shell completion of names of runs, grammars and data sets; imports nothing heavy."""

import tomllib

from grae import pretrained
from grae.paths import CONFIG_FILE, RUNS
from grae.resources import shipped


def runs(incomplete: str) -> list[str]:
    """Names of runs under runs/, latest first."""
    written = [(file.stat().st_mtime_ns, file.parent.name) for file in RUNS.glob(f"*/{CONFIG_FILE}")]
    names = [name for _, name in sorted(written, reverse=True)]
    return [name for name in dict.fromkeys([*names, *pretrained.names()]) if name.startswith(incomplete)]


def models(incomplete: str) -> list[str]:
    """Names of pretrained models."""
    return [name for name in pretrained.names() if name.startswith(incomplete)]


def grammars(incomplete: str) -> list[str]:
    """Names of built-in grammars."""
    names = sorted(file.stem for file in shipped("grammars").glob("*.cfg"))
    return [name for name in names if name.startswith(incomplete)]


def datasets(incomplete: str) -> list[str]:
    """Names of data sets of strings."""
    registry = tomllib.loads((shipped("data") / "registry.toml").read_text(encoding="utf-8"))
    names = [name for name, entry in registry.items() if isinstance(entry, dict) and "language" in entry]
    return [name for name in names if name.startswith(incomplete)]
