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
from collections.abc import Iterator
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
NOT_PLAIN = re.compile("|".join(rf"(?P<w{i}>\b{word}\b)" for i, word in enumerate(PLAIN)), re.IGNORECASE)
NOT_CHECKED = {
    "docs/": "pages of the site, which are to be written again; the READMEs that they include are checked",
    "requirements/": "locks, which a tool writes",
    "workflow_pipeline/locks/": "locks, too",
    "workflow_pipeline/pipeline.yaml": "compiled",
    "contrast/matrix.json": "written by make contrast",
    "LICENSE": "not our text",
    "tools/voice.py": "names the words",
    "tests/test_voice.py": "tries them",
}

KINDS = {".md", ".html", ".j2", ".py", ".toml", ".yaml", ".yml", ".sh"}
NAMES = {"Makefile", "Dockerfile"}
SENTENCE_END = re.compile(r"""[.!?]["'”)\]*_]*(?:\n|\s+(?=["'“(\[*_`]*[A-Z0-9`]))""")
CODE = re.compile(r"[{}]| = |</|^(import|from|SELECT|select) |==", re.MULTILINE)  # in a string: no sentence

Text = tuple[int, str]  # the line where it starts, and the text
Violation = tuple[int, str, str]  # line, what is wrong, what to write instead


def check(path: Path) -> Iterator[Violation]:
    """Yield the violations in a file; none for a kind of file that holds no prose."""
    if path.suffix not in KINDS and path.name not in NAMES:
        return
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield from in_prose(markdown(text))
    elif path.suffix in {".html", ".j2"}:
        yield from in_prose(paragraphs(blanked(r"(?s)<(style|script).*?</\1>|<[^>]*>|\{[{%#].*?[}%#]\}", text)))
    elif path.suffix == ".py":
        yield from in_python(text)
    elif path.suffix == ".toml":
        yield from in_words(comments(text))
        yield from in_prose(texts_between_triple_quotes(text))
    else:
        yield from in_words(comments(text))
        yield from in_sentences((number, line.partition("## ")[2]) for number, line in numbered(text))


def in_python(text: str) -> Iterator[Violation]:
    tree = ast.parse(text)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node) is None:
                continue
            expression = node.body[0]
            assert isinstance(expression, ast.Expr)
            docstrings.add(expression.value)
            docstring = ast.get_docstring(node) or ""
            if opening := re.match(r"(What|Who|Whoever)\b", docstring):
                yield expression.lineno, opening[0], "open with a verb (Return, Check) or a noun"
            lines = paragraphs(docstring)
            yield from in_prose((expression.lineno + line - 1, paragraph) for line, paragraph in lines)
    yield from in_prose(strings(tree, docstrings))
    hashes = (token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT)
    yield from in_words((token.start[0], token.string) for token in hashes)


def strings(node: ast.AST, left_out: set[ast.expr]) -> Iterator[Text]:
    """Yield the texts in Python code; in an f-string, each value counts as one word."""
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
    """Yield the paragraphs of a string that are a text, neither a name nor code."""
    for line, paragraph in paragraphs(text):
        if len(re.findall(r"[A-Za-z]{2,}", paragraph)) >= FEWEST_WORDS_OF_A_TEXT and not CODE.search(paragraph):
            yield number + line - 1, paragraph


def in_prose(texts: Iterator[Text]) -> Iterator[Violation]:
    for text in texts:
        yield from in_words(iter([text]))
        yield from in_sentences(iter([text]))


def in_words(texts: Iterator[Text]) -> Iterator[Violation]:
    for number, text in texts:
        for match in NOT_PLAIN.finditer(blanked(r'"[^"\n]{1,40}"|“[^”\n]{1,40}”', without_code(text))):
            assert match.lastgroup
            instead = [*PLAIN.values()][int(next(g for g, found in match.groupdict().items() if found)[1:])]
            yield number + text[: match.start()].count("\n"), match[0], instead


def in_sentences(texts: Iterator[Text]) -> Iterator[Violation]:
    for number, text in texts:
        start = 0
        for end in [match.end() for match in SENTENCE_END.finditer(text)] + [len(text)]:
            sentence = text[start:end]
            words = re.findall(r"[^\W_][^\s/–—]*", without_code(sentence))
            if len(words) > MOST_WORDS:
                line = number + text[: start + len(sentence) - len(sentence.lstrip())].count("\n")
                shown = " ".join(sentence.split())
                yield line, f"{len(words)} words in '{shown[:60]}…'", f"two sentences, or at most {MOST_WORDS} words"
            start = end


def markdown(text: str) -> Iterator[Text]:
    """Yield paragraphs, list items, headings and table cells; blocks of code and comments are left out."""
    text = blanked(r"(?ms)^[ \t]*(```+|~~~+).*?^[ \t]*\1[ \t]*$|<!--.*?-->|\A---\n.*?^---$", text)
    text = re.sub(r"(!?\[[^\]\n]*\])\([^)\s]*\)", r"\1", text)
    for number, paragraph in paragraphs(text):
        if paragraph.lstrip().startswith("|"):
            for row, line in enumerate(paragraph.splitlines()):
                yield from ((number + row, cell) for cell in without_code(line).split("|"))
        else:
            yield number, paragraph


def paragraphs(text: str) -> Iterator[Text]:
    """Yield blocks of lines: a blank line, a list item or a heading starts a new one; indented code is left out."""
    text = blanked(r"(?m)(?<=\n\n)(?: {4,}[^-*\d\s].*\n?)+", text)
    block: list[str] = []
    begun = 1
    for number, line in [*numbered(text), (0, "")]:
        indented = bool(block) and block[-1].endswith(":") and line.startswith("    ")
        if block and (not line.strip() or indented or re.match(r"\s*([-*] |\d+\. |#+ )", line)):
            yield begun, "\n".join(block)
            block = []
        if line.strip():
            begun = begun if block else number
            block.append(line)


def comments(text: str) -> Iterator[Text]:
    for number, line in numbered(text):
        if match := re.search(r"(?:^|\s)#+ (.*)", line):
            yield number, match[1]


def texts_between_triple_quotes(text: str) -> Iterator[Text]:
    for match in re.finditer(r'"""(.*?)"""', text, re.DOTALL):
        yield from ((text[: match.start()].count("\n") + line, part) for line, part in paragraphs(match[1]))


def numbered(text: str) -> list[Text]:
    return [*enumerate(text.splitlines(), 1)]


def without_code(text: str) -> str:
    """Replace inline code by one word of the same length."""
    return re.sub(r"(`+)[^`]+?\1", lambda match: "x" * len(match[0]), text)


def blanked(pattern: str, text: str) -> str:
    """Replace all matches by spaces; lines stay where they are."""
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def every_file() -> list[Path]:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    git = subprocess.run(listing, capture_output=True, check=False)
    if git.returncode:
        sys.exit("this folder is not a clone made by Git: name the files to check")
    return [Path(name) for name in git.stdout.decode().split("\0") if name]


def main() -> None:
    named = [
        path for name in sys.argv[1:] for path in ([Path(name)] if Path(name).is_file() else Path(name).rglob("*"))
    ]
    found = 0
    for path in sorted(named or every_file()):
        if path.is_file() and not str(path).startswith(tuple(NOT_CHECKED)):
            for number, wrong, instead in sorted(check(path)):
                found += 1
                print(f"{path}:{number}: {wrong}: {instead}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
