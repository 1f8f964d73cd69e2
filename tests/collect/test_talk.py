from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.talk import Exchange, Gone, Message, Talk, TalkRules, exchanges


def say(role, text, number=0, **more) -> Message:
    return Message(role, text, f"message {number}", **more)


def talk(*messages, **more) -> Talk:
    numbered = [replace(m, position=f"message {n}") for n, m in enumerate(messages, 1)]
    return Talk("T-1", numbered, **more)


def split(one, rules=None):
    found = list(exchanges(one, rules or TalkRules()))
    rows = [item for item in found if isinstance(item, Exchange)]
    gone = [(item.message.position, item.reason) for item in found if isinstance(item, Gone)]
    return rows, gone


def test_each_answered_question_is_a_row() -> None:
    rows, gone = split(
        talk(
            say("customer", "Where is it?"),
            say("customer", "It is late."),
            say("agent", "On its way."),
            say("agent", "Tomorrow."),
            say("customer", "And the bill?"),
            say("agent", "Inside."),
            say("customer", "Thanks!"),
        )
    )
    assert [(row.question, row.answer, row.weight) for row in rows] == [
        ("Where is it?\n\nIt is late.", "On its way.\n\nTomorrow.", None),
        ("And the bill?", "Inside.", None),
    ]
    assert gone == [("message 7", "a question that was not answered")]


def test_an_answer_without_a_question_is_left_out() -> None:
    rows, gone = split(talk(say("agent", "Hello!"), say("customer", "a"), say("agent", "b")))
    assert len(rows) == 1
    assert gone == [("message 1", "no question before it")]


def test_the_subject_stands_above_the_first_question_once() -> None:
    one = talk(
        say("customer", "q1"),
        say("agent", "a1"),
        say("customer", "q2"),
        say("agent", "a2"),
        subject="Parcel",
    )
    rows, _ = split(one)
    assert [row.question for row in rows] == ["Parcel\n\nq1", "q2"]
    rows, _ = split(one, TalkRules(subject=False))
    assert rows[0].question == "q1"
    rows, _ = split(replace(one, subject="q"))
    assert rows[0].question == "q1"  # it says so already


def test_the_subject_moves_on_where_the_first_row_is_left_out() -> None:
    one = talk(
        say("customer", "q1"),
        say("agent", "a1", canned=True),
        say("customer", "q2"),
        say("agent", "a2"),
        subject="Parcel",
    )
    rows, _ = split(one, TalkRules(canned="drop"))
    assert [row.question for row in rows] == ["Parcel\n\nq2"]


def test_context_goes_before_a_question_as_far_as_it_fits() -> None:
    one = talk(
        say("customer", "first"),
        say("agent", "answer"),
        say("customer", "second"),
        say("agent", "end"),
    )
    rows, _ = split(one, TalkRules(context_characters=20))
    assert rows[1].question == "Agent: answer\n\nsecond"
    rows, _ = split(one, TalkRules(context_characters=200))
    assert rows[1].question == "Customer: first\n\nAgent: answer\n\nsecond"
    assert rows[1].asked == [one.messages[2]]


def test_last_takes_the_last_question_and_what_was_said_before() -> None:
    one = talk(
        say("customer", "q1"),
        say("agent", "a1"),
        say("customer", "q2"),
        say("agent", "a2"),
        say("customer", "bye"),
    )
    rows, gone = split(one, TalkRules(rows="last"))
    (row,) = rows
    assert row.question == "Customer: q1\n\nAgent: a1\n\nq2"
    assert (row.answer, row.asked, row.answered) == ("a2", one.messages[:3], [one.messages[3]])
    assert gone == [("message 5", "a question that was not answered")]


def test_last_says_what_of_the_context_does_not_fit() -> None:
    one = talk(
        say("customer", "x" * 50),
        say("agent", "a1"),
        say("customer", "q2"),
        say("agent", "a2"),
    )
    rows, gone = split(one, TalkRules(rows="last", context_characters=20))
    assert rows[0].question == "Agent: a1\n\nq2"
    assert gone == [("message 1", "said before the context that is kept")]


def test_last_takes_the_accepted_answer() -> None:
    one = talk(
        say("customer", "q1"),
        say("agent", "wrong"),
        say("agent", "right", accepted=True),
        say("customer", "q2"),
        say("agent", "a2"),
    )
    rows, gone = split(one, TalkRules(rows="last"))
    assert [(row.question, row.answer) for row in rows] == [("q1", "right")]
    assert sorted(gone) == [
        ("message 2", "another answer was accepted"),
        ("message 4", "said after the accepted answer"),
        ("message 5", "said after the accepted answer"),
    ]


def test_answers_beside_the_accepted_one() -> None:
    one = talk(
        say("customer", "q1"),
        say("agent", "a1"),
        say("customer", "q2"),
        say("agent", "wrong"),
        say("agent", "right", accepted=True),
    )
    rows, gone = split(one)
    assert [row.answer for row in rows] == ["a1", "right"]
    assert gone == [("message 4", "another answer was accepted")]
    rows, _ = split(one, TalkRules(rejected=0.3))
    assert [row.weight for row in rows] == [0.3, None]
    rows, gone = split(one, TalkRules(rejected="drop"))
    assert [row.answer for row in rows] == ["right"]
    assert sorted(gone)[:2] == [
        ("message 1", "another answer was accepted"),
        ("message 2", "another answer was accepted"),
    ]


