"""One of several processes of a training, or the only one; the main one writes the weights. Run as a program."""

import sys
from pathlib import Path

import torch
from toy import Data, Model, validation

from grae.training import processes
from grae.training.loop import train
from grae.training.run_folder import RunFolder
from grae.training.settings import TrainingSettings

if __name__ == "__main__":
    torch.set_num_threads(1)
    data, model, path = Data(n_rows=40, batch_size=8), Model(dropout=0.0, norm=False), Path(sys.argv[1])
    settings = TrainingSettings(
        epochs=int(sys.argv[2]), batch_size=8, precision="fp32", device="cpu", schedule="constant"
    )
    run, resume = RunFolder(path), sys.argv[3:] == ["resume"]
    result = train(model, data, settings, validate=validation(data), run=run, resume=resume)
    if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:
        run.write_tensors("model.safetensors", model.state_dict(), {"steps": result.steps})
    processes.leave()
    threads = [task.read_text() for task in Path("/proc/self/task").glob("*/comm")]  # none listed but on Linux
    assert not [name for name in threads if "gloo" in name], threads
