"""The masked decoder: whatever the code, the string is in the language."""

import numpy as np
import pytest
import torch

from grae.errors import SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations
from grae.grammar.codec import decode as texts_of
from grae.sequence.decoders import ParallelDecoder, RecurrentDecoder
from grae.sequence.pushdown import GrammarTensors, Pushdown, decode, greedy, run, sampled

LISTS = """
# balanced lists of names and numbers
list -> '[' ']' | '[' items ']'
items -> item | item ',' items
item -> list | 'a' | 'b' | digit digit
digit -> '0' | '1'
"""


def grammar_named(name):
    return Grammar.from_text(LISTS, "lists") if name == "lists" else load_grammar(name)


def decoder_of(grammar, latent_dim=4, scale=1.0, seed=0):
    torch.manual_seed(seed)
    tensors = GrammarTensors(grammar)
    decoder = RecurrentDecoder(tensors, latent_dim=latent_dim, embedding=16, hidden=32).eval()
    with torch.no_grad():
        for weight in decoder.parameters():
            weight *= scale
    return decoder, tensors


def derived(grammar, ids):
    """The strings of decoded ids; fails where a row is no complete leftmost derivation."""
    rows = [row[row != grammar.pad].numpy() for row in ids]
    return texts_of(grammar, Derivations.from_list(rows, grammar.dtype))


@pytest.mark.parametrize("name", ["smiles", "smiles-gvae", "arithmetic", "lists"])
@pytest.mark.parametrize("temperature", [0.0, 1.0, 30.0])
def test_codes_far_outside_any_data_decode_into_the_language(name, temperature):
    grammar = grammar_named(name)
    decoder, tensors = decoder_of(grammar, scale=3.0)
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(500, 4, generator=generator) * torch.logspace(-2, 6, 500)[:, None]
    choose = sampled(temperature, generator) if temperature else greedy
    ids = decode(decoder, tensors, z, 40, choose)
    for text in derived(grammar, ids):
        assert grammar.unparse(grammar.parse(text)) == text
    assert (ids != grammar.pad).sum(dim=1).max() <= 40


@pytest.mark.slow
@pytest.mark.parametrize("name", ["smiles", "arithmetic", "lists"])
def test_a_hundred_thousand_wild_codes(name):
    grammar = grammar_named(name)
    decoder, tensors = decoder_of(grammar, scale=3.0)
    z = torch.randn(100_000, 4, generator=torch.Generator().manual_seed(1)) * 1000
    for part in z.split(10_000):
        for text in derived(grammar, decode(decoder, tensors, part, 60)):
            grammar.parse(text)


@pytest.mark.parametrize("name", ["smiles", "smiles-gvae", "arithmetic", "lists"])
def test_any_length_limit_that_admits_a_string_works(name):
    grammar = grammar_named(name)
    decoder, tensors = decoder_of(grammar)
    shortest = int(grammar.tables.shortest[grammar.tables.start])
    z = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    for limit in range(shortest, shortest + 12):
        ids = decode(decoder, tensors, z, limit, sampled(5.0, torch.Generator().manual_seed(limit)))
        assert ids.shape[1] <= limit
        derived(grammar, ids)
    with pytest.raises(SettingsError, match=f"at most {shortest - 1} productions; the shortest has {shortest}"):
        decode(decoder, tensors, z, shortest - 1)


def test_the_mask_never_forbids_a_derivation_that_fits():
    grammar = grammar_named("lists")
    tensors = GrammarTensors(grammar)
    for text in ["[]", "[a]", "[a,[b,01],[[]]]"]:
        ids = torch.from_numpy(grammar.parse(text).astype("int64"))
        machine = Pushdown(tensors, 1, len(ids))
        for production in ids:
            current = machine.current
            assert machine.allowed(current)[0, production]
            machine.expand(current, production[None])
        assert machine.height.item() == 0
        assert machine.promised.item() == 0


def test_not_a_number_in_the_logits_still_gives_strings():
    grammar = grammar_named("arithmetic")
    decoder, tensors = decoder_of(grammar)
    z = torch.full((8, 4), torch.nan)
    assert len(derived(grammar, decode(decoder, tensors, z, 20))) == 8


