"""Check that prose is plain English: `make lint`, or `python -m tools.voice PATH ...`.

Three rules, each simple enough to be checked by a program:

- a sentence has at most 30 words;
- a docstring opens with a verb or a noun, not with "What" or "Who";
- archaic and translated words have a plain replacement.

Prose is Markdown outside of code, docstrings, comments, text in HTML templates, texts in TOML, and every Python string
of four words or more, because most of these are printed. Comments are checked for words only. Inline code counts as one
word. Short quotations are not checked for words, since they may be about the word.

Print a line per violation, `file:line: what is wrong: what to write instead`, and exit with 1 if there is any.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

MOST_WORDS = 30
FEWEST_WORDS_OF_A_TEXT = 4  # shorter strings are keys, names and labels
PLAIN = {
    r"mend(s|ed|ing)?": "fix",
    r"anew": "again",
    r"beside": "next to",
    r"(come|comes|came|coming) about": "happen",
    r"for ever": "forever",
    r"(stands|stood)(?! (in )?for)": "is, was, stays",
    r"somebody": "someone, or name the person",
    r"of (its|their|our) own": "its own, their own, our own",
    r"said": "logged, printed, reported",
    r"last words": "last log line",
    r"(what|all that|everything that) is made (from|of) (it|them)": "everything downstream",
    r"the month before(?! the)": "the previous month",
    r"pictures?": "plot, screenshot, image",
    r"it is a draw": "chance decides",
    r"whoever": "a noun: the person who, a pipeline that",
}
NOT_CHECKED = {
    "docs/": "pages of the site, which are to be written again; the READMEs that they include are checked",
    "requirements/": "locks, which a tool writes",
    "workflow_pipeline/locks/": "locks, too",
    "workflow_pipeline/pipeline.yaml": "compiled",
    "LICENSE": "not our text",
    "tools/voice.py": "names the words",
    "tests/test_voice.py": "tries them",
    "tests/notebooks/bad/": "notebooks as people write them, some of them no Python",
    "tests/notebooks/good/": "likewise",
}

KINDS = {".md", ".html", ".j2", ".py", ".toml", ".yaml", ".yml", ".sh"}
NAMES = {"Makefile", "Dockerfile"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SENTENCE_END = re.compile(r"""[.!?]["'”)\]*_]*(?:\n|\s+(?=["'“(\[*_`]*[A-Z0-9`]))""")
QUOTATION = r'"[^"\n]{1,40}"|“[^”\n]{1,40}”'
CODE_IN_STRING = re.compile(r"[{}]| = |</|^(import|from|SELECT|select) |==", re.MULTILINE)
CODE_IN_MARKDOWN = r"(?ms)^[ \t]*(```+|~~~+).*?^[ \t]*\1[ \t]*$|<!--.*?-->|\A---\n.*?^---$"
CODE_IN_TEMPLATE = r"(?s)<(style|script).*?</\1>|<[^>]*>|\{[{%#].*?[}%#]\}"
INDENTED_CODE = r"(?m)(?<=\n\n)(?: {4,}[^-*\d\s].*\n?)+"

Text = tuple[int, str]  # the number of its first line, and the text
Violation = tuple[int, str, str]  # line, what is wrong, what to write instead


def check(path: Path) -> Iterator[Violation]:
    """Yield the violations in a file. A kind of file without prose has none."""
    if path.suffix not in KINDS and path.name not in NAMES:
        return
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from in_python(text)
    elif path.suffix == ".md":
        yield from in_prose(markdown(text))
    elif path.suffix in {".html", ".j2"}:
        yield from in_prose(paragraphs(blanked(CODE_IN_TEMPLATE, text)))
    else:
        yield from in_comments(numbered(text))
        if path.suffix == ".toml":
            yield from in_prose(between_triple_quotes(text))


def in_python(text: str) -> Iterator[Violation]:
    tree = ast.parse(text)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and (docstring := ast.get_docstring(node)):
            expression = node.body[0]
            assert isinstance(expression, ast.Expr)
            docstrings.add(expression.value)
            if opening := re.match(r"(What|Who|Whoever)\b", docstring):
                yield expression.lineno, opening[0], "open with a verb (Return, Check) or a noun"
            yield from in_prose((expression.lineno + line - 1, part) for line, part in paragraphs(docstring))
    yield from in_prose(strings(tree, docstrings))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    yield from in_comments((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def in_prose(texts: Iterable[Text]) -> Iterator[Violation]:
    for number, text in texts:
        yield from archaic_words(number, text)
        yield from long_sentences(number, text)


def in_comments(lines: Iterable[Text]) -> Iterator[Violation]:
    for number, line in lines:
        if comment := re.search(r"(?:^|\s)#+ (.*)", line):
            yield from archaic_words(number, comment[1])


def archaic_words(number: int, text: str) -> Iterator[Violation]:
    prose = blanked(QUOTATION, without_code(text))
    for word, instead in PLAIN.items():
        for match in re.finditer(rf"\b(?:{word})\b", prose, re.IGNORECASE):
            yield number + prose[: match.start()].count("\n"), match[0], instead


def long_sentences(number: int, text: str) -> Iterator[Violation]:
    start = 0
    for end in [match.end() for match in SENTENCE_END.finditer(text)] + [len(text)]:
        sentence = text[start:end]
        count = len(re.findall(r"[^\W_][^\s/–—]*", without_code(sentence)))
        if count > MOST_WORDS:
            shown = " ".join(sentence.split())[:60]
            instead = f"two sentences, or at most {MOST_WORDS} words"
            yield number + text[:start].count("\n"), f"{count} words in '{shown}…'", instead
        start = end


def strings(node: ast.AST, left_out: set[ast.expr]) -> Iterator[Text]:
    """Yield the texts in Python code. In an f-string, each value counts as one word."""
    if isinstance(node, ast.JoinedStr):
        values = [part for part in node.values if not isinstance(part, ast.Constant)]
        parts = (str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        yield from long_enough(node.lineno, "".join(parts))
        for value in values:
            yield from strings(value, left_out)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in left_out:
        yield from long_enough(node.lineno, node.value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from strings(child, left_out)


def long_enough(number: int, text: str) -> Iterator[Text]:
    """Yield the paragraphs of a string that are prose rather than a name or code."""
    for line, paragraph in paragraphs(text):
        words = len(re.findall(r"[A-Za-z]{2,}", paragraph))
        if words >= FEWEST_WORDS_OF_A_TEXT and not CODE_IN_STRING.search(paragraph):
            yield number + line - 1, paragraph


def markdown(text: str) -> Iterator[Text]:
    """Yield paragraphs, list items, headings and table cells, without blocks of code and comments."""
    text = re.sub(r"(!?\[[^\]\n]*\])\([^)\s]*\)", r"\1", blanked(CODE_IN_MARKDOWN, text))
    for number, paragraph in paragraphs(text):
        if paragraph.lstrip().startswith("|"):
            for row, line in enumerate(paragraph.splitlines()):
                yield from ((number + row, cell) for cell in without_code(line).split("|"))
        else:
            yield number, paragraph


def paragraphs(text: str) -> Iterator[Text]:
    """Yield blocks of lines without indented code. A blank line, a list item or a heading starts a new block."""
    block: list[str] = []
    begun = 1
    for number, line in [*numbered(blanked(INDENTED_CODE, text)), (0, "")]:
        after_colon = bool(block) and block[-1].endswith(":") and line.startswith("    ")
        if block and (not line.strip() or after_colon or re.match(r"\s*([-*] |\d+\. |#+ )", line)):
            yield begun, "\n".join(block)
            block = []
        if line.strip():
            begun = begun if block else number
            block.append(line)


def between_triple_quotes(text: str) -> Iterator[Text]:
    for match in re.finditer(r'"""(.*?)"""', text, re.DOTALL):
        yield from ((text[: match.start()].count("\n") + line, part) for line, part in paragraphs(match[1]))


def numbered(text: str) -> list[Text]:
    return [*enumerate(text.splitlines(), 1)]


def without_code(text: str) -> str:
    """Replace inline code by one word of the same length."""
    return re.sub(r"(`+)[^`]+?\1", lambda match: re.sub(r"[^\n]", "x", match[0]), text)


def blanked(pattern: str, text: str) -> str:
    """Replace all matches by spaces and keep the line numbers."""
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def every_file() -> list[Path]:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    git = subprocess.run(listing, capture_output=True, check=False)
    if git.returncode:
        sys.exit("this folder is not a Git clone: name the files to check")
    return [Path(name) for name in git.stdout.decode().split("\0") if name]


def main() -> None:
    named = [file for name in sys.argv[1:] for file in (Path(name), *Path(name).rglob("*"))]
    violations = [
        f"{path}:{number}: {wrong}: {instead}"
        for path in sorted(named or every_file())
        if path.is_file() and not str(path).startswith(tuple(NOT_CHECKED))
        for number, wrong, instead in sorted(check(path))
    ]
    print(*violations, sep="\n", end="\n" if violations else "")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
