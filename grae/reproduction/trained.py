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
    from grae.autoencoder import model_named
    from grae.datasets import open_source
    from grae.datasets.forms import settled_form
    from grae.datasets.origin import built, record
    from grae.grammar import load_grammar
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.settings import preset_named

    read = load_grammar(grammar)
    fitted = GrammarAutoencoder(read, **parameters)
    preset = preset_named(fitted.preset, read, model_named(fitted.model))
    limit = fitted.max_length or preset.max_length
    source = open_source(data, grammar=read)
    store = (build or built)(read, source, settled_form(read, fitted.form or preset.form), limit)
    about = record(data, source, store, max_length=limit)
    return fitted.fit(store, run=run.path, resume=run.has(run.CHECKPOINT), data=about)
