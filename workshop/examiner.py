"""Check answers in the exercise's environment, under limits. Only grade.py starts this module:

    .venv/model/bin/python -m workshop.examiner RESULTS PRINTED EXERCISE_FOLDER ANSWER...

Write a line to RESULTS when the check is ready, because imports and prepare() may take seconds, then a line of JSON per
answer. The output of answers goes to PRINTED. Turn every exception of an answer into a sentence; grade.py handles
answers that exit, crash or hang.
"""

import errno
import json
import logging
import os
import resource
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

from workshop.answer import Answer, NotYet

MOST_MEMORY_GB = 4
MOST_WRITTEN_MB = 50  # per file of an answer, and for its output


def examine(check: ModuleType, answer: Path) -> dict[str, Any]:
    """Run the check on an answer and return the fields of a Grade."""
    try:
        source = answer.read_text(encoding="utf-8")
        if not source.strip():
            return not_yet(f"your file is empty: make reset E={answer.stem[:2]} restores the starter")
        compile(source, str(answer), "exec")
        return {"passed": True, "message": check.check(Answer(answer))}
    except NotYet as problem:
        return not_yet(problem.sentence, see=problem.see)
    except SyntaxError as error:
        code = (error.text or "").rstrip()
        return not_yet(f"line {error.lineno} of your file is not Python ({error.msg})", trace=[code] if code else [])
    except UnicodeDecodeError:
        return not_yet("your file is not text in UTF-8: save it as UTF-8")
    except BaseException as error:
        return not_yet(sentence_about(error, answer), trace=lines_of(answer, error))


def sentence_about(error: BaseException, answer: Path) -> str:
    if isinstance(error, SystemExit):
        return "your answer calls exit(), so the check cannot use it: return instead"
    if isinstance(error, EOFError):
        return "your answer waits for the keyboard (input()), but a pipeline runs without one"
    if isinstance(error, MemoryError):
        return f"your answer used more than the {MOST_MEMORY_GB} GB of memory that it may use"
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"your answer printed or wrote more than {MOST_WRITTEN_MB} MB"
    shown = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    if lines_of(answer, error):
        return f"your answer raised {shown}"
    return f"the check could not use the result of your answer ({shown}): compare it with the task"


def lines_of(answer: Path, error: BaseException) -> list[str]:
    """Return the lines of the traceback that are in the learner's file."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"line {frame.lineno}: {frame.line}" for frame in frames if frame.filename == str(answer)][-5:]


def not_yet(message: str, see: str = "", trace: list[str] | None = None) -> dict[str, Any]:
    return {"passed": False, "message": message, "see": see, "trace": trace or []}


def limit_this_process() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN_MB * 2**20,) * 2)
    if sys.platform == "linux":  # macOS does not enforce a memory limit
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_GB * 2**30,) * 2)


def loaded(check: Path) -> ModuleType:
    spec = spec_from_file_location("check", check)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules["check"] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    results, printed, folder, *answers = (Path(word) for word in sys.argv[1:])
    with printed.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
    limit_this_process()
    logging.disable(logging.CRITICAL)  # hide engine logs: the learner looks for the answer's output
    check = loaded(folder / "check.py")
    if hasattr(check, "prepare"):
        check.prepare()
    with results.open("a", encoding="utf-8") as lines:
        print("ready", file=lines, flush=True)
        for answer in answers:
            os.chdir(mkdtemp(dir=results.parent))
            print(json.dumps(examine(check, answer)), file=lines, flush=True)
    os._exit(0)  # end all threads of the answers


if __name__ == "__main__":
    main()
