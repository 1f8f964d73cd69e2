"""Exports as the systems document them, where no real one is at hand; small and invented."""

from __future__ import annotations

from typing import Any

ZENDESK: list[Any] = [
    {
        "tickets": [
            {
                "id": 35, "subject": "The printer is on fire", "description": "It smokes.",
                "status": "closed", "requester_id": 1, "submitter_id": 1, "group_id": 9,
                "via": {"channel": "email"}, "tags": ["printer", "smoke"], "priority": "high",
                "satisfaction_rating": {"score": "good"}, "created_at": "2025-03-01T10:00:00Z",
            },
            {
                "id": 36, "subject": "Billed twice", "description": "Two bills came.",
                "status": "open", "requester_id": 2, "submitter_id": 2, "via": {"channel": "web"},
                "satisfaction_rating": {"score": "bad"}, "created_at": "2025-03-02T10:00:00Z",
            },
        ],
        "users": [
            {"id": 1, "name": "Jane", "role": "end-user"},
            {"id": 2, "name": "Bob", "role": "end-user"},
            {"id": 3, "name": "Ann", "role": "agent"},
        ],
        "groups": [{"id": 9, "name": "Hardware"}],
    },
    {
        "ticket_events": [
            {
                "id": 100, "ticket_id": 35, "updater_id": 1, "created_at": "2025-03-01T10:00:00Z",
                "child_events": [
                    {"id": 1, "event_type": "Comment", "body": "It smokes.", "public": True,
                     "author_id": 1},
                ],
            },
            {
                "id": 101, "ticket_id": 35, "updater_id": 3, "created_at": "2025-03-01T11:00:00Z",
                "child_events": [
                    {"id": 2, "event_type": "Comment", "body": "Pull the plug.", "public": True},
                    {"id": 3, "event_type": "Comment", "body": "Third this week.", "public": False},
                ],
            },
            {
                "id": 102, "ticket_id": 35, "updater_id": 1, "created_at": "2025-03-02T11:00:00Z",
                "child_events": [
                    {"id": 4, "event_type": "Change", "status": "open", "previous_value": "solved"},
                    {"id": 5, "event_type": "Comment", "body": "It smokes again.", "public": True},
                ],
            },
            {
                "id": 103, "ticket_id": 35, "updater_id": 3, "created_at": "2025-03-02T12:00:00Z",
                "via": {"channel": "rule"},
                "child_events": [
                    {"id": 6, "event_type": "Comment", "body": "We got your mail.", "public": True},
                ],
            },
            {
                "id": 104, "ticket_id": 35, "updater_id": 3, "created_at": "2025-03-02T13:00:00Z",
                "child_events": [
                    {"id": 7, "event_type": "AgentMacroReference", "macro_id": 5},
                    {"id": 8, "event_type": "Comment", "body": "A new one is on its way.",
                     "public": True},
                ],
            },
            {
                "id": 105, "ticket_id": 99, "updater_id": 3, "created_at": "2025-03-02T13:00:00Z",
                "child_events": [
                    {"id": 9, "event_type": "Comment", "body": "Of no ticket.", "public": True},
                ],
            },
        ]
    },
]  # fmt: skip

#: A ticket of the JSON export: one a line.
ZENDESK_LINE: dict[str, Any] = {
    "id": 7, "subject": "Reset", "description": "How do I reset it?", "status": "solved",
    "requester": {"id": 1, "name": "Jane", "role": "end-user"}, "submitter": {"id": 1},
    "assignee": {"id": 3, "name": "Ann", "role": "agent"}, "group": {"name": "Accounts"},
    "created_at": "2025-03-01T10:00:00Z", "metric_set": {"reopens": 2},
    "comments": [
        {"id": 1, "author_id": 1, "body": "How do I reset it?", "public": True,
         "created_at": "2025-03-01T10:00:00Z"},
        {"id": 2, "author_id": 3, "body": "Hold the button.", "public": True,
         "created_at": "2025-03-01T10:05:00Z"},
    ],
}  # fmt: skip

