"""Reading the options of a command from a file (--config), and writing them to one (--save-config).

The file is TOML, with options under their names without the dashes; the command line overrides it. The JSON files of
runs and searches are also accepted.
"""

import functools
import inspect
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from grae.cli.saved_options import options_of
from grae.errors import SettingsError, shortened

HERE_ONLY = ("config", "save_config", "as_json", "verbose", "quiet", "resume")
"""Parameters that cannot be set in a file, in the order of their options."""
NOT_SAVED = ("out", "context")
FROM_PYTHON = "fit it from Python, with the parameters in the file"


def with_config(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options --config and --save-config to a verb."""

    @functools.wraps(verb)
    def run(*, config: Path | None = None, save_config: Path | None = None, **options: Any) -> Any:
        context = options["context"] if takes_context else options.pop("context")
        if save_config is not None:
            _save(save_config, context, options)
        return verb(**options)

    signature = inspect.signature(verb)
    takes_context = "context" in signature.parameters
    added: dict[str, Any] = {} if takes_context else {"context": typer.Context}
    added |= {"config": Annotated[Path | None, _CONFIG], "save_config": Annotated[Path | None, _SAVE_CONFIG]}
    own = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if name == "context" else None,
            annotation=annotation,
        )
        for name, annotation in added.items()
    ]
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *own])  # pyright: ignore[reportAttributeAccessIssue]
    run.__annotations__ = {**verb.__annotations__, **added}
    return run


def _read(context: typer.Context, path: Path | None) -> Path | None:
    """Sets the defaults of the command to the options of a file.

    Raises:
        SettingsError: an entry is not an option of the command, or its value is not valid.
        RunError: the file cannot be read.
    """
    if path is None or context.resilient_parsing:
        return path
    verb = _verb(context)
    if path.suffix == ".json":
        options, remedy = options_of(path, verb), FROM_PYTHON
    else:
        options, remedy = _toml(path), f"see `grae {verb} --help`"
    known = {parameter.name: parameter for parameter in context.command.params if parameter.name not in HERE_ONLY}
    names = {_key(parameter): name for name, parameter in known.items()}
    defaults: dict[str, Any] = {}
    for key, value in options.items():
        name = names.get(key.replace("_", "-"))
        if name is None:
            raise _unknown(path, key, names, remedy)
        if name in defaults:
            raise SettingsError(f"{path}: {key} occurs twice", remedy="give only one of them")
        defaults[name] = _checked(context, known[name], value, f"{path}: {key}")
    context.default_map = defaults
    return path


def _verb(context: typer.Context) -> str:
    """The command without the name of the program, which is several words in `python -m grae`."""
    return context.command_path.removeprefix(context.find_root().command_path).strip()


def _toml(path: Path) -> dict[str, Any]:
    from grae.files import read_text

    remedy = "give a file of options in TOML, such as --save-config writes, or a run's config.json"
    try:
        return tomllib.loads(read_text(path, remedy=remedy))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}", remedy=remedy) from None
    except RecursionError:
        raise SettingsError(f"{path} is not TOML: nested too deep", remedy=remedy) from None


def _unknown(path: Path, key: str, names: Mapping[str, str | None], remedy: str) -> SettingsError:
    hyphened = key.replace("_", "-")
    if hyphened in (name.replace("_", "-").removeprefix("as-") for name in HERE_ONLY):
        remedy = "remove it from the file, and give it on the command line"
        return SettingsError(f"{path}: {key} is not an option that a file may hold", remedy=remedy)
    error = SettingsError.unknown("option", shortened(hyphened), sorted(names), otherwise=remedy)
    return SettingsError(f"{path}: {error.message}", remedy=error.remedy)


def _checked(context: typer.Context, parameter: Any, value: Any, where: str) -> Any:
    """A value as on the command line. Raises SettingsError: it is not valid for the option."""
    takes_list, is_flag = parameter.multiple if hasattr(parameter, "multiple") else False, _is_flag(parameter)
    fits = isinstance(value, bool) if is_flag else isinstance(value, str | int | float) and not isinstance(value, bool)
    if takes_list and isinstance(value, list):
        fits = all(isinstance(one, str) for one in value)
    if not fits:
        wanted = "true or false" if is_flag else "a list of strings" if takes_list else "a string or a number"
        raise SettingsError(f"{where} = {shortened(repr(value))}: expected {wanted}", remedy="correct the file")
    written: Any = value if is_flag else str(value)
    if takes_list:
        written = [str(value)] if isinstance(value, str | int | float) else value
    try:
        parameter.process_value(context, written)
    except typer.BadParameter as error:
        raise SettingsError(f"{where} = {shortened(repr(value))}: {error.message}", remedy="correct the file") from None
    return written


def _save(path: Path, context: typer.Context, options: Mapping[str, Any]) -> None:
    """Writes options that have a value as TOML. Raises RunError: the file cannot be written."""
    import tomlkit

    from grae import files

    verb = _verb(context)
    document = tomlkit.document()
    document.add(tomlkit.comment(f"grae {verb} --config {path}"))
    for parameter in context.command.params:
        value = options.get(parameter.name or "")
        if value is None or parameter.name in (*HERE_ONLY, *NOT_SAVED):
            continue
        plain = [str(one) for one in value] if isinstance(value, list | tuple) else value
        document.add(_key(parameter), plain if isinstance(plain, bool | int | float | list) else str(plain))
    files.write_text(path, tomlkit.dumps(document))


def _key(parameter: Any) -> str:
    """The name of a parameter in a file: its longest option without the dashes, or the argument's name."""
    options: Sequence[str] = [option for option in parameter.opts if option.startswith("--")]
    return max(options, key=len).removeprefix("--") if options else str(parameter.name).replace("_", "-")


def _is_flag(parameter: Any) -> bool:
    return bool(getattr(parameter, "is_flag", False))


_CONFIG: Any = typer.Option(
    "--config",
    metavar="FILE",
    is_eager=True,
    callback=_read,
    help="Take options from a TOML file, or from the config.json of a run or the search.json of a search; those on the "
    "command line override them.",
)
_SAVE_CONFIG: Any = typer.Option(
    "--save-config", metavar="FILE", help="Write the options of this command to a TOML file, for --config; then run."
)
