"""Model, data and settings."""

from typing import Any

from grae.nested import flattened
from grae.report.context import ReportContext
from grae.report.section import LeftOut, Section, rendered

TITLE = "Model and data"


def section(context: ReportContext) -> Section | LeftOut:
    """A summary of the settings, and the full list, collapsed."""
    model, settings = context.model, context.model.settings_
    split = model.split_
    data = context.config.get("data", {})
    counts = data.get("counts", {})
    rejected = sum(counts.get("rejected", {}).values())
    parameters = sum(parameter.numel() for parameter in model.network_.parameters())
    rows = {
        "Model": f"{settings.model}, preset {settings.preset}",
        "Grammar": _grammar(context),
        "Data": data.get("data"),
        "Strings": f"{len(split.train):,} training, {len(split.validation):,} validation, "
        f"{len(split.test):,} test" + (f"; {rejected:,} of {counts['read']:,} lines were skipped" if rejected else ""),
        "Form": settings.form if model.language_grammar_.language.forms else None,
        "Longest derivation": f"{settings.max_length} productions",
        "Latent code": f"{settings.architecture.latent_dim} dimensions",
        "Samples come from": f"the density {settings.density}, fitted to the codes of the training strings"
        if settings.density != "normal"
        else "N(0, I)",
        "Network": f"{settings.architecture.kind}, {parameters:,} weights",
        "Loss": _loss(settings),
        "Seed": settings.training.seed,
    }
    stored = {"settings": settings.model_dump(mode="json"), **context.config}
    everything = {name: str(value) for name, value in flattened(stored).items()}
    body = rendered(
        "settings",
        rows={name: value for name, value in rows.items() if value not in (None, "")},
        everything=everything,
        grammar=model.language_grammar_.text,
    )
    return Section("model", TITLE, body)


def _grammar(context: ReportContext) -> str:
    grammar, plain = context.model.grammar_, context.model.language_grammar_
    base = grammar.n_productions - len(grammar.motifs)
    of_characters = f", learned as characters ({base} productions)" if grammar.plain != plain else ""
    motifs = f" and {len(grammar.motifs):,} motifs" if grammar.motifs else ""
    return f"{plain.name}: {plain.n_productions} productions{of_characters}{motifs}"


def _loss(settings: Any) -> str:
    weights = settings.weights
    rate = "" if weights.rate is None else f" at first, then by a rate of {weights.rate:g} nats"
    return f"{settings.reconstruction}, beta {weights.beta:g}{rate}, lambda {weights.lambda_:g}"