INTERCOM: list[Any] = [
    {
        "type": "conversation.list",
        "conversations": [
            {
                "type": "conversation", "id": "147", "created_at": 1740823200, "state": "closed",
                "source": {
                    "type": "conversation", "id": "403", "body": "<p>Where is my key?</p>",
                    "subject": "", "author": {"type": "user", "id": "5f", "name": "Jane"},
                    "delivered_as": "customer_initiated",
                },
                "contacts": {"contacts": [{"type": "contact", "id": "5f"}]},
                "tags": {"tags": [{"id": "1", "name": "keys"}]},
                "conversation_rating": {"rating": 5, "remark": "Thanks"},
                "statistics": {"count_reopens": 1},
                "conversation_parts": {
                    "conversation_parts": [
                        {"id": "1", "part_type": "comment", "body": "<p>Hello, I am a bot.</p>",
                         "created_at": 1740823210, "author": {"type": "bot", "id": "9"}},
                        {"id": "2", "part_type": "assignment", "body": None,
                         "created_at": 1740823220, "author": {"type": "bot", "id": "9"}},
                        {"id": "3", "part_type": "note", "body": "<p>Is she a customer?</p>",
                         "created_at": 1740823230, "author": {"type": "admin", "id": "2"}},
                        {"id": "4", "part_type": "comment", "body": "<p>Under the mat.</p>",
                         "created_at": 1740823240,
                         "author": {"type": "admin", "id": "2", "name": "Ann"}},
                    ]
                },
            }
        ],
    }
]  # fmt: skip

FRESHDESK: list[Any] = [
    [
        {
            "id": 20, "subject": "Refund", "description": "<div>Refund me</div>",
            "description_text": "Refund me", "status": 5, "priority": 1, "source": 2,
            "requester_id": 1, "responder_id": 3, "type": "Billing", "tags": ["refund"],
            "created_at": "2025-03-01T10:00:00Z", "stats": {"reopened_at": "2025-03-03T10:00:00Z"},
            "requester": {"id": 1, "name": "Jane"},
            "conversations": [
                {"id": 1, "body_text": "She is angry", "incoming": False, "private": True,
                 "user_id": 3, "created_at": "2025-03-01T11:00:00Z"},
                {"id": 2, "body_text": "Done today.", "incoming": False, "private": False,
                 "user_id": 3, "created_at": "2025-03-01T12:00:00Z"},
                {"id": 3, "body_text": "Nothing came!", "incoming": True, "private": False,
                 "user_id": 1, "created_at": "2025-03-03T10:00:00Z"},
                {"id": 4, "body_text": "It takes two days.", "incoming": False, "private": False,
                 "user_id": 3, "created_at": "2025-03-03T11:00:00Z"},
            ],
        }
    ],
    [
        {"id": 1, "survey_id": 2, "ticket_id": 20, "user_id": 1, "agent_id": 3,
         "ratings": {"default_question": -103}}
    ],
    [
        {
            "helpdesk_ticket": {
                "id": 900, "display_id": 21, "subject": "Login", "description": "I cannot log in.",
                "status_name": "Resolved", "requester_id": 1, "requester_name": "Jane",
                "created_at": "2025-03-01T12:00:00+01:00",
                "notes": [
                    {"id": 5, "body": "Use the link.", "incoming": False, "private": False,
                     "user_id": 3, "created_at": "2025-03-01T13:00:00+01:00"},
                ],
            }
        }
    ],
]  # fmt: skip

