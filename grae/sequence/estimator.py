"""The estimator of strings: `GrammarAutoencoder`, and `load`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from grae.callbacks.protocol import Callback, check
from grae.callbacks.reporter import Shown
from grae.datasets.forms import encode_in_form
from grae.datasets.store import DerivationStore
from grae.density.blocks import code_blocks
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
from grae.sequence.refinement import refined
from grae.training import processes
from grae.training.device import resolve_device
from grae.training.run_folder import RunFolder
from grae.training.settings import Device, Precision

if TYPE_CHECKING:
    from grae.conditions import Condition
    from grae.grammar.template import Template
    from grae.sequence.analogs import Analogs
    from grae.sequence.interpolation import Curve, Waypoint
    from grae.sequence.neighbors import Neighbor


class GrammarAutoencoder(LatentEstimator):
    """A regularized autoencoder over a grammar's derivations (GRAE; Ghosh et al. 2020), as a scikit-learn transformer.

    X is a sequence of strings throughout; `fit` also accepts derivations or a store of them. Parameters that are None
    take the value of the preset.

    Args:
        grammar: a `Grammar`, the name of a built-in one, or the path of a .cfg file.
        model: a row of the table of models, such as "grae", "rae" or "ae".
        preset: "default", "quick" (a short training of a few minutes) or "paper" (the published network and schedule).
        latent_dim: width of a code, D.
        architecture: replaces the preset's architecture: a name in `grae.sequence.architectures.ARCHITECTURES`, or
            settings by name, such as {"hidden": 768} or {"kind": "paper", "dense": 200}.
        epochs: number of epochs. With neither epochs nor a time budget, it depends on the size of the data: training
            takes about 6 minutes on two cores for 10,000 molecules, and up to an hour for more.
        time_budget: time budget of training and density fitting together, in minutes.
        batch_size: strings per step.
        learning_rate: peak of the schedule.
        beta: weight of L_Z; with `rate` its initial value.
        lambda_: weight of L_REG.
        noise: scale of the noise on the codes in training: a factor of the posterior's sigma for "gvae", "cvae", "vae"
            and "2svae", sigma itself for "gcvvae" and "cv-vae", and for deterministic models the standard deviation
            of Gaussian noise (an addition of grae, not in the paper).
        rate: target rate, the information that a noisy code carries, in nats: beta is adapted during training to hold
            it (`grae.autoencoder.rate`). The lower the rate, the fuller the latent space; requires noise. None for a
            constant beta.
        motifs: number of motifs (composite productions) to learn; 0 for the grammar as it is.
        max_length: maximum number of productions per derivation of `grammar`, in training and decoding; None for the
            paper's, or the longest in the data. A character model is trained on the same strings, and decodes at most
            the number of characters of the longest of them.
        form: form in which strings are learned, such as "kekule", "canonical" or "as-written" for molecules; inputs
            are converted.
        density: default density of `sample` and `score_samples`, a name in `grae.density.DENSITIES`. "gmm",
            "gaussian" and "normal" are always fitted; the others take minutes and are fitted if named here, if they
            are the model's default, or by `fit_density`.
        validation: share of the strings used as validation set.
        test: share of the strings held out as test set, which `fit` does not use.
        on_invalid: whether `fit` raises an error at a string outside the language, or skips it.
        random_state: seed of split, initial weights, batches, densities and samples.
        device: "auto", "cpu", "cuda" or "mps".
        precision: precision of training: "auto", "fp32" or "bf16".
        progress: whether to show progress on standard error if it is a terminal; "verbose" to also print a row per
            validation if it is not.

    Attributes:
        grammar_: the grammar of the derivations, with motifs. That of a character model is built from the data.
        language_grammar_: the given grammar, which defines the language of the strings.
        settings_: resolved settings.
        network_: the `Autoencoder`.
        densities_: fitted densities by name.
        split_: rows of the training, validation and test sets among the strings that were not skipped.
        result_: outcome of the training; None after `load`.
        folder_: the run folder; only after `load`.
        finetuning_: reconstruction accuracy before and after; only after a warm start.
    """

    __metadata_request__fit = dict.fromkeys(("warm_start", "replay", "run", "resume", "data", "callbacks"), UNUSED)
    __metadata_request__transform = dict.fromkeys(("on_invalid", "refine"), UNUSED)
    __metadata_request__inverse_transform = dict.fromkeys(
        ("temperature", "seed", "constraints", "raw", "template"), UNUSED
    )

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
        rate: float | None = None,
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
        self.rate = rate
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

        In distributed training (`accelerate launch`, `torchrun`) every process calls it; rank 0 writes the run and fits
        the densities. See `grae.training.processes`.

        Args:
            X: strings; or derivations of the grammar without motifs, in memory or in a store.
            y: ignored.
            warm_start: a trained model to fine-tune, its run folder, or the name of a pretrained model: its grammar,
                motifs and weights are kept, as are its settings unless a parameter overrides them; `finetuning_`
                reports the result. See `grae.sequence.finetuning`.
            replay: after a warm start, the share of each batch that is sampled from that model, against forgetting.
            run: folder to save the run in; None saves nothing.
            resume: whether to resume the run in that folder, with its grammar and motifs.
            data: provenance of the strings, JSON-serializable; stored in the run's config.json.
            callbacks: called during training; see `grae.callbacks.Callback`. An exception raised by a callback
                propagates from `fit` once the state is saved in `run`, from which `resume` continues.

        Raises:
            SettingsError: a setting is unknown or out of range.
            ParseError, DataError: strings cannot be used.
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
        """The derivations of strings as the encoder reads them, in the form that the model learned and with its motifs.

        Args:
            X: strings.
            on_invalid: whether to raise an error at a string that cannot be parsed, or to skip and report it.

        Raises:
            ParseError, DataError: a string is not in the language, RDKit cannot read it, or its derivation is too long.
        """
        check_is_fitted(self)
        texts = strings_in(X, strict=on_invalid == "error")
        form = self.language_grammar_.language.form(self.settings_.form)
        encoded = encode_in_form(self.grammar_, texts, form, on_invalid=on_invalid, n_jobs=-1)
        return readable(encoded, texts, self.grammar_, self.settings_, on_invalid=on_invalid)

    def transform(
        self, X: Sequence[str], *, on_invalid: Literal["error", "skip", "nan"] = "error", refine: int = 0
    ) -> np.ndarray:
        """The latent codes of strings, (n, D) float32. Molecules may be in any spelling.

        Args:
            X: strings: a sequence, an array or a column of a DataFrame.
            on_invalid: for a string that cannot be encoded: "error", "skip" for no row (`derive` reports which), or
                "nan" for a row of NaN.
            refine: as in `encode`.

        Raises:
            ParseError, DataError: a string is not in the language, RDKit cannot read it, or its derivation is too long.
        """
        if on_invalid not in ("error", "skip", "nan"):
            raise SettingsError.unknown("on_invalid", str(on_invalid), ("error", "skip", "nan"))
        encoded = self.derive(X, on_invalid="error" if on_invalid == "error" else "skip")
        codes = self.encode(encoded.derivations, refine=refine)
        if on_invalid != "nan" or not encoded.rejections:
            return codes
        every = np.full((len(codes) + len(encoded.rejections), codes.shape[1]), np.nan, codes.dtype)
        every[encoded.rows] = codes
        return every

    def encode(self, derivations: Derivations, *, refine: int = 0) -> np.ndarray:
        """The latent codes of derivations, (n, D) float32.

        Args:
            derivations: n leftmost derivations of `grammar_`, as `derive` returns them.
            refine: maximum number of gradient steps on the code of a string that is not reconstructed, towards one
                that decodes to it (see `grae.sequence.refinement`); 0 for the encoder's codes.

        Raises:
            SettingsError: `refine` is negative.
        """
        check_is_fitted(self)
        if refine < 0:
            raise SettingsError(f"refine={refine}", remedy="give the number of steps, 0 for none")
        codes = self._encode(derivations)
        return refined(self, derivations, codes, steps=refine).codes if refine else codes

    def inverse_transform(
        self,
        X: np.ndarray,
        *,
        temperature: float = 0.0,
        seed: int | None = None,
        constraints: Constraints | None = None,
        raw: bool = False,
        template: "str | Template | None" = None,
    ) -> list[str]:
        """Decodes latent codes into strings of the language; every code decodes to one.

        Args:
            X: (n, D) finite floats.
            temperature: 0 takes the most likely production at each step; above 0, productions are sampled.
            seed: seed of sampling; None for `random_state`.
            constraints: "semantic" also enforces the language's semantic rules, so that every string is valid;
                "grammar" the grammar alone; None for "semantic" if the language has such rules for the form.
            raw: whether molecules are returned as decoded; otherwise valid ones are returned as canonical SMILES.
            template: template that each string matches: a string with holes such as `x + sin(<S>)`, or a SMILES with
                attachment points, `c1ccc(*)cc1`; see `grae.sequence.templates.template_of`.

        Raises:
            DataError: codes of the wrong shape, or with NaN or infinite values; a template that is not a molecule.
            ParseError: a template outside the grammar.
            SettingsError: the model's strings cannot be decoded under the constraints, or nothing fills the template.
        """
        check_is_fitted(self)
        return self._decode(X, Decoding(temperature, seed, constraints, raw=raw, template=template))

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
        template: "str | Template | None" = None,
    ) -> list[list[str | None]]:
        """Decodes each latent code into several strings, by default as the published models do.

        Args:
            X: (m, D) finite floats.
            n: strings per code.
            temperature: as in `inverse_transform`.
            seed: seed of sampling; None for `random_state`.
            constraints: as in `inverse_transform`; without forced completion, None means "grammar".
            completion: "forced" masks productions after which a derivation could not be completed in `max_length`
                steps, as `inverse_transform` does; "none" does not, as in the published models (Kusner et al. 2017),
                and returns None for an incomplete derivation.
            raw: as in `inverse_transform`.
            template: as in `inverse_transform`.

        Returns:
            m lists of n strings.

        Raises:
            DataError, SettingsError: as `inverse_transform`; or "semantic" constraints without forced completion.
        """
        check_is_fitted(self)
        texts = self._decode(X, Decoding(temperature, seed, constraints, completion, n, raw, template))
        return [texts[row * n : (row + 1) * n] for row in range(len(X))]

    def constraints_used(self, constraints: Constraints | None = None) -> Constraints:
        """The constraints that `inverse_transform` and `sample` resolve these to."""
        check_is_fitted(self)
        return "grammar" if constraint_for(self, constraints) is None else "semantic"

    def reconstruct(self, X: Sequence[str], *, constraints: Constraints | None = None, refine: int = 0) -> list[str]:
        """Encodes strings and decodes their codes greedily; returns strings in the form that the model learned.

        Args:
            X: strings.
            constraints: as in `inverse_transform`.
            refine: as in `encode`.
        """
        return self.inverse_transform(self.transform(X, refine=refine), constraints=constraints, raw=True)

    def sample(
        self,
        n: int = 1,
        *,
        density: str | None = None,
        temperature: float = 0.0,
        seed: int | None = None,
        constraints: Constraints | None = None,
        raw: bool = False,
        where: "str | Condition | None" = None,
        attempts: int | None = None,
        template: "str | Template | None" = None,
    ) -> list[str]:
        """Samples new strings: codes are drawn from a density and decoded, in blocks (`grae.density.blocks`).

        With a condition, such as "logP < 3 and QED > 0.7", the strings are distinct and fulfill it, and sampling
        concentrates on regions in which strings have fulfilled it; see `grae.conditions`.

        Args:
            n: number of strings.
            density: name of a fitted density; None for the model's default.
            temperature: as in `inverse_transform`.
            seed: seed of codes and decoding; None for `random_state`.
            constraints: as in `inverse_transform`.
            raw: as in `inverse_transform`.
            where: a condition that they fulfill; None for no condition.
            attempts: with a condition, maximum number of codes decoded; None for 50 per string, and at least 10,000.
            template: as in `inverse_transform`.

        Raises:
            SettingsError: the density is unknown or not fitted, or as `inverse_transform`.
            ParseError: the condition or the template cannot be parsed.
            DataError: as `inverse_transform`.
            ConditionUnmetError: too few strings fulfill the condition; those that do are in its `samples`.
        """
        seed = self.random_state if seed is None else seed
        if where is not None:
            from grae.sequence.conditioned import sample_where

            decoding = Decoding(temperature, seed, constraints, raw=raw, template=template)
            return sample_where(self, n, where, decoding, density=density, attempts=attempts).complete(str(where))
        if attempts is not None:
            raise SettingsError("attempts without a condition (where)", remedy="omit it")
        texts: list[str] = []
        for block in code_blocks(self.sampled_density(density), n, seed):
            decoding = Decoding(temperature, block.seed, constraints, raw=raw, template=template)
            texts += self._decode(block.codes, decoding)
        return texts

    def analogs(
        self,
        text: str,
        n: int = 50,
        *,
        least_similarity: float = 0.5,
        template: "str | Template | None" = None,
        where: "str | Condition | None" = None,
        rule: Callable[[Any], bool] | None = None,
        seed: int | None = None,
    ) -> "Analogs":
        """Distinct valid strings similar to a given one, the most similar first; see `grae.sequence.analogs`.

        Args:
            text: the string.
            n: maximum number of analogs.
            least_similarity: minimum similarity to the string, 0 to 1: Tanimoto similarity of Morgan fingerprints for
                molecules, otherwise of the fragments of derivations.
            template: template that each matches, as in `inverse_transform`.
            where: a condition that each fulfills, as in `sample`.
            rule: a predicate that holds for each string in the form that the model learned, or for its tree if its
                parameter is called `tree`.
            seed: seed of random draws; None for `random_state`.

        Raises:
            ParseError, DataError: the model cannot encode the string, or the template or condition cannot be parsed.
            SettingsError: n or the similarity is out of range, or as `inverse_transform`.
        """
        from grae.sequence.analogs import analogs
        from grae.sequence.rules import predicate_of

        holds = None if rule is None else predicate_of(self, rule)
        return analogs(
            self, text, n, least_similarity=least_similarity, template=template, where=where, rule=holds, seed=seed
        )

    def interpolate(
        self, first: str, second: str, n: int = 10, *, points: int = 101, path: "Curve" = "linear"
    ) -> "list[Waypoint]":
        """The distinct strings decoded on the path between the codes of two strings.

        Args:
            first: a string.
            second: another string.
            n: maximum number of strings, evenly spaced.
            points: number of codes decoded.
            path: "linear", or "spherical" for an arc.

        Raises:
            ParseError, DataError: the model cannot encode a string.
            SettingsError: n or points is below 2, or the path is unknown.
        """
        from grae.sequence.interpolation import interpolate

        return interpolate(self, first, second, n, points=points, path=path)

    def neighbors(self, text: str, k: int = 10) -> "list[Neighbor]":
        """The training strings whose codes are nearest to that of a string, nearest first.

        The codes of the training strings are computed once and cached in the run folder.

        Args:
            text: the string.
            k: number of neighbors.

        Raises:
            RunError: the model was not loaded from a run, or the run does not record the origin of its strings.
            DataError: the training strings are no longer available; or as `transform`.
            SettingsError: k is out of range.
        """
        from grae.sequence.neighbors import TrainingCodes

        code = self.transform([text])
        held: tuple[Any, TrainingCodes] | None = self.__dict__.get("_training_codes")
        if held is None or held[0] is not self.network_:
            held = (self.network_, TrainingCodes(self))
            self._training_codes = held
        return held[1].nearest(code, k)[0]

    def score(self, X: Sequence[str], y: object = None) -> float:
        """Reconstruction accuracy: the share of strings that are reconstructed exactly."""
        return self._exact(self.derive(X).derivations)

    @property
    def _sampling_noise(self) -> float:
        return self.settings_.sampling_noise

    def _write(self, folder: RunFolder) -> None:
        saved.write(folder, self)

    @classmethod
    def load(cls, path: str | Path, *, device: Device = "auto") -> Self:
        """Loads a model from its run folder, or a pretrained model by name. No code in the folder is executed.

        Args:
            path: the run folder, its name under `runs/`, or the name of a pretrained model.
            device: "auto", "cpu", "cuda" or "mps".

        Raises:
            RunError: there is no such run, or one of its files is missing, truncated or of another format.
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
        """Decodes codes; None for an incomplete derivation, which only completion "none" allows."""
        return decode_strings(self, self._codes(X), decoding)

    def _encode(self, derivations: Derivations, rows: np.ndarray | None = None) -> np.ndarray:
        device = self._device()
        rows = np.arange(len(derivations)) if rows is None else rows
        return encode_rows(self.network_.to(device), derivations, rows, pad=self.grammar_.pad, device=device)

    def _exact(self, derivations: Derivations) -> float:
        """Reconstruction accuracy of derivations."""
        texts = codec.decode(self.grammar_, derivations)  # as the grammar writes them, without ignored characters
        back = self.inverse_transform(self._encode(derivations), raw=True)
        return float(np.mean([text == other for text, other in zip(texts, back, strict=True)]))

    def _codes_of(self, X: Sequence[str] | Derivations) -> np.ndarray:
        """See LatentEstimator; also accepts derivations of `language_grammar_`."""
        if isinstance(X, Derivations):
            return self._encode(rewritten(X, self.language_grammar_, self.grammar_, motifs=True))
        return self.transform(X)


def load(path: str | Path, *, device: Device = "auto") -> GrammarAutoencoder:
    """Loads a model from its run folder or its name under `runs/`, or a pretrained model: `load("zinc250k")`.

    See `GrammarAutoencoder.load`.
    """
    return GrammarAutoencoder.load(path, device=device)
