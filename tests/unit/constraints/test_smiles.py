"""The automaton of SMILES beside RDKit: what it accepts, RDKit reads; what it refuses beyond that has a named cause."""

import os
import random
import re
from collections import Counter

import numpy as np
import pytest
from rdkit import Chem, rdBase

from grae.chemistry import kekule_all, read
from grae.chemistry.valences import MOST_CHARGE, UNLIMITED, capacities, symbols
from grae.constraints.smiles import automaton
from grae.datasets import open_source

ROOM = 512
TOKEN = re.compile(r"\[[^\]]*\]|Cl|Br|%\d\d|->|<-|.")


def words(lines: str) -> list[str]:
    return lines.split()


STRANGE = words(
    """
[NH4+] [N-] [O+] [S-] [P-] [Fe] [Na] [Na+] [H] [2H] [H-] [H+] [HH] [Cl+3] [Cl+] * [*] [*@] [*H2] $ / \\ -> <- : c n
%10 %11 %01 [Si] [B-] [As] [Se] [Te] [I+] [Br+] [Xe] [C@TH1] [C@TH3] [C@OH3] [Pt@SP2] [Pt@SP4] [P@TB7] [C@AL2] [CH]
[CH2] [C] [C+] [C-] [N] [O] [NH] [C@] [C@@H] [CH5] [Li] [Mg] [Al] [Zn] [Sn] [Pb] [C:1] [C:01] [13C] [013C] [Pt]
[Cu+2] [Hg] [C+16] [O-2] [C++] [C---] P I B 0 9 ( ) . = # - 1 2 3 -> <- ~ [Fe+2] [NH3] [Pt@SP] [C@TH] %(12) %(100)
"""
)

ACCEPTED = words(
    """
C CC C=C C#C C$C C-C C1CC1 C=1CC=1 C=1CC1 C1CC=1 C/1CC\\1 F/C=C/F C/C=C(/C)\\C C0CC0 C%10CC%10 C1CC1C1CC1 C(C)1CC1
C(CC1)1 C(C)(C)C C.C C1.C1 C(C.C)C [H] [H][H] [H]C [HH] [2H]C [H+] C[H-]C [Na+].[Cl-] [NH4+] C[N+](C)(C)C
C[N+](=O)[O-] CS(=O)(=O)C FS(F)(F)(F)(F)F FP(F)(F)(F)F F[P-](F)(F)(F)(F)F [O-][Cl+3]([O-])([O-])[O-] CI(=O)=O
[Fe](C)(C)(C)(C)(C)(C)C *(C)(C)(C)(C)C [*H5] [C] [CH3] [13C] [0C] [999C] [C:0] [C:999] [C+15] [C++] [C--]
[C@H](F)(Cl)Br [C@@](F)(Cl)(Br)I [C@TH2](F)(Cl)(Br)I [Pt@SP3](F)(Cl)(Br)I [P@TB20](F)(Cl)(Br)(I)N
[S@OH30](F)(Cl)(Br)(I)(N)O [Pt@SP](F)(Cl)(Br)I [C@TH](F)(Cl)(Br)I [Pt@SPH2](F)Cl [Co@OHH2](F)(Cl)(Br)I [13CH3-:7]
C->[Fe] [Fe]<-N N->C CN(C)(C)->[Fe] C[N+](C)(C)(C)->[Fe] [NH3]->[Cu]<-[NH3] C(->[Fe])C [Fe](<-N)(<-N)Cl C->*
N->1CC[Fe]1 N->1CC[Fe]<-1 N<-1CC[Fe]->1 N<-1CC[Fe]1 N1CC[Fe]->1 N1CC[Fe]<-1 N1CC[Fe]<-1C
[Pt]1(<-[NH](C)CC[NH]->1C)([Cl])[Cl] [Fe]12<-[N](C)(C[N]->1(CC[O]2)C)C [C-]#[O+]->[Fe]
C~C C~[Fe] CC(C)(C)(C)~C C(~C)C C1~CCC1 [Fe]~[Fe] C12=C(C=CC=C1)C=CC=C2 [Cl] [Sc] [Og]
"""
)

# What RDKit does not read either.
REFUSED = words(
    """
C1 C1C C11 C1C1 C12CC12 C(C1)1 C( C) C() C(C (C)C C((C)) C(.C) C..C .C C. C= =C C== C=.C C-(C) C(1CC1) C(=1CC1)
C=(C) C% C%1CC1 C%01CC1 C%00CC%00 CC(C)(C)(C)C C=C(C)(C)C N(C)(C)(C)C O(C)(C)C F(C)C C[H]C [CH5] [CH4]C [NH4] [NH5+]
[O-](C)C [H2] [HH2] [He]C C[Cl-] [C---] [C+00] [C+01] [C+-] [013C] [00C] [C:01] [C:] [C@TH0] [C@TH3] [C@AL3]
[C@SP4] [C@TB21] [C@OH31] [C@OH01] [H@] [H@H] [C@@@] [CH10] [CH@] [C@H@] [] [13] [Xx] [M] [Cc] [C [CC] C] [C++ [C+:]
[NH4]->[Fe] N->C(C)(C)(C)C N->[BH3] ->C C-> C->->C C-><-C (->C)C C~ ~C C~~C N->(C)C C%(CC C%()CC% [Pt@SP0] [H@SP]
H Si Cl1 /C C/ C// C[ [C]] C(C))
"""
)

