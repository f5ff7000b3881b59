"""`grae encode`: strings to latent codes."""

from typing import Annotated

import typer

from grae.cli.options import AsJson, Column, Device, OfGrammar, OnInvalid, RunArgument
from grae.cli.output import emit, note, written
from grae.cli.runs import find_run
from grae.errors import DataError

SHOWN = 5  # skipped strings that are named


def encode(
    run: RunArgument = None,
    grammar: OfGrammar = None,
    source: Annotated[
        str,
        typer.Option(
            "--in", "-i", metavar="FILE", help="Strings: a text, .smi or .csv file, or a data set; - for stdin."
        ),
    ] = "-",
    column: Column = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="Where the codes go: .npy, else CSV; - for stdout.")
    ] = "-",
    on_invalid: OnInvalid = "error",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Encode strings to latent codes, a row a string; those that are skipped get no row."""
    place = find_run(run, grammar)
    import grae
    from grae.cli.codes import codes_as_bytes
    from grae.cli.strings import undecodable_note
    from grae.datasets import open_source
    from grae.datasets.forms import undecodable

    model = grae.load(place, device=device)
    texts = list(open_source(source, column=column).texts())
    encoded = model.derive(texts, on_invalid=on_invalid)
    for rejection in encoded.rejections[:SHOWN]:
        note(f"skipped string {rejection.row + 1}, {rejection.text!r}: {rejection.reason}")
    if encoded.rejections:
        note(f"{len(encoded.rejections):,} of {len(texts):,} strings skipped")
    n_undecodable = int(undecodable(model.grammar_, encoded.derivations, model.settings_.form).sum())
    if n_undecodable:
        note(undecodable_note(n_undecodable, len(encoded.rows)))
    longest = model.settings_.max_length
    if n_long := int((encoded.derivations.lengths > longest).sum()):
        note(
            f"{n_long:,} of {len(encoded.rows):,} strings have more than the {longest} productions that the decoder "
            "writes: their codes decode to other strings"
        )
    if not len(encoded.rows):
        raise DataError(
            f"{source}: no string to encode among {len(texts):,} lines", remedy="give strings of the grammar"
        )
    codes = model.transform([texts[row] for row in encoded.rows])
    if not (as_json and out == "-"):
        with written(out) as file:
            file.write(codes_as_bytes(codes, out))
    if as_json:
        skipped = [{"row": r.row, "text": r.text, "reason": r.reason} for r in encoded.rejections]
        result = {"codes": codes} if out == "-" else {"out": out}
        counts = {"n": len(codes), "latent_dim": codes.shape[1], "undecodable": n_undecodable}
        emit({"run": place, **counts, "skipped": skipped, **result})
    elif out != "-":
        note(f"{len(codes):,} codes of width {codes.shape[1]} in {out}")
