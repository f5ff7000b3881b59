"""Upper bounds of settings. The commands check them before anything is loaded, the library at any time."""

MOST_SEED = 2**32 - 1  # that numpy and scikit-learn take
MOST_BATCH = 2**31 - 1  # rows of a batch, that torch counts
MOST_EPOCHS = 1_000_000
MOST_MOTIFS = 1_000_000
MOST_STEPS = 1_000_000  # productions of a derivation
WIDEST_CODE = 4096  # numbers in a latent code; densities hold matrices of its square
WIDEST_LAYER = 8192  # numbers in a layer of a network, whose weights are matrices of its square
MOST_STRINGS = 100_000_000  # that a command samples
MOST_ROUNDS, MOST_A_ROUND = 1_000_000, 100_000  # of a search, and its strings a round
MOST_PROCESSES = 1024
MOST_COLUMNS = 1000  # images side by side
