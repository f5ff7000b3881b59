"""The loss and the gradients of each kind of model on one batch, in one of several processes or the only one.

Run as a program; the main process writes them. What is drawn is a function of the row that it is drawn for, so that the
same row gets the same in any process.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from grae import files
from grae.autoencoder import BOTTLENECKS, REGULARIZERS, Autoencoder
from grae.training import processes

NOISE = {"noisy": {"noise": 0.5}, "constant-variance": {"noise": 0.5}}
KINDS = [(bottleneck, "none") for bottleneck in BOTTLENECKS]
KINDS += [("deterministic", regularizer) for regularizer in REGULARIZERS if regularizer != "none"]


class Encoder(nn.Linear):
    def forward(self, batch):
        return super().forward(batch["x"])


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(3, 6)
        self.recurrence = nn.GRU(6, 5, batch_first=True)

    def forward(self, z, batch):
        return self.recurrence(self.dense(z)[:, None].expand(-1, 4, -1))[0][:, -1]


def squared_error(output, batch):
    return {"reconstruction": (output - batch["x"]).square().sum(dim=1).mean()}


def drawn(like: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    return torch.sin(10 * like.detach().double() + 1).to(dtype or like.dtype)


def main(path: Path) -> None:
    torch.set_num_threads(1)
    torch.randn_like = drawn  # pyright: ignore[reportAttributeAccessIssue]
    several = distributed.is_torchelastic_launched()
    if several:
        distributed.init_process_group("gloo")
    rank, world = (distributed.get_rank(), distributed.get_world_size()) if several else (0, 1)
    rows = torch.randn(12, 5, generator=torch.Generator().manual_seed(0))[rank::world]
    found = {}
    for bottleneck, regularizer in KINDS:
        torch.manual_seed(1)
        model = Autoencoder(
            Encoder(5, 4),
            BOTTLENECKS[bottleneck](4, 3, **NOISE.get(bottleneck, {})),
            Decoder(),
            squared_error,
            REGULARIZERS[regularizer](),
            beta=0.7,
            lambda_=0.3,
        )
        prepared: Any = DistributedDataParallel(model) if several else model
        terms = prepared({"x": rows})
        terms["loss"].backward()
        for name, value in terms.items():
            value = value.detach().clone()
            if several:
                distributed.all_reduce(value)
            found[f"{bottleneck} {regularizer}: {name}"] = value / world
        for name, weight in model.named_parameters():
            found[f"{bottleneck} {regularizer}: d {name}"] = weight.grad
    if rank == 0:
        files.write_tensors(path, found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    processes.leave()
    threads = [task.read_text() for task in Path("/proc/self/task").glob("*/comm")]  # none listed but on Linux
    assert not [name for name in threads if "gloo" in name], threads
