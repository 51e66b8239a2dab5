"""Splits first, but draws the copies for training from all customers, those of the test among them.

Message: customers of the test were drawn for training
"""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    test, train = np.split(rng.permutation(len(left)), [len(left) // 5])
    stayed = train[~left[train]]
    return np.concatenate([stayed, rng.choice(np.flatnonzero(left), len(stayed))]), test
