"""A loopback stand-in of the Hub's API: what a client asks to make, fill and mend a repository.

Large files arrive as from the real client: in Xet's chunks, which are put together and checked
against the sha256 of the commit, or by Git LFS where HF_HUB_DISABLE_XET is set. Started as a
process it prints its address; `GET /stand-in` tells what it holds.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pyarrow as pa

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".bin", ".mp4", ".npz", ".parquet", ".png", ".safetensors", ".webm")
REPOSITORY = re.compile(r"/api/(model|dataset|space)s/([^/]+/[^/]+)(/.*)?")
LFS_BATCH = re.compile(r"/(?:(?:datasets|spaces)/)?[^/]+/[^/]+\.git/info/lfs/objects/batch")
ENTRY_BYTES = 48
VERIFIED, DESCRIBED = 1 << 31, 1 << 30


class RefusalError(Exception):
    """A status, the reason that the client is told, and what else it is told."""


class Hub:
    """Keeps repositories and their files.

    `refuses` answers 403 to all; with `token`, whoever comes without it gets 401.
    """

    def __init__(self, *, refuses: bool = False, token: str | None = None, port: int = 0) -> None:
        self.repositories: list[dict] = []
        self.contents: dict[tuple[str, str], dict[str, bytes]] = {}
        self.tokens: set[str | None] = set()
        self.transfers: set[str] = set()
        self.n_commits = 0
        self.refuses = refuses
        self.token = token
        self._large: dict[str, bytes] = {}
        self._xorbs: dict[str, list[bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler_of(self))
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def files(self) -> dict[str, bytes]:
        """Every file that was sent, by its path, whatever repository it is in."""
        held = {path: content for each in self.contents.values() for path, content in each.items()}
        return {path: content for path, content in held.items() if path != ".gitattributes"}

    def answer(self, method: str, path: str, body: bytes, authorization: str | None) -> object:
        if path == "/stand-in":
            return self.told()
        if path.startswith("/cas/"):
            return self.take_chunks(path, body)
        if path.startswith("/lfs/"):
            return self.take_object(path.removeprefix("/lfs/"), body)
        self.tokens.add(authorization)
        if self.refuses:
            raise RefusalError(403, "You don't have the rights for this namespace")
        if self.token is not None and authorization != f"Bearer {self.token}":
            raise RefusalError(401, "Invalid username or password.")
        if path == "/api/validate-yaml":
            return {"warnings": [], "errors": []}
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if LFS_BATCH.fullmatch(path):
            return self.lfs_batch(json.loads(body))
        found = REPOSITORY.fullmatch(path)
        if found is None:
            raise RefusalError(404, path)
        return self.ask_repository(found[1], found[2], found[3] or "", body)

    def create(self, asked: dict) -> dict:
        name = f"{asked['organization']}/{asked['name']}"
        kind = asked.get("type", "model")
        if (kind, name) in self.contents:
            address = f"{self.address}/{page_of(kind, name)}"
            raise RefusalError(409, "You already created this repo", {"url": address})
        self.repositories.append(asked)
        self.contents[kind, name] = {".gitattributes": b"*.parquet filter=lfs\n"}
        return {"url": f"{self.address}/{page_of(kind, name)}"}

    def ask_repository(self, kind: str, name: str, what: str, body: bytes) -> object:
        files = self.contents.get((kind, name))
        if files is None:
            raise RefusalError(404, f"{name} is not there")
        if what in ("", "/revision/main"):
            return {"id": name, "sha": COMMIT}
        if what == "/tree/main":
            return [
                {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
                for path, content in files.items()
            ]
        if what == "/preupload/main":
            return {"files": [mode_of(one, files) for one in json.loads(body)["files"]]}
        if what == "/xet-write-token/main":
            expires_s = int(time.time()) + 3600
            cas = f"{self.address}/cas"
            return {"accessToken": "xet", "exp": expires_s, "casUrl": cas}
        if what == "/commit/main":
            self.commit(files, [json.loads(line) for line in body.splitlines()])
            address = f"{self.address}/{page_of(kind, name)}/commit/{COMMIT}"
            return {"commitUrl": address, "commitOid": COMMIT}
        raise RefusalError(404, what)

    def commit(self, files: dict[str, bytes], lines: list[dict]) -> None:
        self.n_commits += 1
        for line in lines:
            key, value = line["key"], line["value"]
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                content = self._large.get(value["oid"])
                if content is None or len(content) != value["size"]:
                    raise RefusalError(400, f"the content of {value['path']} did not arrive")
                files[value["path"]] = content
            elif key == "deletedFile":
                del files[value["path"]]

    def lfs_batch(self, asked: dict) -> dict:
        self.transfers.add("lfs")
        return {
            "transfer": "basic",
            "objects": [
                {
                    **one,
                    "authenticated": True,
                    "actions": {"upload": {"href": f"{self.address}/lfs/{one['oid']}"}},
                }
                for one in asked["objects"]
            ],
        }

    def take_object(self, oid: str, body: bytes) -> dict:
        self.keep(oid, body)
        return {}

    def take_chunks(self, path: str, body: bytes) -> dict:
        """Answer what Xet's client asks the store of chunks."""
        self.transfers.add("xet")
        if "/xorbs/" in path:
            self._xorbs[path.rsplit("/", 1)[1]] = list(chunks_of(body))
            return {"was_inserted": True}
        if path.endswith("/shards"):
            for oid, segments in files_of_shard(body):
                chunks = [
                    chunk for xorb, begin, end in segments for chunk in self._xorbs[xorb][begin:end]
                ]
                self.keep(oid, b"".join(chunks))
            return {"type": "result", "result": 1}
        raise RefusalError(404, path)

    def keep(self, oid: str, content: bytes) -> None:
        if hashlib.sha256(content).hexdigest() != oid:
            raise RefusalError(400, f"the content of {oid} is another")
        self._large[oid] = content

    def told(self) -> dict:
        return {
            "repositories": self.repositories,
            "transfers": sorted(self.transfers),
            "files": {
                f"{kind} {name}": {path: hashlib.sha256(held[path]).hexdigest() for path in held}
                for (kind, name), held in self.contents.items()
            },
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def handler_of(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, path = 200, urlsplit(self.path).path
            try:
                answer = hub.answer(self.command, path, body, self.headers.get("Authorization"))
            except RefusalError as refusal:
                status, reason, *more = refusal.args
                answer = {"error": reason, **(more[0] if more else {})}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST  # noqa: N815 - these names are the protocol's

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    return Handler


def page_of(kind: str, name: str) -> str:
    return name if kind == "model" else f"{kind}s/{name}"


def mode_of(asked: dict, files: dict[str, bytes]) -> dict:
    """Say how a file shall be sent, and what is there already."""
    is_large = asked["path"].endswith(LARGE)
    mode = {
        "path": asked["path"],
        "uploadMode": "lfs" if is_large else "regular",
        "shouldIgnore": False,
    }
    held = files.get(asked["path"])
    if held is not None and not is_large:
        mode["oid"] = git_oid(held)
    return mode


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def chunks_of(xorb: bytes) -> Iterator[bytes]:
    """Yield the chunks of a xorb: each has a header of 8 bytes, and is compressed or not."""
    place = 0
    while place + 8 <= len(xorb) and xorb[place] == 0:
        n_packed = int.from_bytes(xorb[place + 1 : place + 4], "little")
        scheme = xorb[place + 4]
        n_bytes = int.from_bytes(xorb[place + 5 : place + 8], "little")
        packed = xorb[place + 8 : place + 8 + n_packed]
        place += 8 + n_packed
        yield packed if scheme == 0 else unpacked(packed, n_bytes, is_grouped=scheme == 2)


def unpacked(packed: bytes, n_bytes: int, *, is_grouped: bool) -> bytes:
    """Undo LZ4, and the grouping of every fourth byte that may come before it."""
    content = bytes(pa.Codec("lz4").decompress(packed, decompressed_size=n_bytes))
    if not is_grouped:
        return content
    whole, place = bytearray(n_bytes), 0
    for first in range(4):
        n_group = len(range(first, n_bytes, 4))
        whole[first::4] = content[place : place + n_group]
        place += n_group
    return bytes(whole)


def files_of_shard(shard: bytes) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Yield a shard's files: their sha256, and which chunks of which xorbs they are made of."""
    place = ENTRY_BYTES
    while (head := shard[place : place + 32]) != b"\xff" * 32:
        assert head
        flags = int.from_bytes(shard[place + 32 : place + 36], "little")
        n_segments = int.from_bytes(shard[place + 36 : place + 40], "little")
        rows = [shard[at : at + ENTRY_BYTES] for at in range(place + 48, len(shard), ENTRY_BYTES)]
        segments = [
            (
                hex_of(row[:32]),
                int.from_bytes(row[40:44], "little"),
                int.from_bytes(row[44:48], "little"),
            )
            for row in rows[:n_segments]
        ]
        n_rows = n_segments * (2 if flags & VERIFIED else 1)
        assert flags & DESCRIBED
        yield hex_of(rows[n_rows][:32]), segments
        place += ENTRY_BYTES * (2 + n_rows)


def hex_of(digest: bytes) -> str:
    """Write a digest as Xet does: four numbers of 8 bytes, the lowest byte first."""
    return "".join(digest[at : at + 8][::-1].hex() for at in range(0, 32, 8))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token")
    parser.add_argument("--refuses", action="store_true")
    given = parser.parse_args()
    stand_in = Hub(refuses=given.refuses, token=given.token, port=given.port)
    sys.stdout.write(f"{stand_in.address}\n")
    sys.stdout.flush()
    stand_in._thread.join()
