"""Lists of names, from packages that keep them: given and family names, places, ordinary words.

* names of persons: the providers of `faker` (some eighty locales)
* places: the geographic data of `phonenumbers` (who has which area code, in English) and its list
  of countries
* ordinary English words, which a name may be as well (`Will`, `May`): the word list of `faker`;
  words of trades and companies: its lists of jobs and phrases

Loading those packages takes most of a second, so the lists are kept as files (see `derived`).
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, wraps
from importlib import resources
from itertools import chain
from types import ModuleType

import orjson

from tunesmith import derived


@lru_cache
def words(name: str) -> frozenset[str]:
    """A word list of `words.toml`, beside this file."""
    lists = tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text("utf-8"))
    return frozenset(lists[name].split())


#: Endings of English nouns, adjectives, adverbs and participles, after a stem of four letters.
_ENDING = re.compile(
    r"(?<=\w{4})(?:ly|ing|tion|sion|ness|ment|able|ible|ful|less|ous|ical|ized|ity)s?\Z"
)
_GIVEN = ("first_name", "given_name")
_FAMILY = ("last_name", "family_name", "surname")


def folded(word: str) -> str:
    """A name without case and accents, as the lists hold it.

    >>> folded("Šárka")
    'sarka'
    """
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(maxsize=1)
def _identity() -> str:
    """What the lists depend on."""
    source = resources.files(__package__).joinpath("lexicon.py").read_bytes()
    return derived.identity(("faker", "phonenumbers"), source, unicodedata.unidata_version)


def _kept(make: Callable[[], frozenset[str]]) -> Callable[[], frozenset[str]]:
    """Make a list once, and read it in the processes that follow."""

    @lru_cache(maxsize=1)
    @wraps(make)
    def read() -> frozenset[str]:
        name = make.__name__.strip("_").replace("_", "-")
        data = derived.kept(f"{name}.json", _identity(), lambda: orjson.dumps(sorted(make())))
        return frozenset(orjson.loads(memoryview(data)))

    return read


@_kept
def given_names() -> frozenset[str]:
    """Given names of many countries, folded; single words."""
    return frozenset(_of_providers("person", _GIVEN))


@_kept
def family_names() -> frozenset[str]:
    """Family names of many countries, folded; single words."""
    return frozenset(_of_providers("person", _FAMILY))


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Ordinary English words, folded: alone, they are no sign of a name."""
    return _lorem_words() | words("ordinary")


@_kept
def _lorem_words() -> frozenset[str]:
    from faker.providers.lorem.en_US import Provider

    return frozenset(folded(word) for word in Provider.word_list)


@lru_cache(maxsize=1)
def _working_words() -> frozenset[str]:
    """Words of trades and companies, and those on the buttons of a shop or a help page."""
    return _trade_words() | words("working")


@_kept
def _trade_words() -> frozenset[str]:
    from faker.providers.company.en_US import Provider as Company
    from faker.providers.job.en_US import Provider as Job

    phrases = " ".join([*Job.jobs, *chain(*Company.catch_phrase_words, *Company.bsWords)]).lower()
    return frozenset(re.findall(r"[a-z]{3,}", phrases))


@lru_cache(maxsize=65_536)
def is_ordinary(word: str) -> bool:
    """Whether a folded word is an ordinary English one: by list, or by an ending of its own.

    >>> is_ordinary("secretly"), is_ordinary("emily")
    (True, False)
    """
    if word in common_words() or word in _working_words():
        return True
    if word.endswith("s") and len(word) > 4 and is_ordinary(word[:-1]):
        return True
    return (
        _ENDING.search(word) is not None
        and word not in given_names()
        and word not in family_names()
    )


@lru_cache(maxsize=1)
def places() -> frozenset[str]:
    """Towns, regions and countries of the world, folded; of one word or several."""
    return _geography() - common_words()


@_kept
def _geography() -> frozenset[str]:
    from phonenumbers.geodata import GEOCODE_DATA
    from phonenumbers.geodata.locale import LOCALE_DATA

    found: set[str] = set()
    for names in GEOCODE_DATA.values():
        if "en" in names:
            # "Tallangatta Valley/Talmalmo", "Greenville, PA", "Aguiar - PB"
            for part in re.split(r"/|, | - |\(|\)", names["en"]):
                if len(part) > 3:
                    found.add(folded(part.strip()))
    for names in LOCALE_DATA.values():
        for language in ("en", "aa", "de", "fr", "es"):
            name = names.get(language, "")
            if name and not name.startswith("*"):
                found.add(folded(name))
    return frozenset(found)


@_kept
def countries() -> frozenset[str]:
    """The English names of the world's countries, as they are written."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    names = (by.get("en", "") for by in LOCALE_DATA.values())
    english = (
        by.get("aa", "") if name.startswith("*") else name
        for name, by in zip(names, LOCALE_DATA.values(), strict=True)
    )
    return frozenset(name for name in english if name and not name.startswith("*"))


@_kept
def widespread_names() -> frozenset[str]:
    """Given and family names of English, or of two languages or more: the likelier ones, folded."""
    languages: dict[str, set[str]] = {}
    for locale, provider in _providers("person"):
        for name in _words(provider, (*_GIVEN, *_FAMILY)):
            languages.setdefault(name, set()).add(locale.split("_")[0])
    return frozenset(name for name, of in languages.items() if len(of) > 1 or "en" in of)


def _of_providers(kind: str, words: tuple[str, ...]) -> Iterator[str]:
    """The single words in the lists of faker's providers whose names hold one of `words`."""
    for _, provider in _providers(kind):
        yield from _words(provider, words)


def _providers(kind: str) -> Iterator[tuple[str, ModuleType]]:
    """The modules of faker's providers of a kind, each with its locale."""
    package = importlib.import_module(f"faker.providers.{kind}")
    for module in pkgutil.iter_modules(package.__path__):
        yield module.name, importlib.import_module(f"{package.__name__}.{module.name}")


def _words(module: ModuleType, words: tuple[str, ...]) -> Iterator[str]:
    for name, values in vars(module.Provider).items():
        if any(word in name for word in words) and isinstance(values, Iterable):
            for value in values:
                if isinstance(value, str) and " " not in value and len(value) > 1:
                    yield folded(value)
