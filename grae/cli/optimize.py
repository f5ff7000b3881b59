"""`grae optimize`: a search of a run's latent space for strings that score well."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grae.bounds import MOST_A_ROUND, MOST_PROCESSES, MOST_ROUNDS, MOST_STEPS, MOST_STRINGS
from grae.cli.formula_options import FIT
from grae.cli.formulas import check_owner, fit
from grae.cli.fronts import print_front, write_front
from grae.cli.options import (
    AsJson,
    Column,
    ConstraintsName,
    Delimiter,
    Device,
    Log,
    ModelName,
    RunArgument,
    Seed,
    Template,
    Where,
)
from grae.cli.output import (
    distinct_texts,
    emit,
    figure,
    is_table,
    note,
    table,
    talks,
    training_progress,
    write_lines,
    write_strings,
)
from grae.cli.resuming import on_command_line
from grae.cli.runs import find_run, named
from grae.cli.strings import build
from grae.cli.tables import StrategyName, described, described_groups, either, of_paces
from grae.errors import SettingsError
from grae.optimization.mixed_parts import NO_SURROGATE, VIEWS, default_groups, groups
from grae.optimization.strategies import STRATEGIES
from grae.targets.benchmarks.names import SUITES
from grae.targets.named import TARGETS

if TYPE_CHECKING:
    from grae.optimization import SearchResult

TABLE = 10
PAPER_BEST = 3


def optimize(
    context: typer.Context,
    run: RunArgument = None,
    named_model: ModelName = None,
    target: Annotated[
        list[str],
        typer.Option(
            "--target",
            "-t",
            metavar="TARGET",
            help=f"What to search for. {described(TARGETS)}; a formula of these ('min(clip(logp, 0, 3)/3, qed)'), "
            f"{either(f'{suite}:NAME' for suite in SUITES)} (below), module:function or file.py:function; or {FIT}: "
            "formulas for data, for which no run is needed. Several (repeated): a search for their Pareto front.",
        ),
    ] = ["logp"],  # noqa: B006 - typer copies it
    strategy: Annotated[
        StrategyName,
        typer.Option("--strategy", "--protocol", "-p", help=f"Search strategy. {described(STRATEGIES)}."),
    ] = "mixed",
    propose: Annotated[
        str | None,
        typer.Option(
            "--propose",
            metavar="NAME",
            help=f"mixed: proposers. {described_groups()}; or several, as in {'+'.join(groups())}. [default: "
            f"{'+'.join(default_groups())}]",
        ),
    ] = None,
    surrogate: Annotated[
        str | None,
        typer.Option(
            "--surrogate",
            metavar="NAME",
            help=f"mixed: features of the surrogate. {described(VIEWS)}; several, as in "
            f"{'+'.join([*VIEWS][:0:-1])}; or {NO_SURROGATE}. [default: by the language]",
        ),
    ] = None,
    most_atoms: Annotated[
        int | None,
        typer.Option(
            "--most-atoms", metavar="N", min=1, max=MOST_STEPS, help="Maximum heavy atoms of a proposed molecule."
        ),
    ] = None,
    most_symbols: Annotated[
        int | None,
        typer.Option(
            "--most-symbols", metavar="N", min=1, max=MOST_STEPS, help="Maximum terminals of a proposed string."
        ),
    ] = None,
    template: Template = None,
    where: Where = None,
    diversity: Annotated[
        str | None,
        typer.Option(
            "--diversity",
            metavar="KIND:LIMIT",
            help="How results must differ: scaffold:5, at most 5 of a scaffold; similarity:0.6, none nearer to a "
            "better one; derivation:0.6, the same by derivations.",
        ),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, max=MOST_ROUNDS, help=f"Rounds. [default: {of_paces('rounds')}]")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size", min=1, max=MOST_A_ROUND, help=f"Strings per round. [default: {of_paces('batch_size')}]"
        ),
    ] = None,
    formula: Annotated[
        str | None, typer.Option("--formula", metavar="F(X)", help="log-mse: the curve to fit, a formula in x.")
    ] = None,
    points: Annotated[
        str | None, typer.Option("--points", metavar="FILE", help="log-mse, fit: the points, one x and y per line.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="FILE", help="fit: a table of numbers with a header; each column a variable."),
    ] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="COLUMN", help="fit: the column to explain. [default: the last]")
    ] = None,
    test: Annotated[
        float, typer.Option("--test", metavar="SHARE", min=0.0, max=0.99, help="fit: share of the rows held out.")
    ] = 0.0,
    grammar: Annotated[
        str, typer.Option("--grammar", metavar="NAME|FILE", help="fit: the grammar of the formulas.")
    ] = "formulas",
    function: Annotated[
        list[str] | None,
        typer.Option(
            "--function",
            metavar="NAME=MODULE:FUNCTION",
            help="fit: a numpy function that the grammar names; repeatable.",
        ),
    ] = None,
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=1, max=MOST_STRINGS, help="fit: maximum formulas scored.")
    ] = 5000,
    most_productions: Annotated[
        int, typer.Option("--most-productions", min=1, max=MOST_STEPS, help="fit: maximum productions of a formula.")
    ] = 30,
    most_constants: Annotated[
        int, typer.Option("--most-constants", min=0, max=MOST_STEPS, help="fit: maximum constants of a formula.")
    ] = 8,
    batch: Annotated[
        bool, typer.Option("--batch", help="Your function takes a list of strings, one round at a time.")
    ] = False,
    minimize: Annotated[bool, typer.Option("--minimize", help="Your functions: lower is better.")] = False,
    start: Annotated[
        str,
        typer.Option(
            "--start",
            metavar="all|worst-half|DATA",
            help="Starting strings: the training set, its worse half, or others.",
        ),
    ] = "all",
    column: Column = None,
    delimiter: Delimiter = None,
    start_limit: Annotated[
        int | None,
        typer.Option(
            "--start-limit",
            min=0,
            max=MOST_STRINGS,
            help="Maximum starting strings to score. [default: 20000; your function 200; 0: all]",
        ),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", min=0.0, help="Decoder temperature. [default: 0; paper 1]")
    ] = None,
    constraints: ConstraintsName = None,
    attempts: Annotated[
        int | None,
        typer.Option("--attempts", min=1, max=MOST_ROUNDS, help="paper: decodings per point. [default: 25 or 500]"),
    ] = None,
    retrain_every: Annotated[
        int | None,
        typer.Option(
            "--retrain-every",
            metavar="N",
            min=1,
            max=MOST_ROUNDS,
            help="Fine-tune the model on the strings found, every N rounds.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=MOST_PROCESSES, help="Parallel calls of the target.")
    ] = 1,
    backend: Annotated[
        Literal["loky", "dask", "ray"],
        typer.Option("--backend", help="Where the workers are: this machine, or a cluster."),
    ] = "loky",
    timeout: Annotated[float, typer.Option("--timeout", metavar="SEC", help="Time limit per call; 0: none.")] = 60.0,
    seed: Seed = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="The search's folder. [default: a new one in RUN/optimize/]"),
    ] = None,
    csv: Annotated[
        str | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Also write all valid strings, best first, with scores and properties: .csv, .tsv or .smi.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Continue the search in --out, or the run's latest (of --target), with its own options."
        ),
    ] = False,
    log: Log = None,
    as_json: AsJson = False,
) -> None:
    """Search a run's latent space for strings that score well, or formulas for data. Every score is saved at once."""
    from grae.callbacks import logger_named
    from grae.optimization.request import SearchRequest
    from grae.optimization.runs import latest_search, new_folder, request_to_resume, run_of, search_run

    if FIT in target and len(target) > 1:
        raise SettingsError(f"target {FIT} with other targets", remedy=f"give --target {FIT} alone")
    check_owner(context, target[0])
    if target == [FIT]:
        return fit(context, named(run, named_model) if run or named_model else None, device=device)
    loggers = [logger_named(text) for text in log or ()]
    if out is not None and not out.is_dir() and is_table(str(out)):
        raise SettingsError(
            f"--out {out}: it is the folder of the search", remedy=f"--csv {out} writes its strings with their scores"
        )
    options = {name: context.params[name] for name in SearchRequest.model_fields}
    request = SearchRequest.of(options)
    run = named(run, named_model)
    if resume:
        given = on_command_line(context, options)
        searched = None if out is None else run_of(out)
        place = searched if run is None and searched is not None else find_run(run)
        folder = out or latest_search(place, request.target if "target" in given else None)
        request = request_to_resume(folder, request, list(given))
    else:
        place = find_run(run, language=request.target_of().language, search=True)
        folder = out or new_folder(place, target)
    with warnings.catch_warnings():
        if not talks():  # failures of the target are in the result
            warnings.simplefilter("ignore", _failed_warning())
        result = search_run(
            place,
            request,
            folder,
            resume=resume,
            device=device,
            build=build,
            tell=note,
            progress=training_progress(),
            callbacks=loggers,
        )
    from grae.optimization.plots import draw

    pictures = draw(result, folder)
    front = result.front
    if front is not None:
        written = write_front(front, folder)
    if csv is not None:
        _write(result, csv)
    if as_json:
        return emit({"run": place, "out": folder, **result.to_dict(), "pictures": pictures})
    _print_start(result)
    if front is None:
        _print_best(result)
    else:
        print_front(front, result.language)
        note(f"front: {written}")
    _print_end(result)
    for picture in pictures:
        note(f"picture: {picture}")


