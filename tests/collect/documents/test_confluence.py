"""Exports of Confluence."""

from __future__ import annotations

from datetime import UTC, datetime

STORAGE = (
    '<h2>Steps</h2><p>See <ac:link><ri:page ri:content-title="Pumps" /></ac:link>.</p>'
    '<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">sh</ac:parameter>'
    "<ac:plain-text-body><![CDATA[if a < b\n  # rinse]] ></ac:plain-text-body>"
    "</ac:structured-macro><ac:task-list><ac:task><ac:task-id>7</ac:task-id>"
    "<ac:task-status>complete</ac:task-status><ac:task-body>Dry it</ac:task-body></ac:task>"
    "</ac:task-list>"
)


def page(number: int, kind: str = "Page", status: str = "current", more: str = "") -> str:
    return (
        f'<object class="{kind}" package="p"><id name="id">{number}</id>'
        f'<property name="title"><![CDATA[Page {number}]]></property>{more}'
        f'<property name="contentStatus"><![CDATA[{status}]]></property>'
        '<property name="lastModificationDate">2024-05-06 07:08:09.000</property>'
        '<property name="lastModifier" class="ConfluenceUserImpl"><id name="key">u1</id></property>'
        f'</object><object class="BodyContent" package="p"><id name="id">9{number}</id>'
        f'<property name="body"><![CDATA[{STORAGE}]]></property>'
        f'<property name="content" class="{kind}"><id name="id">{number}</id></property></object>'
    )


def entities(*objects: str) -> str:
    user = (
        '<object class="ConfluenceUserImpl" package="u"><id name="key">u1</id>'
        '<property name="name"><![CDATA[kim]]></property></object>'
    )
    return f"<?xml version='1.0'?><hibernate-generic>{''.join(objects)}{user}</hibernate-generic>"


def test_the_xml_export(make_zip, collect) -> None:
    older = '<property name="originalVersion" class="Page"><id name="id">1</id></property>'
    raw = entities(
        page(1), page(2, more=older), page(3, status="draft"), page(4, "Comment"), page(5)
    )
    rows, fates = collect(make_zip("space.zip", {"entities.xml": raw}))
    assert (
        rows["text"].to_list() == ["## Steps\n\nSee Pumps.\n\nif a < b\n  # rinse\n\n- Dry it"] * 2
    )
    assert rows["source_id"].to_list() == ["1", "5"]
    assert rows["position"].to_list() == ["page 1", "page 5"]
    assert rows["author"].to_list() == ["kim", "kim"]
    assert rows["timestamp"][0] == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert fates.select("fate", "position", "reason").rows() == [
        ("dropped", "page 2", "an older version, a draft or in the bin"),
        ("dropped", "page 3", "an older version, a draft or in the bin"),
        ("dropped", "page 4", "no page: comment"),
    ]


def test_entities_in_the_export_are_refused(tmp_path, collect) -> None:
    raw = entities(page(1)).replace("?>", '?><!DOCTYPE l [<!ENTITY a "ha">]>', 1)
    (tmp_path / "entities.xml").write_text(raw)
    assert collect(tmp_path).reasons == [(None, "its XML declares entities")]


def test_the_html_export(make_zip, collect) -> None:
    body = (
        "<html><head><title>KB : Pumps</title></head><body><div id='main-header'>"
        "<div id='breadcrumb-section'><ol class='breadcrumbs'><li>KB</li></ol></div>"
        "<h1 id='title-heading'><span id='title-text'>KB : Pumps</span></h1></div>"
        "<div id='content'><div class='page-metadata'>Created by Kim</div>"
        "<div id='main-content' class='wiki-content group'><p>They move water.</p></div></div></body>"
    )
    entries = {"KB/index.html": "<p>All pages</p>", "KB/Pumps_77.html": body, "KB/a.css": "p{}"}
    rows, fates = collect(make_zip("space.zip", entries))
    assert rows.select("text", "source_id", "position").rows() == [
        ("They move water.", "77", "entry 2")
    ]
    assert rows["extra"][0][0] == {"key": "title", "value": "KB : Pumps"}
    assert fates["reason"].to_list() == ["the index of the export"]


def test_the_real_pages_of_the_rest_interface(shared_data, collect) -> None:
    folder = shared_data / "ticket-exports" / "confluence"
    rows, fates = collect(folder)
    assert rows.height == 3
    assert rows["source_id"].to_list() == ["1", "1", "3"]
    assert "10 complete" not in rows["text"][0]
    assert sorted(fates.group_by("reason").len().rows()) == [
        ("an older version, a draft or in the bin", 2),
        ("no page: attachment", 2),
        ("the list of pages is empty", 1),
        ("the page has no body in this file", 3),
    ]
