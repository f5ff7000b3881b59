"""The published protocol: expected improvement over the whole latent space, with many decodings per point.

Source: Kusner, Paige and Hernandez-Lobato, "Grammar Variational Autoencoder" (ICML 2017), section 4, and its published
code. Nine tenths of the starting data are used. Each point is decoded many times, sampling each production from the
masked softmax without forced completion (except under the language's rules); the most frequent valid string is scored,
and the score is assigned to the point itself, not to the code of its string. A molecule is valid if RDKit reads it; an
expression if it is in the language, even if its values are not finite. A point without a valid string, and a string
without a finite score, get the target's worst score, or the worst of the data if that is infinite.

Differences: expressions use true division (there 1/2 = 0), and spellings of one molecule are counted together; the
script for characters also rejects expressions that cannot be evaluated at x = 0.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from grae.errors import DataError
from grae.grammar.codec import encode
from grae.optimization.candidates import Proposal
from grae.optimization.history import Record, scores_of
from grae.optimization.space import LatentSpace
from grae.optimization.sparse import SparseProcess, promising
from grae.optimization.start import Start
from grae.optimization.strategy import timed

INDUCING = 500
SHARE = 0.9
ATTEMPTS = {"expressions": 25}
ATTEMPTS_ELSEWHERE = 500


class PaperProtocol:
    """See the module's docstring.

    Args:
        space: the latent space.
        start: starting strings with their scores; the data are those that can be encoded, without those that have no
            score if `worst` is infinite.
        maximize: whether higher is better.
        worst: the target's worst score; see the module's docstring.
        temperature: temperature of the decoder.
        attempts: decodings per point; None for the published number.
        seed: seed of random draws.
        progress: called with the fraction of strings encoded.

    Raises:
        DataError: fewer than ten strings are left.
    """

    def __init__(
        self,
        space: LatentSpace,
        start: Start,
        *,
        maximize: bool,
        worst: float,
        temperature: float = 1.0,
        attempts: int | None = None,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.space, self.temperature, self.seed = space, temperature, seed
        self.seconds = {"decode": 0.0, "surrogate": 0.0}
        language = space.model.language_grammar_.language.name
        self.attempts = attempts or ATTEMPTS.get(language, ATTEMPTS_ELSEWHERE)
        self.sign = 1.0 if maximize else -1.0
        known = np.where(np.isfinite(start.scores), start.scores, worst)
        rows = np.flatnonzero(np.isfinite(known))
        encodable, codes = space.encoded([start.texts[row] for row in rows], progress)
        scores = known[rows[encodable]]
        if len(scores) < 10:
            raise DataError(f"{len(scores)} strings with a score to start from; the paper protocol needs at least 10")
        order = np.random.default_rng(seed).permutation(len(scores))[: round(SHARE * len(scores))]
        self.worst = worst if np.isfinite(worst) else float(scores.min() if maximize else scores.max())
        self.points = space.points(codes[order])
        self.values = self.sign * scores[order]

    def propose(self, number: int, n: int) -> list[Proposal]:
        """See Strategy."""
        rng = np.random.default_rng([self.seed, number])
        with timed(self.seconds, "surrogate"):
            process = SparseProcess(self.points, self.values, inducing=INDUCING, rng=rng)
            points = promising(process, self.points, n, rng)
        with timed(self.seconds, "decode"):
            return self._decoded(points, int(rng.integers(2**31)))

    def tell(self, records: Sequence[Record]) -> None:
        """See Strategy."""
        codes = np.array([record.code for record in records], np.float32).reshape(len(records), self.space.dim)
        self.points = np.concatenate([self.points, self.space.points(codes)])
        self.values = np.concatenate([self.values, self.sign * scores_of(records, self.worst)])

    def _decoded(self, points: np.ndarray, seed: int) -> list[Proposal]:
        """The most frequent valid string of each point."""
        drawn = self.space.decodings(points, self.attempts, temperature=self.temperature, seed=seed)
        valid = self._valid(dict.fromkeys(text for texts in drawn for text in texts if text is not None))
        proposals = []
        for code, texts in zip(self.space.codes(points), drawn, strict=True):
            counts = Counter(text for text in texts if text in valid)
            text = counts.most_common(1)[0][0] if counts else None
            proposals.append(Proposal(code, text, self.attempts, counts.total()))
        return proposals

    def _valid(self, texts: Iterable[str]) -> set[str]:
        """The strings that are valid as in the published experiments; see the module's docstring."""
        distinct, grammar = list(texts), self.space.model.language_grammar_
        if grammar.language.is_molecular:
            forms = self.space.identities(distinct)
            return {text for text, form in zip(distinct, forms, strict=True) if form is not None}
        return {distinct[row] for row in encode(grammar, distinct, on_invalid="skip").rows}