def _failed_warning() -> type[Warning]:
    from grae.optimization import TargetFailedWarning

    return TargetFailedWarning


def _write(result: "SearchResult", path: str) -> None:
    """Writes all valid strings of start and search, best first, as a table or as lines of SMILES and score."""
    best = result.best
    columns: dict[str, list[object]] = {
        "score": [one.score for one in best],
        "from": [one.origin for one in best],
        "round": [None if one.round is None else one.round + 1 for one in best],
    }
    if result.condition is not None:
        columns["fulfils"] = [one.fulfilled for one in best]
    scores = result.scores_of([one.string for one in best])
    columns = {**{name: list(column) for name, column in scores.items()}, **columns}
    if is_table(path):
        measured = result.language.measure([one.string for one in best])
        columns |= {name: [values[name] for values in measured] for name in result.language.beside_scores}
        write_strings(path, [one.string for one in best], result.language, columns)
    else:
        write_lines(path, [f"{one.string}\t{one.score:.9g}" for one in best])


def _print_start(result: "SearchResult") -> None:
    """Prints a summary of the starting strings."""
    begun = result.start.best(result.records.direction == "maximize")
    best_start = "none valid" if begun is None else f"best {begun[1]:.4g} {begun[0]}"
    if result.start.units is not None:
        best_start = f"scored for {result.target.name}"
    start = result.start
    which = f"{len(start.texts) - start.sampled:,} of {start.of:,} strings"
    if result.template is not None:
        which += f", which hold {result.template}"
        which += f", and {start.sampled:,} samples under it" if start.sampled else ""
    note(f"started from {which}, {best_start}; their scores do not count as evaluations")
    if result.start.fulfilled is not None:
        note(f"{int(result.start.fulfilled.sum()):,} of these fulfil {result.condition}")


