"""The strings of a run: from a data set or file to derivations in the form that the model learns."""

from dataclasses import dataclass
from typing import Any, Self

from grae.datasets import DerivationStore, Source, open_source
from grae.datasets.origin import Build, built, record
from grae.grammar import Grammar
from grae.sequence.resolution import Resolved
from grae.sequence.settings import Settings


@dataclass(frozen=True)
class RunStrings:
    """Strings to train on, not yet encoded.

    Attributes:
        grammar: grammar of the strings, without motifs.
        data: a data set's name, a path, or "-" for standard input.
        source: the opened data.
        form: form in which they are learned.
        max_length: maximum number of productions per derivation; None for no limit.
    """

    grammar: Grammar
    data: str
    source: Source
    form: str
    max_length: int | None

    @classmethod
    def open(
        cls,
        grammar: Grammar,
        resolved: Resolved | Settings,
        data: str,
        *,
        column: str | int | None = None,
        delimiter: str | None = None,
    ) -> Self:
        """Opens the strings of a run.

        Args:
            grammar: grammar of the strings, without motifs.
            resolved: settings of a new model, or of the fine-tuned model.
            data: a data set's name, a path, or "-" for standard input.
            column: column of a table, by name or number.
            delimiter: delimiter of a table.

        Raises:
            DataError: the data do not exist.
        """
        source = open_source(data, column=column, delimiter=delimiter, grammar=grammar)
        if isinstance(resolved, Settings):
            limit = resolved.max_length if resolved.architecture.fixed_length else None
            return cls(grammar, data, source, resolved.form, limit)
        return cls(grammar, data, source, resolved.preset.form, resolved.preset.max_length)

    def encode(self, build: Build = built) -> DerivationStore:
        """The derivations of the strings, encoded or read from the cache.

        Args:
            build: encodes the strings; by default strings outside the language are skipped.

        Raises:
            DataError: none of the strings can be used.
        """
        return build(self.grammar, self.source, self.form, self.max_length)

    def record(self, store: DerivationStore) -> dict[str, Any]:
        """The provenance of the strings, for the run's config.json."""
        return record(self.data, self.source, store, max_length=self.max_length)
