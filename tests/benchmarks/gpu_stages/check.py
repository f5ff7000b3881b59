"""Checks of GPU against CPU, and speeds: the first stage to run, in two minutes."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from grae.density import DENSITIES
from grae.errors import GraeError
from grae.images import ImageAutoencoder
from grae.images.batches import ImageBatches, decode_codes
from grae.images.recipes import models_of_images
from grae.optimization import optimize
from grae.sequence import GrammarAutoencoder
from grae.sequence.batches import DerivationBatches
from grae.sequence.build import network_of
from grae.sequence.coding import encode_rows
from grae.sequence.preparation import rewritten
from grae.training.device import resolve_device

from . import compact, pictures
from .measuring import host_waits, kernel_seconds, steps, timed, training_speed
from .session import Session
from .strings import SMALL, Strings, opened, size_of, trained

STRINGS, CODES, SMALL_CODES, IMAGES = 20_000, 1_000, 16, 2_000
TRAINING = 0.25  # fraction of the time, for training the model that the checks use
SAME = 0.99  # minimum fraction of identical strings decoded on CPU and GPU; rounding can change an argmax
CLOSE = 1e-3  # maximum relative error of codes in float32
FAILURES = (GraeError, RuntimeError, ValueError, TypeError, AssertionError, ArithmeticError, LookupError, OSError,
            ImportError, AttributeError)  # fmt: skip


@dataclass
class Subject:
    """Data and model for the checks.

    Attributes:
        session: the session.
        strings: the molecules.
        model: model fitted to them, on the device.
        images: an image set.
    """

    session: Session
    strings: Strings
    model: GrammarAutoencoder
    images: Any

    @cached_property
    def device(self) -> torch.device:
        """The session's device."""
        return torch.device(resolve_device(self.session.device))

    @cached_property
    def batches(self) -> DerivationBatches:
        """The training batches of the strings."""
        model = self.model
        derivations = rewritten(self.strings.store.derivations, self.strings.grammar, model.grammar_, motifs=True)
        size = model.settings_.training.batch_size
        return DerivationBatches(derivations, model.split_.train, pad=model.grammar_.pad, batch_size=size)

    def codes(self, rows: np.ndarray) -> np.ndarray:
        """The codes of the strings of these rows, computed on the device."""
        network, pad = self.model.network_.to(self.device), self.model.grammar_.pad
        return encode_rows(network, self.batches.derivations, rows, pad=pad, device=self.device)

    @property
    def few(self) -> int:
        """Number of codes or strings to compare."""
        return SMALL_CODES if self.session.small else CODES

    @property
    def seconds(self) -> float:
        """Duration of a speed measurement."""
        return 0.2 if self.session.small else 3.0

    def fresh(self, seed: int = 0) -> torch.nn.Module:
        """The model's network with initial weights."""
        torch.manual_seed(seed)
        return network_of(self.model.grammar_, self.model.settings_)

    def on_cpu(self) -> GrammarAutoencoder:
        """The model, loaded on the CPU."""
        return GrammarAutoencoder.load(self.session.scratch / "grae", device="cpu")


def check(session: Session) -> None:
    """Trains a model on strings for a quarter of the time, then runs every check, even after failures."""
    strings = opened(session, "smiles", form="kekule", most=STRINGS)
    model = trained(
        session, "grae", strings, SMALL if session.small else {}, session.seconds(TRAINING * session.clock.left)
    )
    subject = Subject(session, strings, model, pictures.opened(session, "mnist", most=IMAGES))
    failed = []
    for name, work in CHECKS.items():
        if session.clock.left < 1:
            session.tell(name, left_out="out of time")
            continue
        began = session.clock.elapsed
        try:
            found = work(subject)
        except FAILURES as error:
            failed.append(name)
            where = traceback.format_exc().strip().splitlines()[-8:]
            session.tell(name, ok=False, error=f"{type(error).__name__}: {error}", traceback=where)
            continue
        if not found.get("ok", True):
            failed.append(name)
        session.tell(name, **{"ok": True, **found, "took": session.clock.elapsed - began})
    session.state = {"failed": failed}
    session.tell("checks", ok=not failed, failed=failed)


