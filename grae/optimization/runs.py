"""Searches of runs: their folders in the run folder, and the way from a request to a result."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.callbacks.protocol import Callback
from grae.errors import RunError
from grae.optimization.folder import SEARCHES, SETTINGS, check_folder, is_begun, read_settings, searches_of
from grae.optimization.request import SearchRequest
from grae.optimization.search_settings import check_several, check_suits
from grae.optimization.start import limit_of
from grae.optimization.start_files import StartFiles
from grae.pretrained import start_strings, written_to
from grae.targets.named import TARGETS
from grae.targets.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from grae.callbacks.reporter import Shown
    from grae.datasets.origin import Build
    from grae.grammar import Grammar
    from grae.optimization.result import SearchResult
    from grae.sequence import GrammarAutoencoder

LONGEST_NAME = 40


def new_folder(run: Path, target: str | Sequence[str]) -> Path:
    """A folder for a new search of a run, or in `runs/NAME` for a pretrained model."""
    targets = [target] if isinstance(target, str) else target
    name, number = "-".join(map(short_name, targets))[:LONGEST_NAME], 1
    while (folder := written_to(run) / SEARCHES / f"{name}-{number}").exists():
        number += 1
    return folder


def short_name(target: str) -> str:
    """A target as a folder name: names of function and file, or of the targets in a formula."""
    place, _, function = target.strip().rpartition(":")
    if place:
        words = [Path(place).stem if place.endswith(".py") else place.rpartition(".")[2], function]
    else:
        names = re.findall("|".join(sorted(TARGETS, key=len, reverse=True)), target)
        words = list(dict.fromkeys(names)) or [target]
    return re.sub(r"[^\w.-]+", "-", "-".join(words)).strip("-.")[:LONGEST_NAME] or "search"


def latest_search(run: Path, target: str | list[str] | None = None) -> Path:
    """The folder of a run's latest search, of the given target if any.

    Raises:
        RunError: there is none.
    """
    for folder in reversed(searches_of(run)):
        settings = read_settings(folder)
        options = settings.get("options") or {}
        if target is None or target in (options.get("target"), settings["target"]):
            return folder
    what = "" if target is None else f" of target {target!r}"
    raise RunError(f"{run} holds no search{what}", remedy="omit --resume to begin one, or name another RUN")


def run_of(folder: Path) -> Path | None:
    """The run whose search is in a folder; None if the folder does not record it, or the run no longer exists.

    Raises:
        RunError: the folder holds no search.
    """
    if not (folder / SETTINGS).is_file():
        raise RunError(f"{folder} holds no search to resume", remedy="omit --resume, or check --out")
    run = Path(str((read_settings(folder).get("options") or {}).get("run")))
    return run if run.is_dir() else None


def request_to_resume(folder: Path, request: SearchRequest, given: Sequence[str]) -> SearchRequest:
    """The request of a resumed search: its own, with the allowed changes.

    Args:
        folder: folder of the search.
        request: the current request.
        given: names of the options given.

    Raises:
        RunError: an option that may not change differs, or the search's file is damaged.
    """
    options = read_settings(folder).get("options")
    if options is None:  # started from Python
        return request
    stored = SearchRequest.stored(folder / SETTINGS, options)
    changes = {name: getattr(request, name) for name in given}
    return stored.resumed(folder, changes) if is_begun(folder) else stored.replace(**changes)


def search_run(
    run: Path,
    request: SearchRequest,
    folder: Path,
    *,
    resume: bool = False,
    device: Any = "auto",
    build: "Build | None" = None,
    tell: "Callable[[str], None]" = lambda message: None,
    progress: "Shown" = False,
    callbacks: Sequence[Callback] = (),
) -> "SearchResult":
    """Searches the latent space of a run.

    Everything is validated before torch is imported, which takes seconds.

    Args:
        run: run folder.
        request: the search.
        folder: folder of the search.
        resume: whether to resume the search in the folder.
        device: device of the model.
        build: rebuilds a missing derivation store, as in `datasets.origin.store_of`.
        tell: called with messages.
        progress: see `grae.optimize`.
        callbacks: see `grae.optimize`.

    Raises:
        RunError: the run is damaged, or the folder cannot hold the search.
        SettingsError, ParseError: an option does not apply to the strategy, the run or the target.
        DataError: the starting strings cannot be used.
        TargetError: the target failed on each of the first ten strings.
    """
    target, grammar = _checked(run, request, folder, resume=resume)
    texts = request.starting_strings(grammar) if not _has_start(folder, resume) else []
    import grae

    model = grae.load(run, device=device)
    if texts is None:
        texts = _training_strings(run, model, build, tell)
    return grae.optimize(
        model,
        target,
        request.settings(),
        start=texts or None,
        out=folder,
        resume=resume,
        about={**request.model_dump(), "run": str(run.absolute())},
        progress=progress,
        callbacks=callbacks,
        tell=tell,
    )


def _checked(run: Path, request: SearchRequest, folder: Path, *, resume: bool) -> "tuple[Target, Grammar]":
    """The target of a search, and the grammar of the run's strings.

    Raises:
        RunError: the run is damaged, or the folder cannot hold the search.
        SettingsError: an option does not apply to the strategy, the run or the target.
    """
    from grae.sequence.configuration import check_decoding
    from grae.training.run_folder import RunFolder

    check_folder(folder, resume=resume)
    grammar = check_decoding(RunFolder(run), constraints=request.constraints)
    request.settings().check(grammar)
    target = request.target_of(grammar)
    check_suits(target, grammar)
    check_several(target, request.settings())
    limit_of(target, request.start_limit)
    return target, grammar


def _has_start(folder: Path, resume: bool) -> bool:
    """Whether a resumed search has stored its starting strings."""
    return resume and StartFiles(folder).strings() is not None


def _training_strings(
    run: Path, model: "GrammarAutoencoder", build: "Build | None", tell: "Callable[[str], None]"
) -> list[str]:
    """The strings that a run was trained on, or the samples stored instead of them."""
    from grae.datasets.origin import built, store_of, texts_of

    samples = start_strings(run)
    if samples is not None:
        tell(f"starting strings: {len(samples):,} samples that come with the model")
        return samples
    grammar = model.language_grammar_
    store = store_of(run, model.about_, grammar, build=build or built)
    return list(texts_of(grammar, store, model.split_.train))
