"""`grae images evaluate`: Fréchet distances of a run's images to held-out ones."""

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
from grae.cli.output import emit
from grae.cli.output import table as print_table

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
    place = image_run(run)
    check_projector(projector, inception_weights, fid=fid)
    images = data_of(place)
    from grae.images import load
    from grae.images.kernel import in_thousandths
    from grae.images.measures import HeldOut, measure

    model = load(place, device=device)
    chosen = projector_for(images, projector, inception_weights, device, fid=fid, scaling=scaling, precision=precision)
    with counted("measuring", (1 + len(MEANS)) * min(n, len(images.test.images))) as tell:
        held_out = HeldOut(images.test.images, chosen, n=n, seed=seed, limits=infinity, tell=tell)
        measures = measure(model, held_out)
    if as_json:
        return emit({"run": place, **measures.to_dict()})
    headings = (
        [measures.feature, "distance"] + ["KID x 1000"] * bool(measures.kernel) + ["at infinity"] * infinity + ["of"]
    )
    lines = []
    for name, means in MEANS.items():
        line = [name, getattr(measures, name)]
        if measures.kernel:
            line.append(in_thousandths(measures.kernel[name]))
        if infinity:
            line.append(measures.limit.get(name))
        lines.append([*line, means])
    print_table(headings, lines)
    say_bias(measures.feature, measures.n)
