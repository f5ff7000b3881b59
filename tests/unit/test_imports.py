"""The arrows between the rooms, and how little `import grae` brings with it."""

import ast
import subprocess
import sys
from collections.abc import Container, Iterator
from pathlib import Path

import pytest

import grae
from grae.compilation import SOURCES
from grae.grammar.analysis import components

PACKAGE = Path(grae.__file__).parent
HEAVY = ("torch", "rdkit", "numba", "pandas", "sklearn", "scipy", "nltk", "accelerate", "matplotlib", "PIL", "botorch")

# Each room and those below it, the lowest first: a room imports the rooms named before it, never those after.
ROOMS = (
    "version",
    "bounds",
    "nested",
    "errors",
    "lazy_imports",
    "paths",
    "resources",
    "files",
    "shards",
    "compilation",
    "terminal",
    "callbacks",
    "frechet",
    "pretrained",
    "sharing",
    "grammar",
    "expressions",
    "typesetting",
    "formulas",
    "chemistry",
    "constraints",
    "languages",
    "datasets",
    "autoencoder",
    "training",
    "density",
    "targets",
    "conditions",
    "estimator",
    "images",
    "sequence",
    "evaluation",
    "optimization",
    "reproduction",
    "report",
    "cli",
    "__main__",
)
# `Grammar` is the face of what is computed of it, which it imports when it is asked.
CIRCLES = (
    {f"grae.grammar.{name}" for name in ["cfg", "forest", "nltk_objects", "parser", "segmentation", "spelling"]},
)
FACE = {"__init__"}  # grae/__init__.py names the library's face; its imports are lazy


def imported_rooms(file: Path) -> set[str]:
    """The rooms of grae that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), level=0, names=names):
                found |= {f"{module}.{alias.name}" for alias in names} if module == "grae" else {module}
            case ast.ImportFrom(level=level) if level:
                raise AssertionError(f"{file} has a relative import, line {node.lineno}")
    parts = [name.split(".") for name in found]
    return {names[1] for names in parts if names[0] == "grae" and len(names) > 1 and not names[1].startswith("_")}


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_strings_and_images_know_nothing_of_each_other():
    for room, other in (("images", "sequence"), ("sequence", "images")):
        assert not any(other in imported_rooms(file) for file in (PACKAGE / room).rglob("*.py"))


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(PACKAGE)) for file in FILES])
def test_a_room_imports_only_rooms_below_it(file: Path):
    room = room_of(file)
    if room in FACE:
        assert "cli" not in imported_rooms(file)
        return
    assert room in ROOMS, f"{room} is a new room: give it a place in ROOMS"
    above = set(ROOMS[ROOMS.index(room) + 1 :])
    assert not imported_rooms(file) & above


def run_imports(node: ast.AST, modules: Container[str]) -> Iterator[str]:
    """The modules of the package that code imports when it runs, in functions too, but not those for types alone."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Import(names=names):
            yield from (alias.name for alias in names if alias.name in modules)
        case ast.ImportFrom(module=str(module), names=names):
            submodules = (f"{module}.{alias.name}" for alias in names)
            yield from (name for one in submodules if (name := one if one in modules else module) in modules)
    for child in ast.iter_child_nodes(node):
        yield from run_imports(child, modules)


def test_no_modules_import_each_other_but_the_known():
    names = {".".join(("grae", *file.relative_to(PACKAGE).with_suffix("").parts)): file for file in FILES}
    imports = {name: set(run_imports(ast.parse(file.read_text()), names)) for name, file in names.items()}
    circles: dict[int, set[str]] = {}
    for name, number in components(imports).items():
        circles.setdefault(number, set()).add(name)
    for circle in circles.values():
        assert len(circle) == 1 or any(circle <= known for known in CIRCLES)


def test_compiled_functions_are_of_the_hashed_sources_alone():
    hashed = tuple(str(PACKAGE / source) for source in SOURCES)
    names = {".".join(("grae", *file.relative_to(PACKAGE).with_suffix("").parts)): file for file in FILES}
    users = {file for file in FILES if "compiled(" in file.read_text()}
    assert len(users) > 10
    for file in users:
        assert str(file).startswith(hashed)
        imports = set(run_imports(ast.parse(file.read_text()), names)) - {"grae.errors"}
        assert all(str(names[name]).startswith(hashed) for name in imports)


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after the code."""
    script = f"{code}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stderr.split())


def test_import_grae_is_light():
    assert not loaded_after("import grae") & {*HEAVY, "numpy", "typer", "rich"}


def test_help_is_light():
    code = """
import sys
from grae.cli.main import main
sys.argv = ["grae", "--help"]
try:
    main()
except SystemExit as end:
    assert end.code == 0
"""
    assert not loaded_after(code) & {*HEAVY, "numpy"}


def test_the_estimator_brings_what_computes_only_when_it_computes():
    loaded = loaded_after("from grae.sequence import GrammarAutoencoder")
    assert "torch" in loaded
    assert not loaded & {"numba", "accelerate", "rdkit", "nltk", "rich", "matplotlib", "botorch"}


def test_grammar_knows_neither_torch_nor_rdkit():
    code = (
        "import grae.grammar, pkgutil, importlib\n"
        "names = [m.name for m in pkgutil.walk_packages(grae.grammar.__path__, 'grae.grammar.')]\n"
        "[importlib.import_module(name) for name in names if not name.endswith('nltk_objects')]"  # nltk imports sklearn
    )
    assert not loaded_after(code) & {"torch", "rdkit", "sklearn", "accelerate", "nltk"}


def test_a_grammar_is_read_without_what_parses_with_it():
    code = (
        "import grae.grammar\n"
        "for name in ('smiles', 'arithmetic'):\n    grae.grammar.load_grammar(name).analysis.findings"
    )
    assert not loaded_after(code) & {*HEAVY, "llvmlite", "joblib"}


def test_the_face_offers_what_it_lists():
    assert dir(grae) == sorted(grae.__all__)
    assert grae.load_grammar("smiles").language.name == "molecules"
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = grae.lod  # pyright: ignore[reportAttributeAccessIssue]


def test_only_the_optimization_imports_botorch():
    users = {
        room_of(file) for file in FILES if any(name in file.read_text() for name in ("import gpytorch", "botorch."))
    }
    assert users == {"optimization"}


def test_a_search_without_surrogate_loads_no_botorch():
    assert "botorch" not in loaded_after("import grae.optimization")
