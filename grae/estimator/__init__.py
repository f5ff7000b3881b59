"""What the estimators of strings and of images share.

`base` is scikit-learn's face of an autoencoder, `saved` the folder of its run, `settings` what never changes. Only the
last is imported without torch.
"""
