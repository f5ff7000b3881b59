"""A wheel of the checkout holds grammars, registry and trained models, and works where it is installed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout, built with the hatchling of the test environment: no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, timeout=300)
    (made,) = folder.glob("grae-*.whl")
    return made


def test_wheel_holds_the_grammars_and_the_registry(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    for grammar in (ROOT / "grammars").glob("*.cfg"):
        assert f"grae/grammars/{grammar.name}" in names
    assert {"grae/data/registry.toml", "grae/data/structural-alerts.toml"} <= names
    for file in (path for path in (ROOT / "models").rglob("*") if path.is_file()):
        assert f"grae/models/{file.relative_to(ROOT / 'models').as_posix()}" in names
    assert {f"grae/report/templates/page.{kind}" for kind in ("html", "css", "js")} <= names
    assert not {name for name in names if name.startswith(("tests/", "data/", "grammars/", "models/"))}


def test_installed_wheel_finds_its_grammars(wheel: Path, tmp_path: Path):
    target = tmp_path / "site"
    subprocess.run(
        [*PIP, "install", "--no-deps", "--no-compile", "--target", str(target), str(wheel)], check=True, timeout=300
    )
    code = (
        "import grae, grae.resources as r; print(grae.__file__); print(r.shipped('data')); grae.load_grammar('smiles')"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    package, data = done.stdout.split()
    assert Path(package).is_relative_to(target)
    assert Path(data) == target / "grae" / "data"