def decoding(subject: Subject) -> dict[str, Any]:
    """CPU and GPU decode codes to the same strings, with and without semantic constraints and TF32."""
    codes = subject.model.density_named("gaussian").sample(subject.few, 0)
    on_cpu, found = subject.on_cpu(), {}
    for rules in ("grammar", "semantic"):
        expected = on_cpu.inverse_transform(codes, constraints=rules, raw=True)
        for tf32 in (False, True):
            with torch.backends.cudnn.flags(enabled=True, allow_tf32=tf32):
                there = subject.model.inverse_transform(codes, constraints=rules, raw=True)
            same = sum(a == b for a, b in zip(expected, there, strict=True)) / len(codes)
            found[f"same_{rules}{'_tf32' if tf32 else ''}"] = same
    return {**found, "ok": min(found["same_grammar"], found["same_semantic"]) >= SAME}


def encoding(subject: Subject) -> dict[str, Any]:
    """CPU and GPU encode to the same codes; strings per second."""
    texts = subject.strings.texts(subject.model.split_.train[: subject.few])
    expected = subject.on_cpu().transform(texts)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        there = subject.model.transform(texts)
    error = float(np.linalg.norm(there - expected) / np.linalg.norm(expected))
    rows = subject.batches.rows
    _, seconds = timed(lambda: subject.codes(rows))
    return {"ok": error < CLOSE, "relative_error": error, "rows_per_second": len(rows) / seconds}


def training(subject: Subject) -> dict[str, Any]:
    """Molecules per second of the training loop, GPU utilization, and the lines that synchronize."""
    settings, batches = subject.model.settings_.training, subject.batches
    network = subject.fresh()
    speed = training_speed(network, batches, settings, subject.seconds)
    waits = host_waits(lambda: steps(network, batches, settings, 20))
    return {**speed, "parameters": size_of(network), "waits_in_20_steps": waits}


def bf16(subject: Subject) -> dict[str, Any]:
    """Training in bfloat16 against float32: losses after equal steps from the same initial weights, and rates."""
    settings, n, found = subject.model.settings_.training, 3 if subject.session.small else 60, {}
    for precision in ("fp32", "bf16"):
        ends = steps(subject.fresh(), subject.batches, settings.replace(precision=precision), n)
        found[precision] = {"loss": ends["loss"], "rows_per_second": ends["rows_per_second"]}
    difference = abs(found["bf16"]["loss"] / found["fp32"]["loss"] - 1)
    return {**found, "relative_difference": difference, "ok": difference < 0.05}


def resume(subject: Subject) -> dict[str, Any]:
    """A run restored from its compact files has the same loss, and resumes training."""
    session, model = subject.session, subject.model
    assert model.result_ is not None
    place = session.scratch / "again"
    compact.unpack(session.out, "grae", place)
    ends = {"epochs": int(model.result_.epochs) + 2, "time_budget": 60.0}
    again = GrammarAutoencoder(**{**model.get_params(), **ends})
    again.fit(subject.strings.store, run=place, resume=True, data=subject.strings.about)
    assert again.result_ is not None
    old, new = model.result_.best["loss"], again.result_.metrics[-1]["validation"]["loss"]
    loaded = GrammarAutoencoder.load(place, device=session.device)
    texts = subject.strings.texts(model.split_.test[: subject.few])
    return {
        "ok": again.result_.steps > model.result_.steps and new < 1.1 * old,
        "steps": [model.result_.steps, again.result_.steps],
        "loss": [old, new],
        "exact": [model.score(texts), loaded.score(texts)],
    }


def sampling(subject: Subject) -> dict[str, Any]:
    """Molecules per second, greedy and sampled, with and without semantic constraints; GPU utilization."""
    codes = subject.model.density_named("gmm").sample(subject.few * (1 if subject.session.small else 4), 0)
    found = {}
    for rules in ("grammar", "semantic"):
        for temperature in (0.0, 1.0):

            def work(rules: Any = rules, temperature: float = temperature) -> Any:
                return subject.model.inverse_transform(codes, constraints=rules, temperature=temperature, raw=True)

            _, seconds = timed(work)
            found[f"{rules}_{temperature:g}"] = {"rows_per_second": len(codes) / seconds}
        busy, seconds = timed(lambda work=work: kernel_seconds(work))
        found[f"{rules}_1"]["gpu_busy"] = busy / seconds if busy else None
    return found