JIRA_DESK: list[Any] = [
    {
        "issues": [
            {
                "id": "10016", "key": "HELP-1",
                "fields": {
                    "summary": "VPN", "created": "2025-03-01T10:00:00.000+0100",
                    "description": {
                        "type": "doc", "version": 1,
                        "content": [
                            {"type": "paragraph", "content": [{"type": "text", "text": "VPN is"},
                                                              {"type": "hardBreak"},
                                                              {"type": "text", "text": "down"}]},
                            {"type": "bulletList", "content": [
                                {"type": "listItem", "content": [
                                    {"type": "paragraph",
                                     "content": [{"type": "text", "text": "since Monday"}]}]}]},
                        ],
                    },
                    "reporter": {"accountId": "a1", "displayName": "Jane",
                                 "accountType": "customer"},
                    "status": {"name": "Done", "statusCategory": {"key": "done"}},
                    "resolution": {"name": "Done"}, "labels": ["vpn"],
                    "project": {"key": "HELP", "name": "Help desk"}, "components": [],
                    "issuetype": {"name": "[System] Incident"},
                    "customfield_10010": {"requestType": {"name": "Get IT help"}},
                    "customfield_10020": {"rating": 4},
                    "comment": {
                        "comments": [
                            {"id": "1", "author": {"accountId": "a2", "displayName": "Ann",
                                                   "accountType": "atlassian"},
                             "body": "Who has the key?", "jsdPublic": False,
                             "created": "2025-03-01T11:00:00.000+0100"},
                            {"id": "2", "author": {"accountId": "a2", "displayName": "Ann"},
                             "body": "It is up again.", "jsdPublic": True,
                             "created": "2025-03-01T12:00:00.000+0100"},
                            {"id": "3", "author": {"accountId": "a2"}, "body": "Psst.",
                             "properties": [{"key": "sd.public.comment",
                                             "value": {"internal": True}}],
                             "created": "2025-03-01T12:30:00.000+0100"},
                        ]
                    },
                },
                "changelog": {
                    "histories": [
                        {"items": [{"field": "resolution", "fromString": "Done",
                                    "toString": None},
                                   {"field": "status", "fromString": "Done",
                                    "toString": "Reopened"}]},
                    ]
                },
            }
        ],
        "startAt": 0, "total": 1,
    }
]  # fmt: skip

SERVICENOW: list[Any] = [
    {
        "result": [
            {
                "number": "INC1", "sys_id": "s1", "short_description": "Mail is slow",
                "description": "Since today.", "state": "7", "sys_created_by": "jane",
                "sys_created_on": "2025-03-01 10:00:00", "reopen_count": "1",
                "category": "Email", "close_notes": "The disk was full.",
                "resolved_at": "2025-03-01 15:00:00",
            }
        ]
    },
    {
        "result": [
            {"sys_id": "j1", "element": "comments", "element_id": "s1", "value": "We look.",
             "sys_created_by": "ann", "sys_created_on": "2025-03-01 11:00:00"},
            {"sys_id": "j2", "element": "work_notes", "element_id": "s1", "value": "Disk?",
             "sys_created_by": "ann", "sys_created_on": "2025-03-01 12:00:00"},
        ]
    },
    {"result": [{"sys_id": "u1", "user_name": "ann", "name": "Ann Lee"}]},
]  # fmt: skip

GH: list[Any] = [
    [
        {
            "number": 4, "title": "Crash", "body": "It crashes.", "state": "CLOSED",
            "stateReason": "COMPLETED", "author": {"login": "jane", "is_bot": False},
            "createdAt": "2025-03-01T10:00:00Z", "labels": [{"name": "bug"}],
            "url": "https://github.com/o/r/issues/4",
            "comments": [
                {"id": "A", "author": {"login": "stale[bot]"}, "authorAssociation": "NONE",
                 "body": "This is stale.", "createdAt": "2025-03-02T10:00:00Z"},
                {"id": "B", "author": {"login": "ann"}, "authorAssociation": "MEMBER",
                 "body": "Fixed in 2.0.", "createdAt": "2025-03-03T10:00:00Z"},
            ],
        }
    ]
]  # fmt: skip

SHAPES: dict[str, list[Any]] = {
    "zendesk": ZENDESK,
    "zendesk_line": [ZENDESK_LINE],
    "intercom": INTERCOM,
    "freshdesk": FRESHDESK,
    "jira_desk": JIRA_DESK,
    "servicenow": SERVICENOW,
    "gh": GH,
}
