"""The training loop, its settings, checkpoints and progress, shared by strings and images."""