def densities(subject: Subject) -> dict[str, Any]:
    """Fits each density to the codes: seconds, and mean log-likelihood of held-out codes in nats."""
    split, found = subject.model.split_, {}
    training_codes, held_out = subject.codes(split.train), subject.codes(split.validation)
    for name in ("normal", "gaussian", "gmm") if subject.session.small else DENSITIES:
        if subject.session.clock.left < 5:
            found[name] = "left out: out of time"
            continue
        fitted, seconds = timed(lambda name=name: DENSITIES[name]().fit(training_codes, 0))
        sampled = fitted.sample(subject.few, 0)
        found[name] = {"seconds": seconds, "nats": float(np.mean(fitted.log_prob(held_out))), "of": len(sampled)}
    return found


def search(subject: Subject) -> dict[str, Any]:
    """Two full rounds of the default search for logP."""
    start = subject.strings.texts(subject.model.split_.train[: 40 if subject.session.small else 500])
    result, seconds = timed(
        lambda: optimize(subject.model, "logp", rounds=1 if subject.session.small else 2, batch_size=5, start=start)
    )
    found = result.to_dict(3)
    return {"seconds": seconds, "calls": found["calls"], "best": found["best"]}


def images(subject: Subject) -> dict[str, Any]:
    """The paper's image network: images per second in training and sampling; CPU and GPU within two gray levels."""
    session, data = subject.session, subject.images
    options = {**pictures.size(session, data), "device": session.device, "epochs": 1}
    model = ImageAutoencoder("rae-l2", **options)
    model.fit(data.train.images)
    settings = model.settings_.training
    batches = ImageBatches(data.train.images, model.split_.train, batch_size=settings.batch_size, seed=0)
    speed = training_speed(model.network_, batches, settings, subject.seconds)
    codes = model.density_named("gaussian").sample(subject.few, 0)
    there, seconds = timed(lambda: model.inverse_transform(codes))
    network = model.network_.float().cpu()
    here = np.concatenate(list(decode_codes(network, codes, device=torch.device("cpu"))))
    levels = int(np.abs(here.astype(int) - there).max())
    return {**speed, "sampled_per_second": len(codes) / seconds, "levels_apart": levels, "ok": levels <= 2}


def image_models(subject: Subject) -> dict[str, Any]:
    """A few training steps of each of the ten image models: finite loss; images per second."""
    session, data, found = subject.session, subject.images, {}
    for name in models_of_images():
        model = ImageAutoencoder(name, **pictures.size(session, data), device=session.device, epochs=1)
        network, settings = pictures.fresh(model, data.train.images)
        batches = ImageBatches(
            data.train.images, np.arange(len(data.train.images)), batch_size=settings.batch_size, seed=0
        )
        found[name] = steps(network, batches, settings, 2 if session.small else 15)
    return {
        "ok": all(np.isfinite(terms["loss"]) for terms in found.values()),
        "images_per_second": {name: terms["rows_per_second"] for name, terms in found.items()},
        "loss": {name: terms["loss"] for name, terms in found.items()},
    }


def published(subject: Subject) -> dict[str, Any]:
    """Training steps of the published network on strings: molecules per second, GPU utilization."""
    session = subject.session
    options = {"architecture": {"dense": 16, "hidden": 8}, "batch_size": 16} if session.small else {}
    model = GrammarAutoencoder("smiles-gvae", preset="paper", epochs=1, device=session.device, **options)
    texts = subject.strings.texts(subject.model.split_.train[: 40 if session.small else 4000])
    model.fit(texts)
    model_batches = DerivationBatches(
        model.derive(texts).derivations, np.arange(len(texts)), pad=model.grammar_.pad,
        batch_size=model.settings_.training.batch_size, by_length=False,
    )  # fmt: skip
    network = network_of(model.grammar_, model.settings_)
    settings = model.settings_.training
    speed = training_speed(network, model_batches, settings, subject.seconds)
    return {**speed, "waits_in_2_steps": host_waits(lambda: steps(network, model_batches, settings, 2))}


CHECKS: dict[str, Callable[[Subject], dict[str, Any]]] = {
    "decoding": decoding,
    "encoding": encoding,
    "training speed": training,
    "sampling": sampling,
    "resume": resume,
    "images": images,
    "image models": image_models,
    "bf16": bf16,
    "search": search,
    "published": published,
    "densities": densities,
}
"""In order of importance, in case time runs out."""
