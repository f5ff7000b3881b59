"""Children of moves that hold a template: number, and rate per second of CPU time.

python tests/benchmarks/template_moves.py [--model zinc250k] [--children 3000] [TEMPLATE ...]
"""

import argparse
import time

import numpy as np

import grae
from grae.grammar import codec
from grae.grammar.moves import Moves
from grae.optimization.limits import Limits
from grae.optimization.population import Reader
from grae.optimization.screen import Screen
from grae.optimization.space import LatentSpace
from grae.optimization.start import training_strings
from grae.optimization.start_template import HeldStrings, search_template
from grae.sequence.templates import are_held

TEMPLATES = ["c1ccc(*)cc1", "c1ccc(*c2ccncc2)cc1", "c1cc2c(*)ncnc2cc1*", "*N1CCN(*)CC1"]
PARENTS = 1000
LONGEST = 120  # maximum productions of a child


def main() -> None:
    """Measures without a template and with each template, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zinc250k")
    parser.add_argument("--children", type=int, default=3000)
    parser.add_argument("templates", nargs="*", default=TEMPLATES, metavar="TEMPLATE")
    options = parser.parse_args()
    model = grae.load(options.model, device="cpu")
    training = training_strings(model)
    for text in [None, *options.templates]:
        template = None if text is None else search_template(model, text, None)
        space = LatentSpace(model, None, Screen(Limits(), template=template))
        texts = training[:PARENTS]
        if template is not None:
            texts = HeldStrings(template, space, 0.0, 0).drawn(training, PARENTS, lambda fraction: None).texts
        reader = Reader(space, Screen(Limits()), np.array([1, 0]))
        forms = [form for form in reader.valid(texts) if form is not None]
        strings, _ = reader.read(forms, forms)
        moves = Moves(reader.grammar, strings.derivations)
        parents = moves.parents(strings.derivations)
        for n in (100, options.children):  # the first is a warm-up
            rng = np.random.default_rng(0)
            began = time.process_time()
            receivers, donors = rng.integers(len(strings), size=(2, n))
            children = moves.children(parents, receivers, donors, rng, max_length=LONGEST)
            valid = [form for form in reader.valid(codec.decode(reader.grammar, children)) if form is not None]
            known = set(forms)
            novel = list(dict.fromkeys(form for form in valid if form not in known))
            read, _ = reader.read(novel, novel)
            held = len(read) if template is None else int(are_held(template, read.texts).sum())
            seconds = time.process_time() - began
        print(
            f"{text or 'without a template'}: {len(strings)} parents, {len(children)} children, {len(valid)} valid, "
            f"{len(read)} novel, {held} hold the template, {held / seconds:.0f} per second",
            flush=True,
        )


if __name__ == "__main__":
    main()
