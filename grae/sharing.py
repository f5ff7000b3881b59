"""Sharing models: a packed run with a model card, in a folder or in a repository on the Hugging Face Hub.

The shared folder is the one written by `grae models pack`: safetensors, JSON and text. Only files with the names below
are uploaded or downloaded, and none of them is ever executed.
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from grae.errors import MissingExtraError, RunError, SettingsError, shortened
from grae.files import check_unused
from grae.paths import (
    CONFIG_FILE,
    DENSITY_FILE,
    GRAMMAR_FILE,
    LANGUAGE_FILE,
    METRICS_FILE,
    MODEL_FILE,
    SPLIT_FILE,
    is_file,
)
from grae.pretrained import ABOUT, START, About, read_about
from grae.version import __version__

HUB = "hf:"
"""Prefix of the address of a repository: hf:USER/NAME or hf:USER/NAME@REVISION."""
CARD = "README.md"
REQUIRED = (CONFIG_FILE, GRAMMAR_FILE, SPLIT_FILE, DENSITY_FILE, MODEL_FILE, ABOUT)
OPTIONAL = (LANGUAGE_FILE, METRICS_FILE, START)
_ADDRESS = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?", re.ASCII)


def push(model: str | Path, target: str | Path, *, private: bool = False) -> str:
    """Copies a packed model with a model card to a folder, or uploads it to a repository, which is created if needed.

    Args:
        model: a folder written by `grae models pack`.
        target: a folder that does not exist or is empty, or "hf:USER/NAME".
        private: whether a new repository is private.

    Returns:
        The folder, or the URL of the commit.

    Raises:
        RunError: the model is damaged or not packed, the folder is in use, or the Hub refuses.
        OSError: the folder cannot be written.
        SettingsError: the target is not an address.
        MissingExtraError: `huggingface_hub` is not installed.
    """
    model = Path(model)
    about = check(model)
    if not str(target).startswith(HUB):
        return str(_copied(model, Path(target), about, Path(target).name))
    name, revision = _address(str(target))
    hub = _hub()
    with tempfile.TemporaryDirectory() as scratch:
        folder = _copied(model, Path(scratch) / "model", about, name, str(target))
        with _Refused(target):
            api = hub.HfApi(library_name="grae", library_version=__version__)
            api.create_repo(name, private=private or None, exist_ok=True)
            commit = api.upload_folder(
                repo_id=name, folder_path=folder, revision=revision, commit_message=f"grae {__version__}: {about.model}"
            )
    return str(commit.commit_url)


def check_target(target: str | Path) -> None:
    """Checks before the work that a model can be pushed to the target.

    Raises:
        RunError: the folder is in use.
        SettingsError: the target is not an address.
        MissingExtraError: `huggingface_hub` is not installed.
    """
    if str(target).startswith(HUB):
        _address(str(target))
        _hub()
    else:
        check_unused(Path(target))


def pull(source: str | Path, folder: str | Path) -> Path:
    """Copies a shared model to a folder, from which it loads like any run.

    Args:
        source: a folder, or "hf:USER/NAME", with "@REVISION" for a revision other than the main one.
        folder: destination; it does not exist or is empty.

    Returns:
        The folder.

    Raises:
        RunError: it is not a model of grae, a file is missing, the folder is in use, or the Hub refuses.
        OSError: the folder cannot be written.
        SettingsError: the source is not an address.
        MissingExtraError: `huggingface_hub` is not installed.
    """
    folder = Path(folder)
    check_unused(folder)
    if not str(source).startswith(HUB):
        about = check(Path(source))
        return _copied(Path(source), folder, about, folder.name)
    name, revision = _address(str(source))
    hub = _hub()
    with tempfile.TemporaryDirectory() as scratch:
        with _Refused(source):
            hub.snapshot_download(
                name, revision=revision, local_dir=scratch, allow_patterns=[*REQUIRED, *OPTIONAL], library_name="grae"
            )
        about = check(Path(scratch), str(source))
        return _copied(Path(scratch), folder, about, name, str(source))


def check(model: Path, name: str | None = None) -> About:
    """The description of a shared model.

    Raises:
        RunError: it is not a packed model, or a file is missing.
    """
    name = name or shortened(str(model))
    if not is_file(model / ABOUT):
        remedy = "pack it first with `grae models pack RUN`" if is_file(model / CONFIG_FILE) else "name another"
        raise RunError(f"{name} is not a packed model: {ABOUT} is missing", remedy=remedy)
    missing = [file for file in REQUIRED if not is_file(model / file)]
    if missing:
        raise RunError(f"{name}: {', '.join(missing)} missing", remedy="pack the run again with `grae models pack RUN`")
    return read_about(model)


def card(about: About, name: str, address: str | None = None) -> str:
    """The model card, in Markdown, with the metadata that the Hub reads.

    Args:
        about: the model's description.
        name: name of the repository or folder.
        address: address of the repository, as for `pull`; None for a folder.
    """
    fetch, folder = ("", name) if address is None else (f"    grae pull {address} --out model\n", "model")
    exact = {f"reconstructed exactly ({kind})": share for kind, share in (about.exact or {}).items()}
    figures = {**exact, **about.measures}
    passes = "" if about.epochs is None else f", {about.epochs:g} epochs"
    minutes = "" if about.minutes is None else f", {about.minutes:g} minutes"
    table = "".join(f"| {measure} | {value:.4g} |\n" for measure, value in figures.items())
    command = "" if about.command is None else f"\nTrained with\n\n    {about.command}\n"
    return (
        f"---\nlibrary_name: grae\ntags:\n- grae\n- {about.language}\n---\n"
        f"# {name}\n\n{about.description}\n\n"
        f"Model `{about.model}` of grae {__version__}, grammar `{about.grammar}`; "
        f"{about.strings:,} strings of {about.data or 'unnamed data'}{passes}{minutes}; weights {about.weights}.\n"
        f"{command}\n## Use\n\n"
        f"{fetch}    grae sample {folder} -n 1000\n    grae optimize {folder} --target TARGET\n"
        f"    grae train --from {folder} --data FILE\n\n"
        + (f"## Measures\n\n| | |\n|---|---|\n{table}\n" if table else "")
        + (f"Held-out strings: {about.held_out:,}. " if about.held_out else "")
        + "The folder holds no training string.\n"
    )


def _copied(model: Path, folder: Path, about: About, name: str, address: str | None = None) -> Path:
    """Copies the files and the card to a folder, atomically."""
    check_unused(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name[:40]}-") as scratch:
        whole = Path(scratch) / "model"
        whole.mkdir()
        for file in (*REQUIRED, *OPTIONAL):
            if is_file(model / file):
                shutil.copyfile(model / file, whole / file)
        (whole / CARD).write_text(card(about, name, address), encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()
        whole.rename(folder)
    return folder


def _address(target: str) -> tuple[str, str | None]:
    """The repository and the revision, None for the main one. Raises SettingsError if it is not an address."""
    match = _ADDRESS.fullmatch(target)
    if match is None:
        raise SettingsError(
            f"{shortened(target)} is not the address of a repository",
            remedy="write hf:USER/NAME or hf:USER/NAME@REVISION",
        )
    return match["name"], match["revision"]


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtraError("huggingface_hub", "hub") from None
    return huggingface_hub


class _Refused:
    """Turns errors of the connection and of the Hub into a RunError."""

    def __init__(self, address: str | Path) -> None:
        self.address = address

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from httpx2 import HTTPError
        from huggingface_hub.errors import HFValidationError

        if isinstance(error, HTTPError | HFValidationError | OSError):
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise RunError(
                f"{self.address}: {shortened(reason)}",
                remedy="check the name, the connection and the token (`hf auth login`)",
            ) from error
