"""A section of the page, or the reason why there is none; and the templates that sections are written with."""

from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grae.report.formatting import decimal, interval_of, percent, thousands


class Section(NamedTuple):
    """A section.

    Attributes:
        anchor: its name in links.
        title: its heading.
        body: its content.
    """

    anchor: str
    title: str
    body: Markup


class LeftOut(NamedTuple):
    """A section that is not there.

    Attributes:
        title: the heading that it would have.
        why: the reason.
    """

    title: str
    why: str


@cache
def templates() -> Environment:
    """The page's templates; what they are given is escaped, and a name that is not given is an error."""
    environment = Environment(
        loader=PackageLoader("grae.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"decimal": decimal, "percent": percent, "thousands": thousands, "interval": interval_of}
    return environment


def rendered(template: str, **given: object) -> Markup:
    """A template with what it needs."""
    return Markup(templates().get_template(f"{template}.html").render(**given))
