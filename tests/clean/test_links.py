from __future__ import annotations

import pytest

from factory import pairs
from tunesmith.clean.links import TrackingLinks
from tunesmith.step import apply


def cleaned(text: str, **settings) -> str:
    return apply([TrackingLinks(**settings)], pairs({"answer": text})).frame["answer"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "See https://a.example/x?utm_source=a&UTM_Medium=b&id=3&fbclid=zz#top.",
            "See https://a.example/x?id=3#top.",
        ),
        ("(https://a.example/?utm_source=n), ok", "(https://a.example/), ok"),
        ("[l](https://a.example/p?id=1&utm_campaign=q)!", "[l](https://a.example/p?id=1)!"),
        ("https://a.example/?utm_a=1&amp;utm_b=2", "https://a.example/"),
        ("https://a.example/?a=1&utm_a=1&utm_b=2&b=3", "https://a.example/?a=1&b=3"),
        ("https://a.example/?a=%20b&gclid=1&x=ü+", "https://a.example/?a=%20b&x=ü+"),
        (
            "https://eu.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example%2F%3Fid%3D1&data=jane.",
            "https://a.example/?id=1.",
        ),
        ("https://www.google.com/url?sa=t&url=https://a.example/&usg=x y", "https://a.example/ y"),
    ],
)
def test_links_lose_their_trackers(text, expected) -> None:
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Write ?utm_source=mail behind the address",
        "https://a.example/utm_source=1",
        "https://a.example/?my_utm_source=1",
        "Our link is `https://a.example/?utm_source=news`.",
        "```\ncurl https://a.example/?utm_source=news\n```",
        "https://a.example/?ref=friend&source=x",
    ],
)
def test_what_is_no_tracker_stays(text) -> None:
    assert cleaned(text) == text


def test_the_recipe_may_name_more() -> None:
    text = "https://a.example/?ref=1&cx_9=2&id=3"
    assert cleaned(text, also=["ref", "cx_*"]) == "https://a.example/?id=3"
