from __future__ import annotations

import gzip
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from outside_reading import extra, read_all
from tunesmith.collect.outside import addresses
from tunesmith.collect.outside.fetch import Fetcher, Manners
from tunesmith.collect.outside.web import WebSource
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import SourceError

PAGE = "<html><head><title>T</title></head><body><nav>menu</nav><main><h1>Returns</h1><p>Send it back.</p></main></body></html>"
LICENSED = PAGE.replace(
    "<p>", '<p><a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY</a> '
)

Answer = tuple[int, dict[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A server on this machine that answers what a test says, and remembers who asked for what."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str], float]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                site.asked.append((self.path, headers, time.monotonic()))
                answer = site.answers.get(self.path, (404, {}, b"none"))
                if callable(answer):
                    answer(self)
                    return
                status, more, body = answer
                tag = more.get("ETag")
                if tag is not None and headers.get("if-none-match") == tag:
                    status, body = 304, b""
                self.send_response(status)
                for name, value in ({"Content-Type": "text/html"} | more).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, path: str, text: str = PAGE, status: int = 200, **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, named, text.encode())
        return self.url + path

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def source(*pages: str, **settings: object) -> WebSource:
    return WebSource(
        name="web", pages=list(pages),
        **{"allow_private": True, "requests_per_second": 100, "timeout_s": 5} | settings,
    )  # fmt: skip


def test_pages_become_documents_with_their_licence_and_time(tmp_path, site) -> None:
    one = site.page("/a", LICENSED, Last_Modified="Tue, 03 Feb 2026 10:00:00 GMT")
    two = site.page("/b", "plain words", Content_Type="text/plain; charset=utf-8")
    rows, fates = read_all(source(one, two, license="proprietary"), tmp_path)
    assert fates.is_empty()
    assert rows["text"].to_list() == ["# Returns\n\nCC BY Send it back.", "plain words"]
    assert rows["license"].to_list() == ["CC-BY-4.0", "proprietary"]
    assert rows["timestamp"].to_list() == [datetime(2026, 2, 3, 10, tzinfo=UTC), None]
    assert rows["file"].to_list() == [one, two]
    assert rows["kind"].to_list() == ["document", "document"]


def test_the_user_agent_names_tunesmith_and_the_contact(tmp_path, site) -> None:
    read_all(source(site.page("/a"), contact="https://example.com/bot"), tmp_path)
    assert {about["user-agent"] for _, about, _ in site.asked} == {
        "tunesmith (+https://example.com/bot)"
    }


def test_a_second_run_takes_what_changed(tmp_path, site) -> None:
    same, edited = site.page("/same", ETag='"1"'), site.page("/edited", ETag='"1"')
    gone = site.page("/gone")
    before, _ = read_all(source(same, edited, gone), tmp_path)
    assert before.height == 3
    pages = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "gathered").glob("*.page")}
    site.page("/edited", PAGE.replace("Send", "Do not send"), ETag='"2"')
    del site.answers["/gone"]
    added = site.page("/added")
    site.asked.clear()
    rows, fates = read_all(source(same, edited, gone, added), tmp_path)
    asked = {path: about for path, about, _ in site.asked}
    assert asked["/same"]["if-none-match"] == '"1"'
    assert rows["file"].to_list() == [same, edited, added]
    assert "Do not send" in rows["text"][1]
    assert fates.select("file", "fate", "reason").rows() == [
        (gone, "dropped", "the page is gone (404)")
    ]
    changed = [
        name
        for name, at in pages.items()
        if (tmp_path / "gathered" / name).stat().st_mtime_ns != at
    ]
    assert len(changed) == 2  # the edited one and the one that is gone


def test_a_page_that_left_the_list_leaves_the_folder(tmp_path, site) -> None:
    one, two = site.page("/a"), site.page("/b")
    read_all(source(one, two), tmp_path)
    rows, _ = read_all(source(two), tmp_path)
    assert rows["file"].to_list() == [two]
    assert len(list((tmp_path / "gathered").glob("*.page"))) == 1


