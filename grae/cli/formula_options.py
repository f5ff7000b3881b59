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
"""Options of this target only, with their names in the request."""
SHARED = ("points", "delimiter", "batch_size", "seed", "workers")
"""Options shared with other targets."""