def test_sampling_follows_its_seed_and_the_softmax():
    grammar = grammar_named("arithmetic")
    decoder, tensors = decoder_of(grammar)
    z = torch.zeros(2000, 4)
    first, again, other = (
        decode(decoder, tensors, z, 15, sampled(1.0, torch.Generator().manual_seed(seed))) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)

    logits, _ = decoder.step(decoder.start(z[:1]), torch.tensor([grammar.pad]), torch.tensor([tensors.start]))
    expected = logits[0].masked_fill(~tensors.mask[tensors.start], -torch.inf).softmax(dim=0)
    drawn = torch.bincount(first[:, 0], minlength=len(expected)) / len(z)
    assert (drawn - expected).abs().max() < 0.04  # 3.5 standard errors of a share of 2,000


def test_a_temperature_of_zero_or_less_cannot_be_sampled():
    with pytest.raises(SettingsError, match="temperature -1"):
        sampled(-1, torch.Generator())


def test_the_published_decoder_obeys_the_same_masks():
    grammar = grammar_named("arithmetic")
    torch.manual_seed(0)
    tensors = GrammarTensors(grammar)
    decoder = ParallelDecoder(GrammarTensors(grammar), latent_dim=4, max_length=15, hidden=8, batch_norm=True).eval()
    ids = decode(decoder, tensors, torch.randn(300, 4) * 50, 15)
    derived(grammar, ids)


class TestWithoutForcedCompletion:
    def test_a_derivation_that_runs_out_of_steps_is_empty(self):
        """Of a decoder without a preference: the share of complete derivations is that of the grammar's own process."""
        grammar = load_grammar("arithmetic")
        tensors = GrammarTensors(grammar)
        decoder = ParallelDecoder(tensors, latent_dim=3, max_length=15, hidden=4, batch_norm=False).eval()
        torch.nn.init.zeros_(decoder.to_logits.weight)
        torch.nn.init.zeros_(decoder.to_logits.bias)
        choose = sampled(1.0, torch.Generator().manual_seed(0))
        with torch.inference_mode():
            state = decoder.start(torch.randn(4000, 3))
            ids = run(Pushdown(tensors, 4000, 15, completes=False), decoder, state, 15, choose)
            forced = run(Pushdown(tensors, 4000, 15), decoder, state, 15, choose)
        lengths = (ids != grammar.pad).sum(dim=1)
        complete = lengths > 0
        assert complete.double().mean().item() == pytest.approx(chance_of_completion(grammar, 15), abs=0.03)
        for row, n in zip(ids.numpy(), lengths.tolist(), strict=True):
            assert n == 0 or grammar.parse(grammar.unparse(row[:n])).tolist() == row[:n].tolist()
        assert ((forced != grammar.pad).sum(dim=1) > 0).all()

    def test_a_derivation_that_grows_at_every_step_is_empty(self):
        grammar = Grammar.from_text("S -> S S S | 'a'", "growing")
        tensors = GrammarTensors(grammar)
        decoder = ParallelDecoder(tensors, latent_dim=3, max_length=30, hidden=4, batch_norm=False).eval()
        torch.nn.init.zeros_(decoder.to_logits.weight)
        torch.nn.init.constant_(decoder.to_logits.bias, 0.0)
        with torch.no_grad():
            decoder.to_logits.bias[0] = 5.0  # S -> S S S
        with torch.inference_mode():
            state = decoder.start(torch.randn(4, 3))
            ids = run(Pushdown(tensors, 4, 30, completes=False), decoder, state, 30)
        assert (ids == grammar.pad).all()


def chance_of_completion(grammar, steps):
    """That productions drawn evenly derive a string in so many steps at most."""
    below = [[[0, *rule] for rule in rules] for rules in expansions(grammar)]
    chances = np.zeros((len(below), steps + 1))  # of exactly so many steps, for each nonterminal
    for total in range(1, steps + 1):
        for symbol, rules in enumerate(below):
            chances[symbol, total] = np.mean([of_sequence(chances, rule[1:], total - 1) for rule in rules])
    return chances[grammar.tables.start].sum()


def expansions(grammar):
    """The nonterminals that each production of each nonterminal leaves."""
    tables = grammar.tables
    usable = [p for p in range(grammar.n_productions) if p != grammar.pad]
    return [
        [tables.children[p, : tables.n_children[p]].tolist() for p in usable if tables.lhs[p] == symbol]
        for symbol in range(len(grammar.nonterminals))
        if any(tables.lhs[p] == symbol for p in usable)
    ]


def of_sequence(chances, symbols, total):
    """That some nonterminals take exactly so many steps together."""
    if not symbols:
        return float(total == 0)
    first, *others = symbols
    return sum(chances[first, n] * of_sequence(chances, others, total - n) for n in range(1, total + 1))