# What RDKit reads and the automaton does not, by its cause.
STRICTER = {
    "aromatic": ["c1ccccc1", "C:C", "[cH]1cccc[cH]1", "C1:C:C:C:C:C:1"],
    "mended": ["CN(=O)=O", "CN=N#N", "OCl(=O)(=O)=O", "[Fe]N(C)(C)C", "C=[H]", "[HH]C"],
    "dative ring bond": ["C(C)(C)(C)1CC[Fe]<-1", "C[NH]1CC[NH](C)->[Pt]<-1([Cl])[Cl]"],
    "ring orders": ["C=1CC-1", "C-1CC=1", "C=1CC/1", "N->1CC[Fe]->1", "N=1CC[Fe]->1"],
    "unspecified ring bond": ["C~1CC1", "C1CC~1"],
    "numbers": ["[C+16]", "[1000C]", "[C:1000]", "C%(10)CC%10", "C%(100)CC%(100)"],
}


def verdicts(texts: list[str]) -> list[bool]:
    reader = automaton(texts, ROOM)
    return [reader.reads([number]) for number in range(len(texts))]


def cause(text: str) -> str | None:
    """Why a string that RDKit reads is refused."""
    if re.search(r":(?![^\[]*\])|[bcnops](?![^\[]*\])|\[\d*[a-z]", text.replace("Cl", "")):
        return "aromatic"
    if re.search(r"\d{4}|[+-]1[6-9]|[+-][2-9]\d|%\(", text):
        return "numbers"
    if re.search(r"~[\d%]", text):
        return "unspecified ring bond"
    if ring_orders_differ(text):
        return "ring orders"
    settings = Chem.SmilesParserParams()
    settings.sanitize = settings.removeHs = False
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(text, settings)
    if any(map(has_too_many_bonds, molecule.GetAtoms())):
        return "mended"
    donors = {bond.GetBeginAtomIdx() for bond in molecule.GetBonds() if bond.GetBondType() == Chem.BondType.DATIVE}
    full = (atom for atom in molecule.GetAtoms() if atom.GetIdx() in donors and has_too_many_bonds(atom, one_more=True))
    return "dative ring bond" if re.search(r"(->|<-)(\d|%)", text) and any(full) else None


def has_too_many_bonds(atom: Chem.Atom, one_more: bool = False) -> bool:
    bonds = one_more + sum(bond.GetValenceContrib(atom) for bond in atom.GetBonds())
    return bonds + atom.GetNumExplicitHs() > capacities()[atom.GetAtomicNum(), atom.GetFormalCharge() + MOST_CHARGE]


def ring_orders_differ(text: str) -> bool:
    """Whether the two ends of a ring bond are written with different orders."""
    opened: dict[int, str] = {}
    before = ""
    for token in TOKEN.findall(text):
        if token.isdigit() or token.startswith("%"):
            label, order = int(token.strip("%")), {"/": "-", "\\": "-"}.get(before, before)
            order = order if order in ("-", "=", "#", "$", "->", "<-") else ""
            if label in opened:
                order = {"->": "<-", "<-": "->"}.get(order, order)
                first = opened.pop(label)
                if first and order and first != order:
                    return True
            else:
                opened[label] = order
        before = token
    return False


def mutated(draw: random.Random, text: str, usual: list[str]) -> str:
    """A molecule with some tokens inserted, lost, replaced or swapped."""
    tokens = TOKEN.findall(text)
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5))):
        place, way = draw.randrange(len(tokens) + 1), draw.random()
        token = draw.choice(STRANGE if draw.random() < 0.5 else usual)
        if way < 0.3 or place == len(tokens):
            tokens.insert(place, token)
        elif way < 0.5:
            del tokens[place]
        elif way < 0.8:
            tokens[place] = token
        else:
            other = draw.randrange(len(tokens))
            tokens[place], tokens[other] = tokens[other], tokens[place]
    return "".join(tokens)


def compare(molecules: list[str], n: int, seed: int) -> Counter[str]:
    """Mutated molecules under both: the automaton must not be laxer, nor stricter for no known cause; counts causes."""
    draw = random.Random(seed)
    usual = [token for text in molecules[:500] for token in TOKEN.findall(text)]
    texts = [mutated(draw, draw.choice(molecules), usual) for _ in range(n)]
    texts = [text for text in texts if text]
    counts: Counter[str] = Counter()
    for text, ours in zip(texts, verdicts(texts), strict=True):
        theirs = read(text) is not None
        assert theirs or not ours, f"laxer than RDKit: {text}"
        because = cause(text) if theirs and not ours else "agree, valid" if ours else "agree, broken"
        assert because is not None, f"refused for no known cause: {text}"
        counts[because] += 1
    return counts


