"""Interpolation between codes: spherical, and linear with rescaled norms."""

import numpy as np

PARALLEL = 1e-6  # sine of the angle below which interpolation is linear


def slerp(first: np.ndarray, second: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """Spherical linear interpolation between codes (Shoemake 1985).

    The weights of the codes are sin((1 - t) a) / sin a and sin(t a) / sin a, where a is the angle between them. Where
    it is 0 or pi, or a code is 0, interpolation is linear.

    Args:
        first: (n, D) codes.
        second: (n, D) codes.
        t: fractions from 0 to 1; a number, or (n, 1).

    Returns:
        (n, D) float32.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = np.einsum("nd,nd->n", first, second) / np.where(lengths > 0, lengths, 1)
    angle = np.arccos(np.clip(cosine, -1, 1))[:, None]
    sine = np.sin(angle)
    straight = (sine < PARALLEL) | (lengths == 0)[:, None]
    safe = np.where(straight, 1, sine)
    weights = [
        np.where(straight, 1 - t, np.sin((1 - t) * angle) / safe),
        np.where(straight, t, np.sin(t * angle) / safe),
    ]
    return (weights[0] * first + weights[1] * second).astype(np.float32)


def rescaled_line(first: np.ndarray, second: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """Linear interpolation between codes, with norms rescaled to change linearly from end to end.

    The published experiments interpolate this way in the second stage of 2sVAE. Between codes of equal norm, the
    midpoint is that of `slerp`. A point at 0 stays there.

    Arguments and return value as `slerp`.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    lengths = [np.linalg.norm(codes, axis=1, keepdims=True) for codes in (first, second)]
    points = (1 - t) * first + t * second
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    wanted = (1 - t) * lengths[0] + t * lengths[1]
    return (points * (wanted / np.where(norms > 0, norms, 1))).astype(np.float32)
