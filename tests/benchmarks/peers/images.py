"""Training image autoencoders: images per second, squared error on held-out images, and FID of samples.

Peer: pythae, with grae's network and initial weights, and the same loss, batch size, learning rate and epochs; RAE-L2,
VAE and WAE of the MNIST recipe, with a fraction of its filters. Samples come from a mixture of ten Gaussians that each
program fits to the codes of its training images. The time covers the epochs, each with a validation, and the fit of the
mixture. pythae's weight decay applies to the whole decoder, grae's Tikhonov regularizer to the transposed convolutions,
as published.
"""

import argparse
import copy
import logging
import sys
import tempfile
import warnings
from typing import Any

import numpy as np
import torch
from measured import OURS, failed, peer, spent, tell
from torch import Tensor, nn

from grae.errors import GraeError
from grae.images import ImageAutoencoder, load_images
from grae.images.build import build
from grae.images.measures import HeldOut
from grae.images.projectors import load_projector, standard_projector
from grae.images.projectors.inception_weights import fetch_inception_weights
from grae.images.projectors.stored import inception_projector

MODELS = ("rae-l2", "vae", "wae")
COMPONENTS = 10
PART = 500  # images decoded together


def ours(model: ImageAutoencoder, images: np.ndarray, held_out: np.ndarray, n: int) -> tuple[float, float, np.ndarray]:
    """CPU seconds to fit, mean squared error on held-out images, and samples."""
    _, seconds = spent(lambda: model.fit(images))
    return seconds, -model.score(held_out), model.sample(n, density="gmm")


