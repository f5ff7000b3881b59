"""Recipes with scaled numbers of filters, and the factor on lambda that keeps the share of Tikhonov's penalty."""

from dataclasses import replace

from grae.errors import SettingsError
from grae.images.recipes import Recipe


def widened(recipe: Recipe, width: float) -> Recipe:
    """A recipe with its numbers of filters multiplied by a factor, each at least 1.

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
    """The expected sum of squares of the decoder's initial weights that Tikhonov's regularizer penalizes.

    Under Glorot initialization (2010), a layer from n to m channels with a k x k kernel has n m k^2 weights of variance
    2 / ((n + m) k^2), together 2 n m / (n + m).

    Args:
        recipe: the recipe, with numbers of filters and the penalized layers.
        channels: number of channels of the images.
        latent_dim: width of a code, D.
    """
    inputs = (recipe.start, *recipe.decoder)
    layers = list(zip(inputs, (*recipe.decoder, channels), strict=True))
    if "dense" in recipe.tikhonov:
        start_side = recipe.side >> len(recipe.decoder)
        layers.append((latent_dim, recipe.start * start_side**2))
    return sum(2 * n * m / (n + m) for n, m in layers)


def lambda_scale(recipe: Recipe, width: float, channels: int, latent_dim: int) -> float:
    """The factor on lambda that keeps Tikhonov's initial penalty at its value at full width.

    The squared weights grow with the number of filters, the error does not. (Nor does the gradient penalty: batch
    normalization makes the output's derivative independent of the number of filters.)
    """
    whole, narrow = (initial_squares(each, channels, latent_dim) for each in (recipe, widened(recipe, width)))
    return whole / narrow
