"""`grae optimize`: a search of a run's latent space for strings that score well."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grae.bounds import MOST_A_ROUND, MOST_PROCESSES, MOST_ROUNDS, MOST_STEPS, MOST_STRINGS
from grae.cli.options import AsJson, Column, ConstraintsName, Delimiter, Device, Log, ModelName, RunArgument, Seed
from grae.cli.output import emit, is_table, note, table, talks, training_progress, write_lines, write_strings
from grae.cli.resuming import on_command_line
from grae.cli.runs import find_run, named
from grae.cli.tables import StrategyName, described, described_groups, either, of_paces
from grae.errors import DataError, RunError, SettingsError
from grae.optimization.benchmarks.names import SUITES
from grae.optimization.mixed_parts import NO_SURROGATE, VIEWS, groups
from grae.optimization.strategies import STRATEGIES
from grae.optimization.targets import TARGETS
from grae.pretrained import start_strings, written_to

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.optimization import SearchResult, Target
    from grae.sequence import GrammarAutoencoder

SEARCHES = "optimize"
TABLE = 10
PAPER_BEST = 3
LONGEST_NAME = 40
FREE = ("rounds", "workers", "backend", "timeout")
"""Options that may change when a search is resumed."""
COUNTS = (
    "rounds", "batch_size", "start_limit", "attempts", "retrain_every", "workers", "seed", "most_atoms", "most_symbols",
)  # fmt: skip
NOT_NEEDED = ("formula", "points", "column", "delimiter", "constraints", "propose", "surrogate")
"""Options whose values are text, where there are any."""
LATER = ("delimiter", "propose", "surrogate", "most_atoms", "most_symbols")
"""Options that searches begun by earlier versions do not hold."""


def optimize(
    context: typer.Context,
    run: RunArgument = None,
    named_model: ModelName = None,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "-t",
            metavar="TARGET",
            help=f"What to search for. {described(TARGETS)}; a formula of these ('min(clip(logp, 0, 3)/3, qed)'), "
            f"{either(f'{suite}:NAME' for suite in SUITES)} (below), module:function or file.py:function.",
        ),
    ] = "logp",
    strategy: Annotated[
        StrategyName,
        typer.Option("--strategy", "--protocol", "-p", help=f"Search strategy. {described(STRATEGIES)}."),
    ] = "mixed",
    propose: Annotated[
        str | None,
        typer.Option(
            "--propose",
            metavar="NAME",
            help=f"mixed: proposers. {described_groups()}; or several, as in {'+'.join(groups()[:2])}. [default: all]",
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
        str | None, typer.Option("--points", metavar="FILE", help="log-mse: the points to fit, one x and y per line.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Your function takes a list of strings, one round at a time.")
    ] = False,
    minimize: Annotated[bool, typer.Option("--minimize", help="Your function: lower is better.")] = False,
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
        Literal["loky", "dask", "ray"], typer.Option("--backend", help="joblib backend of the workers.")
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
    """Search a run's latent space for strings that score well. Every score is saved at once."""
    options: dict[str, Any] = {
        "target": _absolute_source(target),
        "strategy": strategy,
        "propose": propose,
        "surrogate": surrogate,
        "most_atoms": most_atoms,
        "most_symbols": most_symbols,
        "rounds": rounds,
        "batch_size": batch_size,
        "formula": formula,
        "points": _absolute(points),
        "batch": batch,
        "minimize": minimize,
        "start": start if start in ("all", "worst-half", "-") else _absolute(start),
        "column": column,
        "delimiter": delimiter,
        "start_limit": start_limit,
        "temperature": temperature,
        "constraints": constraints,
        "attempts": attempts,
        "retrain_every": retrain_every,
        "workers": workers,
        "backend": backend,
        "timeout": timeout,
        "seed": seed,
    }
    from grae.callbacks import logger_named

    loggers = [logger_named(text) for text in log or ()]
    given = on_command_line(context, options)
    if out is not None and not out.is_dir() and is_table(str(out)):
        raise SettingsError(
            f"--out {out}: it is the folder of the search", remedy=f"--csv {out} writes its strings with their scores"
        )
    run = named(run, named_model)
    if not resume:
        language = _target(options).language
        place = find_run(run, language=language)
        folder = out or _new_folder(place, target)
    else:
        place, folder = _to_resume(run, out, given.get("target"))
        options = _kept_options(folder, options, given)
    # Everything is checked before torch, which takes seconds to load.
    chosen, grammar = _checked(place, folder, options, resume)
    texts = _start(grammar, options, folder if resume else None)

    import grae

    model = grae.load(place, device=device)
    if texts is None:
        texts = _training_strings(place, model)
    note(f"search: {folder}")
    with warnings.catch_warnings():
        if not talks():  # a target that failed is in the result
            warnings.simplefilter("ignore", _failed_warning())
        result = grae.optimize(
            model,
            chosen,
            strategy=options["strategy"],
            propose=options["propose"],
            surrogate=options["surrogate"],
            most_atoms=options["most_atoms"],
            most_symbols=options["most_symbols"],
            rounds=options["rounds"],
            batch_size=options["batch_size"],
            start=texts or None,
            half="worst-half" if options["start"] == "worst-half" else "all",
            start_limit=options["start_limit"],
            temperature=options["temperature"],
            attempts=options["attempts"],
            decoding={} if options["constraints"] is None else {"constraints": options["constraints"]},
            retrain_every=options["retrain_every"],
            seed=options["seed"],
            workers=options["workers"],
            backend=options["backend"],
            timeout=options["timeout"] or None,
            out=folder,
            resume=resume,
            about={**options, "run": str(Path(place).absolute())},
            progress=training_progress(),
            callbacks=loggers,
        )
    from grae.optimization.plots import draw

    pictures = draw(result, folder)
    if csv is not None:
        _write(result, csv)
    if as_json:
        return emit({"run": place, "out": folder, **result.to_dict(), "pictures": pictures})
    _print(result)
    for picture in pictures:
        note(f"picture: {picture}")


