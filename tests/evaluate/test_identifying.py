"""Columns that name people or rows: by their name, and by what they hold."""

from __future__ import annotations

import polars as pl
import pytest

from tunesmith.evaluate.identifying import identifies, personal_values


@pytest.mark.parametrize(
    "name",
    [
        "customer_name", "agent_name", "customer_id", "customer_email", "full_name", "e_mail",
        "Customer Name", "customerName", "userID", "E-Mail", "user", "assigned_agent", "name", "id",
        "thread", "file", "phone_number", "Customer Phone", "ticket_id", "IPAddress", "email2",
    ],
)  # fmt: skip
def test_people_and_rows(name: str) -> None:
    assert identifies(name)


@pytest.mark.parametrize(
    "name",
    [
        "tier", "customer_tier", "agent_team", "product", "product_name", "phone_model", "priority",
        "email_domain", "store_id", "intent", "ticket_type", "account_type", "Ticket Channel", "月",
    ],
)  # fmt: skip
def test_what_rows_have_in_common(name: str) -> None:
    assert not identifies(name)


def test_values() -> None:
    assert personal_values(["Maria", "Sven"]) == ["PERSON"]
    assert personal_values(["maria lopez", "john smith", "desk"]) == ["PERSON"]
    assert personal_values(["gold", "call +1 415 555 2671"]) == ["PHONE"]
    assert personal_values(["Male", "Female"]) == []
    assert personal_values(["Dell XPS", "Amazon Echo", "Canon EOS", "iPhone", "Google Nest"]) == []
    assert personal_values([]) == []


def test_public_data_sets(shared_data) -> None:
    """Who a bug is assigned to is refused, and no category of three data sets."""
    bugs = pl.read_csv(shared_data / "ticket-exports/bugzilla/bugzilla_buglist.csv")
    assert [name for name in bugs.columns if identifies(name)] == ["bug_id", "assigned_to"]
    for name in ("product", "component", "bug_status", "resolution"):
        assert personal_values(bugs[name].unique().to_list()) == []
    tickets = pl.read_csv(shared_data / "bitext-support/tickets.csv", infer_schema=False)
    for name in ("category", "intent"):
        assert personal_values(tickets[name].unique().to_list()) == []
