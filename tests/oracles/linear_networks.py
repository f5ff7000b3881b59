"""The smallest encoder and decoder of an `Autoencoder`: a linear layer each."""

from torch import nn


class Encoder(nn.Linear):
    def forward(self, batch):
        return super().forward(batch["x"])


class Decoder(nn.Linear):
    def forward(self, z, batch):
        return super().forward(z)
