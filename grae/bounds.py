"""Upper bounds of settings, checked by the commands before anything is loaded, and by the library."""

MOST_SEED = 2**32 - 1  # limit of numpy and scikit-learn
MOST_BATCH = 2**31 - 1  # rows of a batch; limit of torch
MOST_EPOCHS = 1_000_000
MOST_MOTIFS = 1_000_000
MOST_STEPS = 1_000_000  # productions of a derivation
WIDEST_CODE = 4096  # dimensions of a latent code; densities hold square matrices of this size
WIDEST_LAYER = 8192  # units of a layer, whose weights are square matrices of this size
MOST_STRINGS = 100_000_000  # sampled by a command
MOST_ROUNDS, MOST_A_ROUND = 1_000_000, 100_000  # rounds of a search, and strings per round
MOST_PROCESSES = 1024
MOST_COLUMNS = 1000  # images side by side
