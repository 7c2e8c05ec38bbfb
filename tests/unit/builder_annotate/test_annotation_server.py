"""The server over real connections: who may ask, what is answered, and bytes of videos."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from rarft.dataset_builder.annotate import Annotation, AnnotationStore
from rarft.dataset_builder.annotate.access import Access, access_for
from rarft.dataset_builder.annotate.rows import rows_to_annotate
from rarft.dataset_builder.annotate.server import PAGE, PAGE_FILES, make_app, start
from rarft.harness.types import Span

Ask = Callable[[aiohttp.ClientSession, str], Awaitable[None]]
ITEM = "00000-0"
ANNOTATION = Annotation(
    decision="accepted", text="a dog", relevant=True, spans=(Span(1.0, 2.0),)
).to_json()


@asynccontextmanager
async def served(
    folder: Path, tmp_path: Path, access: Access, *, blank: bool = False
) -> AsyncIterator[str]:
    store = AnnotationStore(tmp_path / "a.sqlite")
    store.add_rows(rows_to_annotate(folder / "annotations.json"))
    app = make_app(store, title="set", roots=(folder / "videos",), access=access, blank=blank)
    runner, port = await start(app, host="127.0.0.1", port=0)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
        store.close()


@pytest.fixture
def ask(synth_set: Path, tmp_path: Path) -> Callable[..., None]:
    """A function that runs a conversation with a server of its own."""

    def run(talk: Ask, *, access: Access | None = None, blank: bool = False) -> None:
        async def conversation() -> None:
            jar = aiohttp.CookieJar(unsafe=True)
            async with (
                served(synth_set, tmp_path, access or Access(), blank=blank) as url,
                aiohttp.ClientSession(cookie_jar=jar) as session,
            ):
                await talk(session, url)

        asyncio.run(conversation())

    return run


async def status(session: aiohttp.ClientSession, url: str, **options: Any) -> int:
    async with session.request(options.pop("method", "GET"), url, **options) as answer:
        await answer.read()
        return answer.status


def body(**fields: Any) -> dict[str, Any]:
    return {"id": ITEM, "annotator": "ada", "version": 0, "annotation": ANNOTATION, **fields}


def test_the_page_and_its_files_are_served_and_nothing_beside_them(
    ask: Callable[..., None],
) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        for name in ("/", *(f"/page/{name}" for name in PAGE_FILES)):
            assert await status(session, url + name) == 200, name
        for name in ("/page/index.html", "/page/..%2Fserver.py", "/page/%2e%2e/server.py", "/x"):
            assert await status(session, URL(url + name, encoded=True)) == 404, name

    ask(talk)


def test_every_file_of_the_page_is_served_and_short() -> None:
    assert {path.name for path in PAGE.iterdir()} == {"index.html", *PAGE_FILES}
    for path in PAGE.iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) < 300, path.name


def test_every_answer_forbids_foreign_scripts_and_frames(ask: Callable[..., None]) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        for path in ("/", "/api/session", "/x", f"/video?id={ITEM}"):
            async with session.get(url + path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"

    ask(talk)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8765"},
        {"Host": "192.0.2.7"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[nonsense"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_request_of_another_site_is_turned_away(
    ask: Callable[..., None], headers: dict[str, str]
) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        assert await status(session, f"{url}/api/session", headers=headers) == 403
        put = await status(
            session, f"{url}/api/annotation", method="PUT", headers=headers, json=body()
        )
        assert put == 403

    ask(talk)


def test_requests_of_the_page_itself_pass(ask: Callable[..., None]) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        port = URL(url).port
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", "[::1]:9"):
            headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
            assert await status(session, f"{url}/api/session", headers=headers) == 200, host
        # A link on another site may open the page, which does nothing by itself.
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert await status(session, url + "/", headers=headers) == 200

    ask(talk)


def test_a_change_must_be_sent_as_json(ask: Callable[..., None]) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        sent = {"data": json.dumps(body()), "headers": {"Content-Type": "text/plain"}}
        assert await status(session, f"{url}/api/annotation", method="PUT", **sent) == 415

    ask(talk)


def test_beyond_loopback_nothing_is_told_without_the_token(ask: Callable[..., None]) -> None:
    access = access_for("0.0.0.0")
    assert access.token is not None
    assert len(access.token) >= 40

    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        paths = ("/", "/page/main.js", "/api/session", f"/video?id={ITEM}", "/api/export")
        for path in (
            *paths,
            "/?token=",
            "/?token=wrong",
            "/?token=%ED%A0%80",
            "/api/session?token=",
        ):
            assert await status(session, URL(url + path, encoded=True)) == 403, path
        assert await status(session, f"{url}/api/session?token={access.token}") == 403
        opened = f"{url}/?token={access.token}&annotator=ada"
        async with session.get(opened, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/?annotator=ada")
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
        for path in paths:
            assert await status(session, url + path) == 200, path
        for host in ("192.0.2.7:80", "[2001:db8::1]"):
            headers = {"Host": host, "Cookie": f"rarft_annotate_80={access.token}"}
            assert await status(session, f"{url}/api/session", headers=headers) == 200, host
        evil = {"Host": "evil.example", "Cookie": f"rarft_annotate_80={access.token}"}
        assert await status(session, f"{url}/api/session", headers=evil) == 403

    ask(talk, access=access)


def test_every_start_has_its_own_token_and_loopback_has_none() -> None:
    assert access_for("0.0.0.0").token != access_for("0.0.0.0").token
    assert access_for(None).token is None


def test_a_saved_annotation_comes_back(ask: Callable[..., None]) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        address = f"{url}/api/item?id={ITEM}&annotator=ada"
        async with session.get(address) as answer:
            item = await answer.json()
        assert (item["version"], item["annotation"]) == (0, item["start"])
        assert [one["id"] for one in item["others"]] == ["00000-1"]
        async with session.put(f"{url}/api/annotation", json=body()) as answer:
            assert (await answer.json())["version"] == 1
        async with session.get(address) as answer:
            item = await answer.json()
        assert (item["version"], item["annotation"]) == (1, ANNOTATION)
        async with session.get(f"{url}/api/session?annotator=ada") as answer:
            assert (await answer.json())["counts"]["accepted"] == 1

    ask(talk)


def test_bad_requests_are_told_what_is_expected(ask: Callable[..., None]) -> None:
    cases = [
        (body(version=7), 409, "another window"),
        (body(version="1"), 400, "whole number"),
        (body(id="nowhere"), 404, "not there"),
        (body(annotator=" "), 400, "1 to 40 letters"),
        (body(annotator="a\x00b"), 400, "1 to 40 letters"),
        (body(annotation={**ANNOTATION, "spans": []}), 400, "without a span"),
        (body(annotation={**ANNOTATION, "spans": [[2, 1]]}), 400, "got spans="),
        ([], 400, "no JSON object"),
    ]

    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        for sent, code, words in cases:
            async with session.put(f"{url}/api/annotation", json=sent) as answer:
                assert answer.status == code, sent
                assert words in (await answer.json())["error"]
        for query in ("filter=odd", "offset=-1", "offset=x", "offset=9999999999"):
            assert await status(session, f"{url}/api/queue?annotator=ada&{query}") == 400, query
        big = {
            "data": io.BytesIO(b" " * (2**20 + 1)),
            "headers": {"Content-Type": "application/json"},
        }
        assert await status(session, f"{url}/api/annotation", method="PUT", **big) == 413

    ask(talk)


def test_a_query_is_added_to_a_video_and_exported_with_its_origin(
    ask: Callable[..., None],
) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        async with session.post(
            f"{url}/api/items", json={"id": ITEM, "annotator": "ada"}
        ) as answer:
            added = (await answer.json())["id"]
        assert added == f"{ITEM}.1"
        async with session.get(f"{url}/api/item?id={added}&annotator=ada") as answer:
            item = await answer.json()
        assert item["added_by"] == "ada"
        assert item["start"]["correction"] == item["start"]["text"] == item["others"][0]["text"]
        annotation = {**item["start"], "decision": "accepted", "text": "a cat", "refusal": "No."}
        await status(
            session, f"{url}/api/annotation", method="PUT",
            json=body(id=added, annotation=annotation),
        )  # fmt: skip
        async with session.get(f"{url}/api/export?annotator=ada") as answer:
            (line,) = (await answer.text()).splitlines()
        row = json.loads(line)
        assert (row["text"], row["refusal"], row["relevant"]) == ("a cat", "No.", False)
        assert (row["record"], row["origin"]["file"]) == ("00000", "annotations.json")

    ask(talk)


def test_a_blank_page_is_told_no_label(ask: Callable[..., None]) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        async with session.get(f"{url}/api/item?id=00000-1&annotator=ada") as answer:
            item = await answer.json()
        assert item["start"] == Annotation(text=item["start"]["text"]).to_json()
        assert item["others"] == []

    ask(talk, blank=True)


def test_a_video_is_sent_in_the_ranges_asked_for(ask: Callable[..., None], synth_set: Path) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        async with session.get(f"{url}/api/item?id={ITEM}&annotator=ada") as answer:
            name = (await answer.json())["video"]
        whole = (synth_set / "videos" / name).read_bytes()
        address = f"{url}/video?id={ITEM}"
        async with session.get(address) as answer:
            assert (answer.content_type, await answer.read()) == ("video/mp4", whole)
        async with session.get(address, headers={"Range": "bytes=100-199"}) as answer:
            assert (answer.status, await answer.read()) == (206, whole[100:200])
            assert answer.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
        async with session.get(address, headers={"Range": "bytes=-10"}) as answer:
            assert await answer.read() == whole[-10:]
        beyond = {"Range": f"bytes={len(whole)}-"}
        assert await status(session, address, headers=beyond) == 416
        assert await status(session, f"{url}/video?id=../../etc/passwd") == 404

    ask(talk)


def test_the_report_is_served(ask: Callable[..., None]) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> None:
        for name in ("ada", "bo"):
            await status(session, f"{url}/api/annotation", method="PUT", json=body(annotator=name))
        async with session.get(f"{url}/api/agreement") as answer:
            record = await answer.json()
        assert record["annotators"] == {"ada": 1, "bo": 1}
        assert record["pairs"][0]["estimates"]["span_tiou"]["value"] == 1.0

    ask(talk)
