"""The one training loop, its settings, checkpoints and progress; it serves strings and images alike."""