@pytest.mark.parametrize("text", ACCEPTED)
def test_it_accepts_what_rdkit_reads(text):
    assert verdicts([text]) == [True]
    assert read(text) is not None


@pytest.mark.parametrize("text", REFUSED)
def test_it_refuses_what_rdkit_refuses(text):
    assert verdicts([text]) == [False]
    assert read(text) is None


@pytest.mark.parametrize(("because", "text"), [(name, text) for name, texts in STRICTER.items() for text in texts])
def test_it_is_stricter_for_causes_that_have_a_name(because, text):
    assert verdicts([text]) == [False]
    assert read(text) is not None
    assert cause(text) == because


def test_it_never_accepts_a_broken_molecule(molecules):
    counts = compare(molecules, 15_000, 0)
    assert counts["agree, valid"] > 2000
    assert counts["agree, broken"] > 2000
    assert {"mended", "aromatic", "unspecified ring bond"} <= counts.keys()


@pytest.mark.slow
def test_it_never_accepts_one_of_many_broken_molecules(molecules):
    """GRAE_SCALE multiplies the hundred thousand."""
    n = int(100_000 * float(os.environ.get("GRAE_SCALE", "1")))
    assert compare(molecules, n, 1)["agree, valid"] > n / 10


def test_it_reads_molecules_as_rdkit_writes_them(molecules):
    assert [text for text, fine in zip(molecules, verdicts(molecules), strict=True) if not fine] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zinc250k", "moses-test", "wehi", "nci"])
def test_it_reads_whole_data_sets(name, data_home):
    texts = [text for text in kekule_all(open_source(name).texts()) if text is not None]
    refused = [text for text, fine in zip(texts, verdicts(texts), strict=True) if not fine]
    assert len(refused) <= len(texts) / 1000


COMPLEXES = words(
    """
N->1CC[Fe]1 C1CN(C)->[Pt](Cl)(Cl)<-N1C C1[N](C)(C)->[Fe]2<-[N]1(C)CCO2 [NH3]->[Cu]<-[NH3] C1CN->[Zn]<-N1
CC1=CC(C)=O->[Cu]<-2(O1)<-O=C(C)C=C(C)O2 N->[Co](<-N)(<-N)(<-N)(<-N)<-N.[Cl-] C1=CC=N2->[Cu]<-N3=CC=CC=C3C2=C1
"""
)


@pytest.mark.parametrize("text", COMPLEXES)
def test_it_reads_complexes_in_kekule_form_however_they_were_written(text):
    molecule = read(text)
    assert molecule is not None
    spellings = [Chem.MolToSmiles(molecule, doRandom=True) for _ in range(30)]
    forms = {form for form in kekule_all(spellings) if form is not None}
    assert len(forms) == 1
    assert verdicts([*forms]) == [True]
    assert read(*forms) is not None


def test_where_terminals_end_does_not_matter():
    """Outside brackets two letters are one atom only if they come together."""
    for text in ("C1CC(=O)N1", "[13C@@H2-:12]C", "C%12CC%12", "[C@TH1](F)(Cl)Br"):
        letters = list(dict.fromkeys(text))
        if "Cl" not in text:
            assert automaton(letters, ROOM).reads([letters.index(letter) for letter in text])
    assert not automaton(["C", "l"], ROOM).reads([0, 1])
    assert automaton(["[", "C", "l", "]"], ROOM).reads([0, 1, 2, 3])


def test_it_refuses_what_it_has_no_room_for():
    assert automaton(["C" * 20], 20).reads([0])
    assert not automaton(["C" * 21], 20).reads([0])
    assert not automaton(["C(" * 8 + "C" + ")" * 8], 8).reads([0])


def test_the_capacities_are_those_of_substituted_atoms():
    """Asked of RDKit by SMILES, with carbon around each atom instead of hydrogen inside it."""
    table = capacities()
    assert table.shape == (119, 2 * MOST_CHARGE + 1)
    assert table[symbols().index("Fe"), MOST_CHARGE] == UNLIMITED
    draw = np.random.default_rng(0)
    for number, charge in zip(draw.integers(0, 119, 300), draw.integers(-6, 7, 300), strict=True):
        atom = f"[{symbols()[number]}{f'{charge:+d}' if charge else ''}]"
        most = int(table[number, charge + MOST_CHARGE])
        if most < 10 and (number, charge) != (1, -9):
            assert most < 0 or read(atom + "(C)" * most) is not None, atom
            assert number == 1 or read(atom + "(C)" * (most + 1)) is None, atom
