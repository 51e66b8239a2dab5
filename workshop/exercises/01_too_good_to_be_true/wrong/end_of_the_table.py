"""Takes the last fifth of the table as it comes.

Message: one end of the table
"""

import numpy as np


def train_and_test(left: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    train, test = np.split(np.arange(len(left)), [len(left) * 4 // 5])
    stayed, gone = train[~left[train]], train[left[train]]
    return np.concatenate([stayed, rng.choice(gone, len(stayed))]), test
