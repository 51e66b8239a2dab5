"""Find what looks like a secret in a text. The secret itself is never printed."""

import re

KINDS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "an access key of AWS": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,})",
    "a token of GitLab": r"\bglpat-[\w-]{20}",
    "a token of Slack": r"\bxox[abprs]-[\w-]{10,}",
    "a key of Google": r"\bAIza[\w-]{35}\b",
    "a key of OpenAI or Anthropic": r"\bsk-(ant-|proj-)?[\w-]{20,}",
    "a token of Hugging Face": r"\bhf_[A-Za-z0-9]{30,}",
    "a token of PyPI": r"\bpypi-[\w-]{40,}",
    "a key of Stripe": r"\b[sr]k_live_\w{20,}",
    "a JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "a password in an address": r"\b[a-z][a-z0-9+]*://[^\s:/@'\"{}]+:[^\s/@'\"{}]+@",
    "a bearer token": r"\bBearer [\w.~+/-]{16,}",
}
NAMED = re.compile(
    r"""(?ix) \b (?P<name>\w*(?:password|passwd|secret|api_?key|access_?key|auth_?token|token|credential)\w*) ['"]?\]?
        \s* [=:] \s* ['"] (?P<value>[^'"\s{}<>]{8,}) ['"]"""
)
HARMLESS = re.compile(r"(?i)\*{3,}|x{4,}|your|example|changeme|placeholder|redacted|dummy|^(test|none|null)")


def secret_in(text: str) -> str:
    """Return what kind of secret a source seems to hold, such as "an access key of AWS"; "" if none."""
    if kind := known_secret_in(text):
        return kind
    for match in NAMED.finditer(text):
        if not HARMLESS.search(match["value"]) and len(set(match["value"])) > 4:
            return f"a value of {match['name']}, which looks like a secret"
    return ""


def known_secret_in(text: str) -> str:
    """Return what kind of secret a text holds by the secret's own form.

    Names such as "token" do not count: in outputs, a library's script is full of them.
    """
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, text)), "")
