"""Options of `grae optimize --target fit`, and the settings they correspond to."""

FIT = "fit"
OWN = {
    "data": "data",
    "y": "y",
    "test": "test",
    "grammar": "grammar",
    "function": "functions",
    "evaluations": "evaluations",
    "most_productions": "max_length",
    "most_constants": "max_constants",
}
"""Options of this target alone, with what the request calls them."""
SHARED = ("points", "delimiter", "batch_size", "seed", "workers")
"""Options that it shares with other targets."""