def _failed_warning() -> type[Warning]:
    from grae.optimization import TargetFailedWarning

    return TargetFailedWarning


def _checked(place: Path, folder: Path, options: Mapping[str, Any], resume: bool) -> "tuple[Target, Grammar]":
    """The target of a search, and the grammar of the run's strings.

    Raises:
        RunError: the run is damaged, or the folder cannot hold the search.
        SettingsError: an option does not suit the strategy, the run or the target.
    """
    from grae.optimization.folder import check_folder
    from grae.optimization.limits import Limits
    from grae.optimization.search_settings import Plan, check_suits, pace_of
    from grae.optimization.start import limit_of
    from grae.sequence.configuration import check_decoding
    from grae.training.run_folder import RunFolder

    check_folder(folder, resume=resume)
    grammar = check_decoding(RunFolder(place), constraints=options["constraints"])
    pace_of(options["strategy"], options["rounds"], options["batch_size"])
    names = ("strategy", "propose", "surrogate", "temperature", "attempts", "retrain_every", "seed")
    limits = Limits(options["most_atoms"], options["most_symbols"])
    Plan(**{name: options[name] for name in names}, limits=limits).check(grammar)
    chosen = _target(options, grammar)
    check_suits(chosen, grammar)
    limit_of(chosen, options["start_limit"])
    return chosen, grammar


def _target(options: Mapping[str, Any], grammar: "Grammar | None" = None) -> Any:
    """The target that the options name, for strings of a grammar."""
    from grae.optimization import target_named

    return target_named(
        options["target"],
        grammar=grammar,
        formula=options["formula"],
        points=options["points"],
        direction="minimize" if options["minimize"] else "maximize",
        batch=options["batch"],
    )


