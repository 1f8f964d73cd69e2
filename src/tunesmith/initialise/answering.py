"""Who answers mail, guessed from the addresses of those who do."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tunesmith.collect.mail.boundaries import form_of, mails
from tunesmith.collect.mail.headers import Head, envelope, plain

#: So many mails tell.
_SAMPLE = 2_000
_MOST_BYTES = 8 << 20

#: Where anybody may have an address.
_ANYBODY = {
    "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "live.com",
    "aol.com", "icloud.com", "gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com",
    "qq.com", "163.com", "mail.ru", "yandex.ru",
}  # fmt: skip


def answering_domain(files: Iterable[Path]) -> str | None:
    """The domain that at least half of all answers come from; null where there is none."""
    domains = Counter(filter(None, itertools.islice(_domains(files), _SAMPLE)))
    if not domains:
        return None
    domain, count = domains.most_common(1)[0]
    sure = count >= 3 and 2 * count >= domains.total() and domain not in _ANYBODY
    return domain if sure else None


def _domains(files: Iterable[Path]) -> Iterator[str | None]:
    """Of each mail the domain of who wrote it, if it answers another one."""
    for file in files:
        form = form_of(file)
        if form == "outlook":
            continue
        for one in itertools.islice(mails(file, form, max_bytes=_MOST_BYTES), _SAMPLE):
            head = Head(plain(one.head) if form == "mail" else one.head)
            about = envelope(head)
            answer = head.of_a_mail and about.answers and about.address is not None
            yield (about.address or "").rpartition("@")[2] if answer else None
