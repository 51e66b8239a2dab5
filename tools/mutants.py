"""Print how many mutants of each file the tests have killed, and name those that are alive: `make mutants`.

A mutant is a copy of the code with one change. A test kills it by failing. mutmut keeps its results next to its copy of
the code; a mutant without a result has not been tried.
"""

import json
import sys
from collections import Counter
from pathlib import Path

LEAST_KILLED = 0.75  # of the mutants tried in a file; many of the others change nothing that a test could see
STATUS = {0: "alive", 1: "killed", 3: "killed", 33: "no test", None: "not tried"}  # any other is a timeout or a crash


def main(folder: Path) -> int:
    """Return 1 if too many mutants of a file are alive."""
    alive, too_few = [], False
    print(f"{'':42}  killed   alive  other  not tried")
    for file in sorted(folder.rglob("*.py.meta")):
        found = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        count = Counter(STATUS.get(code, "other") for code in found.values())
        living = count["alive"] + count["no test"]
        alive += [name for name, code in found.items() if STATUS.get(code) in ("alive", "no test")]
        tried = count["killed"] + living
        too_few |= tried > 0 and count["killed"] < LEAST_KILLED * tried
        share = f"({count['killed'] / tried:.0%})" if tried else ""
        name = file.relative_to(folder).as_posix().removesuffix(".meta")
        print(f"{name:42}{count['killed']:4} {share:6}{living:5} {count['other']:6} {count['not tried']:10}")
    print(*sorted(alive), sep="\n")
    return int(too_few)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
