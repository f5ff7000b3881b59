"""`grae merge`: merges the parts of a job divided with --shard."""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grae.cli.options import AsJson
from grae.cli.output import emit, note, written
from grae.errors import DataError, SettingsError

if TYPE_CHECKING:
    import numpy as np

    from grae.shards import Part

    Parts = dict[Path, Part]


def merge(
    parts: Annotated[
        list[str], typer.Argument(metavar="PART...", help="The files that the N shards wrote, in any order.")
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Codes or strings: the file, of the parts' format; - for stdout."
        ),
    ] = "-",
    as_json: AsJson = False,
) -> None:
    """Join the parts of a `grae encode`, `sample` or `evaluate` that was divided with --shard.

    The result is that of the whole job on one machine. Parts are checked to be of one job, and complete.
    """
    from grae.cli.parts import NAMES
    from grae.shards import SUFFIX, parts_in

    by_path = parts_in([Path(part.removesuffix(SUFFIX)) for part in parts], lambda name: NAMES.get(name, name))
    verb = next(iter(by_path.values())).verb
    match verb:
        case "encode":
            _merge_codes(by_path, out, as_json)
        case "sample":
            _merge_samples(by_path, out, as_json)
        case "evaluate":
            if out != "-":
                raise SettingsError(
                    "--out does not apply to evaluations, which are printed",
                    remedy="omit --out; print JSON with --json",
                )
            _merge_evaluations(by_path, as_json)
        case _:
            raise DataError(f"parts of `grae {verb}` cannot be merged", remedy="merge parts of this version of grae")


def _merge_codes(parts: "Parts", out: str, as_json: bool) -> None:
    """Writes the codes of all parts, and the table of skipped strings."""
    from grae.cli.encode import SKIPPED, Totals
    from grae.cli.parts import NO_STDOUT

    if as_json and out == "-":
        raise SettingsError(NO_STDOUT, remedy="give --out FILE")
    totals = Totals()
    for part in parts.values():
        totals = totals.plus(part.about)
    about = next(iter(parts.values())).about
    _merge_files(parts, out, width=about["width"])
    tables = [place for path in parts if (place := Path(f"{path}{SKIPPED}")).is_file()] if totals.skipped else []
    skipped_in = f"{out}{SKIPPED}" if tables and out != "-" else None
    if skipped_in is not None:
        with written(skipped_in) as file:
            file.writelines(_merged_tables(tables))
    if totals.skipped:
        note(f"{totals.skipped:,} of {totals.read:,} strings skipped" + (f"; see {skipped_in}" if skipped_in else ""))
    totals.tell(about["max_length"], refined=about["refine"] > 0)
    if as_json:
        counts = {"n": totals.n, "latent_dim": about["width"], "undecodable": totals.undecodable}
        counts |= {"reconstructed": totals.reconstructed} if about["refine"] else {}
        return emit({**counts, "skipped": totals.skipped, "skipped_in": skipped_in, "out": out})
    if out != "-":
        note(f"{totals.n:,} codes of width {about['width']} in {out}")


def _merge_samples(parts: "Parts", out: str, as_json: bool) -> None:
    """Writes the strings of all parts, and reports their validity, uniqueness and novelty."""
    from grae.cli.parts import NO_STDOUT
    from grae.cli.sample_report import Report, print_report

    if as_json and out == "-":
        raise SettingsError(NO_STDOUT, remedy="give --out FILE")
    with Report(**next(iter(parts.values())).about["kind"]) as report:
        for part in parts.values():
            report.add_part(part)
        shares = report.shares()
    n = _merge_files(parts, out)
    if as_json:
        return emit({"n": n, **shares, "out": out})
    if out != "-":
        note(f"{n:,} samples in {out}")
    print_report(shares, report.counts)


def _merge_evaluations(parts: "Parts", as_json: bool) -> None:
    """Prints the evaluation of all parts."""
    from grae.cli.evaluate import print_evaluation
    from grae.evaluation.large import merged

    first = next(iter(parts.values()))
    print_evaluation({**first.about["title"], **merged(list(parts.values())).to_dict()}, as_json)


def _merge_files(parts: "Parts", out: str, *, width: int | None = None) -> int:
    """Writes the blocks of the parts' files to one file; returns the number of rows."""
    from grae.cli.blocks import LAYOUT, format_of, merge_blocks

    format_ = next(iter(parts.values())).job["format"]
    if format_ == "npy" if out == "-" else format_of(out) != format_:
        ending = "" if format_ == "text" else f" whose name ends in .{format_}"
        raise SettingsError(f"--out {out}: the parts' format is {format_}", remedy=f"give --out a file{ending}")
    layouts: list[tuple[Path, dict[str, np.ndarray]]] = []
    for path, part in parts.items():
        layouts.append((path, dict(zip(LAYOUT, part.arrays(*LAYOUT), strict=True))))
    return merge_blocks(layouts, out, width=width)


def _merged_tables(tables: list[Path]) -> Iterator[bytes]:
    """The rows of tables of skipped strings, by line number."""
    with ExitStack() as stack:
        files = [stack.enter_context(table.open("rb")) for table in tables]
        headings = [file.readline() for file in files]
        yield headings[0]
        yield from heapq.merge(*files, key=lambda row: int(row.split(b"\t", 1)[0]))
