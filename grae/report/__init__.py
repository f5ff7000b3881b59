"""The report of a run: one self-contained HTML page with settings, training, measures, samples and searches."""

from grae.optimization.stored import Search
from grae.report.context import ReportContext
from grae.report.page import write_report

__all__ = ["ReportContext", "Search", "write_report"]