def _absolute(path: str | None) -> str | None:
    """A path that a resumed search finds from any folder; a name that is not a file's stays."""
    return path if path is None or not Path(path).is_file() else str(Path(path).absolute())


def _absolute_source(target: str) -> str:
    place, colon, name = target.strip().rpartition(":")
    return f"{Path(place).absolute()}{colon}{name}" if place.endswith(".py") and Path(place).is_file() else target


def _new_folder(place: Path, target: str) -> Path:
    """A folder for a new search in a run's, or in `runs/NAME` of a model that comes with grae."""
    name, number = _short(target), 1
    while (folder := written_to(place) / SEARCHES / f"{name}-{number}").exists():
        number += 1
    return folder


def _short(target: str) -> str:
    """A target as the name of a folder: the function's and its file's, or the targets of a formula."""
    place, _, function = target.strip().rpartition(":")
    if place:
        words = [Path(place).stem if place.endswith(".py") else place.rpartition(".")[2], function]
    else:
        names = re.findall("|".join(sorted(TARGETS, key=len, reverse=True)), target)
        words = list(dict.fromkeys(names)) or [target]
    return re.sub(r"[^\w.-]+", "-", "-".join(words)).strip("-.")[:LONGEST_NAME] or "search"


def _to_resume(run: str | None, out: Path | None, target: str | None) -> tuple[Path, Path]:
    """The run and the folder of the search to resume: that in `out`, or the latest, of a target if one is given.

    Raises:
        RunError: there is none.
    """
    from grae.optimization.folder import SETTINGS, read_settings

    if out is not None:
        if not (out / SETTINGS).is_file():
            raise RunError(f"{out} holds no search to resume", remedy="leave --resume out, or check --out")
        about = Path(str((read_settings(out).get("options") or {}).get("run")))
        return (about if run is None and about.is_dir() else find_run(run)), out
    place = find_run(run)
    there = sorted((written_to(place) / SEARCHES).glob(f"*/{SETTINGS}"), key=lambda file: file.stat().st_mtime_ns)
    for file in reversed(there):
        settings = read_settings(file.parent)
        options = settings.get("options") or {}
        if target is None or target in (options.get("target"), settings["target"]):
            return place, file.parent
    what = "" if target is None else f" of target {target!r}"
    raise RunError(f"{place} holds no search{what}", remedy="leave --resume out to begin one, or name another RUN")


