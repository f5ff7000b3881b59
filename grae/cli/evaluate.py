"""`grae evaluate`: what a run's strings are worth."""

from typing import Annotated

import typer

from grae.cli.options import AsJson, DensityName, Device, OfGrammar, RunArgument, Seed, Temperature
from grae.cli.output import emit, note, table
from grae.cli.runs import find_run
from grae.errors import DataError, RunError

MEANS = {
    "in_language": "of the samples, derived by the grammar",
    "unique": "of the valid, distinct",
    "novel": "of the distinct valid, not in the training set",
    "exact_reconstruction": "of held-out strings, back from their codes",
}


def evaluate(
    run: RunArgument = None,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many strings to sample.")] = 1000,
    grammar: OfGrammar = None,
    density: DensityName = None,
    temperature: Temperature = 0.0,
    seed: Seed = 0,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes for the chemistry; -1 for one a core.")] = -1,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Sample from a run and reconstruct its held-out strings: in the language, valid, unique, novel, exact."""
    place = find_run(run, grammar)
    import grae
    from grae.cli.strings import store_of, texts_of
    from grae.evaluation import evaluate as measure

    model = grae.load(place, device=device)
    plain = model.grammar_.base or model.grammar_
    try:
        store = store_of(place, model.about_, plain)
        training, held_out = texts_of(plain, store, model.split_.train), list(texts_of(plain, store, model.split_.test))
    except (DataError, RunError) as error:
        note(f"without the strings of its training, no novelty and no reconstruction: {error}")
        training = held_out = None
    found = measure(
        model,
        training=training,
        held_out=held_out,
        n=n,
        density=density,
        temperature=temperature,
        seed=seed,
        n_jobs=jobs,
    )
    if as_json:
        return emit({"run": place, **found.to_dict()})
    means = {**MEANS, "valid": f"of the samples, {found.valid_means}"}
    rows = [
        [name.replace("_", " "), share, None if share is None else share.of, means[name]]
        for name, share in found.shares.items()
    ]
    table(["measure", "share", "of", "which are"], rows)
