"""Training of a model for an experiment."""

from typing import TYPE_CHECKING, Any

from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.datasets.origin import Build
    from grae.sequence import GrammarAutoencoder


def train(
    run: RunFolder, grammar: str, data: str, parameters: dict[str, Any], build: "Build | None" = None
) -> "GrammarAutoencoder":
    """Trains a model on a data set; interrupted training resumes.

    Args:
        run: the run folder.
        grammar: name of the grammar.
        data: a data set or a file.
        parameters: parameters of `GrammarAutoencoder`, except the grammar.
        build: builds the derivation store; see `datasets.origin.store_of`.

    Raises:
        DataError: the data are not available.
        SettingsError: a parameter is unknown or out of range.
        RunError: the folder holds another run, or cannot be written.
    """
    from grae.datasets.origin import built
    from grae.grammar import load_grammar
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.resolution import resolve_settings
    from grae.sequence.strings import RunStrings

    loaded = load_grammar(grammar)
    model = GrammarAutoencoder(loaded, **parameters)
    strings = RunStrings.open(loaded, resolve_settings(model.get_params(), loaded), data)
    store = strings.encode(build or built)
    return model.fit(store, run=run.path, resume=run.has(run.CHECKPOINT), data=strings.record(store))
