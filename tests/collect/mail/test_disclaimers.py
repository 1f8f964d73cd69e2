from __future__ import annotations

import pytest

from tunesmith.collect.mail.disclaimers import without_disclaimers

SPONSORED = (
    "-------------------------------------------------------\nThis sf.net email is sponsored by:"
    " OSDN\n_______________________________________________\nA mailing list\nhttps://x/listinfo/a"
)


@pytest.mark.parametrize(
    "added",
    [
        "This e-mail and any attachments are confidential and intended solely for X.\nIf not, go.",
        "CONFIDENTIALITY NOTICE: The contents of this message ...",
        "*** Disclaimer ***\nanything",
        "The information contained in this communication is for X only.",
        "If you are not the intended recipient, delete it.",
        "Diese E-Mail enthält vertrauliche Informationen.",
        "Ce message et toutes les pièces jointes sont confidentiels.",
        "Este mensaje y sus adjuntos son confidenciales.",
        "Please consider the environment before printing this e-mail.",
        "_______________________________________________\nusers mailing list\nusers@example.net",
        SPONSORED,
        "This message has been scanned for viruses.",
        "http://lists.example/mailman/listinfo/fork",
        "-------------- next part --------------\nAn HTML attachment was scrubbed...\nURL: <http://x>",
    ],
)
def test_what_goes(added: str) -> None:
    assert without_disclaimers(f"Send it back.\n\n{added}\n") == "Send it back."
    assert without_disclaimers(f"{added}\n") == (f"{added}\n" if "next part" not in added else "")


@pytest.mark.parametrize(
    "text",
    [
        "Is this e-mail address right?\n\nAnn",
        "Hello\nThis message is intended for the shop, right below a line of its paragraph.",
        "One\n----------\nTwo",
        "The information on your page is wrong.",
        "I want to unsubscribe from the newsletter.",
    ],
)
def test_what_stays(text: str) -> None:
    assert without_disclaimers(text) == text


def test_a_disclaimer_far_above_the_end_stays() -> None:
    text = "Please mind:\n\nDisclaimer: none\n\n" + "words\n" * 99 + "end"
    assert without_disclaimers(text) == text
