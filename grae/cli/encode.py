"""`grae encode`: strings to latent codes."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from grae.cli.options import (
    AsJson,
    Column,
    Delimiter,
    Device,
    ModelName,
    OfGrammar,
    OnInvalid,
    RunArgument,
    ShardName,
)
from grae.cli.output import emit, note, written
from grae.cli.runs import find_run, named
from grae.errors import DataError, SettingsError, shortened

if TYPE_CHECKING:
    import numpy as np

    from grae.datasets import Line, Reject, Source
    from grae.grammar import Grammar
    from grae.grammar.codec import Rejection
    from grae.sequence import GrammarAutoencoder

SHOWN = 5  # skipped strings to name
MOST_REFINED = 100_000
BLOCK = 8_192  # strings encoded at a time, those of similar length together
SKIPPED = ".skipped.tsv"


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
    refine: Annotated[
        int,
        typer.Option(
            "--refine",
            min=0,
            max=MOST_REFINED,
            help="Gradient steps on codes that do not decode to their strings, at most.",
            show_default="0: the encoder's codes",
        ),
    ] = 0,
    shard: ShardName = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Encode strings to latent codes, one row per string; memory does not grow with their number.

    Skipped strings get no row and are listed by line number, with --out FILE in FILE.skipped.tsv.
    """
    from grae.cli.codes import is_npy
    from grae.cli.parts import job_of, shard_named, write_part

    if with_strings and is_npy(out):
        raise SettingsError(
            f"--with-strings: {out} can hold only numbers", remedy="write a .csv or .tsv, or leave the option out"
        )
    part = shard_named(shard, out)
    place = find_run(named(run, named_model), grammar)
    from grae.datasets import open_source
    from grae.sequence.configuration import read_language_grammar
    from grae.training.run_folder import RunFolder

    plain = read_language_grammar(RunFolder(place))
    opened = open_source(source, column=column, delimiter=delimiter, grammar=plain)
    collected = Collected(out) if as_json else None
    totals = Totals()
    with ExitStack() as stack, opened.open() as reading:  # checked to be unchanged before outputs are kept
        lines = (line for line in reading if line.fault not in ("empty", "blank row"))
        first = next(lines, None)
        if first is None:
            raise DataError(f"{opened.name} holds no string", remedy="give strings of the grammar")

        import grae
        from grae.cli.blocks import block_file, format_of
        from grae.cli.codes import codes_as_bytes, codes_heading

        model = grae.load(place, device=device)
        width = model.network_.bottleneck.latent_dim
        heading = codes_heading(out, width, plain.language.column if with_strings else None)
        file = None if as_json and out == "-" else stack.enter_context(block_file(out, heading, width=width))
        skipped = SkippedTable(out, stack)
        for _, block in part.blocks(chain([first], lines), BLOCK):
            encoded = encoded_block(model, plain, opened, block, on_invalid, refine)
            totals.add(encoded)
            skipped.add(encoded.rejects)
            if collected is not None:
                collected.add(encoded)
            if file is not None:
                strings = encoded.texts if with_strings else None
                file.add(codes_as_bytes(encoded.codes, out, strings), len(encoded.codes))
        if not totals.n and shard is None:
            reject = skipped.first[0]
            raise DataError(
                f"{opened.name}: none of its {totals.read:,} strings can be encoded; line {reject.line} is "
                f"{reject.reason}: {shortened(reject.text)!r}",
                remedy="give strings of the grammar",
            )
    if shard is not None and file is not None:
        job = {
            **job_of(place),
            "input": {"sha256": opened.checksum, **opened.settings},
            "on_invalid": on_invalid,
            "refine": refine,
            "with_strings": with_strings,
            "format": format_of(out).replace("text", "csv"),
            "block": BLOCK,
        }
        about = {**asdict(totals), "width": width, "max_length": model.settings_.max_length, "refine": refine}
        write_part(out, "encode", part, job, about, file.arrays())
    skipped.tell(totals.read)
    totals.tell(model.settings_.max_length, refined=refine > 0)
    if collected is not None:
        counts = {"n": totals.n, "latent_dim": width, "undecodable": totals.undecodable}
        counts |= {"reconstructed": totals.reconstructed} if refine else {}
        emit({"run": place, **counts, **collected.result(skipped.place)})
    elif out != "-":
        note(f"{totals.n:,} codes of width {width} in {out}")


class EncodedBlock(NamedTuple):
    """Consecutive strings that were encoded.

    Attributes:
        codes: (n, D) float32.
        texts: n strings.
        numbers: their n line numbers.
        rejects: the skipped strings.
        undecodable: number of strings that violate rules of the default decoder.
        too_long: number of strings with more productions than the decoder's maximum.
        reconstructed: number of strings whose codes decode to them, if codes are refined.
    """

    codes: "np.ndarray"
    texts: list[str]
    numbers: list[int]
    rejects: "list[Reject]"
    undecodable: int
    too_long: int
    reconstructed: int = 0


