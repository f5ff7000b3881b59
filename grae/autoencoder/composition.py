"""An autoencoder is a composition: encoder, bottleneck, decoder, and a regularizer of the decoder."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from grae.autoencoder.bottlenecks import Bottleneck
from grae.autoencoder.normalized import once
from grae.autoencoder.rate import RateTarget
from grae.autoencoder.regularizers import Regularizer

Batch = Mapping[str, Tensor]
Reconstruction = Callable[[Tensor, Batch], dict[str, Tensor]]
Counted = Callable[[Tensor, Batch], Tensor]


def whole(output: Tensor, batch: Batch) -> Tensor:
    """The decoder's whole output."""
    return output


class Autoencoder(nn.Module):
    """L = L_REC + beta L_Z + lambda L_REG (Ghosh et al. 2020, equation 5); `forward` computes the whole loss.

    Args:
        encoder: maps a batch to features (B, F).
        bottleneck: maps features to codes (B, D) and L_Z.
        decoder: called with codes and the batch; its output is interpreted by `reconstruction`.
        reconstruction: maps the decoder's output and the batch to scalars, including "reconstruction" (L_REC); the
            others are only reported.
        regularizer: changes encoder and decoder once, at construction, and computes L_REG.
        beta: weight of L_Z; its initial value if `rate` is given.
        lambda_: weight of L_REG.
        rate: target rate, in nats, to which beta is adapted in training (`RateTarget`); None for a constant beta.
        counted: selects the part of the decoder's output that `reconstruction` uses, to which a regularizer of the
            output is applied; defaults to all of it.
    """

    def __init__(
        self,
        encoder: nn.Module,
        bottleneck: Bottleneck,
        decoder: nn.Module,
        reconstruction: Reconstruction,
        regularizer: Regularizer,
        *,
        beta: float,
        lambda_: float,
        rate: float | None = None,
        counted: Counted = whole,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.bottleneck = bottleneck
        self.decoder = decoder
        self.reconstruction = reconstruction
        self.regularizer = regularizer
        self.beta = beta
        self.lambda_ = lambda_
        self.rate_target = None if rate is None else RateTarget(rate, beta)
        self.counted = counted
        regularizer.prepare(nn.ModuleList([encoder, bottleneck]), decoder)

    def encode(self, batch: Batch) -> Tensor:
        """Codes of a batch without noise, (B, D)."""
        with once(self.encoder), once(self.bottleneck):
            return self.bottleneck.encode(self.encoder(batch))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss and its terms, scalars: "loss", "reconstruction", "embedding" (L_Z), "regularization" (L_REG).

        With a target rate, also "rate", in nats, and "beta".
        """
        with once(self):
            z, embedding, rate = self.bottleneck(self.encoder(batch))
            terms = self.reconstruction(self.decoder(z, batch), batch)
            rows = slice(None, None, self.regularizer.every)
            selected = {name: value[rows] for name, value in batch.items()}
            regularization = self.regularizer.penalty(
                self.decoder, lambda codes: self.counted(self.decoder(codes, selected), selected), z[rows]
            )
        penalties = {"embedding": embedding, "regularization": regularization}
        beta = self.beta
        if self.rate_target is not None:
            assert rate is not None  # as the settings require
            beta = self.rate_target(rate)
            penalties |= {"rate": rate, "beta": beta}
        loss = terms["reconstruction"] + beta * embedding + self.lambda_ * regularization
        return {"loss": loss, **terms, **penalties}
