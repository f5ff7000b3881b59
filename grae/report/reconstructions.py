"""Strings and their reconstructions."""

from grae.report.context import ReportContext
from grae.report.section import LeftOut, Section, rendered

TITLE = "Reconstructions"
SHOWN = 10


def section(context: ReportContext) -> Section | LeftOut:
    """Random strings of the data above their reconstructions."""
    texts = context.some_known(SHOWN)
    if not texts:
        return LeftOut(TITLE, "the strings of the data are not available")
    model = context.model
    codes = model.transform(texts)
    back = model.inverse_transform(codes)
    same = [text == other for text, other in zip(_comparable(context, texts), _comparable(context, back), strict=True)]
    pairs = [
        (context.renderer.draw(text), context.renderer.draw(other), text, other, alike)
        for text, other, alike in zip(texts, back, same, strict=True)
    ]
    measured = context.evaluation or {}
    body = rendered(
        "reconstructions",
        pairs=pairs,
        n_same=sum(same),
        kind=context.renderer.kind,
        of_what=context.known[1],
        exact=measured.get("exact_reconstruction"),
        interval=measured.get("intervals", {}).get("exact_reconstruction"),
        of=measured.get("counts", {}).get("exact_reconstruction", {}).get("of"),
    )
    return Section("reconstructions", TITLE, body)


def _comparable(context: ReportContext, texts: list[str]) -> list[str]:
    """Canonical forms of strings, for comparison."""
    return context.model.language_grammar_.language.normalized(texts)