def test_a_server_that_fails_for_once_loses_nothing_for_good(tmp_path, site) -> None:
    one, two = site.page("/a", ETag='"1"'), site.page("/b")
    read_all(source(one, two), tmp_path)
    site.page("/a", status=503)
    rows, fates = read_all(source(one, two), tmp_path)
    assert rows["file"].to_list() == [two]
    assert fates["reason"].to_list() == ["the server answered 503"]
    site.page("/a", ETag='"1"')
    rows, fates = read_all(source(one, two), tmp_path)
    assert rows.height == 2
    assert fates.is_empty()


def test_robots_txt_is_kept_to(tmp_path, site) -> None:
    site.page(
        "/robots.txt",
        "User-agent: *\nDisallow: /secret\nAllow: /secret/open\n",
        Content_Type="text/plain",
    )
    open_, secret, inner = site.page("/open"), site.page("/secret/x"), site.page("/secret/open/y")
    rows, fates = read_all(source(open_, secret, inner), tmp_path)
    assert rows["file"].to_list() == [open_, inner]
    assert fates.select("fate", "reason").rows() == [("dropped", "robots.txt does not allow it")]
    assert "/secret/x" not in site.paths()
    assert site.paths().count("/robots.txt") == 1


def test_robots_txt_that_speaks_of_us(tmp_path, site) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow:\n\nUser-agent: tunesmith\nDisallow: /\n")
    _, fates = read_all(source(site.page("/a")), tmp_path)
    assert fates["reason"].to_list() == ["robots.txt does not allow it"]


@pytest.mark.parametrize(("status", "read"), [(404, True), (403, True), (500, False), (503, False)])
def test_a_robots_txt_that_cannot_be_had(tmp_path, site, status, read) -> None:
    site.page("/robots.txt", "no", status=status)
    rows, fates = read_all(source(site.page("/a")), tmp_path)
    assert rows.height == int(read)
    if not read:
        assert fates["reason"].to_list() == [
            f"robots.txt cannot be fetched: the server answered {status}"
        ]


def test_the_pace_is_kept(tmp_path, site) -> None:
    pages = [site.page(f"/{number}") for number in range(4)]
    read_all(source(*pages, requests_per_second=10), tmp_path)
    times = [at for _, _, at in site.asked]
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.08


def test_a_crawl_delay_makes_it_slower_and_too_long_a_one_ends_it(tmp_path, site) -> None:
    site.page("/robots.txt", "User-agent: *\nCrawl-delay: 0.3\n")
    pages = [site.page("/a"), site.page("/b")]
    read_all(source(*pages), tmp_path)
    times = {path: at for path, _, at in site.asked}
    assert times["/b"] - times["/a"] > 0.25
    site.page("/robots.txt", "User-agent: *\nCrawl-delay: 86400\n")
    _, fates = read_all(source(*pages), tmp_path)
    assert set(fates["reason"]) == {
        "robots.txt asks for 86400 s between requests, above max_delay_s"
    }


def test_redirects_are_followed_and_loops_end(tmp_path, site) -> None:
    end = site.page("/end")
    start = site.page("/start", status=301, Location="/end")
    loop = site.page("/loop", status=302, Location="/loop")
    rows, fates = read_all(source(start, loop), tmp_path)
    assert rows["file"].to_list() == [start]
    assert extra(rows.row(0, named=True), "url") == end
    assert fates["reason"].to_list() == ["more than 5 redirects"]


def test_a_redirect_to_what_robots_forbids_is_not_followed(tmp_path, site) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /secret\n")
    site.page("/secret")
    _, fates = read_all(source(site.page("/a", status=302, Location="/secret")), tmp_path)
    assert fates["reason"].to_list() == ["robots.txt does not allow it"]
    assert "/secret" not in site.paths()


def _fetcher(site: Site, **settings: object) -> Fetcher:
    given: dict = {
        "contact": None, "requests_per_second": 100, "max_delay_s": 1, "timeout_s": 2, "max_bytes": 100_000,
        "ports": (80, 443, site.port), "allow_private": False,
    }  # fmt: skip
    return Fetcher(Manners(**given | settings))


