"""User code by its source, `package.module:name` or `path/to/file.py:name`, loaded once per process.

A file is imported as a module of its folder: it is in `sys.modules` under its own name before it is executed, and its
folder is on `sys.path`. Therefore its dataclasses work, its functions and classes can be pickled, modules in the same
folder can be imported, and process pools that it starts can import it again.
"""

import ast
import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from grae.errors import GraeError, SettingsError
from grae.targets.calls import stdout_to_stderr
from grae.targets.failures import described

TARGET = "target (--target)"
STAMP = "__grae_stamp__"
Stamp = tuple[int, int]


class Source(NamedTuple):
    """The location of a user's object.

    Attributes:
        place: the absolute path of a file, or the name of a module.
        name: name of the object in it.
        module: the name under which a file is imported, or the name of the module.
        stamp: modification time and size of a file, so that all processes reload it if it changes.
        option: name of the option in messages.
    """

    place: str
    name: str
    module: str
    stamp: Stamp | None = None
    option: str = TARGET

    @classmethod
    def read(cls, text: str, option: str = TARGET) -> "Source":
        """The source named by an option's text.

        Raises:
            SettingsError: the text names no object, or the file does not exist.
        """
        place, _, name = text.rpartition(":")
        if place.endswith(".py"):
            path = Path(place).absolute()
            if not path.is_file():
                raise SettingsError(f"{option}: there is no file {place}", remedy="check the path before ':'")
            status = path.stat()
            source = cls(str(path), name, _module_name(path), (status.st_mtime_ns, status.st_size), option)
        else:
            source = cls(place, name, place, None, option)
        if not name:
            raise SettingsError(f"{option} {text!r} names no function", remedy=suggestion(place))
        return source

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"

    @property
    def short(self) -> str:
        """The source without the file's folder."""
        return f"{Path(self.place).name if self.stamp else self.place}:{self.name}"

    def load(self) -> Any:
        """The object. This executes user code, as requested; its standard output is redirected to standard error.

        Raises:
            SettingsError: there is no such module or object, or its code cannot be loaded.
        """
        module = self._from_file() if self.stamp else self._from_module()
        value = getattr(module, self.name, None)
        if not (callable(value) or hasattr(value, "evaluate")):
            offered = _offered(module)
            if not offered:
                raise SettingsError(f"{self.option}: {self.place} defines no function", remedy="define one there")
            raise SettingsError.unknown("function", self.name, offered, otherwise=f"define it in {self.place}")
        return value

    def _from_file(self) -> ModuleType:
        there = sys.modules.get(self.module)
        if there is not None and getattr(there, STAMP, self.stamp) == self.stamp:  # no stamp: imported by Python itself
            return there
        path = Path(self.place)
        _add_to_path(path.parent)
        spec = importlib.util.spec_from_file_location(self.module, path)
        if spec is None or spec.loader is None:
            raise SettingsError(f"{self.option}: {path} is not a Python file", remedy="give a .py file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.module] = module
        try:
            with stdout_to_stderr():
                spec.loader.exec_module(module)
        except BaseException as error:
            sys.modules.pop(self.module, None)
            _refuse(self, error, path.parent)
            raise
        setattr(module, STAMP, self.stamp)
        return module

    def _from_module(self) -> ModuleType:
        try:
            with stdout_to_stderr():
                if self.place and importlib.util.find_spec(self.place):
                    return importlib.import_module(self.place)
        except BaseException as error:
            if not (isinstance(error, ModuleNotFoundError) and _is_of(self.place, error.name)):
                _refuse(self, error, None)
                raise
        file = f"{self.place}.py"
        remedy = "install it, or give the path of its .py file before the ':'"
        if self.place and Path(file).is_file():
            remedy = suggestion(file)
        raise SettingsError(f"{self.option}: there is no module {self.place!r}", remedy=remedy)


def suggestion(place: str) -> str:
    """A suggestion of functions in a file or module, which is parsed but not executed."""
    functions = _functions(Path(place)) if place.endswith(".py") else []
    if not functions:
        return f"name it behind a colon, such as {place or 'mine.py'}:score"
    known = [f"{place}:{name}" for name in functions[:5]]
    return f"did you mean {known[0]}?" if len(known) == 1 else f"give one of its functions: {', '.join(known)}"


def _functions(path: Path) -> list[str]:
    """The public functions defined in a file, `score` first; empty if it cannot be parsed."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return sorted(dict.fromkeys(names), key=lambda name: name != "score")


def _offered(module: ModuleType) -> list[str]:
    """The names in a module that can be targets."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and ((callable(value) and getattr(value, "__module__", None) == module.__name__) or hasattr(value, "evaluate"))
    ]


def _module_name(path: Path) -> str:
    """The name under which a file is imported: its own, unless it is taken by another module."""
    name = path.stem
    there = sys.modules.get(name)
    if there is not None:
        taken = not _same_file(getattr(there, "__file__", None), path)
    else:
        taken = "." in name or name in sys.stdlib_module_names or _importable_elsewhere(name, path)
    if not taken:
        return name
    return f"grae_target_{name.replace('.', '_')}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _importable_elsewhere(name: str, path: Path) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and not _same_file(spec.origin, path)


def _same_file(one: str | None, other: Path) -> bool:
    return one is not None and Path(one).resolve() == other.resolve()


def _add_to_path(folder: Path) -> None:
    """Adds a folder to `sys.path`: at the front, or at the end if its modules would shadow the standard library."""
    place = str(folder)
    if place in sys.path:
        return
    hides = any(file.stem in sys.stdlib_module_names for file in folder.glob("*.py"))
    sys.path.insert(len(sys.path) if hides else 0, place)


def _is_of(place: str, missing: str | None) -> bool:
    """Whether a missing module is the requested one or a parent package."""
    return missing is None or place == missing or place.startswith(f"{missing}.")


def _refuse(source: Source, error: BaseException, folder: Path | None) -> None:
    """Raises the error of user code that cannot be loaded; interruptions and grae's own errors pass through.

    Raises:
        SettingsError: the code cannot be loaded; the message has the file and the line.
    """
    if isinstance(error, KeyboardInterrupt | GraeError):
        return
    where = _where(error, folder)
    raise SettingsError(
        f"{source.option}: {source.place} cannot be loaded{where}: {described(error)}",
        remedy="fix it there; -v shows the whole traceback",
    ) from error


def _where(error: BaseException, folder: Path | None) -> str:
    """The file and line of an error: those of the last frame in the folder, if one is given and contains any."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    others = [frame for frame in frames if not frame.filename.startswith("<frozen") and __file__ != frame.filename]
    mine = [frame for frame in others if folder is not None and Path(frame.filename).is_relative_to(folder)]
    chosen = (mine or others)[-1:]
    return f" ({chosen[0].filename}, line {chosen[0].lineno})" if chosen else ""
