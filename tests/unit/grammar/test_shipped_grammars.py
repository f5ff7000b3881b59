"""The grammars that come with grae: what they read, and that they read it in one way."""

import random
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nltk
import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, RDConfig, rdBase

from grae.errors import ParseError
from grae.grammar import Grammar, load_grammar, shipped_grammars
from grae.grammar.counting import DerivationCounter, sample_uniform
from grae.resources import shipped

NAMES = ["arithmetic", "formulas", "smiles", "smiles-gvae"]
BUNDLED = {
    "wehi": Path(RDConfig.RDDataDir) / "Pains" / "test_data" / "wehi_mols.csv",
    "nci": Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi",
}
SEPARATOR = {"wehi": ",", "nci": r"\s+"}
NO_SMILES = """
1CC1 C( C) C() CC(=)C C((C))C C= =C C. .C C..C C==C [C C] [] [CC] [H3C] [C+-] [Xx] Na L C%1 [C:] Q C>O [C@@@] [+]
c1cc(1)c
"""


def tokens(grammar: Grammar, text: str) -> list[str]:
    """The text in terminals, the longest first wherever it matches."""
    longest_first = sorted(grammar.terminals, key=len, reverse=True)
    found = re.findall("|".join(map(re.escape, longest_first)), text)
    assert "".join(found) == text
    return found


def nltk_derivations(grammar: Grammar, text: str) -> list[list[int]]:
    """The leftmost derivations of all trees that nltk's chart holds."""
    reference = nltk.CFG.fromstring((shipped("grammars") / f"{grammar.name}.cfg").read_text())
    numbers = {production: number for number, production in enumerate(reference.productions())}
    trees = nltk.ChartParser(reference).parse(tokens(grammar, text))
    return [[numbers[production] for production in tree.productions()] for tree in trees]


def random_walk(grammar: Grammar, generator: random.Random, max_length: int) -> np.ndarray:
    """A derivation in which each production that still fits is as likely, unlike the uniform derivation."""
    tables = grammar.tables
    ids: list[int] = []
    stack = [tables.start]
    while stack:
        nonterminal = stack.pop()
        left = max_length - len(ids) - int(tables.shortest[stack].sum())
        fitting = np.flatnonzero(tables.mask[nonterminal] & (tables.shortest_production <= left))
        ids.append(int(generator.choice(fitting)))
        stack += reversed(tables.children[ids[-1], : tables.n_children[ids[-1]]].tolist())
    return np.array(ids, grammar.dtype)