def encoded_block(
    model: "GrammarAutoencoder",
    plain: "Grammar",
    source: "Source",
    lines: "list[Line]",
    on_invalid: Literal["skip", "error"],
    refine: int = 0,
) -> EncodedBlock:
    """Encodes lines of a source; arguments as in `encode`.

    Raises:
        DataError: a string cannot be encoded and `on_invalid` is "error".
    """
    from grae.datasets.forms import undecodable
    from grae.datasets.rejects import reject_error

    encoded = model.derive([line.text for line in lines], on_invalid="skip")
    rejects = _rejects(lines, encoded.rejections)
    if rejects and on_invalid == "error":
        raise reject_error(plain, source, rejects[0])
    derivations, rows = encoded.derivations, encoded.rows.tolist()
    codes, reconstructed = model.encode(derivations), 0
    if refine:
        from grae.sequence.refinement import refined

        codes, exact = refined(model, derivations, codes, steps=refine)
        reconstructed = int(exact.sum())
    return EncodedBlock(
        codes,
        [lines[row].text for row in rows],
        [lines[row].number for row in rows],
        rejects,
        int(undecodable(model.grammar_, derivations, model.settings_.form).sum()),
        int((derivations.lengths > model.settings_.max_length).sum()),
        reconstructed,
    )


@dataclass
class Totals:
    """Counts over all strings; fields as in `EncodedBlock`.

    Attributes:
        n: number of strings encoded.
        skipped: number of strings skipped.
    """

    n: int = 0
    skipped: int = 0
    undecodable: int = 0
    too_long: int = 0
    reconstructed: int = 0

    @property
    def read(self) -> int:
        """The number of strings read."""
        return self.n + self.skipped

    def add(self, block: EncodedBlock) -> None:
        """Counts a block."""
        self.n += len(block.codes)
        self.skipped += len(block.rejects)
        self.undecodable += block.undecodable
        self.too_long += block.too_long
        self.reconstructed += block.reconstructed

    def plus(self, counts: Mapping[str, int]) -> "Totals":
        """The sum with other counts by name, such as those of a part."""
        return Totals(**{name: value + counts[name] for name, value in asdict(self).items()})

    def tell(self, max_length: int, *, refined: bool) -> None:
        """Prints how many strings cannot be decoded, and how many refined codes decode to their strings.

        Args:
            max_length: maximum number of productions of a decoded string.
            refined: whether codes were refined.
        """
        from grae.cli.strings import undecodable_note

        if self.undecodable:
            note(undecodable_note(self.undecodable, self.n))
        if self.too_long:
            note(
                f"{self.too_long:,} of {self.n:,} strings have more than the {max_length} productions that the decoder "
                "writes: their codes decode to other strings"
            )
        if refined:
            note(f"{self.reconstructed:,} of {self.n:,} codes decode to their strings")


@dataclass
class Collected:
    """The output of --json: line numbers, skipped strings, and the codes unless they are written to a file."""

    out: str
    lines: list[int] = field(default_factory=list)
    rejects: "list[Reject]" = field(default_factory=list)
    codes: "list[list[float]]" = field(default_factory=list)

    def add(self, block: EncodedBlock) -> None:
        """Adds a block."""
        self.lines += block.numbers
        self.rejects += block.rejects
        if self.out == "-":
            self.codes += block.codes.tolist()

    def result(self, skipped_in: str | None) -> dict[str, object]:
        """All blocks as JSON.

        Args:
            skipped_in: file of the skipped strings.
        """
        codes = {"codes": self.codes} if self.out == "-" else {"out": self.out, "skipped_in": skipped_in}
        return {"lines": self.lines, "skipped": [reject._asdict() for reject in self.rejects], **codes}


class SkippedTable:
    """The table of skipped strings next to a file of codes, created with the first skipped string.

    Attributes:
        place: path of the table; None if there is none.
        n: number of skipped strings.
        first: the first few skipped strings.
    """

    def __init__(self, out: str, stack: ExitStack) -> None:
        self._out, self._stack = out, stack
        self._file: IO[bytes] | None = None
        self.place: str | None = None
        self.n = 0
        self.first: list[Reject] = []

    def add(self, rejects: "Iterable[Reject]") -> None:
        """Writes skipped strings, in line order."""
        from grae.datasets.rejects import HEADING, as_row

        rejects = list(rejects)
        self.n += len(rejects)
        self.first += rejects[: max(0, SHOWN - len(self.first))]
        if not rejects or self._out == "-" or (Path(self._out).exists() and not Path(self._out).is_file()):
            return
        if self._file is None:
            self.place = f"{self._out}{SKIPPED}"
            self._file = self._stack.enter_context(written(self.place))
            self._file.write(HEADING)
        self._file.writelines(map(as_row, rejects))

    def tell(self, read: int) -> None:
        """Prints the first skipped strings, and the numbers of strings skipped and read."""
        for reject in self.first:
            note(f"skipped line {reject.line}, {shortened(reject.text)!r}: {reject.reason}")
        if self.n:
            note(f"{self.n:,} of {read:,} strings skipped" + (f"; see {self.place}" if self.place else ""))


def _rejects(lines: "list[Line]", rejections: "list[Rejection]") -> "list[Reject]":
    """The skipped strings by line, including lines that are not UTF-8."""
    from grae.datasets import Reject

    rejects = []
    for rejection in rejections:
        line = lines[rejection.row]
        detail = rejection.detail if line.text == rejection.text else f"{rejection.detail} of {rejection.text}"
        reason, detail = (line.fault, "") if line.fault else (rejection.reason, detail)
        rejects.append(Reject(line.number, line.text, reason, detail))
    return rejects