def test_private_addresses_are_refused(tmp_path, site) -> None:
    [refused] = read_all(source(site.page("/a"), allow_private=False, ports=[site.port]), tmp_path)[
        1
    ]["reason"]
    assert refused == "robots.txt cannot be fetched: it is at an address that is not public"
    [refused] = read_all(source(site.page("/a"), allow_private=False), tmp_path)[1]["reason"]
    assert refused == f"port {site.port} is not among the ports that are fetched from"
    assert site.asked == []


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2:{port}/x", "http://2130706434:{port}/x", "http://0x7f.0.0.2:{port}/x", "http://[::ffff:127.0.0.2]:{port}/x",
     "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/x", "file:///etc/passwd", "gopher://127.0.0.1/x",
     "http://user:word@127.0.0.1:{port}/x", "http://[half", "//127.0.0.2:{port}/x"],
)  # fmt: skip
def test_every_hop_of_a_redirect_is_checked(site, monkeypatch, target) -> None:
    """127.0.0.1 plays a public server here; it sends us to all that is not one."""
    real = addresses.is_public
    monkeypatch.setattr(
        addresses, "is_public", lambda address: address == "127.0.0.1" or real(address)
    )
    site.page("/x", "a secret")
    url = site.page("/a", status=302, Location=target.format(port=site.port))
    fetcher = _fetcher(site)
    assert fetcher.get(site.page("/fine")).status == 200
    site.asked.clear()
    with pytest.raises(Unreadable):
        fetcher.get(url)
    fetcher.close()
    assert site.paths() == ["/a"]


def test_the_connection_goes_to_the_address_that_was_checked(site, monkeypatch) -> None:
    """A name nobody else can resolve, and after the first answer it is the metadata service."""
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    fetcher = _fetcher(site)
    fetcher._backend.resolver = lambda host, port: next(answers)
    site.answers["/a"] = _closing
    site.answers["/robots.txt"] = _closing
    url = f"http://public.example:{site.port}/a"
    with pytest.raises(Unreadable, match="not public"):
        fetcher.get(url)  # robots.txt is at the first answer, the page at the second
    fetcher.close()
    assert site.paths() == ["/robots.txt"]
    assert site.asked[0][1]["host"] == f"public.example:{site.port}"


def _closing(request: BaseHTTPRequestHandler) -> None:
    request.send_response(404)
    request.send_header("Connection", "close")
    request.send_header("Content-Length", "0")
    request.end_headers()
    request.close_connection = True


