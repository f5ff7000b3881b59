"""Molecules, as SMILES that RDKit reads and sanitizes.

`canonical` is RDKit's canonical SMILES, with aromatic atoms in lower case. `kekule` has explicit single and double
bonds instead: it is longer, but avoids aromaticity, the only rule of SMILES that concerns the molecule as a whole, so
that a decoder can enforce all others from the first character on (`grae.constraints.smiles`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.grammar import Grammar
from grae.grammar.language import Form, Language, Property

if TYPE_CHECKING:
    import numpy as np

    from grae.grammar.codec import Derivations
    from grae.grammar.sparse_counts import Counts


def _canonical_forms(texts: Sequence[str]) -> list[str | None]:
    from grae.chemistry import canonical_all

    return canonical_all(texts)


def _kekule_forms(texts: Sequence[str]) -> list[str | None]:
    from grae.chemistry import kekule_all

    return kekule_all(texts)


def _complaint(text: str) -> str:
    """Why RDKit rejects a string."""
    from grae.chemistry import problem

    complaint = problem(text)
    return "kekulization: it has no Kekule form" if complaint is None else f"{complaint.kind}: {complaint.message}"


def _automaton(terminals: Sequence[str], room: int) -> Any:
    from grae.constraints.smiles import automaton

    return automaton(terminals, room)


def _draw(texts: Sequence[str], path: Path, legends: Sequence[str]) -> None:
    from grae.chemistry import draw_grid

    draw_grid(texts, path, legends=legends)


def _substructures(grammar: Grammar, texts: Sequence[str], derivations: "Derivations") -> "Counts":
    from grae.chemistry.counts import morgan_counts

    return morgan_counts(texts)


class Molecules(Language):
    """See the module docstring."""

    def normalized(self, texts: Sequence[str]) -> list[str]:
        """Canonical SMILES of valid strings; others unchanged."""
        from grae.chemistry import readable_all

        return readable_all(texts)

    def parsed_once(self) -> AbstractContextManager[None]:
        """See Language; RDKit reads a molecule once."""
        from grae.chemistry.reading import parsed_once

        return parsed_once()

    def unusual(self, texts: Sequence[str]) -> "np.ndarray":
        """Numbers of molecules in a mixture and of unpaired electrons, (n, 2) int64."""
        import numpy as np

        from grae.chemistry.counts import unpaired_electrons

        parts = np.array([text.count(".") + 1 for text in texts], np.int64)
        return np.column_stack([parts, unpaired_electrons(texts)])

    def placed(self, template: str, form: str, *, is_named: bool) -> tuple[str, list[tuple[int, int]]] | None:
        """A SMILES with attachment points, `*`, in Kekule form if that is the form of the training strings."""
        from grae.chemistry.templates import is_aromatic, with_placeholders

        if is_named and not (form == "kekule" and is_aromatic(template)):
            return None
        return with_placeholders(template, kekule=form == "kekule")

    def hold(self, template: str, texts: Sequence[str], *, exact: bool = True) -> "np.ndarray":
        """Which molecules match a template, by RDKit's substructure search; see `grae.chemistry.templates.hold`."""
        import numpy as np

        from grae.chemistry.templates import hold

        return np.array(hold(template, texts, exact=exact), bool)

    def similarities(self, grammar: Grammar, text: str, texts: Sequence[str]) -> "np.ndarray":
        """Tanimoto similarities of Morgan fingerprints (radius 2, 1024 bits); 0 for invalid strings."""
        from grae.chemistry.structure import tanimoto

        return tanimoto(text, texts)

    def measure(self, texts: Sequence[str]) -> list[Mapping[str, float | None]]:
        """logP, synthetic accessibility, drug-likeness, weight and size; all None for an invalid string."""
        from grae.chemistry import properties

        computed = [properties(text) for text in texts]
        unknown = dict.fromkeys(one.name for one in self.properties)
        return [unknown if one is None else one._asdict() for one in computed]

    def picture(self, grammar: Grammar, text: str, marked: Sequence[bool] = ()) -> str | None:
        """A drawing of the molecule with its marked atoms highlighted; None for an invalid string."""
        from grae.chemistry import atoms_of, drawing

        return drawing(text, marked={atom for atom, at in enumerate(atoms_of(text)) if marked[at]} if marked else ())

    def caption(self, text: str) -> str:
        """Its logP, drug-likeness and synthetic accessibility."""
        from grae.chemistry import properties

        computed = properties(text)
        if computed is None:
            return ""
        return f"logP {computed.logp:.2f} · QED {computed.qed:.2f} · SA {computed.sa:.1f}"

    def _canonical(self, grammar: Grammar, texts: Sequence[str]) -> list[str | None]:
        return _canonical_forms(texts)

    def _causes(self, grammar: Grammar, texts: Sequence[str]) -> Counter[str]:
        from grae.chemistry import invalid_reason

        return Counter(reason for text in texts if (reason := invalid_reason(text)) is not None)


LANGUAGE = Molecules(
    "molecules",
    singular="molecule",
    plural="molecules",
    column="smiles",
    valid_means="read and sanitized by RDKit",
    forms={
        "canonical": Form("canonical", "canonical form", _canonical_forms, "not read by RDKit", _complaint),
        "kekule": Form("kekule", "Kekule form", _kekule_forms, "not read by RDKit", _complaint),
    },
    default_form="canonical",
    automaton=_automaton,
    automaton_form="kekule",
    properties=(
        Property("logp", "logP", "logP"),
        Property("sa", "SA", "synthetic accessibility"),
        Property("qed", "QED", "QED"),
        Property("weight", "weight", "weight, g/mol"),
        Property("heavy_atoms", "heavy atoms", "heavy atoms"),
    ),
    beside_scores=("heavy_atoms", "sa", "qed"),
    counts=_substructures,
    draw=_draw,
    is_molecular=True,
    is_slow=True,
    has_names=True,
)
