"""Points of the latent space turned into strings worth scoring: distinct, valid, and not scored before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from grae.optimization.space import LatentSpace


class Proposal(NamedTuple):
    """A string to score next.

    Attributes:
        code: the code that the score will belong to, (D,) float32; (0,) where the model cannot encode the string.
        text: the string; None where the code decodes to no valid one.
        attempts: how often codes were decoded, or other strings made, to find it.
        decoded_valid: of those attempts, how many gave a valid string.
        proposer: where it came from, such as "latent"; None where there is one way alone.
    """

    code: np.ndarray
    text: str | None
    attempts: int
    decoded_valid: int
    proposer: str | None = None


class Known:
    """The strings that have a score: as they are written, and by the form that all of one meaning share.

    Args:
        texts: the first of them; their forms are not looked at.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.held = set(texts)

    def add(self, *names: str | None) -> None:
        """Takes note of strings and forms."""
        self.held.update(name for name in names if name is not None)

    def holds(self, text: str, form: str) -> bool:
        """Whether the string, or another of its meaning, has a score."""
        return text in self.held or form in self.held


@dataclass
class Candidates:
    """New strings, each of another meaning, with their own codes.

    Attributes:
        texts: the strings.
        forms: the form of each.
        codes: what each is encoded to, (n, D) float32.
        attempts: how many points were decoded.
        decoded_valid: how many of those gave a valid string.
    """

    texts: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    codes: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    attempts: int = 0
    decoded_valid: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    def decode(self, space: LatentSpace, points: np.ndarray, known: Known, *, temperature: float, seed: int) -> None:
        """Decodes points (m, D) and adds the strings that are new here and to `known`."""
        decoded = space.decode(points, temperature=temperature, seed=seed)
        distinct = list(dict.fromkeys(decoded))
        forms = dict(zip(distinct, space.identities(distinct), strict=True))
        here = set(self.forms)
        new: dict[str, str] = {}
        for text in distinct:
            form = forms[text]
            if form is not None and form not in here and form not in new and not known.holds(text, form):
                new[form] = text
        admitted = space.admitted(list(new.values()))
        form_of = {text: form for form, text in new.items() if text in admitted}
        texts, spellings, derivations = space.derived(list(form_of))
        rows = np.array([row for row, spelled in enumerate(spellings) if spelled not in known.held], np.int64)
        codes = space.model.encode(derivations[rows])
        self.codes = codes if not self.texts else np.concatenate([self.codes, codes])
        self.texts += (texts[row] for row in rows)
        self.forms += (form_of[texts[row]] for row in rows)
        self.attempts += len(decoded)
        self.decoded_valid += sum(forms[text] is not None for text in decoded)

    def proposals(self, taken: list[int]) -> list[Proposal]:
        """Some of the candidates as proposals; what was decoded is shared out among them."""
        attempts = shared(self.attempts, len(taken))
        valid = shared(self.decoded_valid, len(taken))
        return [
            Proposal(self.codes[place], self.texts[place], attempts[rank], valid[rank])
            for rank, place in enumerate(taken)
        ]


def shared(total: int, parts: int) -> list[int]:
    """A number as a sum of nearly equal ones."""
    return [total // parts + (rank < total % parts) for rank in range(parts)]


def proposals_of(
    space: LatentSpace, texts: Sequence[str], attempts: int, valid: int, proposers: Sequence[str | None] | None = None
) -> list[Proposal]:
    """Strings as proposals, with their codes where the model can encode them.

    Args:
        space: the latent space.
        texts: the strings.
        attempts: strings looked at to find all of them; each proposal has its part.
        valid: of those, the valid ones.
        proposers: where each string came from.
    """
    encodable, codes = space.encoded(texts)
    code = iter(codes)
    return [
        Proposal(next(code) if fits else np.empty(0, np.float32), text, tried, good, proposer)
        for text, fits, tried, good, proposer in zip(
            texts,
            encodable.tolist(),
            shared(attempts, len(texts)),
            shared(valid, len(texts)),
            proposers or [None] * len(texts),
            strict=True,
        )
    ]
