"""`grae evaluate`: evaluation of a run, or of the strings of a file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grae.bounds import MOST_STRINGS
from grae.cli.evaluation import measured, opened
from grae.cli.options import (
    AsJson,
    Column,
    CompletionName,
    ConstraintsName,
    Delimiter,
    Device,
    Fcd,
    Jobs,
    ModelName,
    OfGrammar,
    Reference,
    RunArgument,
    ScaffoldReference,
    Seed,
    ShardName,
    Temperature,
    TrainingSet,
)
from grae.cli.output import emit, note, stages, table
from grae.cli.runs import find_run, named
from grae.errors import SettingsError

if TYPE_CHECKING:
    from grae.evaluation import DensityEvaluation

DEFAULT_GRAMMAR = "smiles"
Named = Annotated[
    str | None,
    typer.Option(
        "--density",
        metavar="NAME",
        help="Density to sample from; a comma list, or all, compares several. [default: the run's]",
        show_default=False,
    ),
]


def evaluate(
    run: RunArgument = None,
    named_model: ModelName = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, max=MOST_STRINGS, help="Number of samples.")] = 1000,
    samples: Annotated[
        str | None,
        typer.Option("--samples", metavar="FILE", help="Measure these strings instead of a run; - for stdin."),
    ] = None,
    reference: Reference = None,
    scaffold_reference: ScaffoldReference = None,
    train: TrainingSet = None,
    column: Column = None,
    delimiter: Delimiter = None,
    grammar: OfGrammar = None,
    density: Named = None,
    temperature: Temperature = 0.0,
    constraints: ConstraintsName = None,
    completion: CompletionName = "forced",
    fcd: Fcd = None,
    measures: Annotated[
        str | None,
        typer.Option(
            "--measures",
            metavar="NAMES",
            help="Compute only these measures, such as valid,unique,FCD. [default: all]",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    shard: ShardName = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE", help="With --shard: the file for this part.")
    ] = None,
    jobs: Jobs = -1,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure a run's samples and reconstructions, or a file's strings: validity, uniqueness, novelty, distances.

    A file's strings are in the language of --grammar, by default smiles. With --completion none, incomplete samples
    count as invalid, and the share of complete ones is measured too. More than 250,000 strings are measured block by
    block, without the measures that compare all pairs (IntDiv).
    """
    from grae.cli.parts import shard_named
    from grae.evaluation import EvalRequest

    taken = None if measures is None else tuple(name.strip() for name in measures.split(","))
    request = EvalRequest(
        n,
        density,
        temperature,
        constraints,
        seed,
        reference,
        scaffold_reference,
        train,
        fcd,
        taken,
        jobs,
        device,
        completion,
    )
    request.check()
    if out is not None and shard is None:
        raise SettingsError("--out holds the part of a --shard", remedy="give --shard I/N too, or print with --json")
    part = shard_named(shard, out or "-")
    if samples is not None:
        if named(run, named_model) is not None or density is not None:
            raise SettingsError(
                "--samples cannot be combined with a run or --density",
                remedy="give only one of them",
            )
        from grae.cli.large import file_evaluation, file_part

        language = grammar or DEFAULT_GRAMMAR
        if out is not None:
            return emit_part(file_part(samples, column, delimiter, language, request, part, out), out, as_json)
        evaluation = file_evaluation(samples, column, delimiter, language, request)
        return print_evaluation({"samples": samples, **evaluation}, as_json)
    for option, value in (("--column", column), ("--delimiter", delimiter)):
        if value is not None:
            raise SettingsError(f"{option} requires --samples", remedy="omit it, or name a file of samples")
    place = find_run(named(run, named_model), grammar)
    if out is not None and density is not None and (density == "all" or "," in density):
        raise SettingsError("--shard measures one density", remedy="name one density")
    held = opened(place, request)
    if out is not None:
        from grae.cli.large import run_part

        return emit_part(run_part(held, request, part, out), out, as_json)
    if density is not None and (density == "all" or "," in density):
        from grae.evaluation import densities_named, evaluate_densities

        names = densities_named(held.model, density)
        with stages(f"evaluating {place}") as work:
            compared = evaluate_densities(
                held.model,
                names,
                training=held.training,
                held_out=held.held_out,
                n=n,
                temperature=temperature,
                constraints=constraints,
                completion=completion,
                work=work(seed, jobs),
            )
        if as_json:
            return emit({"run": place, "densities": {name: one.to_dict() for name, one in compared.items()}})
        return _print_densities(compared)
    return print_evaluation({"run": place, **measured(held, request)}, as_json)


