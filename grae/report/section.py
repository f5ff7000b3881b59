"""Sections of the page, or the reasons why they are missing, and their templates."""

from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grae.report.formatting import decimal, interval_of, percent, thousands


class Section(NamedTuple):
    """A section.

    Attributes:
        anchor: id for links.
        title: heading.
        body: HTML content.
    """

    anchor: str
    title: str
    body: Markup


class LeftOut(NamedTuple):
    """A missing section.

    Attributes:
        title: heading.
        why: reason.
    """

    title: str
    why: str


@cache
def templates() -> Environment:
    """The page's templates, with autoescaping; an undefined variable is an error."""
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
    """Renders a template."""
    return Markup(templates().get_template(f"{template}.html").render(**given))
