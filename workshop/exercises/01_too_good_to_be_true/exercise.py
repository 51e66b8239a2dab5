"""Which rows to train on, and which to test on? One of the two lines of work below comes too early."""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays of row numbers: to train on, with as many leavers as others; and to test on.

    `left` is true for each customer who has left, shape (n,). Draw with `rng`, so that it can be repeated.
    """
    # TODO: the test below promises more than the model can do. Why?
    stayed, gone = np.flatnonzero(~left), np.flatnonzero(left)
    rows = np.concatenate([stayed, rng.choice(gone, len(stayed))])  # leavers again and again, until they are half

    rows = rng.permutation(rows)
    test, train = np.split(rows, [len(rows) // 5])
    return train, test
