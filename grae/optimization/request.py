"""The JSON description of a search: the options of the command line, stored in `search.json` to reproduce it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import ConfigDict

from grae.errors import DataError, RunError, SettingsError
from grae.optimization.search_settings import FREE_ON_RESUME, SearchOptions, SearchSettings
from grae.targets.benchmarks.names import SUITES
from grae.targets.named import target_named
from grae.targets.target import Target

if TYPE_CHECKING:
    from grae.grammar import Grammar

CURVE = "log-mse"
ALL, WORST_HALF, STDIN = "all", "worst-half", "-"
"""Starting strings that are not named by a file or a data set."""


class SearchRequest(SearchOptions):
    """A search of a run: its target and its starting strings by name, and its options.

    Attributes:
        target: a name as in `target_named`, or several.
        formula: log-mse: the curve to fit, a formula in x.
        points: log-mse: the file of points to fit.
        batch: whether the user's function takes a list of strings.
        minimize: whether lower scores of the user's function are better.
        start: "all" of the training strings, their "worst-half", a file, or a data set.
        column: column of a table of starting strings.
        delimiter: delimiter of a table of starting strings.
        constraints: constraints of the decoder; None for the model's own.

    The others are those of `SearchOptions`.
    """

    model_config = ConfigDict(strict=True)

    target: str | list[str] = "logp"
    formula: str | None = None
    points: str | None = None
    batch: bool = False
    minimize: bool = False
    start: str = ALL
    column: str | None = None
    delimiter: str | None = None
    constraints: Literal["semantic", "grammar"] | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The request from options by name, with absolute paths, independent of the working directory."""
        request = cls(**options)
        start = request.start if request.start in (ALL, WORST_HALF, STDIN) else _absolute(request.start)
        target = request.target
        given = [_absolute_source(one) for one in ([target] if isinstance(target, str) else target)]
        return request.replace(
            target=given[0] if len(given) == 1 else given,
            points=_absolute(request.points),
            start=start,
            where=None if request.where is None else _absolute_sources(request.where),
        )

    @classmethod
    def stored(cls, place: Path, options: Mapping[str, Any]) -> Self:
        """The request in a search's settings file, including those of earlier versions.

        Args:
            place: the file, for messages.
            options: the stored options.

        Raises:
            RunError: a value is not valid.
        """
        if "protocol" in options:
            options = {**options, "strategy": options["protocol"]}
        try:
            return cls(**{name: options[name] for name in cls.model_fields if name in options})
        except SettingsError as error:
            raise RunError(
                f"{place}: options: {error.message}",
                remedy="restore the file from a copy, or search into another folder",
            ) from None

    def resumed(self, folder: Path, given: Mapping[str, Any]) -> Self:
        """This request with the changes allowed on resuming.

        Args:
            folder: folder of the search, for messages.
            given: the options given.

        Raises:
            RunError: an option that may not change differs.
        """
        for name, value in given.items():
            stored = getattr(self, name)
            if name in FREE_ON_RESUME or value == stored:
                continue
            option = f"--{name.replace('_', '-')}"
            started = f"without {option}" if stored is None or stored is False else f"with {option} {stored}"
            raise RunError(
                f"{option}{'' if value is True else f' {value}'}: the search in {folder} was started {started}",
                remedy=f"omit {option}, or search into another folder",
            )
        return self.replace(**{name: value for name, value in given.items() if name in FREE_ON_RESUME})

    def settings(self) -> SearchSettings:
        """The settings of `grae.optimize`."""
        return SearchSettings(
            **{name: getattr(self, name) for name in SearchOptions.model_fields},
            half=WORST_HALF if self.start == WORST_HALF else ALL,
            decoding={} if self.constraints is None else {"constraints": self.constraints},
        )

    def target_of(self, grammar: "Grammar | None" = None) -> Target:
        """The target, for strings of a grammar.

        Raises:
            SettingsError, ParseError, DataError: as `target_named`.
        """
        if isinstance(self.target, str):
            return self._named(self.target, grammar, formula=self.formula, points=self.points, batch=self.batch)
        from grae.optimization.objectives.scoring import SeveralTargets

        names = [name.strip() for name in self.target]
        own = [name for name in names if is_function(name)]
        for option, given in (("--batch", self.batch), ("--minimize", self.minimize)):
            if given and not own:
                raise SettingsError(f"{option} does not apply to {', '.join(names)}", remedy="omit it")
        targets: list[Target] = []
        for name in names:
            of_curve = {"formula": self.formula, "points": self.points} if name == CURVE else {}
            targets.append(self._named(name, grammar, **of_curve, batch=self.batch and name in own))
        if CURVE not in names and (self.formula is not None or self.points is not None):
            raise SettingsError("a formula or points without the target log-mse", remedy="omit them")
        return SeveralTargets(targets)

    def _named(self, name: str, grammar: "Grammar | None", **options: Any) -> Target:
        minimized = self.minimize and (isinstance(self.target, str) or is_function(name))
        return target_named(name, grammar=grammar, direction="minimize" if minimized else "maximize", **options)

    def starting_strings(self, grammar: "Grammar") -> list[str] | None:
        """The strings of the file or data set named by `start`; None for the training strings.

        Raises:
            DataError: there is no such file or data set, or it is empty.
            SettingsError: a column or a delimiter is given for the training strings.
        """
        if self.start in (ALL, WORST_HALF):
            for option, value in (("column", self.column), ("delimiter", self.delimiter)):
                if value is not None:
                    raise SettingsError(f"--{option} does not apply to the training strings", remedy="omit it")
            return None
        from grae.datasets import open_source

        source = open_source(self.start, column=self.column, delimiter=self.delimiter, grammar=grammar)
        texts = list(source.texts())
        if not texts:
            raise DataError(f"{source.name} holds no string (--start)", remedy="give strings of the run's language")
        return texts


def _absolute(path: str | None) -> str | None:
    """The absolute path of a file; other names are unchanged."""
    return path if path is None or not Path(path).is_file() else str(Path(path).absolute())


def is_function(target: str) -> bool:
    """Whether a target's name denotes a user function."""
    place, colon, _ = target.strip().partition(":")
    return bool(colon) and place not in SUITES


def _absolute_sources(condition: str) -> str:
    """A condition with absolute paths of the user's files, except for paths that cannot be written in a condition."""

    def absolute(match: re.Match[str]) -> str:
        path = Path(match[1])
        whole = str(path.absolute())
        return whole if path.is_file() and not re.search(r"[\s()<>=!,'\"]", whole) else match[1]

    return re.sub(r"([^\s()<>=!,'\"]+\.py)(?=:\w)", absolute, condition)


def _absolute_source(target: str) -> str:
    """A target with the absolute path of its file, if it is a user function in a file."""
    place, colon, name = target.strip().rpartition(":")
    return f"{Path(place).absolute()}{colon}{name}" if place.endswith(".py") and Path(place).is_file() else target
