"""The default number of epochs, by the size of the data."""

from grae.estimator.settings import replaced
from grae.sequence.settings import Preset

STRINGS = 10_000
GROWTH = 2 / 3
VALIDATIONS = 20


def with_epochs(preset: Preset, n: int) -> Preset:
    """Sets the number of epochs of a preset for n strings, unless epochs or a time budget were given.

    Training takes `preset.steps` steps for up to 10,000 strings; beyond, the number of steps grows as n^(2/3), so that
    training takes longer, but fewer epochs. The preset's time budget remains a second limit.

    Args:
        preset: the preset with the user's parameters.
        n: size of the training set.
    """
    if preset.steps is None:
        return preset
    steps = preset.steps * max(1.0, n / STRINGS) ** GROWTH
    epochs = max(1, round(steps / -(-n // preset.training.batch_size)))
    training = preset.training.replace(epochs=epochs, validate_every_epochs=max(1, epochs // VALIDATIONS))
    return replaced(preset, training=training)