def test_large_pages_and_bombs_end_within_the_limit(tmp_path, site) -> None:
    large = site.page("/large", "a" * 3_000_000)
    site.answers["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(200_000_000)))
    site.answers["/torn"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(PAGE.encode())[:-20])
    site.answers["/false"] = (200, {"Content-Encoding": "gzip"}, PAGE.encode())
    site.answers["/br"] = (200, {"Content-Encoding": "br"}, PAGE.encode())
    pages = [large, *(site.url + path for path in ("/bomb", "/torn", "/false", "/br"))]
    start = time.process_time()
    _, fates = read_all(source(*pages, max_page_mib=1), tmp_path)
    assert time.process_time() - start < 10
    assert fates["reason"].to_list() == [
        "the page has more than 1,048,576 bytes",
        "the page has more than 1,048,576 bytes",
        "the compressed page is torn",
        "the page cannot be decompressed",
        "the server answered in an encoding that was not asked for",
    ]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_pages_are_read(tmp_path, site, encoding) -> None:
    import zlib

    text = PAGE.replace("Send", "Send " * 60_000).encode()
    packed = gzip.compress(text) if encoding == "gzip" else zlib.compress(text)
    site.answers["/a"] = (200, {"Content-Encoding": encoding}, packed)
    raw = zlib.compressobj(wbits=-15)
    site.answers["/b"] = (200, {"Content-Encoding": "deflate"}, raw.compress(text) + raw.flush())
    rows, _ = read_all(source(site.url + "/a", site.url + "/b"), tmp_path)
    assert [text.count("Send") for text in rows["text"]] == [60_000, 60_000]


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_sends_a_byte_at_a_time_is_given_up(tmp_path, site, part) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        if part == "body":
            request.send_response(200)
            request.end_headers()
        for _ in range(200):
            try:
                request.wfile.write(b"a")
                time.sleep(0.05)
            except OSError:
                return

    site.answers["/slow"] = drip
    start = time.monotonic()
    _, fates = read_all(source(site.url + "/slow", timeout_s=0.6), tmp_path)
    assert time.monotonic() - start < 4
    assert fates["reason"].to_list() == ["no whole answer within 0.6 s"]


def test_what_is_no_page_is_quarantined_and_the_rest_comes_in(tmp_path, site) -> None:
    pages = [
        site.page("/pdf", "%PDF", Content_Type="application/pdf"),
        site.page("/empty", ""),
        site.page("/nul", "a\0b"),
        site.page("/nothing", "<html><body><nav>only</nav></body></html>"),
        site.page("/deep", "<div>" * 200_000 + "x"),
        "http://127.0.0.1:1/closed",
        site.page("/fine"),
    ]
    rows, fates = read_all(source(*pages), tmp_path)
    assert rows["file"].to_list() == [pages[-1]]
    reasons = dict(zip(fates["file"], fates["reason"], strict=True))
    assert reasons[pages[0]] == "a web source does not read 'application/pdf'"
    assert reasons[pages[1]] == "the page is empty"
    assert reasons[pages[2]] == "NUL byte at letter 2"
    assert reasons[pages[3]] == "the page has no words"
    assert reasons[pages[5]].startswith("robots.txt cannot be fetched: no answer")
    assert len(reasons) == len(pages) - 1


def test_pages_that_may_not_be_mined_are_dropped(tmp_path, site) -> None:
    pages = [
        site.page(
            "/meta", PAGE.replace("<title>", '<meta name="tdm-reservation" content="1"><title>')
        ),
        site.page(
            "/robots", PAGE.replace("<title>", '<meta name="robots" content="index, noai"><title>')
        ),
        site.page("/header", PAGE, TDM_Reservation="1"),
        site.page("/header2", PAGE, X_Robots_Tag="noai, noimageai"),
        site.page("/zero", PAGE, TDM_Reservation="0"),
    ]
    rows, fates = read_all(source(*pages), tmp_path)
    assert rows["file"].to_list() == [pages[-1]]
    assert set(fates["fate"]) == {"dropped"}


def test_pages_from_a_file_and_a_sitemap(tmp_path, site) -> None:
    one, two, three = site.page("/1"), site.page("/2"), site.page("/3")
    (tmp_path / "list.txt").write_text(f"# pages\n{one}\n\n{two}\n{one}\n")
    part = site.page(
        "/part.xml", f"<urlset><url><loc> {three} </loc></url><url><loc>{one}</loc></url></urlset>"
    )
    index = site.page(
        "/sitemap.xml", f"<sitemapindex><sitemap><loc>{part}</loc></sitemap></sitemapindex>"
    )
    given = WebSource(
        name="web",
        pages="list.txt",
        sitemaps=[index],
        allow_private=True,
        requests_per_second=100,
        max_pages=2,
    )
    rows, fates = read_all(given, tmp_path)
    assert rows["file"].to_list() == [one, two]
    assert fates["reason"].to_list() == ["1 more pages than max_pages allows"]
    site.page("/sitemap.xml", "not XML")
    with pytest.raises(SourceError, match="sitemap 1 cannot be read"):
        read_all(given, tmp_path)
    site.page("/sitemap.xml", '<!DOCTYPE a [<!ENTITY a "aaaa">]><urlset>&a;</urlset>')
    with pytest.raises(SourceError, match="entities"):
        read_all(given, tmp_path)


def test_problems_of_a_list(tmp_path) -> None:
    assert WebSource(name="w").problems(tmp_path) == [
        ("pages", "there is no address; list pages or sitemaps")
    ]
    [(field, words)] = WebSource(name="w", pages="missing.txt").problems(tmp_path)
    assert field == "pages"
    assert "missing.txt" in words
    wrong = WebSource(
        name="w", pages=["https://a.example/", "ftp://a.example/", "file:///etc"], sitemaps=["x"]
    )
    assert [field for field, _ in wrong.problems(tmp_path)] == ["pages", "sitemaps"]


def test_how_pages_are_fetched_changes_nothing_of_what_they_give() -> None:
    one, two = (
        WebSource(name="w", pages=["http://a.example"]),
        WebSource(name="w", timeout_s=3, max_pages=7),
    )
    assert one.settings() == two.settings()
    assert WebSource.outside
