"""Choose the rows to train on and the rows to test on. One of the two steps below comes too early."""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays of row numbers: to train on, with as many leavers as others; and to test on.

    `left` is true for each customer who has left, shape (n,). Draw with `rng`, so that it can be repeated.
    """
    # TODO: this test promises more than the model can do. Why?
    stayed, gone = np.flatnonzero(~left), np.flatnonzero(left)
    rows = np.concatenate([stayed, rng.choice(gone, len(stayed))])  # repeat leavers until they are half

    rows = rng.permutation(rows)
    test, train = np.split(rows, [len(rows) // 5])
    return train, test
