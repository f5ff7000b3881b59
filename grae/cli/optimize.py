"""`grae optimize`: a search of a run's latent space for strings that score well."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grae.cli.options import AsJson, Column, ConstraintsName, Device, RunArgument, Seed
from grae.cli.output import emit, note, table, talks
from grae.cli.runs import find_run
from grae.errors import RunError, SettingsError

if TYPE_CHECKING:
    from grae.optimization import SearchResult, Target
    from grae.sequence import GrammarAutoencoder

SEARCHES = "optimize"
TABLE = 10
PAPER_BEST = 3


def optimize(
    run: RunArgument = None,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            "-t",
            metavar="TARGET",
            help="logp, raw-logp, qed, log-mse, a sum ('0.7*logp + 0.3*qed'), module:function or file.py:function.",
        ),
    ] = "logp",
    protocol: Annotated[
        Literal["trust-region", "paper", "random"], typer.Option("--protocol", "-p", help="How to search.")
    ] = "trust-region",
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="Rounds. [default: 100; paper 5; random 10]")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Strings a round. [default: 5; paper and random 50]")
    ] = None,
    formula: Annotated[
        str | None, typer.Option("--formula", metavar="F(X)", help="log-mse: the curve to fit, a formula in x.")
    ] = None,
    points: Annotated[
        str | None, typer.Option("--points", metavar="FILE", help="log-mse: the points to fit, x and y a line.")
    ] = None,
    minimize: Annotated[bool, typer.Option("--minimize", help="A function of your own: lower is better.")] = False,
    start: Annotated[
        str,
        typer.Option(
            "--start", metavar="all|worst-half|DATA", help="The training strings, their worse half, or other strings."
        ),
    ] = "all",
    column: Column = None,
    start_limit: Annotated[
        int | None,
        typer.Option(
            "--start-limit", min=0, help="The most strings to score before. [default: 20000; own 200; 0: all]"
        ),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", min=0.0, help="Of the decoder. [default: 0; paper 1]")
    ] = None,
    constraints: ConstraintsName = None,
    attempts: Annotated[
        int | None, typer.Option("--attempts", min=1, help="paper: decodings a point. [default: 25 or 500]")
    ] = None,
    retrain_every: Annotated[
        int | None,
        typer.Option(
            "--retrain-every", metavar="N", min=1, help="Train the model on, on what was found, every N rounds."
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Strings scored at a time.")] = 1,
    backend: Annotated[Literal["loky", "dask", "ray"], typer.Option("--backend", help="Of the workers.")] = "loky",
    timeout: Annotated[float, typer.Option("--timeout", metavar="SEC", help="That a call may take; 0: any.")] = 60.0,
    seed: Seed = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="The search's folder. [default: a new one in RUN/optimize/]"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the search in --out, or the run's latest of this target.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search the latent space of a run for strings that score well. Each scored string is written down at once."""
    from grae.optimization import target_named

    direction: Any = "minimize" if minimize else "maximize"
    language = target_named(target, formula=formula, points=points, direction=direction).language
    place = find_run(run, language=language)
    import grae

    model = grae.load(place, device=device)
    chosen = target_named(target, grammar=model.language_grammar_, formula=formula, points=points, direction=direction)
    folder = _folder(place, chosen, out, resume)
    half: Any = "worst-half" if start == "worst-half" else "all"
    texts = _start(place, model, start, column)
    note(f"search: {folder}")
    result = grae.optimize(
        model,
        chosen,
        protocol=protocol,
        rounds=rounds,
        batch_size=batch_size,
        start=texts,
        half=half,
        start_limit=start_limit,
        temperature=temperature,
        attempts=attempts,
        decoding={} if constraints is None else {"constraints": constraints},
        retrain_every=retrain_every,
        seed=seed,
        workers=workers,
        backend=backend,
        timeout=timeout or None,
        out=folder,
        resume=resume,
        progress=talks(),
    )
    from grae.optimization.pictures import draw

    pictures = draw(result, folder)
    if as_json:
        return emit({"run": place, "out": folder, **result.to_dict(), "pictures": pictures})
    _print(result)
    for picture in pictures:
        note(f"picture: {picture}")


def _folder(place: Path, target: "Target", out: Path | None, resume: bool) -> Path:
    """The search's folder: that asked for, the latest of this target, or a new one."""
    if out is not None:
        return out
    from grae.optimization.folder import SETTINGS

    name = "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in target.name)
    there = sorted((place / SEARCHES).glob(f"{name}-*/{SETTINGS}"), key=lambda file: file.stat().st_mtime_ns)
    if resume:
        if not there:
            raise RunError(f"{place} holds no search of target {target.name!r}", remedy="leave --resume out")
        return there[-1].parent
    number = 1
    while (folder := place / SEARCHES / f"{name}-{number}").exists():
        number += 1
    return folder


def _start(place: Path, model: "GrammarAutoencoder", start: str, column: str | None) -> list[str]:
    """The strings to start from."""
    from grae.cli.strings import store_of
    from grae.datasets.origin import texts_of

    if start in ("all", "worst-half"):
        if column is not None:
            raise SettingsError("--column says nothing to the training strings", remedy="leave it out")
        plain = model.language_grammar_
        return list(texts_of(plain, store_of(place, model.about_, plain), model.split_.train))
    from grae.datasets import open_source

    return list(open_source(start, column=column).texts())


def _print(result: "SearchResult") -> None:
    """What it started from, the best strings and the paper's statistics."""
    begun = result.to_dict()["start"]
    best = "none valid" if begun["best"] is None else f"best {begun['best']['score']:.4g} {begun['best']['string']}"
    note(f"started from {begun['strings']:,} of {begun['of']:,} strings, {best}; their scores are no calls")
    rows = [[record.score, record.string, *_about(result, record.string)] for record in result.best[:TABLE]]
    about = ["heavy atoms", "SA", "QED"] if result.target.language == "molecules" else []
    table([result.target.name, "string", *about], rows)
    best = ", ".join(f"{record.score:.3f}" for record in result.best[:PAPER_BEST])
    shares = [[result.calls, _share(result.valid), result.average, best or None, _share(result.decoded_valid)]]
    table(["calls", "valid", "average of the valid", "best three", "of all decoded, valid"], shares)
    errors = sum(record.error is not None for record in result.records)
    if errors:
        note(f"{errors} calls failed; see the column error of {result.records.path}")
    if result.ended != "rounds":
        note(f"ended early: {result.ended}")


def _about(result: "SearchResult", text: str | None) -> list[object]:
    if result.target.language != "molecules":
        return []
    from grae.chemistry import properties

    found = properties(text)
    return [None] * 3 if found is None else [found.heavy_atoms, found.sa, found.qed]


def _share(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f} %"
