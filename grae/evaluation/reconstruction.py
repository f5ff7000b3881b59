"""Reconstruction of strings, and step accuracy under teacher forcing."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from grae.evaluation.measurements import Measurement, measurement_of
from grae.evaluation.measures import Wanted
from grae.evaluation.metrics import Share, exact
from grae.evaluation.resampling import Subsamples, interval_of_share, interval_of_subsamples, subsamples_of
from grae.evaluation.work import Work

if TYPE_CHECKING:
    from grae.grammar.codec import Derivations
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints

BATCH = 512


def greedy(
    model: "GrammarAutoencoder", constraints: "Constraints | None", completion: "Completion"
) -> "Callable[[np.ndarray], Sequence[str | None]]":
    """Greedy decoding of codes into strings in the form that the model learned (molecules by default in Kekule form).

    Args:
        model: a fitted model.
        constraints: as in `GrammarAutoencoder.inverse_transform`.
        completion: as in `GrammarAutoencoder.decodings`; with "none", an incomplete reconstruction is None.
    """
    if completion == "forced":
        return partial(model.inverse_transform, constraints=constraints, raw=True)

    def incomplete(codes: np.ndarray) -> list[str | None]:
        return [text for (text,) in model.decodings(codes, 1, temperature=0.0, constraints=constraints, raw=True)]

    return incomplete


def right_steps(model: "GrammarAutoencoder", derivations: "Derivations") -> tuple[np.ndarray, np.ndarray]:
    """The number of correct steps of each string, and of all its steps, (n,) int64 each.

    A step is correct if the true production has the highest logit among those that expand the current nonterminal,
    under teacher forcing and given the string's code without noise.

    Args:
        model: a fitted model.
        derivations: derivations of n strings, from `GrammarAutoencoder.derive`.
    """
    import torch

    from grae.sequence.batches import DerivationBatches
    from grae.training.device import resolve_device

    device = torch.device(resolve_device(model.device))
    network = model.network_.to(device).eval()
    tensors = network.reconstruction.tensors  # pyright: ignore[reportAttributeAccessIssue]
    batches = DerivationBatches(derivations, np.arange(len(derivations)), pad=model.grammar_.pad, batch_size=BATCH)
    right = np.empty(len(derivations), np.int64)
    with torch.inference_mode():
        for rows in batches.in_order():
            ids = batches.collate(rows)["ids"].to(device)  # B T
            batch = {"ids": ids}
            logits = network.decoder(network.encode(batch), batch).float()  # B T S
            likeliest = logits.masked_fill(~tensors.mask[tensors.lhs[ids]], -torch.inf).argmax(dim=-1)
            right[rows] = ((likeliest == ids) & (ids != tensors.pad)).sum(dim=1).cpu().numpy()
    return right, derivations.lengths


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """The reconstruction of held-out strings.

    Attributes:
        figures: measures by name.
        left_out: measures that were not computed, and why.
    """

    figures: dict[str, Measurement | None]
    left_out: dict[str, str]


def reconstruction(
    model: "GrammarAutoencoder",
    held_out: Sequence[str] | None,
    *,
    constraints: "Constraints | None" = None,
    completion: "Completion" = "forced",
    measures: Collection[str] | None = None,
    work: Work | None = None,
) -> Reconstruction:
    """Encodes held-out strings and decodes their codes.

    Args:
        model: a fitted model.
        held_out: as in `evaluate`.
        constraints: as in `GrammarAutoencoder.sample`.
        completion: as in `GrammarAutoencoder.decodings`.
        measures: as in `evaluate_samples`.
        work: seed and progress callback.
    """
    work, wanted, left_out = work or Work(), Wanted.named(measures), dict[str, str]()
    names = wanted.of(("exact_reconstruction", "refined_reconstruction", "step_accuracy"), left_out)
    if not held_out:
        return Reconstruction({}, left_out | dict.fromkeys(names, "there are no held-out strings"))
    if not names:
        return Reconstruction({}, left_out)
    work.begin("reconstructing held-out strings")
    derivations = model.derive(held_out).derivations
    back: dict[str, Measurement | None] = {}
    codes, decode = model.encode(derivations), greedy(model, constraints, completion)
    if "exact_reconstruction" in wanted:
        from grae.grammar import codec

        texts = codec.decode(model.grammar_, derivations)  # in the learned form, whatever the input's spelling
        back["exact_reconstruction"] = measurement_of(exact(texts, decode(codes)))
    if "refined_reconstruction" in wanted:
        from grae.sequence.refinement import refined

        right = refined(model, derivations, codes, decode=decode).exact
        back["refined_reconstruction"] = measurement_of(Share(int(right.sum()), len(right)))
    if "step_accuracy" in wanted:
        back["step_accuracy"] = step_accuracy(model, derivations, work.seed)
    return Reconstruction(back, left_out)


def step_accuracy(model: "GrammarAutoencoder", derivations: "Derivations", seed: int) -> Measurement:
    """Step accuracy under teacher forcing (`right_steps`), with its interval.

    Steps of one string are dependent, so the interval resamples strings. Where this is degenerate (few strings, or all
    steps correct), it is Wilson's interval, with the number of strings as the number of independent trials.

    Args:
        model: a fitted model.
        derivations: derivations of at least one string.
        seed: seed of the resampling.
    """
    right, steps = right_steps(model, derivations)

    def again(halves: Subsamples) -> np.ndarray:
        chosen = halves.chosen[:, halves.group].astype(np.float64)  # B n
        return chosen @ right / (chosen @ steps)

    share = Share(int(right.sum()), int(steps.sum()))
    value, n = share.count / share.of, len(steps)
    interval = interval_of_subsamples(value, subsamples_of(n, seed), again, most=1)
    if interval is None or interval[0] == interval[1]:
        interval = interval_of_share(value * n, n)
    return Measurement(share, interval)
