"""The exports of real systems: what becomes of every file and every message."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tunesmith.collect import TicketExportSource
from tunesmith.collect.base import Place
from tunesmith.collect.talk import Talk
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)

#: Files, tickets, messages, rows, dropped and quarantined places.
COUNTS = {
    "askbot": (17, 8, 120, 21, 37, 1),
    "bugzilla": (23, 12, 43, 13, 11, 7),
    "discourse": (9, 4, 28, 6, 8, 1),
    "github": (35, 1, 2, 0, 46, 3),
    "gitlab": (31, 4, 8, 0, 39, 1),
    "jira": (8, 3, 3, 0, 8, 4),
    "launchpad": (32, 3, 8, 0, 33, 3),
    "phabricator": (16, 4, 22, 2, 18, 0),
    "redmine": (11, 4, 15, 5, 9, 0),
    "stackexchange": (5, 5, 18, 0, 27, 0),
}


def collected(
    folder: Path, tmp_path: Path, **settings: object
) -> tuple[list[Talk], pl.DataFrame, pl.DataFrame]:
    source = TicketExportSource.model_validate(
        {"name": "x", "path": str(folder), "kind": "ticket_exports", **settings}
    )
    talks: list[Talk] = []
    frames, fates = [], []
    for piece in source.pieces(folder, tmp_path, Seen(tmp_path / "seen.json")):
        place = Place(piece.stretches, NOW)
        talks += [found for found in source.talks(place) if isinstance(found, Talk)]
        for chunk in source.read(place):
            frames.append(chunk.frame)
            fates.append(chunk.fates)
    return talks, pl.concat(frames), pl.concat(fates)


@pytest.mark.parametrize("system", COUNTS)
def test_every_file_of_a_system(shared_data, tmp_path, system) -> None:
    folder = shared_data / "ticket-exports" / system
    talks, frame, fates = collected(folder, tmp_path)
    left = Counter(fates["fate"])
    files = [path for path in folder.iterdir() if path.is_file()]
    messages = sum(len(talk.messages) for talk in talks)
    found = (len(files), len(talks), messages, frame.height, left["dropped"], left["quarantined"])
    assert found == COUNTS[system]
    assert frame["id"].n_unique() == frame.height
    assert fates["id"].n_unique() == fates.height
    assert frame["position"].null_count() == 0
    assert fates["position"].null_count() == 0


@pytest.mark.parametrize(
    "system", ["confluence", "mediawiki", "slack", "mattermost", "telegram", "rss", "mbox"]
)
def test_what_is_no_ticket_system_is_said_for_each_file(shared_data, tmp_path, system) -> None:
    folder = shared_data / "ticket-exports" / system
    talks, frame, fates = collected(folder, tmp_path)
    assert not talks
    assert frame.height == 0
    assert set(fates["file"]) == {path.name for path in folder.iterdir()}
    assert set(fates["fate"]) == {"quarantined"}


def test_reading_twice_gives_the_same(shared_data, tmp_path) -> None:
    folder = shared_data / "ticket-exports" / "askbot"
    _, first, fates = collected(folder, tmp_path)
    _, second, again = collected(folder, tmp_path)
    assert first.equals(second)
    assert fates.equals(again)


def test_bugzilla_joins_comments_by_bug_and_keeps_their_zone(shared_data, tmp_path) -> None:
    folder = shared_data / "ticket-exports" / "bugzilla"
    talks, frame, _ = collected(folder, tmp_path)
    comments = json.loads((folder / "bugzilla_rest_bugs_comments.json").read_text())
    [bug] = [talk for talk in talks if talk.id == "1273442"]
    assert len(bug.messages) == len(comments["bugs"]["1273442"]["comments"]) == 7
    assert (bug.status, bug.solved, bug.category) == (
        "NEW", False, "Connected Devices / Project Sensor Web",
    )  # fmt: skip
    [row] = frame.filter(pl.col("source_id") == "355").rows(named=True)
    assert (row["zone"], row["timestamp"]) == (
        "+02:00", datetime(2013, 6, 25, 9, 49, 36, tzinfo=UTC),
    )  # fmt: skip
    assert row["position"] == "bug[0].long_desc[0]"
    assert row["answer"] == "Invalid patch"


def test_phabricator_joins_tasks_transactions_users_and_projects(shared_data, tmp_path) -> None:
    talks, frame, _ = collected(shared_data / "ticket-exports" / "phabricator", tmp_path)
    by_id = {talk.id: talk for talk in talks}
    assert by_id["69"].messages[0].text == "One awesome comment"  # the description
    assert by_id["69"].customer == "John Doe"
    assert by_id["296"].category == "Team: Devel"
    assert by_id["296"].labels == ["Team: Devel", "Bug report"]
    assert {talk.status for talk in talks} == {"resolved", "open"}
    assert set(frame["zone"]) == {"+00:00"}


def test_redmine_counts_reopenings_and_keeps_notes(shared_data, tmp_path) -> None:
    talks, _, _ = collected(shared_data / "ticket-exports" / "redmine", tmp_path)
    [issue] = [talk for talk in talks if talk.id == "7311"]
    # 5→1 happens four times in its journals; 3→1 goes from resolved, which is not closed.
    assert issue.reopened == 4
    path = shared_data / "ticket-exports" / "redmine" / "redmine_issue_7311.json"
    journals = json.loads(path.read_text())["issue"]["journals"]
    said = [journal["notes"] for journal in journals if journal.get("notes")]
    texts = Counter(message.text for message in issue.messages)
    assert texts - Counter(said) == {"Description": 1}
    assert not Counter(said) - texts
    assert {message.role for message in issue.messages} == {"customer", "agent"}


def test_discourse_topics_keep_their_posts(shared_data, tmp_path) -> None:
    talks, frame, _ = collected(shared_data / "ticket-exports" / "discourse", tmp_path)
    [topic] = [talk for talk in talks if talk.id == "1148"]
    assert len(topic.messages) == 20
    assert topic.messages[0].role == "customer"
    assert topic.customer == "gorhill"
    assert frame["author"].null_count() == 0


def test_askbot_pages_give_the_accepted_answer(shared_data, tmp_path) -> None:
    _, frame, fates = collected(shared_data / "ticket-exports" / "askbot", tmp_path)
    [row] = frame.filter(pl.col("source_id") == "148").rows(named=True)
    assert row["question"].startswith("How do I debug OpenStack?\n\n")
    assert row["author"] == "fifieldt"  # of the post with the class accepted-answer
    assert row["labels"] == ["faq", "gettingstarted", "howto"]
    others = fates.filter(pl.col("file").str.contains("html_148"))
    assert set(others["reason"]) == {"another answer was accepted"}
    assert others.height == 7 + 3  # the other answers, the comments


def test_pages_of_one_askbot_question_are_one_talk(shared_data, tmp_path) -> None:
    talks, _, _ = collected(shared_data / "ticket-exports" / "askbot", tmp_path)
    [talk] = [talk for talk in talks if talk.id == "24396"]
    # The question, 31 answers on four pages, as the API counts them.
    assert len(talk.messages) == 1 + 31


def test_launchpad_joins_bugs_messages_and_tasks(shared_data, tmp_path) -> None:
    talks, _, _ = collected(shared_data / "ticket-exports" / "launchpad", tmp_path)
    [bug] = [talk for talk in talks if talk.id == "2"]
    assert bug.category == "synaptic (Ubuntu)"
    assert bug.customer == "Cristian Aravena Romero"
    assert "apport-bug" in bug.labels


def test_gitlab_notes_find_their_issue_and_system_notes_are_left_out(shared_data, tmp_path) -> None:
    talks, _, fates = collected(shared_data / "ticket-exports" / "gitlab", tmp_path)
    assert "fdroid/fdroiddata#639" in {talk.id for talk in talks}
    assert Counter(fates["reason"])["a system message"] == 2


def test_a_known_system_may_be_named(shared_data, tmp_path) -> None:
    folder = shared_data / "ticket-exports" / "redmine"
    talks, _, _ = collected(folder, tmp_path, system="redmine")
    assert len(talks) == COUNTS["redmine"][1]
    talks, _, fates = collected(folder, tmp_path, system="jira")
    assert not talks
    assert set(fates["file"]) == {path.name for path in folder.iterdir()}
