"""The expected duration of an experiment on structured objects, estimated from timed parts.

Timed are a few seconds of training per model, and one round per kind of search, with the surrogate on the final number
of points, the batch, and all decodings. The networks are untrained: the time of a step and of a decoding does not
depend on the weights, except for derivations that end early; completion is therefore forced, and the estimate is
slightly high.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.autoencoder import model_named
from grae.grammar import load_grammar
from grae.optimization import paper
from grae.optimization.space import LatentSpace
from grae.optimization.sparse import SparseProcess, promising
from grae.optimization.start import ALL

if TYPE_CHECKING:
    from grae.reproduction.scales import Objects, Scale
    from grae.sequence import GrammarAutoencoder

SECONDS = 2.0
"""Seconds of training that are timed; at least one step."""
STRINGS = 5_000  # training strings in the timed training
VALIDATION = 0.002  # fraction of them for validation
ENCODED = 1_000  # strings whose encoding is timed


@dataclass(frozen=True, slots=True)
class Pending:
    """The remaining work with one model on one kind of objects.

    Attributes:
        objects: name of the objects.
        model: name of the model.
        run: run folder of the model, if it is already trained.
        searches: number of remaining searches, by the rules under which they are run.
    """

    objects: str
    model: str
    run: Path | None
    searches: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Duration:
    """The expected duration of the remaining work.

    Attributes:
        objects: name of the objects.
        model: name of the model.
        training: seconds of training; 0 for a trained model.
        search: seconds per search.
        searches: number of searches.
    """

    objects: str
    model: str
    training: float
    search: float
    searches: int

    def __str__(self) -> str:
        training = f"training {spelled(self.training)}, " if self.training else ""
        return f"{self.objects}, {self.model}: {training}{self.searches} searches of {spelled(self.search)}"


def expected(
    scale: "Scale", texts: Mapping[str, list[str]], pending: Iterable[Pending], *, device: Any = "auto"
) -> Iterator[Duration]:
    """The expected duration for each model, in order.

    Args:
        scale: size of the experiment.
        texts: the training strings, by objects.
        pending: the remaining work.
        device: device of the experiment.
    """
    from grae.sequence import GrammarAutoencoder

    search: dict[tuple[str, bool], float] = {}
    for one in pending:
        what, training = scale.objects[one.objects], 0.0
        if one.run is None:
            model, training = timed_training(what, texts[one.objects], one.model, device)
        else:
            model = GrammarAutoencoder.load(one.run, device=device)
        kind = (one.objects, model_named(one.model).characters)  # models of a kind have networks of the same size
        if kind not in search or one.run is not None:
            search[kind] = timed_search(what, scale, model, texts[one.objects])
        rules = [name for name in one.searches if name in ("grammar", model.constraints_used())]
        yield Duration(one.objects, one.model, training, search[kind], sum(one.searches[name] for name in rules))


def timed_training(what: "Objects", texts: list[str], model: str, device: Any) -> "tuple[GrammarAutoencoder, float]":
    """A network of the full size, and the expected seconds of its training."""
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.resolution import resolve_settings

    parameters = GrammarAutoencoder(what.grammar, model=model, **what.parameters).get_params()
    limits = resolve_settings(parameters, load_grammar(what.grammar)).preset.training
    short = {"on_invalid": "skip", "device": device, "epochs": None, "time_budget": SECONDS / 60, "motifs": 0}
    some = texts[:STRINGS]
    given = {**what.parameters, **short, "validation": VALIDATION}
    fresh: Any = GrammarAutoencoder(what.grammar, model=model, **given).fit(some)
    if limits.epochs is None:
        return fresh, 60 * (limits.time_budget or 0.0)
    share = len(fresh.split_) / len(some)  # the other strings are outside the grammar
    steps = limits.epochs * len(texts) * share / limits.batch_size
    return fresh, steps * fresh.result_.seconds / max(1, fresh.result_.steps)


def timed_search(what: "Objects", scale: "Scale", model: "GrammarAutoencoder", texts: list[str]) -> float:
    """The seconds of one search: encoding of its starting strings, and all rounds."""
    n = len(texts) if scale.start_limit == ALL else min(len(texts), scale.start_limit)
    some = texts[:ENCODED]
    encoding = _seconds(lambda: LatentSpace(model).encoded(some))
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((scale.batch_size, model.settings_.architecture.latent_dim)).astype(np.float32)
    points = rng.standard_normal((n, codes.shape[1]))

    def propose() -> None:
        process = SparseProcess(points, rng.standard_normal(n), inducing=paper.INDUCING, rng=rng)
        promising(process, points, scale.batch_size, rng)
        model.decodings(codes, what.attempts, constraints="grammar", completion="forced")

    return n / len(some) * encoding + scale.rounds * _seconds(propose)


def in_words(durations: Iterable[Duration]) -> str:
    """The total, such as "about 3 h 10 min: training 2 h 00 min, 20 searches 1 h 10 min"."""
    durations = list(durations)
    training = sum(one.training for one in durations)
    searching = sum(one.searches * one.search for one in durations)
    parts = [f"training {spelled(training)}"] if training else []
    parts.append(f"{sum(one.searches for one in durations)} searches {spelled(searching)}")
    return f"about {spelled(training + searching)}: {', '.join(parts)}"


def spelled(seconds: float) -> str:
    """A duration in seconds, minutes, or hours and minutes."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
