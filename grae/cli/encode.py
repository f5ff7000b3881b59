"""`grae encode`: strings to latent codes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grae.cli.options import AsJson, Column, Delimiter, Device, ModelName, OfGrammar, OnInvalid, RunArgument
from grae.cli.output import emit, note, written
from grae.cli.runs import find_run, named
from grae.errors import DataError, SettingsError, shortened

if TYPE_CHECKING:
    from grae.datasets import Line, Reject

SHOWN = 5  # skipped strings to name


def encode(
    run: RunArgument = None,
    named_model: ModelName = None,
    grammar: OfGrammar = None,
    source: Annotated[
        str,
        typer.Option(
            "--in", "-i", metavar="FILE", help="Strings: a text, .smi, .csv or .sdf file, or a data set; - for stdin."
        ),
    ] = "-",
    column: Column = None,
    delimiter: Delimiter = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", help="Output file: .npy, .tsv, else CSV; - for stdout.")
    ] = "-",
    with_strings: Annotated[
        bool, typer.Option("--with-strings", help="CSV and TSV: also write the strings, as the first column.")
    ] = False,
    on_invalid: OnInvalid = "error",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Encode strings to latent codes, one row per string.

    Skipped strings get no row and are listed by line number, with --out FILE in FILE.skipped.tsv.
    """
    from grae.cli.codes import codes_as_bytes, is_npy

    if with_strings and is_npy(out):
        raise SettingsError(
            f"--with-strings: {out} can hold only numbers", remedy="write a .csv or .tsv, or leave the option out"
        )
    place = find_run(named(run, named_model), grammar)
    from grae.datasets import open_source
    from grae.datasets.rejects import reject_error
    from grae.sequence.configuration import read_language_grammar
    from grae.training.run_folder import RunFolder

    plain = read_language_grammar(RunFolder(place))
    opened = open_source(source, column=column, delimiter=delimiter, grammar=plain)
    with opened.open() as reading:
        lines = [line for line in reading if line.fault not in ("empty", "blank row")]
    if not lines:
        raise DataError(f"{opened.name} holds no string", remedy="give strings of the grammar")

    import grae
    from grae.cli.strings import undecodable_note
    from grae.datasets.forms import undecodable

    model = grae.load(place, device=device)
    encoded = model.derive([line.text for line in lines], on_invalid="skip")
    rejects = _rejects(lines, encoded.rejections)
    if rejects and on_invalid == "error":
        raise reject_error(plain, opened, rejects[0])
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
            f"{opened.name}: none of its {len(lines):,} strings can be encoded; line {rejects[0].line} is "
            f"{rejects[0].reason}: {shortened(rejects[0].text)!r}",
            remedy="give strings of the grammar",
        )
    texts = [lines[row].text for row in encoded.rows]
    codes = model.transform(texts)
    if not (as_json and out == "-"):
        with written(out) as file:
            file.write(codes_as_bytes(codes, out, (plain.language.column, texts) if with_strings else None))
    skipped = _tell(rejects, len(lines), out)
    if as_json:
        result = {"codes": codes} if out == "-" else {"out": out, "skipped_in": skipped}
        numbers = [lines[row].number for row in encoded.rows]
        emit(
            {
                "run": place,
                "n": len(codes),
                "latent_dim": codes.shape[1],
                "undecodable": n_undecodable,
                "lines": numbers,
                "skipped": [reject._asdict() for reject in rejects],
                **result,
            }
        )
    elif out != "-":
        note(f"{len(codes):,} codes of width {codes.shape[1]} in {out}")


def _rejects(lines: "list[Line]", rejections: "list") -> "list[Reject]":
    """The skipped strings by line, including lines that are not UTF-8."""
    from grae.datasets import Reject

    rejects = []
    for rejection in rejections:
        line = lines[rejection.row]
        detail = rejection.detail if line.text == rejection.text else f"{rejection.detail} of {rejection.text}"
        reason, detail = (line.fault, "") if line.fault else (rejection.reason, detail)
        rejects.append(Reject(line.number, line.text, reason, detail))
    return rejects


def _tell(rejects: "list[Reject]", n: int, out: str) -> str | None:
    """Prints the first skipped strings, and writes all to a file next to the codes; returns its path."""
    from grae.datasets.rejects import HEADING, as_row

    if not rejects:
        return None
    for reject in rejects[:SHOWN]:
        note(f"skipped line {reject.line}, {shortened(reject.text)!r}: {reject.reason}")
    if out == "-" or (Path(out).exists() and not Path(out).is_file()):
        note(f"{len(rejects):,} of {n:,} strings skipped")
        return None
    place = f"{out}.skipped.tsv"
    with written(place) as file:
        file.write(HEADING)
        file.writelines(map(as_row, rejects))
    note(f"{len(rejects):,} of {n:,} strings skipped; see {place}")
    return place
