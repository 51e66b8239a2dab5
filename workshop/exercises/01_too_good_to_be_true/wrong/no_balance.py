"""Gives up balancing, because balancing leaked.

Message: Balancing is allowed, in its place
"""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    test, train = np.split(rng.permutation(len(left)), [len(left) // 5])
    return train, test
