"""A run as one page of HTML that needs nothing else: what was trained, on what, what came of it, and how good it is."""

from grae.optimization.stored import Search
from grae.report.context import ReportContext
from grae.report.page import write_report

__all__ = ["ReportContext", "Search", "write_report"]
