"""Every ticket system whose exports are read, and telling which one a document is of."""

from __future__ import annotations

from typing import Any, Literal

from tunesmith.collect.exports import (
    askbot,
    bugzilla,
    discourse,
    freshdesk,
    github,
    gitlab,
    intercom,
    jira,
    launchpad,
    phabricator,
    redmine,
    servicenow,
    stackexchange,
    zendesk,
)
from tunesmith.collect.exports.parts import System

SystemName = Literal[
    "askbot", "bugzilla", "discourse", "freshdesk", "github", "gitlab", "intercom", "jira",
    "launchpad", "phabricator", "redmine", "servicenow", "stackexchange", "zendesk",
]  # fmt: skip

#: In the order in which they are asked: those whose marks are their own come first.
_MODULES = (
    askbot, discourse, phabricator, servicenow, launchpad, stackexchange, intercom, jira, redmine,
    gitlab, freshdesk, zendesk, bugzilla, github,
)  # fmt: skip

SYSTEMS: dict[str, System] = {module.SYSTEM.name: module.SYSTEM for module in _MODULES}


def system_of(document: Any) -> System | None:
    """The first system that recognises a document."""
    return next((system for system in SYSTEMS.values() if system.recognise(document)), None)
