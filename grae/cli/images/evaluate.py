"""`grae images evaluate`: Fréchet distances of a run's images to held-out ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grae.cli.images.options import (
    Fid,
    ImageRun,
    InceptionScaling,
    InceptionWeights,
    Infinity,
    Number,
    Precision,
    ProjectorFile,
    check_projector,
    counted,
    data_of,
    image_run,
    projector_for,
    say_bias,
)
from grae.cli.options import AsJson, Device, Seed
from grae.cli.output import emit, note
from grae.cli.output import table as print_table
from grae.density.densities import DENSITIES, names_in

if TYPE_CHECKING:
    from grae.images import ImageAutoencoder
    from grae.images.data import ImageSet
    from grae.images.measures import Distance, HeldOut, SampledDensity

MEANS = {
    "rec": "reconstructions of held-out images",
    "normal": "samples of the prior, the second stage or one Gaussian",
    "gmm": "samples of the mixture of ten Gaussians",
    "interp": "half-way between pairs of held-out images",
}


def evaluate(
    run: ImageRun = None,
    n: Number = 10_000,
    density: Annotated[
        str | None,
        typer.Option(
            "--density",
            metavar="NAMES",
            help="Compare samples of these densities instead: a comma list, or all fitted ones. Others are fitted "
            "once, to the training images' codes.",
            show_default=False,
        ),
    ] = None,
    projector: ProjectorFile = None,
    fid: Fid = False,
    inception_weights: InceptionWeights = None,
    scaling: InceptionScaling = "tensorflow",
    precision: Precision = "fp32",
    infinity: Infinity = False,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Fréchet distances of a run's images to held-out ones: reconstructions, samples, interpolations."""
    for name in names_in(density):
        DENSITIES.check(name)
    place = image_run(run)
    check_projector(projector, inception_weights, fid=fid)
    images = data_of(place)
    from grae.images import load
    from grae.images.measures import Distance, HeldOut, measure, measure_densities

    model = load(place, device=device)
    names = _fitted(model, place, images, density)
    chosen = projector_for(images, projector, inception_weights, device, fid=fid, scaling=scaling, precision=precision)
    with counted("measuring", (1 + len(names or MEANS)) * min(n, len(images.test.images))) as tell:
        held_out = HeldOut(images.test.images, chosen, n=n, seed=seed, limits=infinity, tell=tell)
        if names:
            return _print_densities(place, held_out, measure_densities(model, held_out, names), as_json)
        measures = measure(model, held_out)
    if as_json:
        return emit({"run": place, **measures.to_dict()})
    lines = []
    for name, means in MEANS.items():
        distance = Distance(getattr(measures, name), measures.kernel.get(name), measures.limit.get(name))
        lines.append((name, distance, means))
    _print_distances(measures.feature, measures.n, lines, "of", limits=infinity)


def _fitted(model: "ImageAutoencoder", place: Path, images: "ImageSet", requested: str | None) -> list[str]:
    """The requested densities; missing ones are fitted and stored in the run."""
    from grae.estimator.saved import fit_missing

    if requested is None:
        return []
    names = names_in(requested) or list(model.densities_)
    fit_missing(model, place, names, lambda: images.train.images[model.split_.train], note)
    return names


def _print_densities(
    place: Path, held_out: "HeldOut", densities: "Mapping[str, SampledDensity]", as_json: bool
) -> None:
    if as_json:
        rows = {}
        for name, row in densities.items():
            kernel = {} if row.distance.kernel is None else {"kernel": row.distance.kernel._asdict()}
            limit = {} if row.distance.limit is None else {"limit": row.distance.limit}
            rows[name] = {"distance": row.distance.frechet, **kernel, **limit, "log_likelihood": row.log_likelihood}
        return emit({"run": place, "feature": held_out.projector.label, "n": held_out.n, "densities": rows})
    lines = [(name, row.distance, row.log_likelihood) for name, row in densities.items()]
    heading = "nats per held-out code"
    _print_distances(held_out.projector.label, held_out.n, lines, heading, limits=held_out.limits)


def _print_distances(
    feature: str, n: int, lines: "Sequence[tuple[str, Distance, object]]", last: str, *, limits: bool
) -> None:
    """Prints a table of distances, with their names and a last column."""
    from grae.images.kernel import in_thousandths

    has_kernel = any(distance.kernel is not None for _, distance, _ in lines)
    headings = [feature, "distance"] + ["KID x 1000"] * has_kernel + ["at infinity"] * limits + [last]
    rows = []
    for name, distance, value in lines:
        kernel = [] if distance.kernel is None else [in_thousandths(distance.kernel)]
        rows.append([name, distance.frechet, *kernel, *([distance.limit] if limits else []), value])
    print_table(headings, rows)
    say_bias(feature, n)
