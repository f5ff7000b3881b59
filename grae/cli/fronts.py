"""Output of `grae optimize` with several objectives: the Pareto front and its hypervolume."""

from pathlib import Path
from typing import TYPE_CHECKING

from grae.cli.output import note, table

if TYPE_CHECKING:
    from grae.grammar.language import Language
    from grae.optimization.objectives.front import Front

FRONT = "front.csv"
SHOWN = 15


def write_front(front: "Front", folder: Path) -> Path:
    """Writes the front as a table in the search's folder.

    Raises:
        RunError: the file cannot be written.
    """
    from grae.files import atomic_write

    path = folder / FRONT
    with atomic_write(path) as temporary:
        front.frame().to_csv(temporary, index=False)
    return path


def print_front(front: "Front", language: "Language") -> None:
    """Prints the front as a table, evenly thinned if long, and its hypervolume."""
    shown = front.thinned(SHOWN)
    if len(shown) < len(front.members):
        note(f"{SHOWN} of the {len(front.members):,} strings of the Pareto front; all are in {FRONT}")
    rows = []
    for one in shown:
        about = [value for name, value in language.scored_properties(one.string).items() if name not in front.names]
        rows.append([*one.scores, one.string, "start" if one.round is None else f"round {one.round + 1}", *about])
    headings = {one.name: one.heading for one in language.properties}
    beside = [headings[name] for name in language.beside_scores if name not in front.names]
    table([*front.names, "string", "from", *beside], rows)
    point = ", ".join(f"{name} {value:.4g}" for name, value in zip(front.names, front.reference, strict=True))
    note(
        f"hypervolume {front.hypervolume:.4g}, of the starting strings {front.start_hypervolume:.4g}; "
        f"reference point: their medians, {point}"
    )
