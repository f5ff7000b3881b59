"""The parts shared by the estimators of strings and images.

`base` is the scikit-learn API of an autoencoder, `saved` its run folder, `objective` the settings of its loss,
`settings` immutable settings. The last two do not import torch.
"""
