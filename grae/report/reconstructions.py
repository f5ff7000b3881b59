"""Strings beside what comes back of them from their codes."""

from grae.report.section import LeftOut, Section, rendered
from grae.report.subject import Subject

TITLE = "Reconstructions"
SHOWN = 10


def section(subject: Subject) -> Section | LeftOut:
    """Some strings of the data, drawn by chance and not picked, each over what its code decodes to."""
    texts = subject.some_known(SHOWN)
    if not texts:
        return LeftOut(TITLE, "the strings of the data are not at hand")
    model = subject.model
    codes = model.transform(texts)
    back = model.inverse_transform(codes)
    same = [text == other for text, other in zip(_comparable(subject, texts), _comparable(subject, back), strict=True)]
    pairs = [
        (subject.portraits.draw(text), subject.portraits.draw(other), text, other, alike)
        for text, other, alike in zip(texts, back, same, strict=True)
    ]
    measured = subject.evaluation or {}
    body = rendered(
        "reconstructions",
        pairs=pairs,
        n_same=sum(same),
        kind=subject.portraits.kind,
        of_what=subject.known[1],
        exact=measured.get("exact_reconstruction"),
        interval=measured.get("intervals", {}).get("exact_reconstruction"),
        of=measured.get("counts", {}).get("exact_reconstruction", {}).get("of"),
    )
    return Section("reconstructions", TITLE, body)


def _comparable(subject: Subject, texts: list[str]) -> list[str]:
    """Strings in a spelling in which equal ones are equal."""
    return subject.model.language_grammar_.language.normalized(texts)
