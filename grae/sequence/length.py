"""How long a training takes where neither epochs nor minutes are given: a number of epochs that suits the data."""

from grae.estimator.settings import replaced
from grae.sequence.settings import Preset

STRINGS = 10_000
GROWTH = 2 / 3
VALIDATIONS = 20


def with_epochs(preset: Preset, n: int) -> Preset:
    """A preset whose training ends after as many epochs as suit n strings; one whose length is given as it is.

    Up to 10,000 strings get `preset.steps` steps; beyond, steps grow with n to the power of 2/3, so that more strings
    take longer, and each of them is seen less often. The preset's time budget is a limit beside the epochs.

    Args:
        preset: the settings, with what was set by hand.
        n: strings to train on.
    """
    if preset.steps is None:
        return preset
    steps = preset.steps * max(1.0, n / STRINGS) ** GROWTH
    epochs = max(1, round(steps / -(-n // preset.training.batch_size)))
    training = preset.training.replace(epochs=epochs, validate_every_epochs=max(1, epochs // VALIDATIONS))
    return replaced(preset, training=training)
