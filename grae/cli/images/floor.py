"""`grae images floor`: the Fréchet distance between real images."""

from grae.cli.images.options import (
    Data,
    Fid,
    InceptionScaling,
    InceptionWeights,
    Infinity,
    Number,
    Precision,
    ProjectorFile,
    check_projector,
    counted,
    opened,
    projector_for,
    say_bias,
)
from grae.cli.options import AsJson, Device, Seed
from grae.cli.output import emit
from grae.cli.output import table as print_table


def floor(
    data: Data = "digits",
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
    """Fréchet distance between training images and held-out images, a lower bound for samples of models.

    It is above 0, because both sets are finite.
    """
    check_projector(projector, inception_weights, fid=fid)
    images = opened(data)
    from grae.images.kernel import in_thousandths
    from grae.images.measures import HeldOut

    chosen = projector_for(images, projector, inception_weights, device, fid=fid, scaling=scaling, precision=precision)
    n = min(n, len(images.test.images), len(images.train.images))
    with counted("measuring", 2 * n) as tell:
        held_out = HeldOut(images.test.images, chosen, n=n, seed=seed, limits=infinity, tell=tell)
        distance = held_out.floor(images.train.images)
    if as_json:
        kernel = {} if distance.kernel is None else {"kernel": distance.kernel._asdict()}
        limit = {} if distance.limit is None else {"limit": distance.limit}
        return emit(
            {"data": images.name, "feature": chosen.label, "n": n, "distance": distance.frechet, **kernel, **limit}
        )
    lines: list[list[object]] = [[chosen.label, distance.frechet]]
    if distance.kernel is not None:
        lines.append(["KID x 1000", in_thousandths(distance.kernel)])
    if infinity:
        lines.append([f"{chosen.label} at infinity", distance.limit])
    print_table([f"{n:,} images each", "distance"], lines)
    say_bias(chosen.label, n)
