"""Credentials: passwords and tokens in URLs, API keys, private keys.

The forms of keys are those that their issuers document; the same ones are what secret scanners
such as gitleaks and GitHub's look for.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from tunesmith.clean.pii.lexicon import folded, is_ordinary, words

_NAMES = r"access_token|api_?key|apikey|auth|key|passwd|password|pwd|secret|sig|signature|token"
URL_HINT = rf"://[^\s/?#]{{1,256}}@|(?i)[?&;](?:{_NAMES})="
_USERINFO = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://([^\s/?#@\"'<>]{1,256})@")
_QUERY_SECRET = re.compile(rf"[?&;](?:{_NAMES})=([^\s&#\"'<>\[\]]{{1,512}})", re.IGNORECASE)


def url_credentials(text: str) -> Iterator[tuple[int, int]]:
    """User names, passwords and tokens inside URLs."""
    if "://" not in text:
        return
    for match in _USERINFO.finditer(text):
        if not match[1].startswith("[URL_CREDENTIALS"):
            yield match.span(1)
    for match in _QUERY_SECRET.finditer(text):
        yield match.span(1)


_ISSUED = (
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}"  # Amazon Web Services
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,250}"  # Slack
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9]{24,64}"  # Stripe
    r"|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,200}|hf_[A-Za-z0-9]{30,60}"
    r"|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,250}"  # Google
    r"|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|npm_[A-Za-z0-9]{36}"
    r"|pypi-[A-Za-z0-9_-]{40,250}"
    r"|eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,2000}"  # RFC 7519
)
_NAMED = (
    r"api[ _-]?(?:key|token|secret)|access[ _-]?(?:key|token)|auth(?:entication"
    r"|orization)?[ _-]?token"
    r"|secret[ _-]?(?:key|token)?|client[ _-]?secret|bearer|password|passwd|passwort|pwd|passcode"
)
#: The words that `_NAMED` ends with.
WORDS = (
    "key",
    "token",
    "secret",
    "bearer",
    "password",
    "passwd",
    "passwort",
    "pwd",
    "passcode",
    "begin",
    *("kennwort", "passphrase", "passe", "contraseña", "wachtwoord"),
    *("apikey", "apitoken", "apisecret", "accesskey", "accesstoken", "secretkey", "secrettoken"),
    *("authtoken", "authenticationtoken", "authorizationtoken", "clientsecret"),
)
ISSUED_HINT = (
    r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[rs]k_|whsec_|sk-|hf_|AIza|ya29\.|SG\."
    r"|npm_|pypi-|eyJ"
)
SAID_HINT = (
    rf"-----BEGIN|(?i-u:{_NAMED})[\"']?(?: ?(?:[:=]|(?i-u:is|ist|est|es)) ?| )[\"'`]?[^\s]*\d"
)
_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_ISSUED})(?![A-Za-z0-9_])")
_PRIVATE = re.compile(
    r"-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----[A-Za-z0-9+/=\s:,-]{1,8192}?"
    r"-----END (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----"
)
_SAID = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_NAMED})[\"']?(?:[ ]?(?:[:=]|is|ist|est|es)[ ]?|[ ])[\"'`]?"
    r"([^\s\"'`<>\[\],;]{6,512})",
    re.IGNORECASE,
)


def secrets(text: str) -> Iterator[tuple[int, int]]:
    """API keys by their issuers' forms, private keys, and what is said to be a key or password."""
    for match in _KEY.finditer(text):
        yield match.span()
    for match in _PRIVATE.finditer(text):
        yield match.span()
    yield from told(text)
    for match in _SAID.finditer(text):
        start, end = match.span(1)
        while end > start and text[end - 1] in ".!?)":
            end -= 1
        if looks_secret(text[start:end]):
            yield start, end


_SAID_TO_BE = (
    r"(?:password|passwd|passwort|kennwort|pwd|passcode|passphrase|mot de passe|contraseña"
    r"|wachtwoord)"
)
#: Each of those words holds one of these.
_KEYS = (
    "passw",
    "kennwort",
    "pwd",
    "passcode",
    "passphrase",
    "de passe",
    "contraseña",
    "wachtwoord",
)
_TOLD_AS = r"(?:[ ]?[:=][ ]?|[ ](?:is|was|lautet|ist|est|es|è)[ :]{1,2})"
_TOLD = re.compile(
    rf"(?<![^\W_]){_SAID_TO_BE}(?P<told>{_TOLD_AS})(?P<quote>[\"'`“‘„«]?)"
    r"(?P<word>[^\W\d_]{5,64}(?:[-_][^\W\d_]{2,64}){0,3}|\d{4,12})"
    r"(?=[.!?]?(?:[\"'`”’“»);,]|\s|\Z))(?![.]\w)",
    re.IGNORECASE,
)
#: A password that is said ends what is said: `the password is case sensitive`.
_ENDS = re.compile(r"[.!?]?(?:[\"'`”’“»);,\n]|\s*\Z|[.!?]\s|[ ](?:and|but|for|und|aber|y|et)\b)")
#: Endings of what is said about a password: `expired`, `incorrecte`, `unsafe`.
_ABOUT = re.compile(
    r"(?:ed|en|ing|ive|ent|ant|less|able|ible|al|ic|ous|ly|ful|ted|tis|rect|alid|afe|ure|te|ada?"
    r"|ado|ida|ido|isch|lich|bar|ig|iert|aufen|sam)\Z"
)
TOLD_HINT = rf"(?i){_SAID_TO_BE}(?: ?[:=] ?| (?:is|was|lautet|ist|est|es|è)[ :]{{1,2}})\S{{4}}"


def told(text: str) -> Iterator[tuple[int, int]]:
    """Passwords of letters or digits alone, where words say that one follows.

    A word that is an ordinary one, or that says something about the password, is none; after the
    German `ist` only a noun is, which has a capital.
    """
    small = text.casefold()
    for match in _TOLD.finditer(text) if any(key in small for key in _KEYS) else ():
        word = match["word"]
        if word.isdigit() or (_ENDS.match(text, match.end()) and _names(match)):
            yield match.span("word")


def _names(match: re.Match[str]) -> bool:
    word = folded(match["word"])
    if word in words("not_a_password") or is_ordinary(word):
        return False
    if match["quote"] or match["told"].strip() == "lautet":
        return True
    if match["told"].strip() in {"ist", "est", "es", "è"} and match["word"].islower():
        return False
    return _ABOUT.search(word) is None


def looks_secret(word: str) -> bool:
    """Whether a word is no ordinary one: letters mixed with digits or signs, hard to guess."""
    if len(word) < 6 or word.startswith(("http", "[", "{")):
        return False
    kinds = (
        any(letter.isdigit() for letter in word)
        + any(letter.islower() for letter in word)
        + any(letter.isupper() for letter in word)
        + any(not letter.isalnum() for letter in word)
    )
    counts = Counter(word)
    bits = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return kinds >= 2 and any(letter.isdigit() for letter in word) and bits >= 2.3