def emit_part(n: int, out: str, as_json: bool) -> None:
    """Reports a part of an evaluation.

    Args:
        n: number of samples in the part.
        out: file of the part.
        as_json: whether to print JSON.
    """
    if as_json:
        return emit({"out": out, "n": n})
    note(f"{n:,} samples measured; {out} holds their part: join all parts with grae merge")


def print_evaluation(evaluation: Mapping[str, Any], as_json: bool) -> None:
    """Prints an evaluation as tables, or as JSON."""
    for why in dict.fromkeys(evaluation["left_out"].values()):
        names = ", ".join(name for name, reason in evaluation["left_out"].items() if reason == why)
        note(f"left out: {names}: {why}")
    for name, caveat in evaluation.get("caveats", {}).items():
        note(f"{name} is {caveat}")
    if as_json:
        return emit(dict(evaluation))
    from grae.evaluation import MEASURES

    references = {"Test": "against the reference", "TestSF": "against the scaffold reference"}
    titles = {
        references[test]: f"against {about['name']}, {about['n']:,} molecules"
        for test, about in evaluation["references"].items()
    }
    groups = dict.fromkeys(measure.group for measure in MEASURES.values())
    for group in groups:
        names = [
            name for name, measure in MEASURES.items() if measure.group == group and evaluation.get(name) is not None
        ]
        if not names:
            continue
        rows = [
            [
                name.replace("_", " "),
                shown(name, evaluation[name]),
                shown_interval(name, evaluation["intervals"].get(name)),
                evaluation["counts"][name]["of"],
                evaluation["valid_means"] if name == "valid" else MEASURES[name].means,
            ]
            for name in names
        ]
        table(["measure", "value", "95 %", "of", "which is"], rows, title=titles.get(group, group))
    if evaluation["invalid"]:
        rows = [
            [cause, f"{100 * share['count'] / share['of']:.2f} %", share["count"]]
            for cause, share in evaluation["invalid"].items()
        ]
        without = " without the semantic rules" if "valid_without_constraints" in evaluation else ""
        table(["cause", "of all samples", "samples"], rows, title=f"causes of invalidity{without}")


def shown(name: str, value: float | None) -> str | None:
    """A measure's value for a table."""
    from grae.evaluation import MEASURES

    if value is None:
        return None
    return f"{100 * value:.2f} %" if MEASURES[name].is_share else f"{value:z.4f}"


def shown_interval(name: str, interval: "list[float] | tuple[float, float] | None") -> str | None:
    """A measure's interval for a table."""
    if interval is None:
        return None
    low, high = (shown(name, bound) for bound in interval)
    return f"{str(low).removesuffix(' %')} to {high}"


def _print_densities(compared: "Mapping[str, DensityEvaluation]") -> None:
    """A table with one row per measure and one column per density."""
    from grae.evaluation import MEASURES

    records = {name: one.to_dict() for name, one in compared.items()}
    for name, one in compared.items():
        for measure, why in one.left_out.items():
            note(f"left out for {name}: {measure}: {why}")
    names = [name for name in MEASURES if any(record.get(name) is not None for record in records.values())]
    rows = []
    for name in names:
        cells = [with_interval(name, record) for record in records.values()]
        rows.append([name.replace("_", " "), *cells, MEASURES[name].means])
    table(["measure", *records, "which is"], rows)


def with_interval(name: str, record: Mapping[str, Any]) -> str | None:
    """A measure's value with its interval."""
    value, interval = shown(name, record.get(name)), record["intervals"].get(name)
    return value if value is None or interval is None else f"{value} [{shown_interval(name, interval)}]"
