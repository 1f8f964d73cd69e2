"""The settings of proposed sources that are left to fill, as comments that say why."""

from __future__ import annotations

from tunesmith.initialise.written import quoted

_OUTSIDE = (
    "# license: CC-BY-4.0   # rows of unknown licence are dropped (clean.licenses): name it if",
    "#                      # the content does not say it itself",
)
_AGENTS = (
    '# agents: ["*@example.com"]   # who answers; without it whoever writes first in a',
    "#                             # conversation is the customer",
)
_SETTINGS: dict[str, tuple[str, ...]] = {
    "chats": (
        '# agents: ["*@example.com", "Anna"]   # who answers: addresses, names or titles; without',
        "#                                     # it whoever begins a conversation is the customer",
        "# rating_scale: [1, 5]                # the worst and the best rating, if there are any",
    ),
    "calls": (
        '# speakers: {"Anna": agent, "*": customer}   # without it the first who speaks in a call',
        "#                                            # is the agent",
        "# fillers: remove                            # takes out um and uh",
    ),
    "docs_tree": _OUTSIDE,
    "papers": _OUTSIDE,
    "web_archive": _OUTSIDE,
    "wikipedia": (
        "# license: CC-BY-SA-4.0   # needed for wikis other than Wikimedia's; rows of unknown",
        "#                         # licence are dropped (clean.licenses)",
    ),
}


def settings_of(kind: str, license_line: str, domain: str | None) -> list[str]:
    """The lines of a source below its place.

    Args:
        kind: The source's.
        license_line: The line with the licence of the company's own content.
        domain: Where mail is answered from, if it could be guessed.
    """
    lines = list(_SETTINGS.get(kind, ()))
    if kind == "mail":
        guessed = f"agents: [{quoted(f'*@{domain}')}]   # guessed: most answers come from there"
        lines = list(_AGENTS) if domain is None else [guessed]
    outside = kind in {"docs_tree", "papers", "web_archive", "wikipedia"}
    return lines if outside else [license_line, *lines]
