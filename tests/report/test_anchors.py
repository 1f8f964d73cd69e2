"""Evidence leads to the most exact place, and to none that only looks like it."""

from __future__ import annotations

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.report.anchors import Anchors, Evidence, pointer, read_evidence, slug
from tunesmith.report.node import Node

WANTED = [Evidence("decision.json", "/comparisons/10/difference", 0.1)]


def test_the_tenth_is_not_the_first() -> None:
    anchors = Anchors(WANTED)
    assert anchors.place(("decision.json", pointer("comparisons", 1))) == ""
    name = anchors.place(("decision.json", pointer("comparisons", 10)))
    assert name == "at-1"
    assert anchors.find("decision.json", "/comparisons/10/difference") == name
    assert anchors.find("decision.json", "/comparisons/1/difference") == ""
    assert anchors.find("slices.json", "/comparisons/10/difference") == ""


def test_a_place_of_its_own_comes_before_its_section() -> None:
    anchors = Anchors(WANTED)
    anchors.section("comparison", ("decision.json", "/comparisons"))
    assert anchors.find("decision.json", "/comparisons/10/difference") == "comparison"
    name = anchors.place(("decision.json", "/comparisons/10"))
    assert anchors.find("decision.json", "/comparisons/10/difference") == name
    anchors.section("file", ("decision.json", ""))
    assert anchors.find("decision.json", "/headline") == "file"


def test_names_become_parts_of_pointers_and_ids() -> None:
    assert pointer("methods", "a/b~c", 0) == "/methods/a~1b~0c/0"
    assert slug('Token F1" onfocus=x') == "token-f1-onfocus-x"


def test_evidence_of_another_shape_is_named() -> None:
    verdict = Node({"evidence": [None, [{"path": "f.json", "value": True}]]}, "decision.json")
    assert read_evidence(verdict) == [[], [Evidence("f.json", "", None)]]
    with pytest.raises(TunesmithError, match=r"evidence\[0\]: expected a list"):
        read_evidence(Node({"evidence": ["x"]}, "decision.json"))