def _print_best(result: "SearchResult") -> None:
    """Prints the best strings and the paper's statistics."""
    rows = []
    best = result.best
    new = [one for one in best if one.origin == "search"][:PAPER_BEST]
    for one in [*best[:TABLE], *(one for one in new if one not in best[:TABLE])]:
        about = result.language.scored_properties(one.string).values()
        origin = "start" if one.round is None else f"round {one.round + 1}"
        meets = [] if one.fulfilled is None else ["yes" if one.fulfilled else "no"]
        rows.append([one.score, one.string, origin, *meets, *about])
    meets = [] if result.condition is None else ["fulfils"]
    table([result.target.name, "string", "from", *meets, *result.language.headings], rows)
    three = ", ".join(figure(one.score) for one in new)
    shares = [[result.calls, _share(result.valid), result.average, three or None, _share(result.decoded_valid)]]
    table(["evaluations", "valid", "average score", "best three found", "validity of candidates"], shares)
    if not result.improved:
        note("no improvement over the best starting string")
    elif (begun := result.start.best(result.records.direction == "maximize")) is not None:
        note("improved from {} to {}".format(*distinct_texts(begun[1], result.best[0].score)))


def _print_end(result: "SearchResult") -> None:
    """Prints failures, and why the search ended."""
    if result.condition is not None:
        note(f"{_share(result.fulfilled) or 'none'} of the valid evaluations fulfil {result.condition}")
    if len(result.failures):
        note(f"{len(result.failures):,} calls of the target failed: {result.failures}")
    if result.ended != "rounds":
        note(f"ended early: {result.ended}")


def _share(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f} %"
