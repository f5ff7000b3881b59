"""Models handed on: pushed and pulled, through a folder and through a repository."""

import shutil
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub.errors import RepositoryNotFoundError
from typer.testing import CliRunner

import grae as library
from grae.cli.main import app
from grae.sharing import CARD, OPTIONAL, REQUIRED

SMALL = ("--preset", "quick", "--epochs", "1", "--motifs", "0", "--latent-dim", "4", "--batch-size", "64")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A small run on expressions, and beside it `run-packed`; read only."""
    folder = tmp_path_factory.mktemp("sharing")
    (folder / "some.txt").write_text("".join(f"{a}*x+sin({b})\n" for a in (1, 2, 3) for b in ("x", 1, 2, 3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for arguments in (
            ("train", "-g", "arithmetic", "-d", "some.txt", *SMALL, "-o", "run"),
            ("models", "pack", "run", "-n", "20", "--starts", "20"),
        ):
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == 0, done.output
    return folder / "run"


class Hub:
    """Repositories as folders, in the place of the Hub's client."""

    def __init__(self, home: Path) -> None:
        self.home, self.private = home, {}

    def create_repo(self, name: str, *, private: bool | None, exist_ok: bool) -> None:
        (self.home / name).mkdir(parents=True, exist_ok=exist_ok)
        self.private[name] = private

    def upload_folder(self, *, repo_id: str, folder_path: Path, revision: str | None, commit_message: str) -> Any:
        shutil.copytree(folder_path, self.home / repo_id, dirs_exist_ok=True)
        return type("Commit", (), {"commit_url": f"https://hub.example/{repo_id}/commit/1"})

    def snapshot_download(
        self, name: str, *, revision: str | None, local_dir: str, allow_patterns: list[str], library_name: str
    ) -> None:
        if not (self.home / name).is_dir():
            answer = httpx2.Response(404, request=httpx2.Request("GET", "https://hub.example"))
            raise RepositoryNotFoundError(f"404: no repository {name}\nand more", response=answer)
        for file in (self.home / name).iterdir():
            if file.name in allow_patterns:
                shutil.copy(file, local_dir)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub(tmp_path / "hub")
    monkeypatch.setattr("huggingface_hub.HfApi", lambda **about: hub)
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub.snapshot_download)
    return hub


def test_a_run_goes_through_a_folder(grae, run: Path, tmp_path: Path):
    shutil.copytree(run, tmp_path / "mine")
    ended = grae("push", "mine", "shared/mine", "-n", "20")
    assert (ended.status, ended.out) == (0, "shared/mine\n")
    assert "packed: mine-packed" in ended.err
    assert {file.name for file in Path("shared/mine").iterdir()} <= {*REQUIRED, *OPTIONAL, CARD}
    ended = grae("pull", "shared/mine")
    assert (ended.status, ended.out) == (0, "runs/mine\n")
    assert library.load("runs/mine").sample(5, seed=1) == library.load("shared/mine").sample(5, seed=1)
    assert grae("sample", "mine", "-n", "3").out.count("\n") == 3
    again = grae("pull", "shared/mine")
    assert (again.status, "runs/mine" in again.err) == (2, True)


def test_a_packed_model_goes_through_a_repository(grae, run: Path, hub: Hub):
    packed = run.with_name("run-packed")
    ended = grae("push", packed, "hf:me/mine", "--private")
    assert (ended.status, ended.out) == (0, "https://hub.example/me/mine/commit/1\n")
    assert hub.private == {"me/mine": True}
    text = (hub.home / "me/mine" / CARD).read_text()
    assert text.startswith("---\nlibrary_name: grae\n")
    assert "grae pull hf:me/mine --out model" in text
    (hub.home / "me/mine/setup.py").write_text("raise SystemExit('executed')")
    pulled = grae("pull", "hf:me/mine@v1", "--json")
    assert (pulled.status, pulled.json["path"], pulled.json["language"]) == (0, "runs/mine", "expressions")
    assert not Path("runs/mine/setup.py").exists()
    assert library.load("runs/mine").sample(5, seed=1) == library.load(packed).sample(5, seed=1)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("hf:mine", "hf:mine is not the address of a repository"),
        ("hf:me/none", "hf:me/none: 404: no repository me/none"),
        ("nowhere", "nowhere is not a packed model: model.json is missing"),
    ],
)
def test_what_cannot_be_pulled_leaves_nothing(grae, hub: Hub, source: str, message: str):
    ended = grae("pull", source, "--out", "new")
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
    assert not Path("new").exists()


def test_a_repository_without_a_model(grae, hub: Hub, run: Path):
    (hub.home / "me/other").mkdir(parents=True)
    (hub.home / "me/other/config.json").write_text("{}")
    assert "hf:me/other is not a packed model" in grae("pull", "hf:me/other").err
    shutil.copytree(run.with_name("run-packed"), hub.home / "me/half")
    (hub.home / "me/half/model.safetensors").unlink()
    assert "hf:me/half: model.safetensors missing" in grae("pull", "hf:me/half").err


def test_a_target_is_checked_before_the_work(grae, run: Path, tmp_path: Path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    ended = grae("push", run, "full")
    assert (ended.status, "full already exists" in ended.err) == (2, True)
    assert "is not the address of a repository" in grae("push", run, "hf:a/b/c").err


def test_without_the_extra_it_says_what_to_install(grae, run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    assert "pip install 'grae[hub]'" in grae("push", run, "hf:me/mine").err