def _kept_options(folder: Path, options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a search that is resumed: those it was started with, but for those that may change.

    Raises:
        RunError: another was given than the search was started with, or its file is damaged.
    """
    from grae.optimization.folder import SETTINGS, is_begun, read_settings

    stored = read_settings(folder).get("options")
    if stored is None:  # begun from Python, or by an earlier version
        return dict(options)
    stored = {**dict.fromkeys(LATER), **stored}
    if "protocol" in stored:
        stored["strategy"] = stored.pop("protocol")
    for name, usual in options.items():
        if name not in stored or not _alike(name, stored[name], usual):
            raise RunError(
                f"{folder / SETTINGS}: option {name} is {stored.get(name)!r}",
                remedy="restore the file from a copy, or search into another folder",
            )
    if not is_begun(folder):  # nothing is lost where other options are taken
        return {**{name: stored[name] for name in options}, **given}
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name not in FREE and value != stored[name]:
            begun = f"with {option} {stored[name]}"
            if stored[name] is None or stored[name] is False:
                begun = f"without {option}"
            raise RunError(
                f"{option}{'' if value is True else f' {value}'}: the search in {folder} was started {begun}",
                remedy=f"leave {option} out, or search into another folder",
            )
    return {**{name: stored[name] for name in options}, **{name: given[name] for name in FREE if name in given}}


def _alike(name: str, kept: object, usual: object) -> bool:
    """Whether a kept option has the type that it has to have."""
    from grae.optimization.history import is_count, is_number

    if isinstance(usual, bool):
        return isinstance(kept, bool)
    if name in COUNTS:
        return (kept is None and name != "seed") or is_count(kept)
    if name in ("temperature", "timeout"):
        return (kept is None and name == "temperature") or (is_number(kept) and float(kept) >= 0)  # pyright: ignore[reportArgumentType]
    return isinstance(kept, str) or (kept is None and name in NOT_NEEDED)


def _start(grammar: "Grammar", options: Mapping[str, Any], resumed: Path | None) -> list[str] | None:
    """The strings of --start; none where a search that is resumed keeps them; None for the training strings.

    Raises:
        DataError: there is no such file or data set, or it holds no string.
        SettingsError: a column or a delimiter is given for the training strings.
    """
    start = options["start"]
    named = start not in ("all", "worst-half")
    for option in ("column", "delimiter"):
        if options[option] is not None and not named:
            raise SettingsError(f"--{option} does not apply to the training strings", remedy="leave it out")
    if resumed is not None:
        from grae.optimization.start_files import StartFiles

        if StartFiles(resumed).strings() is not None:
            return []
    if not named:
        return None
    from grae.datasets import open_source

    source = open_source(start, column=options["column"], delimiter=options["delimiter"], grammar=grammar)
    texts = list(source.texts())
    if not texts:
        raise DataError(f"{source.name} holds no string (--start)", remedy="give strings of the run's language")
    return texts


def _training_strings(place: Path, model: "GrammarAutoencoder") -> list[str]:
    """The strings that a run was trained on, or the samples stored instead of them."""
    from grae.cli.strings import store_of
    from grae.datasets.origin import texts_of

    own = start_strings(place)
    if own is not None:
        note(f"starting strings: {len(own):,} samples that come with the model")
        return own
    plain = model.language_grammar_
    return list(texts_of(plain, store_of(place, model.about_, plain), model.split_.train))


def _write(result: "SearchResult", path: str) -> None:
    """All valid strings of the start and the search, best first, as a table or as lines of SMILES and score."""
    best = result.best
    columns: dict[str, list[object]] = {
        "score": [one.score for one in best],
        "from": [one.origin for one in best],
        "round": [None if one.round is None else one.round + 1 for one in best],
    }
    if is_table(path):
        measured = result.language.measure([one.string for one in best])
        columns |= {name: [values[name] for values in measured] for name in result.language.beside_scores}
        write_strings(path, [one.string for one in best], result.language, columns)
    else:
        write_lines(path, [f"{one.string}\t{one.score:.9g}" for one in best])


def _print(result: "SearchResult") -> None:
    """What it started from, the best strings and the paper's statistics."""
    begun = result.start.best(result.records.direction == "maximize")
    best_start = "none valid" if begun is None else f"best {begun[1]:.4g} {begun[0]}"
    note(
        f"started from {len(result.start.texts):,} of {result.start.of:,} strings, {best_start}; "
        "their scores do not count as evaluations"
    )
    rows = []
    best = result.best
    new = [one for one in best if one.origin == "search"][:PAPER_BEST]
    for one in [*best[:TABLE], *(one for one in new if one not in best[:TABLE])]:
        about = result.language.scored_properties(one.string).values()
        origin = "start" if one.round is None else f"round {one.round + 1}"
        rows.append([one.score, one.string, origin, *about])
    table([result.target.name, "string", "from", *result.language.headings], rows)
    three = ", ".join(f"{one.score:.3f}" for one in new)
    shares = [[result.calls, _share(result.valid), result.average, three or None, _share(result.decoded_valid)]]
    table(["evaluations", "valid", "average score", "best three found", "validity of candidates"], shares)
    if not result.improved:
        note("no improvement over the best starting string")
    elif begun is not None:
        note(f"improved from {begun[1]:.4g} to {result.best[0].score:.4g}")
    if len(result.failures):
        note(f"{len(result.failures):,} calls of the target failed: {result.failures}")
    if result.ended != "rounds":
        note(f"ended early: {result.ended}")


def _share(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f} %"
