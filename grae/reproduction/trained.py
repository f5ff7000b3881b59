"""A model of an experiment, trained from where its run stands."""

from typing import TYPE_CHECKING, Any

from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.datasets.origin import Build
    from grae.sequence import GrammarAutoencoder


def train(
    run: RunFolder, grammar: str, data: str, parameters: dict[str, Any], build: "Build | None" = None
) -> "GrammarAutoencoder":
    """Trains a model on a data set; an interrupted training resumes.

    Args:
        run: the run's folder.
        grammar: the grammar's name.
        data: a data set or a file.
        parameters: of `GrammarAutoencoder`, beside the grammar.
        build: makes the derivation store, as `datasets.origin.store_of` takes it.

    Raises:
        DataError: the data are not to be had.
        SettingsError: a parameter is unknown or out of range.
        RunError: the folder holds another run, or cannot be written.
    """
    from grae.datasets import open_source
    from grae.datasets.origin import built, record
    from grae.grammar import load_grammar
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.resolution import resolve_settings

    read = load_grammar(grammar)
    fitted = GrammarAutoencoder(read, **parameters)
    _, preset = resolve_settings(fitted.get_params(), read)
    source = open_source(data, grammar=read)
    store = (build or built)(read, source, preset.form, preset.max_length)
    about = record(data, source, store, max_length=preset.max_length)
    return fitted.fit(store, run=run.path, resume=run.has(run.CHECKPOINT), data=about)
