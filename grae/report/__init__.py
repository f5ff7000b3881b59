"""A run as one page of HTML that needs nothing else: what was trained, on what, what came of it, and how good it is."""

from grae.report.page import write_report
from grae.report.searches import Search
from grae.report.subject import Subject

__all__ = ["Search", "Subject", "write_report"]
