"""Start the kernel of one notebook behind a wall. The Python of the notebook runs this file by its path.

    python kernel.py settings.json -f connection.json

settings.json says where to start and what may be reached: folder, readable, writable, and wall, which may be false.
The file imports no package of this project, because that Python may be any environment with ipykernel.
"""

import json
import os
import runpy
import sys
from pathlib import Path


def main() -> None:
    here = Path(__file__).resolve().parent
    settings = json.loads(Path(sys.argv.pop(1)).read_text(encoding="utf-8"))
    os.chdir(settings["folder"])
    if settings["wall"]:
        runpy.run_path(str(here / "wall.py"))["put_up"]([*settings["readable"], sys.argv[-1]], settings["writable"])
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
