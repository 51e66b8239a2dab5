"""Split first, then balance only the training rows."""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    test, train = np.split(rng.permutation(len(left)), [len(left) // 5])

    stayed, gone = train[~left[train]], train[left[train]]
    return np.concatenate([stayed, rng.choice(gone, len(stayed))]), test
