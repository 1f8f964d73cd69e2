"""Whatever stands in an export: nothing raises, and all that is read ends as rows or reasons."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunesmith.collect import TicketExportSource
from tunesmith.collect.base import Place, Stretch
from tunesmith.collect.exports import markup
from tunesmith.collect.exports.catalogue import SYSTEMS
from tunesmith.collect.exports.join import Joint
from tunesmith.collect.exports.parts import Ticket, Where
from tunesmith.collect.talk import Exchange, Talk, TalkRules, exchanges
from tunesmith.collect.talk_source import Unread

from .shapes import SHAPES

NOW = datetime(2026, 1, 2, tzinfo=UTC)

FILES = [
    "jira/jira_issues_page_1.json", "jira/jira_comments_issue_page_1.json",
    "github/github_issue_2", "github/github_issue_comments_1", "gitlab/issue_page_1",
    "gitlab/notes_1", "bugzilla/bugzilla_rest_bugs.json", "bugzilla/bugzilla_rest_bugs_comments.json",
    "bugzilla/bugzilla_rest_bugs_history.json", "bugzilla/bugzilla_bug.xml",
    "phabricator/phabricator_tasks.json", "phabricator/phabricator_transactions.json",
    "phabricator/phabricator_users.json", "discourse/discourse_posts.json",
    "stackexchange/stackexchange_question", "askbot/api_24396_openstack.json",
    "askbot/askbot_2481_multicomments.json", "askbot/askbot_question.html",
    "launchpad/launchpad_issue_1", "launchpad/launchpad_issue_1_comments",
    "launchpad/launchpad_issue_1_expected", "redmine/redmine_issue_7311.json",
]  # fmt: skip

VALUES = st.sampled_from(
    [
        None,
        7,
        -1,
        1.5,
        True,
        "",
        "x" * 5_000,
        [],
        {},
        [None],
        [[]],
        ["a", 1],
        {"id": {"id": 1}},
        "1",
    ]
)


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        yield value, key
        if isinstance(item, dict | list):
            yield from nodes(item)


def check(documents: list[Any]) -> None:
    """Read documents by every system; count what becomes of each message."""
    for system in SYSTEMS.values():
        joint = Joint()
        found: list[Talk | Unread] = []
        for number, document in enumerate(documents):
            system.recognise(document)
            parts = list(system.read(document, Where(f"{number}.json")))
            found += joint.add(parts)
        found += joint.talks()
        assert all(unread.position for unread in found if isinstance(unread, Unread))
        for talk in found:
            if isinstance(talk, Talk):
                assert talk.messages
                assert len(talk.id) <= 500
                ends = list(exchanges(talk, TalkRules()))
                said = sum(
                    len(end.asked) + len(end.answered) if isinstance(end, Exchange) else 1
                    for end in ends
                )
                assert said == len(talk.messages)


def changed(documents: list[Any], data: st.DataObject) -> list[Any]:
    documents = copy.deepcopy(documents)
    for _ in range(data.draw(st.integers(1, 3))):
        places = [place for document in documents for place in nodes(document)]
        if not places:
            break
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        holder[key] = copy.deepcopy(data.draw(VALUES))
    return documents


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_may_be_anything_in_a_documented_shape(name, data) -> None:
    check(changed(SHAPES[name], data))


@pytest.mark.parametrize("name", FILES)
def test_any_value_may_be_anything_in_a_real_file(shared_data, name) -> None:
    path = shared_data / "ticket-exports" / name
    if path.suffix == ".xml":
        document = markup.xml_records(str(path))
    elif path.suffix == ".html":
        document = markup.askbot_page(str(path))
    else:
        document = json.loads(path.read_text())

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        check(changed([document], data))

    fuzz()


@settings(max_examples=100)
@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "issues", "fields", "tickets", "comments", "bugs", "result"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_is_read_by_any_system(document) -> None:
    check([document])


@pytest.mark.parametrize("end", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("name", ["gitlab/issue_page_1", "bugzilla/bugzilla_bugs_details.xml"])
def test_a_torn_file_has_a_reason_with_its_place(shared_data, tmp_path, name, end) -> None:
    raw = (shared_data / "ticket-exports" / name).read_bytes()
    path = tmp_path / "torn"
    path.write_bytes(raw[: int(len(raw) * end)])
    source = TicketExportSource(name="x", path=str(path))
    chunks = list(source.read(Place.file(path, "torn", NOW)))
    fates = pl.concat([chunk.fates for chunk in chunks]).filter(pl.col("fate") == "quarantined")
    assert fates.height == 1
    assert fates["position"][0].startswith("line ")


def test_a_ticket_has_one_fate_however_often_it_comes() -> None:
    joint = Joint()
    twice = [Ticket(Where("a", f"t[{i}]"), "1", subject="Where?") for i in range(3)]
    found = [*joint.add(twice), *joint.talks()]
    assert [type(one).__name__ for one in found] == ["Unread", "Unread", "Talk"]


def test_stretches_of_several_files_are_one_piece(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(SHAPES["zendesk"][0]))
    (tmp_path / "b.json").write_text(json.dumps(SHAPES["zendesk"][1]))
    source = TicketExportSource(name="x", path=str(tmp_path))
    stretches = tuple(Stretch(tmp_path / name, name) for name in ("a.json", "b.json"))
    assert any(isinstance(talk, Talk) for talk in source.talks(Place(stretches, NOW)))