def start(model: ImageAutoencoder) -> nn.Module:
    """The initial network of `fit`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(model.random_state)
        return build(model.settings_.architecture, model.settings_.objective)


def as_pythae(library: Any, name: str, ours: Any, model: ImageAutoencoder) -> Any:
    """pythae's model with copies of our encoder and decoder.

    The loss equals grae's, or half of it for VAE: pythae's VAE halves the squared error, and its RAE the squared norm.
    """
    from pythae.models.base.base_utils import ModelOutput  # pyright: ignore[reportMissingImports]
    from pythae.models.nn import BaseDecoder, BaseEncoder  # pyright: ignore[reportMissingImports]

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.bottleneck = copy.deepcopy(ours.encoder), copy.deepcopy(ours.bottleneck)
            self.latent_dim = model.settings_.architecture.latent_dim

        def forward(self, x: Tensor) -> Any:
            features = self.inner({"images": 255 * x})
            if not hasattr(self.bottleneck, "posterior"):
                return ModelOutput(embedding=self.bottleneck.encode(features))
            mean, log_sigma = self.bottleneck.posterior(features)
            return ModelOutput(embedding=mean, log_covariance=2 * log_sigma)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner = copy.deepcopy(ours.decoder)

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.inner(z, {}))

    settings = model.settings_
    sizes = {
        "input_dim": (settings.architecture.channels, settings.architecture.side, settings.architecture.side),
        "latent_dim": settings.architecture.latent_dim,
    }
    beta = settings.objective.beta
    kinds = {
        "rae-l2": (
            library.RAE_L2,
            library.RAE_L2_Config,
            {"embedding_weight": 2 * beta, "reg_weight": 2 * settings.objective.lambda_},
        ),
        "vae": (library.BetaVAE, library.BetaVAEConfig, {"beta": beta / 2}),
        "wae": (library.WAE_MMD, library.WAE_MMD_Config, {"reg_weight": beta}),
    }
    kind, config, options = kinds[name]
    return kind(config(**sizes, **options), encoder=Encoder(), decoder=Decoder())


def theirs(
    library: Any, name: str, model: ImageAutoencoder, images: np.ndarray, held_out: np.ndarray, n: int
) -> tuple[float, float, np.ndarray]:
    """As `ours`, by pythae, from the same initial weights."""
    from pythae.pipelines import TrainingPipeline  # pyright: ignore[reportMissingImports]
    from pythae.samplers import (  # pyright: ignore[reportMissingImports]
        GaussianMixtureSampler,
        GaussianMixtureSamplerConfig,
    )
    from pythae.trainers import (  # pyright: ignore[reportMissingImports]
        BaseTrainerConfig,
        CoupledOptimizerTrainerConfig,
    )

    training = model.settings_.training
    wrapped = as_pythae(library, name, start(model), model)
    pixels, validation, held = (
        (torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255).contiguous()
        for part in (images[model.split_.train], images[model.split_.validation], held_out)
    )
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "output_dir": folder,
            "num_epochs": training.epochs,
            "per_device_train_batch_size": training.batch_size,
            "learning_rate": training.learning_rate,
            "seed": training.seed,
            "no_cuda": True,
        }
        if name == "rae-l2":
            decay = 2 * model.settings_.objective.lambda_
            config = CoupledOptimizerTrainerConfig(encoder_optim_decay=0, decoder_optim_decay=decay, **options)
        else:
            config = BaseTrainerConfig(**options)
        pipeline = TrainingPipeline(model=wrapped, training_config=config)

        def fit() -> Any:
            pipeline(train_data=pixels, eval_data=validation)
            sampler = GaussianMixtureSampler(
                pipeline.model.eval(), GaussianMixtureSamplerConfig(n_components=COMPONENTS)
            )
            sampler.fit(pixels)
            return sampler

        sampler, seconds = spent(fit)
    trained = pipeline.model
    sampled = sampler.sample(num_samples=n, batch_size=PART, return_gen=True)
    with torch.no_grad():
        error = 0.0
        for part in held.split(PART):
            reconstruction = trained.decoder(trained.encoder(part).embedding).reconstruction
            error += float((reconstruction - part).square().sum())
    samples = (255 * sampled).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return seconds, error / held.numel(), samples


def main() -> None:
    """Runs each model with each program and seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--samples", type=int, default=2_000, help="samples, and held-out images, for FID")
    parser.add_argument("--images", type=int, default=10_000, help="training images")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--width", type=float, default=0.25, help="fraction of the recipe's filters")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    loaded = load_images(args.data)
    images, held_out = loaded.train.images[: args.images], loaded.test.images
    try:
        projector = inception_projector(fetch_inception_weights(), precision="bf16")
    except GraeError as error:
        failed(f"{args.data}, FID", OURS, str(error))
        projector = load_projector(standard_projector(loaded, device="cpu"))
    measures = HeldOut(held_out, projector, n=args.samples)
    library = peer("pythae.models", "pythae")
    for name in MODELS:
        values: dict[str, list[tuple[float, float, float]]] = {}
        for seed in range(args.seeds):
            options = {"width": args.width, "epochs": args.epochs, "random_state": seed, "schedule": "constant"}
            model = ImageAutoencoder(name, precision="fp32", **options, device="cpu")
            fast = ImageAutoencoder(name, **options, device="cpu")
            trained = {f"{OURS}, float32": ours(model, images, held_out, measures.n)}
            trained[f"{OURS}, bfloat16"] = ours(fast, images, held_out, measures.n)
            if library is not None:
                trained["pythae"] = theirs(library, name, model, images, held_out, measures.n)
            seen = len(model.split_.train) * args.epochs
            for who, (seconds, error, samples) in trained.items():
                distance = measures.distance([samples]).frechet
                values.setdefault(who, []).append((seen / seconds, error, distance))
        work = f"{args.data}, {name}"
        for who, rows in values.items():
            tell(f"{work}: training", who, "images/s", [row[0] for row in rows])
        for who, rows in values.items():
            tell(f"{work}: held-out squared error", who, "per pixel", [row[1] for row in rows], higher=False)
        for who, rows in values.items():
            tell(f"{work}: samples, GMM-10", who, projector.label, [row[2] for row in rows], higher=False)


if __name__ == "__main__":
    sys.exit(main())
