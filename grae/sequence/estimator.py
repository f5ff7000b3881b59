"""The estimator: strings in, latent codes and new strings out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from grae.callbacks.protocol import Callback, check
from grae.callbacks.reporter import Shown
from grae.datasets.forms import encode_in_form
from grae.datasets.store import DerivationStore
from grae.errors import SettingsError
from grae.estimator.base import LatentEstimator, RunOptions
from grae.grammar import Grammar, codec
from grae.grammar.codec import Derivations
from grae.pretrained import located
from grae.sequence import finetuning, fitting, saved
from grae.sequence.coding import encode_rows
from grae.sequence.constrained import Completion, Constraints
from grae.sequence.decoding import Decoding, constraint_for, decode_strings
from grae.sequence.preparation import readable, rewritten, strings_in
from grae.training import processes
from grae.training.device import resolve_device
from grae.training.run_folder import RunFolder
from grae.training.settings import Device, Precision


class GrammarAutoencoder(LatentEstimator):
    """A regularized autoencoder over a grammar's derivations (GRAE; Ghosh et al. 2020), as a scikit-learn transformer.

    X is a sequence of strings throughout; `fit` also takes derivations or a store of them. What is None below is left
    to the preset. All that is drawn follows `random_state`.

    Args:
        grammar: a `Grammar`, the name of a shipped one, or the path of a .cfg file.
        model: a row of the table of models, such as "grae", "rae" or "ae".
        preset: "default", "quick" (small, for minutes) or "paper" (the published network and schedule).
        latent_dim: width of a code, D.
        architecture: another network than the preset's, a name in `grae.sequence.architectures.ARCHITECTURES`, or other
            settings by name, such as {"hidden": 768} or {"kind": "paper", "dense": 200}.
        epochs: passes over the data. With neither epochs nor a time budget, as many as suit the data: some 6 minutes on
            two cores for 10,000 molecules, and up to an hour for more.
        time_budget: minutes for training and fitting the density together.
        batch_size: strings a step.
        learning_rate: the highest of the schedule.
        beta: weight of L_Z.
        lambda_: weight of L_REG.
        noise: scale of the noise on the codes in training: a factor of the posterior's sigma for "gvae", "cvae", "vae"
            and "2svae", sigma itself for "gcvvae" and "cv-vae", and for the deterministic models the standard deviation
            of Gaussian noise, which is ours and not in the paper.
        motifs: learned composite productions; 0 for the grammar as it is.
        max_length: the most productions that a derivation of `grammar` may have, in training and in decoding; None for
            the paper's, or the longest in the data. A character model takes the same strings, and decodes as many
            characters as the longest of them has.
        form: in which strings are learned: "kekule", "canonical" or "as-written"; what comes in is brought into it.
        density: what `sample` draws from and `score_samples` measures, a name in `grae.density.DENSITIES`. But for
            "gmm", "gaussian" and "normal" they take minutes and are fitted only where they are named here, belong to
            the model, or by `fit_density`.
        validation: share of the strings that `fit` holds back to validate on.
        test: share of the strings that `fit` holds back and does not look at.
        on_invalid: whether `fit` raises at a string outside the grammar or leaves it out.
        random_state: the seed.
        device: "auto", "cpu", "cuda" or "mps".
        precision: of training: "auto", "fp32" or "bf16".
        progress: whether to show progress on standard error, where that is a terminal; "verbose" for a row per
            validation elsewhere, too.

    Attributes:
        grammar_: the grammar of the derivations, with its motifs.
        language_grammar_: the grammar that was given, whose language the strings are measured by. A character model's
            derivations are of another one, which is made from the data.
        settings_: all settings, resolved.
        network_: the `Autoencoder`.
        densities_: fitted densities by name.
        split_: which rows of the kept strings were trained on, validated on and held back.
        result_: what came of the training; None after `load`.
        folder_: the folder that it was loaded from; only after `load`.
        finetuning_: how many strings came back exactly before and after; only after a warm start.
    """

    __metadata_request__fit = dict.fromkeys(("warm_start", "replay", "run", "resume", "data", "callbacks"), UNUSED)
    __metadata_request__transform = {"on_invalid": UNUSED}  # noqa: RUF012
    __metadata_request__inverse_transform = dict.fromkeys(("temperature", "seed", "constraints", "raw"), UNUSED)

    grammar_: Grammar
    language_grammar_: Grammar
    finetuning_: dict[str, Any]
    folder_: Path

    def __init__(
        self,
        grammar: Grammar | str | Path = "smiles",
        *,
        model: str = "grae",
        preset: str = "default",
        latent_dim: int | None = None,
        architecture: str | Mapping[str, Any] | None = None,
        epochs: int | None = None,
        time_budget: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        beta: float | None = None,
        lambda_: float | None = None,
        noise: float | None = None,
        motifs: int | None = None,
        max_length: int | None = None,
        form: str | None = None,
        density: str | None = None,
        validation: float = 0.05,
        test: float = 0.0,
        on_invalid: Literal["error", "skip"] = "error",
        random_state: int = 0,
        device: Device = "auto",
        precision: Precision = "auto",
        progress: Shown = False,
    ) -> None:
        self.grammar = grammar
        self.model = model
        self.preset = preset
        self.latent_dim = latent_dim
        self.architecture = architecture
        self.epochs = epochs
        self.time_budget = time_budget
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.beta = beta
        self.lambda_ = lambda_
        self.noise = noise
        self.motifs = motifs
        self.max_length = max_length
        self.form: str | None = form
        self.density = density
        self.validation = validation
        self.test = test
        self.on_invalid: Literal["error", "skip"] = on_invalid
        self.random_state = random_state
        self.device: Device = device
        self.precision: Precision = precision
        self.progress: Shown = progress

    def fit(
        self,
        X: Sequence[str] | Derivations | DerivationStore,
        y: object = None,
        *,
        warm_start: "str | Path | GrammarAutoencoder | None" = None,
        replay: float = finetuning.SHARE,
        run: str | Path | None = None,
        resume: bool = False,
        data: Mapping[str, Any] | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Trains the network, then fits the densities to the codes of the training strings.

        Among several processes (`accelerate launch`, `torchrun`) all call it; the main one writes the run and fits the
        densities for all. See `grae.training.processes`.

        Args:
            X: strings; or derivations of the plain grammar (without motifs), in memory or in a store.
            y: ignored.
            warm_start: a trained model to begin with, the folder of its run, or the name of one that comes with grae:
                its grammar, motifs and weights are kept, and its settings where no parameter says otherwise; what came
                of it is in `finetuning_`. See `grae.sequence.finetuning`.
            replay: after a warm start, the share of each batch that are samples of that model, against forgetting.
            run: a folder to save the run in; None saves nothing.
            resume: resume the run in that folder. Its grammar and motifs are taken from there.
            data: where the strings come from, as JSON can hold it; kept in the run's config.json.
            callbacks: called during the training; see `grae.callbacks.Callback`. What they raise leaves `fit` once the
                state is saved in `run`, and `resume` continues from there.

        Raises:
            SettingsError: a setting that is unknown or out of range.
            ParseError, DataError: strings that cannot be used.
            RunError: the folder cannot be used.
        """
        check(callbacks)
        processes.join(resolve_device(self.device))
        finetune = warm_start is not None or (resume and finetuning.is_begun(run))
        options = RunOptions.of(run, resume, callbacks)
        if finetune:
            self.finetuning_ = finetuning.fit(self, X, warm_start, replay, options, data)
        else:
            fitting.fit(self, X, options, data)
        return self

    def derive(self, X: Sequence[str], *, on_invalid: Literal["error", "skip"] = "error") -> codec.Encoded:
        """The derivations of strings, brought into the form in which the model learned, as the encoder reads them.

        Args:
            X: strings.
            on_invalid: whether to raise at a string that cannot be derived, or to leave it out and report it.

        Raises:
            ParseError, DataError: a string is not in the language, not read by RDKit or its derivation too long.
        """
        check_is_fitted(self)
        texts = strings_in(X, strict=on_invalid == "error")
        form = self.language_grammar_.language.form(self.settings_.form)
        encoded = encode_in_form(self.grammar_, texts, form, on_invalid=on_invalid, n_jobs=-1)
        return readable(encoded, texts, self.grammar_, self.settings_, on_invalid=on_invalid)

    def transform(self, X: Sequence[str], *, on_invalid: Literal["error", "skip", "nan"] = "error") -> np.ndarray:
        """The latent codes of strings, (n, D) float32. If the model learned molecules in one spelling, any will do.

        Args:
            X: strings: a sequence, an array or a column of a DataFrame.
            on_invalid: what becomes of a string that cannot be encoded: an error, no row ("skip", where `derive` tells
                which), or a row of NaN.

        Raises:
            ParseError, DataError: a string is not in the language, not read by RDKit or its derivation too long.
        """
        if on_invalid not in ("error", "skip", "nan"):
            raise SettingsError.unknown("on_invalid", str(on_invalid), ("error", "skip", "nan"))
        encoded = self.derive(X, on_invalid="error" if on_invalid == "error" else "skip")
        codes = self._encode(encoded.derivations)
        if on_invalid != "nan" or not encoded.rejections:
            return codes
        every = np.full((len(codes) + len(encoded.rejections), codes.shape[1]), np.nan, codes.dtype)
        every[encoded.rows] = codes
        return every

    def inverse_transform(
        self,
        X: np.ndarray,
        *,
        temperature: float = 0.0,
        seed: int | None = None,
        constraints: Constraints | None = None,
        raw: bool = False,
    ) -> list[str]:
        """The strings that latent codes decode to; each is in the language, whatever the code.

        Args:
            X: (n, D) finite floats.
            temperature: 0 takes the most likely production at each step; above, productions are drawn.
            seed: of what is drawn; None for `random_state`.
            constraints: "semantic" keeps the rules of the language too, so that every string is valid; "grammar" those
                of the grammar alone; None for the former where the language has such rules and the form allows it.
            raw: whether molecules come as they were decoded; otherwise the valid ones come in RDKit's canonical form.

        Raises:
            DataError: codes of another width, or NaN or infinite values among them.
            SettingsError: constraints that this model's strings cannot be put under.
        """
        check_is_fitted(self)
        return self._decode(X, Decoding(temperature, seed, constraints, raw=raw))

    def decodings(
        self,
        X: np.ndarray,
        n: int,
        *,
        temperature: float = 1.0,
        seed: int | None = None,
        constraints: Constraints | None = None,
        completion: Completion = "none",
        raw: bool = False,
    ) -> list[list[str | None]]:
        """Several strings drawn from each latent code, by default as the published models are decoded.

        What the decoder computes of a code alone is computed once for all of its strings.

        Args:
            X: (m, D) finite floats.
            n: how many strings of each code.
            temperature: as in `inverse_transform`.
            seed: of what is drawn; None for `random_state`.
            constraints: as in `inverse_transform`; without forced completion, None means "grammar".
            completion: "forced" masks the productions after which a derivation could no longer be completed in
                `max_length` steps, as `inverse_transform` does; "none" does not, as the published models decode (Kusner
                et al. 2017), and gives None for a derivation that runs out of steps.
            raw: as in `inverse_transform`.

        Returns:
            m lists of n strings.

        Raises:
            DataError, SettingsError: as `inverse_transform`; or "semantic" constraints without forced completion.
        """
        check_is_fitted(self)
        texts = self._decode(X, Decoding(temperature, seed, constraints, completion, n, raw))
        return [texts[row * n : (row + 1) * n] for row in range(len(X))]

    def constraints_used(self, constraints: Constraints | None = None) -> Constraints:
        """The constraints that `inverse_transform` and `sample` decode under when they are given these."""
        check_is_fitted(self)
        return "grammar" if constraint_for(self, constraints) is None else "semantic"

    def reconstruct(self, X: Sequence[str], *, constraints: Constraints | None = None) -> list[str]:
        """What comes back of strings from their codes, decoded greedily; in the form in which the model learned."""
        return self.inverse_transform(self.transform(X), constraints=constraints, raw=True)

    def sample(
        self,
        n: int = 1,
        *,
        density: str | None = None,
        temperature: float = 0.0,
        seed: int | None = None,
        constraints: Constraints | None = None,
        raw: bool = False,
    ) -> list[str]:
        """New strings: codes drawn from a density, decoded.

        Args:
            n: how many.
            density: a name; None for the model's own.
            temperature: of the decoder, as in `inverse_transform`.
            seed: of the codes and of the decoder; None for `random_state`.
            constraints: as in `inverse_transform`.
            raw: as in `inverse_transform`.

        Raises:
            SettingsError: the density is unknown or was not fitted, or as `inverse_transform`.
        """
        seed = self.random_state if seed is None else seed
        codes = self.density_named(density).sample(n, seed)
        return self._decode(codes, Decoding(temperature, seed, constraints, raw=raw))

    def score(self, X: Sequence[str], y: object = None) -> float:
        """The share of strings that come back exactly from their codes."""
        return self._exact(self.derive(X).derivations)

    def _write(self, folder: RunFolder) -> None:
        saved.write(folder, self)

    @classmethod
    def load(cls, path: str | Path, *, device: Device = "auto") -> Self:
        """Opens the folder of a run, or by its name a model that comes with grae; runs none of its content.

        Args:
            path: the folder, the name of one under `runs/`, or of a model that comes with grae.
            device: where to compute.

        Raises:
            RunError: there is no such run, or a file of it is missing, truncated or foreign.
        """
        return super().load(located(path), device=device)

    @classmethod
    def _read(cls, folder: RunFolder, device: Device) -> Self:
        return saved.read(cls, folder, device)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags

    def _decode(self, X: np.ndarray, decoding: Decoding) -> list[Any]:
        """The strings of codes; None for one that is not complete, which only "none" for a completion allows."""
        return decode_strings(self, self._codes(X), decoding)

    def _encode(self, derivations: Derivations, rows: np.ndarray | None = None) -> np.ndarray:
        device = self._device()
        rows = np.arange(len(derivations)) if rows is None else rows
        return encode_rows(self.network_.to(device), derivations, rows, pad=self.grammar_.pad, device=device)

    def _exact(self, derivations: Derivations) -> float:
        """The share of derivations whose strings come back exactly from their codes."""
        texts = codec.decode(self.grammar_, derivations)  # as the grammar writes them, without ignored characters
        back = self.inverse_transform(self._encode(derivations), raw=True)
        return float(np.mean([text == other for text, other in zip(texts, back, strict=True)]))

    def _codes_of(self, X: Sequence[str] | Derivations) -> np.ndarray:
        """Derivations are taken too, of `language_grammar_`."""
        if isinstance(X, Derivations):
            return self._encode(rewritten(X, self.language_grammar_, self.grammar_, motifs=True))
        return self.transform(X)


def load(path: str | Path, *, device: Device = "auto") -> GrammarAutoencoder:
    """Opens a run by its folder or its name under `runs/`, or a model that comes with grae: `load("zinc250k")`.

    See `GrammarAutoencoder.load`.
    """
    return GrammarAutoencoder.load(path, device=device)
