"""Whether a column names people or single rows, by what it is called and by what it holds.

A report that lists the values of such a column would publish what was masked everywhere else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from tunesmith.clean.pii import detect
from tunesmith.clean.pii.spans import KINDS

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")

#: Who a column may be about.
_PEOPLE = frozenset(
    (
        "account", "agent", "assignee", "author", "buyer", "caller", "client", "contact", "creator",
        "customer", "employee", "guest", "holder", "manager", "member", "operator", "owner",
        "patient", "person", "recipient", "reporter", "requester", "sender", "staff", "subscriber",
        "user",
    )
)  # fmt: skip
#: Alone or at the end, these are people: `agent`, `assigned_user`; `customer_account` too.
_ENDS = _PEOPLE - {"account", "staff"}
#: What identifies whoever it belongs to.
_ALWAYS = frozenset(
    (
        "address", "alias", "birthday", "birthdate", "cellphone", "email", "emails", "firstname",
        "forename", "fullname", "guid", "handle", "hash", "iban", "ip", "lastname", "login", "mail",
        "mails", "mobile", "nickname", "passport", "phone", "phones", "ssn", "surname", "telephone",
        "thread", "username", "uuid",
    )
)  # fmt: skip
#: What identifies together with a person or with one of `_PARTS`.
_NAMES = frozenset(("id", "ids", "name", "names", "number", "no", "nr"))
_PARTS = frozenset(
    (
        "bug", "case", "conversation", "display", "family", "first", "full", "given", "invoice",
        "last", "maiden", "message", "middle", "nick", "order", "record", "row", "screen",
        "session", "source", "ticket", "transaction",
    )
)  # fmt: skip
#: What identifies where it stands alone.
_WHOLE = frozenset(("file", "id", "ids", "line", "name", "names"))
#: `assigned_to`, `created_by`.
_BY = frozenset(
    (
        ("assigned", "to"), ("answered", "by"), ("closed", "by"), ("created", "by"),
        ("handled", "by"), ("opened", "by"), ("reported", "by"), ("resolved", "by"),
    )
)  # fmt: skip
#: A column that ends so tells kinds of things apart, not the things: `phone_model`, `email_type`.
_KINDS_OF = frozenset(
    (
        "brand", "category", "channel", "class", "count", "country", "domain", "group", "kind",
        "language", "level", "model", "os", "plan", "provider", "region", "segment", "status",
        "team", "tier", "type", "verified",
    )
)  # fmt: skip


def identifies(column: str) -> bool:
    """Whether a column identifies people or rows by its name: `customer_name`, `eMail`, `userId`.

    Args:
        column: A name in any of the usual spellings: words apart by `_`, `-`, spaces, capitals.
    """
    words = [word.lower() for word in _WORD.findall(column)]
    if not words or words[-1] in _KINDS_OF:
        return False
    if len(words) == 1 and words[0] in _WHOLE:
        return True
    if words[-1] in _ENDS or tuple(words[-2:]) in _BY or not _ALWAYS.isdisjoint(words):
        return True
    of_someone = not (_PEOPLE | _PARTS).isdisjoint(words)
    return of_someone and not _NAMES.isdisjoint(words)


def personal_values(values: Collection[str]) -> list[str]:
    """The kinds of personal data that the values of a column are, in order; none: it may be shown.

    One address, number or other mark of a person is enough. Words that may be a person's name are
    also names of places and of products, so a column holds names where more than half of its values
    may be one (`Maria Lopez`, `maria`).

    Args:
        values: The distinct values.
    """
    settings = detect.Settings(lists=True)
    found: Counter[str] = Counter()
    for value in values:
        written = value.title() if value.islower() else value
        found.update({span.kind for span in detect.find(written, KINDS, settings)})
    names = found.pop("PERSON", 0)
    for kind in ("ORGANIZATION", "LOCATION"):
        found.pop(kind, None)
    return sorted(found) + (["PERSON"] if 2 * names > len(values) else [])