def readable(smiles: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a string that RDKit reads and its canonical form."""
    with rdBase.BlockLogs():
        for text in smiles:
            molecule = Chem.MolFromSmiles(text)
            if molecule is not None:
                yield text, Chem.MolToSmiles(molecule)


def share_read(grammar: Grammar, texts: Sequence[str]) -> float:
    return sum(reads(grammar, text) for text in texts) / len(texts)


def reads(grammar: Grammar, text: str) -> bool:
    try:
        grammar.parse(text)
    except ParseError:
        return False
    return True


def test_they_are_all_here():
    assert shipped_grammars() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_nltk_reads_the_same_productions(name: str):
    grammar = load_grammar(name)
    reference = nltk.CFG.fromstring((shipped("grammars") / f"{name}.cfg").read_text())
    ours = [(str(p.lhs), [str(symbol) for symbol in p.rhs]) for p in grammar.productions]
    assert ours == [(str(p.lhs()), [str(symbol) for symbol in p.rhs()]) for p in reference.productions()]
    assert str(grammar.start) == str(reference.start())


@pytest.mark.parametrize("name", NAMES)
def test_random_derivations_come_back(name: str):
    """Text and back: were some string ambiguous, one of its derivations would not."""
    grammar = load_grammar(name)
    generator = random.Random(0)
    derivations = [random_walk(grammar, generator, generator.randint(15, 150)) for _ in range(4000)]
    derivations += sample_uniform(grammar, 4000, 15 if name == "arithmetic" else 60, seed=0)
    for ids in derivations:
        text = grammar.unparse(ids)
        np.testing.assert_array_equal(grammar.parse(text), ids, err_msg=text)


@pytest.mark.parametrize("name", NAMES)
def test_short_derivations_differ_in_their_text(name: str):
    """Unambiguous, by listing every derivation up to some thousands."""
    grammar = load_grammar(name)
    length = next(n for n in range(100) if DerivationCounter(grammar, n + 1).total > 60_000)
    counter = DerivationCounter(grammar, length)
    texts = {grammar.unparse(counter.unrank(index)) for index in range(counter.total)}
    assert len(texts) == counter.total > 1000


class TestArithmetic:
    def test_published_productions(self):
        grammar = load_grammar("arithmetic")
        assert [str(production) for production in grammar.productions] == [
            "S -> S '+' T",
            "S -> S '*' T",
            "S -> S '/' T",
            "S -> T",
            "T -> '(' S ')'",
            "T -> 'sin(' S ')'",
            "T -> 'exp(' S ')'",
            "T -> 'x'",
            "T -> '1'",
            "T -> '2'",
            "T -> '3'",
            "Nothing -> None",
        ]
        assert grammar.language.name == "expressions"
        assert grammar.pad == 11
        assert grammar.n_symbols == 12

    def test_spaces_mean_nothing(self):
        grammar = load_grammar("arithmetic")
        np.testing.assert_array_equal(grammar.parse("x + sin( x ) / 3"), grammar.parse("x+sin(x)/3"))

    def test_published_expressions(self, data_home: Path):
        grammar = load_grammar("arithmetic")
        lines = (data_home / "expressions" / "equation2_15_dataset.txt").read_text().split("\n")
        derivations = {grammar.parse(line).tobytes() for line in lines[:100_000]}
        assert len(derivations) == 100_000
        assert max(map(len, derivations)) <= 15 * grammar.dtype.itemsize


class TestSmilesGvae:
    def test_published_productions(self):
        grammar = load_grammar("smiles-gvae")
        assert grammar.n_productions == 76
        assert grammar.pad == 75
        assert grammar.language.name == "molecules"
        some = {
            0: "smiles -> chain",
            18: "bracket_atom -> '[' BAI ']'",
            29: "BACH -> charge class",
            31: "BACH -> class",
        }
        some |= {
            13: "aliphatic_organic -> 'Br'",
            17: "aromatic_organic -> 's'",
            44: "DIGIT -> '8'",
            75: "Nothing -> None",
        }
        some |= {
            54: "charge -> '+' DIGIT DIGIT",
            65: "branched_atom -> atom RB BB",
            74: "chain -> chain bond branched_atom",
        }
        assert {number: str(grammar.productions[number]) for number in some} == some
        assert grammar.productions[59].rhs == ("\\",)

    def test_two_productions_are_of_no_use(self):
        grammar = load_grammar("smiles-gvae")
        assert np.flatnonzero(~grammar.tables.usable).tolist() == [29, 31, 75]
        undefined = [finding.production.id for finding in grammar.analysis.findings if finding.kind == "undefined"]
        assert undefined == [29, 31]

    @pytest.mark.parametrize("text", ["C[C@@H](F)Cl", "F/C=C\\F", "c1ccc(cc1)[N+](=O)[O-]", "[13CH3-2]Br"])
    def test_one_tree(self, text: str):
        grammar = load_grammar("smiles-gvae")
        assert nltk_derivations(grammar, text) == [grammar.parse(text).tolist()]


class TestSmiles:
    @pytest.mark.parametrize(
        "text",
        [
            "C",
            "CC(=O)Oc1ccccc1C(=O)O",
            "CSc1ccccc1",  # not scandium
            "COc1ccc2nc(Sc3ccccn3)sc2c1",
            "OC(=O)CNc1ccncc1Cl",
            "C[C@@H](N)C(=O)[O-]",
            "C[S@](=O)c1ccccc1",
            "F/C=C\\F",
            "C/C(F)=C(/[H])C",
            "[13CH4]",
            "[2H]OC",
            "[nH]1cccc1",
            "[se]1cccc1",
            "c1cc[te]c1",
            "[Sc+3]",
            "[Cu++].[O-]S(=O)(=O)[O-]",
            "[Fe-4]",
            "[O--]",
            "[NH3+]CC(=O)[O-]",
            "[CH3:1][OH:23]",
            "[13C@@H+2:7](F)(Cl)Br",
            "*C([*])[*:2]",
            "C1CCCCC1",
            "C%10CCCCC%10",
            "C=1CCCCC1",
            "C1CCCCC=1",
            "C-%11CCCCC-%11",
            "C0CC0",
            "C12CC1C2",
            "C#N",
            "[Rh]$[Rh]",
            "c1:c:c:c:c:c1",
            "C(C)1CC1",
            "N->[Cu]<-N",
            "CN(C)C[C-]12->[Fe+2]3456789([C]%10=[C]3[C-]4[C]5=[C]%106)[C](=[C]17)[C]8=[C]29",
            "F[Pt@SP1](F)(Cl)Cl",
            "[Co@OH12H2]",
            "C[As@TB20](F)(Cl)(Br)N",
            "NC(Br)=[C@AL1]=C(O)C",
            "[C@TH2H](F)(Cl)Br",
            "b1ccccc1",
            "p1ccccc1",
            "OB(O)c1ccccc1",
            "CP(C)C",
            "II",
        ],
    )
    def test_reads(self, text: str):
        grammar = load_grammar("smiles")
        assert grammar.unparse(grammar.parse(text)) == text

    @pytest.mark.parametrize("text", NO_SMILES.split())
    def test_refuses(self, text: str):
        assert not reads(load_grammar("smiles"), text)

    @pytest.mark.parametrize("text", ["", " ", "C C", "C\n", "é"])
    def test_refuses_what_is_no_smiles(self, text: str):
        assert not reads(load_grammar("smiles"), text)

    @pytest.mark.parametrize("number", range(1, 119))
    def test_reads_every_element(self, number: int):
        grammar = load_grammar("smiles")
        symbol = Chem.GetPeriodicTable().GetElementSymbol(number)
        text = f"C[{symbol}]c1ccccc1.[{symbol}H2+]"
        ids = grammar.parse(text)
        assert grammar.unparse(ids) == text
        spelled = [
            "".join(map(str, grammar.productions[i].rhs)) for i in ids if str(grammar.productions[i].lhs) == "element"
        ]
        assert spelled == [symbol, symbol]

    def test_everything_is_of_use(self):
        grammar = load_grammar("smiles")
        assert grammar.analysis.findings == []
        assert grammar.language.name == "molecules"
        assert grammar.dtype == np.uint8

    def test_two_letter_terminals_cannot_break_a_chain(self):
        """Outside brackets, 'Sc' in CSc1ccccc1 must stay two atoms: longest match knows nothing of brackets."""
        letters = [
            terminal for terminal in load_grammar("smiles").terminals if terminal.isalpha() and len(terminal) > 1
        ]
        assert sorted(letters) == ["Br", "Cl"]

    @pytest.mark.parametrize(
        "text",
        [
            "CSc1ccccc1",
            "C[C@@H](F)Cl",
            "F/C=C\\F",
            "[13CH3:2]C(=O)O",
            "C=1CC=1",
            "[Zn++].[Cl-]",
            "C%10CC%10",
            "[Co@OH12H2]",
        ],
    )
    def test_one_tree(self, text: str):
        grammar = load_grammar("smiles")
        assert nltk_derivations(grammar, text) == [grammar.parse(text).tolist()]

    @pytest.mark.parametrize("name", BUNDLED)
    def test_reads_what_comes_with_rdkit(self, name: str):
        grammar = load_grammar("smiles")
        smiles = pd.read_csv(BUNDLED[name], sep=SEPARATOR[name], header=None, usecols=[0])[0].tolist()
        written, canonical = zip(*readable(smiles), strict=True)
        assert len(written) >= 4990
        assert share_read(grammar, written) == 1
        assert share_read(grammar, canonical) == 1

    def test_reads_zinc_in_short_derivations(self, data_home: Path):
        grammar = load_grammar("smiles")
        smiles = zinc(data_home)[:20_000]
        lengths = [len(grammar.parse(text)) for text in smiles]
        assert np.mean(lengths) < 44

    def test_reads_moses(self, data_home: Path):
        smiles = pd.read_csv(data_home / "moses" / "test.csv.gz")["SMILES"].tolist()[:20_000]
        assert share_read(load_grammar("smiles"), smiles) == 1

    @pytest.mark.slow
    @pytest.mark.parametrize("form", ["written", "canonical"])
    def test_reads_all_of_zinc_and_moses(self, data_home: Path, form: str):
        grammar = load_grammar("smiles")
        for smiles in (zinc(data_home), pd.read_csv(data_home / "moses" / "test.csv.gz")["SMILES"].tolist()):
            texts = smiles if form == "written" else [canonical for _, canonical in readable(smiles)]
            assert share_read(grammar, texts) >= 0.999


def zinc(data_home: Path) -> list[str]:
    with tarfile.open(data_home / "zinc250k" / "zinc.txt.gz") as archive:
        member = archive.extractfile("zinc.txt")
        assert member is not None
        return member.read().decode().split()
