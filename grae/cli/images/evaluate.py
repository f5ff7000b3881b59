"""`grae images evaluate`: how far a run's images are from held-out ones."""

from grae.cli.images.options import ImageRun, InceptionWeights, Number, ProjectorFile, data_of, projector_for
from grae.cli.options import AsJson, Device, Seed
from grae.cli.output import emit, progress
from grae.cli.output import table as print_table
from grae.cli.runs import IMAGE_RUNS, find_run

MEANS = {
    "rec": "reconstructions of held-out images",
    "normal": "samples of the prior, the second stage or one Gaussian",
    "gmm": "samples of the mixture of ten Gaussians",
    "interp": "half-way between pairs of held-out images",
}


def evaluate(
    run: ImageRun = None,
    n: Number = 10_000,
    projector: ProjectorFile = None,
    inception_weights: InceptionWeights = None,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Frechet distances of a run's images to held-out ones: reconstructions, samples, interpolations."""
    place = find_run(run, under=IMAGE_RUNS)
    from grae.images import load
    from grae.images.measures import HeldOut, measure

    model, images = load(place, device=device), data_of(place)
    chosen = projector_for(images, projector, inception_weights, device)
    held_out = HeldOut(images.test.images, chosen, n=n, seed=seed)
    with progress("measuring") as done:
        found = measure(model, held_out, progress=done).to_dict()
    if as_json:
        return emit({"run": place, **found})
    print_table([found["feature"], "distance", "of"], [[name, found[name], means] for name, means in MEANS.items()])
