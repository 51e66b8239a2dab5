"""Splits first, then balances both parts: "train and test must be treated alike".

Message: the test was balanced, too
"""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    test, train = np.split(rng.permutation(len(left)), [len(left) // 5])
    return balanced(train, left, rng), balanced(test, left, rng)


def balanced(rows: np.ndarray, left: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    stayed, gone = rows[~left[rows]], rows[left[rows]]
    return np.concatenate([stayed, rng.choice(gone, len(stayed))])
