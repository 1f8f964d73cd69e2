from __future__ import annotations

import pytest

from tunesmith.collect.mail.automatic import automatic
from tunesmith.collect.mail.headers import Head


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ("Subject: Order", None),
        ("Auto-Submitted: no", None),
        ("Precedence: normal", None),
        ("X-Auto-Response-Suppress: All", None),  # Outlook writes it into what people write
        ("Subject: I am out of coffee", None),
        ("Auto-Submitted: auto-replied", "an automatic reply"),
        ("Auto-Submitted: auto-replied; owner-email=a@b", "an automatic reply"),
        ("X-Autoreply: yes", "an automatic reply"),
        ("X-Autorespond: Away", "an automatic reply"),
        ("Precedence: auto_reply", "an automatic reply"),
        ("Subject: Out of Office: Order", "an automatic reply"),
        ("Subject: Automatische Antwort: Bestellung", "an automatic reply"),
        ("Subject: =?utf-8?q?R=C3=A9ponse_automatique_:_Commande?=", "an automatic reply"),
        ("Auto-Submitted: auto-generated", "an automatic message"),
        ("Return-Path: <>", "an automatic message"),
        ("Return-Path: <>\nSubject: Undeliverable: Order", "a delivery report"),
        ("From: MAILER-DAEMON@mx.example", "a delivery report"),
        ("From: Mail Delivery System <postmaster@mx.example>", "a delivery report"),
        ("List-Id: <a.example>", "list or bulk mail"),
        ("Precedence: bulk", "list or bulk mail"),
        ("List-Unsubscribe: <mailto:a@b>", "list or bulk mail"),
    ],
)
def test_by_headers(headers: str, why: str | None) -> None:
    if "From" not in headers:
        headers = f"From: ann@example.net\n{headers}"
    assert automatic(Head(f"{headers}\n\n".encode()), "text/plain", None, lists=True) == why


def test_reports_and_lists() -> None:
    head = Head(b"From: a@b.c\nList-Id: <x>\n\n")
    assert automatic(head, "multipart/report", "delivery-status", lists=True) == "a delivery report"
    receipt = automatic(head, "multipart/report", "disposition-notification", lists=True)
    assert receipt == "a read receipt"
    assert automatic(head, "text/plain", None, lists=False) is None