@pytest.mark.parametrize(
    ("message", "rule", "reason"),
    [
        (say("agent", "psst", internal=True), {"internal_notes": "keep"}, "an internal note"),
        (
            say("agent", "away", automatic="automatic reply"),
            {"automatic": "keep"},
            "automatic reply",
        ),
        (say("bot", "beep"), {"automatic": "keep"}, "written by a bot"),
        (say("system", "joined"), {"automatic": "keep"}, "a system message"),
    ],
)
def test_what_is_left_out_by_a_rule_and_kept_by_another(message, rule, reason) -> None:
    one = talk(say("customer", "q"), message, say("agent", "a"))
    rows, gone = split(one)
    assert rows[0].answer == "a"
    assert gone == [("message 2", reason)]
    rows, gone = split(one, TalkRules(**rule))
    assert rows[0].answer == f"{message.text}\n\na"
    assert gone == []


def test_empty_messages_are_left_out() -> None:
    _, gone = split(talk(say("customer", "q"), say("agent", " \n"), say("agent", "a")))
    assert gone == [("message 2", "an empty message")]


@pytest.mark.parametrize(
    ("about", "rule", "reason"),
    [
        ({"rating": 0.4}, "bad_rating", "badly rated"),
        ({"solved": False}, "unsolved", "not solved"),
    ],
)
def test_rules_of_a_talk(about, rule, reason) -> None:
    one = talk(say("customer", "q"), say("agent", "a"), **about)
    rows, gone = split(one, TalkRules(**{rule: "drop"}))
    assert rows == []
    assert gone == [("message 1", reason), ("message 2", reason)]
    rows, _ = split(one, TalkRules(**{rule: 0.25}))
    assert (rows[0].weight, rows[0].notes) == (0.25, [f"weight 0.25: {reason}"])
    rows, gone = split(one, TalkRules(**{rule: "keep"}))
    assert (rows[0].weight, rows[0].notes, gone) == (None, [], [])


def test_a_good_rating_and_a_solved_talk_count_whole() -> None:
    one = talk(say("customer", "q"), say("agent", "a"), rating=0.41, solved=True)
    rows, _ = split(one, TalkRules(bad_rating="drop", unsolved="drop"))
    assert rows[0].weight is None


def test_an_answer_after_which_it_was_opened_again_counts_less() -> None:
    one = talk(
        say("customer", "q1"),
        say("agent", "a1"),
        say("customer", "still broken"),
        say("agent", "a2"),
        reopened=1,
    )
    rows, _ = split(one)
    assert [row.weight for row in rows] == [0.5, None]


def test_canned_answers_and_weights_multiply() -> None:
    one = talk(
        say("customer", "q1"),
        say("agent", "macro", canned=True),
        say("customer", "q2"),
        say("agent", "macro", canned=True),
        say("agent", "own words"),
        reopened=1,
        solved=False,
    )
    rows, _ = split(one, TalkRules(canned=0.5, unsolved=0.5, reopened=0.5))
    assert [row.weight for row in rows] == [0.125, 0.5]
    assert rows[0].notes == [
        "weight 0.5: reopened later",
        "weight 0.5: not solved",
        "weight 0.5: a canned answer",
    ]


def test_a_talk_of_many_answers_takes_time_in_proportion() -> None:
    answers = [say("agent", "a", accepted=number % 2 == 0) for number in range(40_000)]
    one = talk(say("customer", "q"), *answers)
    start = time.process_time()
    _, gone = split(one)
    assert len(gone) == 20_000
    assert time.process_time() - start < 5


MESSAGES = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["customer", "agent", "bot", "system"]),
        text=st.sampled_from(["", " ", "one", "two words", "x" * 300]),
        position=st.just(""),
        internal=st.booleans(),
        automatic=st.sampled_from([None, None, "automatic reply"]),
        canned=st.booleans(),
        accepted=st.booleans(),
    ),
    max_size=30,
)
TREATMENTS = st.sampled_from(["keep", "drop", 0.5])
RULES = st.builds(
    TalkRules,
    rows=st.sampled_from(["exchanges", "last"]),
    context_characters=st.sampled_from([0, 10, 500]),
    subject=st.booleans(),
    internal_notes=st.sampled_from(["keep", "drop"]),
    automatic=st.sampled_from(["keep", "drop"]),
    canned=TREATMENTS,
    reopened=TREATMENTS,
    bad_rating=TREATMENTS,
    unsolved=TREATMENTS,
    rejected=TREATMENTS,
)


@given(
    MESSAGES,
    RULES,
    st.sampled_from([None, 0.0, 0.4, 1.0]),
    st.sampled_from([None, True, False]),
    st.integers(0, 2),
)
def test_every_message_is_in_one_row_or_has_one_fate(
    messages, rules, rating, solved, reopened
) -> None:
    one = talk(*messages, rating=rating, solved=solved, reopened=reopened, subject="S")
    found = []
    for item in exchanges(one, rules):
        if isinstance(item, Exchange):
            found += [message.position for message in item.asked + item.answered]
            assert item.question
            assert item.answer
            assert item.weight is None or 0 < item.weight < 1
            # What is said to be in the row is in its words.
            assert all(m.text.strip() in item.question for m in item.asked)
            assert all(m.text.strip() in item.answer for m in item.answered)
        else:
            found.append(item.message.position)
    assert sorted(found) == sorted(message.position for message in one.messages)
    if rules.rows == "last":
        assert sum(isinstance(item, Exchange) for item in exchanges(one, rules)) <= 1
