"""Training speed against batch size and width, and a model ten times larger trained for the same time."""

from typing import Any

import torch

from grae.autoencoder import model_named
from grae.datasets.split import make_split
from grae.grammar.motifs import apply_motifs, learn_motifs
from grae.sequence.architecture import RecurrentArchitecture
from grae.sequence.batches import DerivationBatches
from grae.sequence.build import build
from grae.sequence.coding import mean_losses
from grae.sequence.settings import preset_named
from grae.training.loop import train

from .measuring import training_speed
from .session import Session
from .strings import SMALL, opened, size_of

STRINGS, MOTIFS = 50_000, 1000
BATCHES, SMALL_BATCHES = (128, 512, 2048, 8192), (16, 32)
WIDTHS, SMALL_WIDTHS = (256, 512, 1024, 2048), (8, 16)
SPEEDS = 0.4  # fraction of the time for speeds; the rest trains the two models
LARGE = {"embedding": 256, "encoder_hidden": 1024, "hidden": 1792}


def scale(session: Session) -> None:
    """Measures molecules per second by batch size and width, then trains the default and a model ten times larger."""
    strings = opened(session, "smiles", form="kekule", most=STRINGS)
    plain, derivations = strings.grammar, strings.store.derivations
    split = make_split(derivations, seed=session.seed)
    n_motifs = SMALL["motifs"] if session.small else MOTIFS
    grammar = plain.extend(learn_motifs(plain, derivations[split.train], n_motifs))
    derivations = apply_motifs(grammar, derivations, n_jobs=1 if session.small else -1)
    session.tell("prepared", motifs=n_motifs, steps_a_string=float(derivations.lengths.mean()))
    preset = preset_named("default", grammar, model_named("grae"))
    longest = int(derivations.lengths.max())

    def network(sizes: dict[str, Any]) -> torch.nn.Module:
        torch.manual_seed(session.seed)
        asked = RecurrentArchitecture.model_validate({**preset.architecture.model_dump(), **sizes})
        return build(grammar, model_named("grae"), asked, preset.weights, longest)

    def batches(size: int) -> DerivationBatches:
        return DerivationBatches(derivations, split.train, pad=grammar.pad, batch_size=size, seed=session.seed)

    settings = preset.training.replace(seed=session.seed, device=session.device, warmup=0.0, patience=None)
    widths, sizes = (SMALL_WIDTHS, SMALL_BATCHES) if session.small else (WIDTHS, BATCHES)
    seconds = session.seconds(SPEEDS / 3 * session.clock.left / (len(widths) * len(sizes)))
    for hidden in widths:
        for size in sizes:
            module = network({"hidden": hidden, "encoder_hidden": max(1, hidden // 2)})
            speed = training_speed(
                module, batches(size), settings.replace(batch_size=size), session.seconds(seconds / 3)
            )
            session.tell("speed", hidden=hidden, batch=size, parameters=size_of(module), **speed)

    held_out = DerivationBatches(derivations, split.validation, pad=grammar.pad, batch_size=512)
    each = session.seconds(session.clock.left / 2 - 5)
    default = SMALL["architecture"] if session.small else {}
    large = {"embedding": 16, "encoder_hidden": 32, "hidden": 64} if session.small else LARGE
    for name, of in (("default", default), ("large", large)):
        module = network(of)
        timed = settings.replace(
            batch_size=SMALL["batch_size"] if session.small else 512,
            time_budget=each / 60,
            validate_every_seconds=each,
        )
        result = train(module, batches(timed.batch_size), timed, validate=mean_losses(held_out))
        session.tell("trained", model=name, parameters=size_of(module), epochs=result.epochs, **result.best)
