"""Converts points of the latent space to candidates: distinct, valid strings that have not been scored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from grae.optimization.space import LatentSpace


class Proposal(NamedTuple):
    """A string to score.

    Attributes:
        code: the code of the score, (D,) float32; (0,) if the model cannot encode the string.
        text: the string; None if the code decodes to no valid one.
        attempts: number of codes decoded, or strings generated, to find it.
        decoded_valid: number of these attempts that gave a valid string.
        proposer: its proposer, such as "latent"; None for a strategy with a single one.
    """

    code: np.ndarray
    text: str | None
    attempts: int
    decoded_valid: int
    proposer: str | None = None


class Known:
    """The strings with a score: as written, and by their form, which is equal for equivalent strings.

    Args:
        texts: initial strings; their forms are not computed.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.held = set(texts)

    def add(self, *names: str | None) -> None:
        """Adds strings and forms."""
        self.held.update(name for name in names if name is not None)

    def holds(self, text: str, form: str) -> bool:
        """Whether the string, or an equivalent one, has a score."""
        return text in self.held or form in self.held


@dataclass
class Candidates:
    """New strings, no two equivalent, with their own codes.

    Attributes:
        texts: the strings.
        forms: the form of each.
        codes: the codes of the strings, (n, D) float32.
        attempts: number of points decoded.
        decoded_valid: number of these that gave a valid string.
    """

    texts: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    codes: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    attempts: int = 0
    decoded_valid: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    def decode(self, space: LatentSpace, points: np.ndarray, known: Known, *, temperature: float, seed: int) -> None:
        """Decodes points (m, D) and adds the strings that are neither candidates yet nor in `known`."""
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
        """Some of the candidates as proposals; the attempts are divided among them."""
        attempts = shared(self.attempts, len(taken))
        valid = shared(self.decoded_valid, len(taken))
        return [
            Proposal(self.codes[place], self.texts[place], attempts[rank], valid[rank])
            for rank, place in enumerate(taken)
        ]


def shared(total: int, parts: int) -> list[int]:
    """A number split into nearly equal integers."""
    return [total // parts + (rank < total % parts) for rank in range(parts)]


def proposals_of(
    space: LatentSpace, texts: Sequence[str], attempts: int, valid: int, proposers: Sequence[str | None] | None = None
) -> list[Proposal]:
    """Strings as proposals, with codes for those that the model can encode.

    Args:
        space: the latent space.
        texts: the strings.
        attempts: number of strings generated in all; divided among the proposals.
        valid: number of these that were valid.
        proposers: proposer of each string.
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
