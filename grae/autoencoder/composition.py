"""An autoencoder is a composition: encoder, bottleneck, decoder, and a regularizer of the decoder."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from grae.autoencoder.bottlenecks import Bottleneck
from grae.autoencoder.normalized import once
from grae.autoencoder.regularizers import Regularizer

Batch = Mapping[str, Tensor]
Reconstruction = Callable[[Tensor, Batch], dict[str, Tensor]]
Counted = Callable[[Tensor, Batch], Tensor]


def whole(output: Tensor, batch: Batch) -> Tensor:
    """All of a decoder's output."""
    return output


class Autoencoder(nn.Module):
    """L = L_REC + beta L_Z + lambda L_REG (Ghosh et al. 2020, equation 5), the whole of it computed in `forward`.

    Args:
        encoder: maps a batch to features (B, F).
        bottleneck: maps features to codes (B, D) and L_Z.
        decoder: called with codes and the batch, gives its output (what that is, `reconstruction` knows).
        reconstruction: maps the decoder's output and the batch to scalars, "reconstruction" (L_REC) among them; the
            others are only reported.
        regularizer: prepares encoder and decoder here, and gives L_REG.
        beta: weight of L_Z.
        lambda_: weight of L_REG.
        counted: what of the decoder's output `reconstruction` looks at, so that a regularizer of the output looks at no
            more; all of it when left out.
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
        self.counted = counted
        regularizer.prepare(nn.ModuleList([encoder, bottleneck]), decoder)

    def encode(self, batch: Batch) -> Tensor:
        """The codes of a batch without noise, (B, D)."""
        with once(self.encoder), once(self.bottleneck):
            return self.bottleneck.encode(self.encoder(batch))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The loss and its terms, scalars: "loss", "reconstruction", "embedding" (L_Z), "regularization" (L_REG)."""
        with once(self):
            z, embedding = self.bottleneck(self.encoder(batch))
            terms = self.reconstruction(self.decoder(z, batch), batch)
            rows = slice(None, None, self.regularizer.every)
            selected = {name: value[rows] for name, value in batch.items()}
            regularization = self.regularizer.penalty(
                self.decoder, lambda codes: self.counted(self.decoder(codes, selected), selected), z[rows]
            )
        loss = terms["reconstruction"] + self.beta * embedding + self.lambda_ * regularization
        return {"loss": loss, **terms, "embedding": embedding, "regularization": regularization}
