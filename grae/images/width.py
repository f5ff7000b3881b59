"""What a factor on a recipe's numbers of filters does: smaller layers, and the share that the squared weights keep."""

from dataclasses import replace

from grae.errors import SettingsError
from grae.images.recipes import Recipe


def widened(recipe: Recipe, width: float) -> Recipe:
    """The recipe with its numbers of filters times a factor, each at least 1.

    Raises:
        SettingsError: the factor is not positive.
    """
    if not width > 0:
        raise SettingsError(f"width is {width}; expected a positive factor", remedy="such as 0.25")

    def scaled(*filters: int) -> tuple[int, ...]:
        return tuple(max(1, round(width * n)) for n in filters)

    (start,) = scaled(recipe.start)
    return replace(recipe, encoder=scaled(*recipe.encoder), start=start, decoder=scaled(*recipe.decoder))


def initial_squares(recipe: Recipe, channels: int, latent_dim: int) -> float:
    """The expected sum of squares, before training, of the decoder's weights that Tikhonov's regularizer counts.

    A layer that takes n channels and gives m has n m weights (times its kernel's places, k k) of variance
    2 / (n + m) (divided by k k), by the law of Glorot and Bengio 2010: together 2 n m / (n + m).

    Args:
        recipe: the numbers of filters, and which layers count.
        channels: of the images.
        latent_dim: width of a code, D.
    """
    inputs = (recipe.start, *recipe.decoder)
    layers = list(zip(inputs, (*recipe.decoder, channels), strict=True))
    if "dense" in recipe.tikhonov:
        start_side = recipe.side >> len(recipe.decoder)
        layers.append((latent_dim, recipe.start * start_side**2))
    return sum(2 * n * m / (n + m) for n, m in layers)


def lambda_scale(recipe: Recipe, width: float, channels: int, latent_dim: int) -> float:
    """The factor on lambda under which Tikhonov's penalty weighs, before training, what it weighs at full width.

    The squared weights grow with the filters, the error does not. (Nor does the gradient penalty: batch normalization
    makes the derivative of the output independent of how many filters there are.)
    """
    whole, narrow = (initial_squares(some, channels, latent_dim) for some in (recipe, widened(recipe, width)))
    return whole / narrow
