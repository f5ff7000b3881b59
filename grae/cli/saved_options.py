"""Recovers the options of a command from the JSON settings of a run or search."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grae.cli.formula_options import FIT, OWN
from grae.errors import GrammarError, RunError, SettingsError
from grae.paths import LANGUAGE_FILE

STRINGS, IMAGES = "grae run 1", "grae image run 1"
UNSETTLED = {"validation": (0.05, 0.1), "test": (0.05,), "precision": ("auto",)}
"""Parameters of the estimators without an option, and the values that the commands use."""
NOT_JSON = "give the config.json of a run, the search.json of a search, or a TOML file of options"


def options_of(path: Path, verb: str) -> dict[str, Any]:
    """The options of a command, by name, that reproduce the run or search whose settings are stored in a file.

    Args:
        path: config.json or search.json.
        verb: the command that will use them: "train", "images train" or "optimize".

    Raises:
        RunError: the file cannot be read, or is not a settings file.
        SettingsError: it belongs to another command, or contains a setting without an option.
    """
    from grae.files import read_json
    from grae.optimization.folder import FORMAT as SEARCH
    from grae.optimization.symbolic.run import FORMAT as FORMULAS

    held = read_json(path, remedy=NOT_JSON)
    kind = held.get("format") if isinstance(held, dict) else None
    readers = {
        STRINGS: ("train", _of_strings),
        IMAGES: ("images train", _of_images),
        SEARCH: ("optimize", _of_search),
        FORMULAS: ("optimize", _of_formulas),
    }
    if kind not in readers:
        raise RunError(f"{path} does not hold the settings of a run or a search", remedy=NOT_JSON)
    made_by, read = readers[kind]
    if made_by != verb:
        raise SettingsError(
            f"{path} holds the settings of `grae {made_by}`, not of `grae {verb}`", remedy=f"grae {made_by} --config"
        )
    options = read(path, held)
    return {name.rstrip("_").replace("_", "-"): value for name, value in options.items() if value is not None}


def _of_strings(path: Path, held: Mapping[str, Any]) -> dict[str, Any]:
    about = _mapping(path, held, "data")
    if about.get("data") in (None, "-"):
        source = "came from standard input" if about.get("data") == "-" else "were given in Python"
        raise SettingsError(f"{path}: the strings of this run {source}", remedy="train on a file with --data")
    return {
        "grammar": _grammar(path, held),
        "data": about["data"],
        "column": about.get("column"),
        "delimiter": about.get("delimiter"),
        **_parameters(path, held),
    }


def _of_images(path: Path, held: Mapping[str, Any]) -> dict[str, Any]:
    about = _mapping(path, held, "data")
    if not isinstance(about.get("name"), str):
        raise SettingsError(f"{path}: the images of this run were given in Python", remedy="train on a set with --data")
    return {"data": about["name"], **_parameters(path, held)}


def _of_search(path: Path, held: Mapping[str, Any]) -> dict[str, Any]:
    if held.get("options") is None:
        raise SettingsError(f"{path}: this search was made in Python", remedy="repeat it there")
    return {name: value for name, value in _mapping(path, held, "options").items() if value is not False}


def _of_formulas(path: Path, held: Mapping[str, Any]) -> dict[str, Any]:
    options = _mapping(path, held, "options")
    if not options:
        raise SettingsError(f"{path}: this search was made in Python", remedy="repeat it there")
    names = {field: option for option, field in OWN.items()}
    taken = {names.get(name, name): value for name, value in options.items() if name != "stop_at"}
    return {"target": FIT, **taken}


def _parameters(path: Path, held: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an estimator by the names of the options. Raises SettingsError: one has no option."""
    from grae.density.densities import RENAMED

    parameters = dict(_mapping(path, held, "parameters"))
    if isinstance(parameters.get("density"), str):
        parameters["density"] = RENAMED.get(parameters["density"], parameters["density"])
    for name, usual in UNSETTLED.items():
        if name in parameters and parameters.pop(name) not in usual:
            value = _mapping(path, held, "parameters")[name]
            raise SettingsError(
                f"{path}: {name} is {value!r}, for which there is no option", remedy="fit it from Python"
            )
    if isinstance(parameters.get("architecture"), dict):
        raise SettingsError(
            f"{path}: settings of the architecture, for which there is no option", remedy="fit it from Python"
        )
    parameters.pop("on_invalid", None)  # of `fit`, which was given only valid strings
    if "random_state" in parameters:
        parameters["seed"] = parameters.pop("random_state")
    return parameters


def _grammar(path: Path, held: Mapping[str, Any]) -> str:
    """The name of the built-in grammar that a run was trained with, or else its file in the run folder."""
    from grae.grammar import load_grammar
    from grae.grammar.loading import shipped_grammars

    folder = path.parent
    file = folder / LANGUAGE_FILE
    place = file if file.is_file() else folder
    try:
        grammar = load_grammar(place)
        plain = grammar.plain
        names = [name for name in shipped_grammars() if load_grammar(name).fingerprint == plain.fingerprint]
    except GrammarError as error:
        raise RunError(f"{place}: {error.message}", remedy="restore the file from a copy") from None
    return names[0] if names else str(place.absolute())


def _mapping(path: Path, held: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = held.get(name)
    if not isinstance(value, dict):
        raise RunError(f"{path} lacks the {name} of a run", remedy="restore the file from a copy")
    return value
