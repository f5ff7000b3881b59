"""`grae optimize --target fit`: formulas for data."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from grae.cli.configuring import HERE_ONLY
from grae.cli.formula_options import FIT, OWN, SHARED
from grae.cli.output import emit, note, progress, table, written
from grae.cli.resuming import changed, on_command_line
from grae.errors import SettingsError

if TYPE_CHECKING:
    from grae.optimization.symbolic.request import Fitted
    from grae.sequence import GrammarAutoencoder
    from grae.training.settings import Device

OTHER = ("run", "named_model", "target", "device", "out", "csv", *HERE_ONLY)


def check_owner(context: typer.Context, target: str) -> None:
    """Checks that an option applies to the target.

    Raises:
        SettingsError: an option does not apply.
    """
    given = changed(context)
    if target != FIT:
        for name in OWN:
            if name in given:
                option = f"--{name.replace('_', '-')}"
                raise SettingsError(f"{option} requires --target {FIT}", remedy=f"give --target {FIT}, or omit it")
        return
    for name in given:
        if name not in (*OWN, *SHARED, *OTHER):
            option = f"--{name.replace('_', '-')}"
            raise SettingsError(f"{option} does not apply to target {FIT}", remedy="omit it")


def fit(context: typer.Context, run: str | None, *, device: "Device") -> None:
    """Searches for formulas according to the options, prints the front, and writes tables and plots."""
    from grae.optimization.symbolic.pictures import draw
    from grae.optimization.symbolic.request import FitRequest, fit_request, latest_folder, new_folder

    params = context.params
    names = {**OWN, **{name: name for name in SHARED}}
    given = {names[name]: params[name] for name in on_command_line(context, {name: None for name in names})}
    out: Path | None = params["out"]
    if params["resume"]:
        folder = out or latest_folder()
        request = FitRequest.resumed(folder, given if run is None else {**given, "run": run})
    else:
        request = FitRequest.of({**given, "run": run})
        folder = out or new_folder(request)
    with progress("searching for formulas") as done:
        fitted = fit_request(
            request,
            folder,
            resume=params["resume"],
            load=lambda place: _load(place, device),
            tell=note,
            report=lambda evaluations, loss: done(min(1.0, evaluations / request.evaluations)),
        )
    pictures = draw(fitted.result.front, fitted.result.best, fitted.train, fitted.test, folder)
    if params["csv"] is not None:
        with written(params["csv"]) as file:
            file.write((folder / "equations.csv").read_bytes())
    if params["as_json"]:
        return emit(_record(fitted, folder, pictures))
    _print(fitted, folder)
    for picture in pictures:
        note(f"picture: {picture}")


def _load(place: str, device: "Device") -> "GrammarAutoencoder":
    import grae
    from grae.cli.runs import find_run

    return grae.load(find_run(place), device=device)


def _record(fitted: "Fitted", folder: Path, pictures: list[Path]) -> dict[str, object]:
    result = fitted.result
    return {
        "out": folder,
        "target": FIT,
        "evaluations": result.evaluations,
        "ended": result.ended,
        "rows": len(fitted.train),
        "test_rows": 0 if fitted.test is None else len(fitted.test),
        "columns": dict(zip(fitted.train.names, fitted.train.headings, strict=True)),
        "chosen": _equation(result.best),
        "equations": [_equation(one) for one in result.front],
        "pictures": pictures,
    }


def _equation(one: Any) -> Mapping[str, object]:
    return {
        "complexity": one.complexity,
        "mse": one.mse,
        "r2": one.r2,
        "test_r2": one.test_r2,
        "formula": one.formula,
        "skeleton": one.skeleton,
        "constants": one.constants.tolist(),
    }


def _print(fitted: "Fitted", folder: Path) -> None:
    """Prints the front, and the formula used for prediction."""
    result, train, test = fitted.result, fitted.train, fitted.test
    renamed = [f"{head!r} as {name}" for name, head in zip(train.names, train.headings, strict=True) if name != head]
    if renamed:
        note(f"columns: {', '.join(renamed)}")
    held_out = [] if test is None else ["test R2"]
    rows = [
        [
            one.complexity,
            f"{one.mse:.4g}",
            f"{one.r2:.6f}",
            *([f"{one.test_r2:.6f}"] if test is not None else []),
            str(one),
        ]
        for one in result.front
    ]
    table(["complexity", "MSE", "R2", *held_out, train.y_name], rows)
    note(f"{result.evaluations:,} evaluations on {len(train):,} rows; ended: {result.ended}")
    print(f"{train.y_name} = {result.best}")
    note(f"table: {folder / 'equations.csv'}")
