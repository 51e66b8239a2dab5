"""Start Lab's kernel in a different folder and environment: `python kernel.py FOLDER PYTHON -f connection.json`.

Lab's own Python runs this file. Jupytext then finds that the kernel is the right one, and Lab asks nobody for it.
"""

import os
import sys

if __name__ == "__main__":
    folder, python, *words = sys.argv[1:]
    os.chdir(folder)
    os.execv(python, [python, "-m", "ipykernel_launcher", *words])
