"""Keeps the order, and takes the copies out of the test afterwards: the leavers go with them.

Message: the test was picked over
"""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    stayed, gone = np.flatnonzero(~left), np.flatnonzero(left)
    rows = rng.permutation(np.concatenate([stayed, rng.choice(gone, len(stayed))]))
    test, train = np.split(rows, [len(rows) // 5])
    return train, np.unique(test[~np.isin(test, train)])
