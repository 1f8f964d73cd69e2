"""A real server of the chat completions protocol, in a process of its own: `python chat_server.py`.

The path before `/v1` says what goes wrong (`/busy/v1`), the model's name says who answers: `echo`
repeats the question, `tiny` is the model in the folder given, the others are judges of known
biases. `GET /seen` tells what was asked. The first line of its output is its port.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.request import urlopen

KEY = "sk-a-key-that-must-not-be-written-anywhere"
LOCK = Lock()
SEEN: list[dict[str, Any]] = []
TRIES: Counter[tuple[str, str]] = Counter()


def answers_of(text: str) -> list[str]:
    """The two answers that a judge is shown."""
    return [
        re.search(rf"<answer {n}>\n(.*?)\n</answer {n}>", text, re.DOTALL)[1]  # type: ignore[index]
        for n in (1, 2)
    ]


def judge(name: str, text: str, seed: int) -> str:
    """What a judge of a known bias says."""
    first, second = answers_of(text)
    if name == "first":
        word = "1"
    elif name == "longer":
        word = "tie" if len(first) == len(second) else "1" if len(first) > len(second) else "2"
    elif name == "good":  # answers that hold the word are good
        word = "tie" if ("good" in first) == ("good" in second) else "12"["good" in second]
    elif name == "wavering":  # one vote of three, the second, is the other way round
        word = "12"["good" in second] if seed % 3 != 1 else "21"["good" in second]
    elif name == "mumbling":
        return "Both answers have their merits, who am I to say."
    elif name == "half-mumbling":
        return "Hm." if "odd" in text else f"Verdict: {'12'['good' in second]}"
    else:
        raise KeyError(name)
    return f"Looked at both.\nVerdict: {word}"


class Brain:
    """Who answers."""

    def __init__(self, folder: str | None) -> None:
        self.model: Any = None
        if folder:
            from transformers import AutoModelForCausalLM, AutoTokenizer

            self.tokenizer = AutoTokenizer.from_pretrained(folder)
            self.model = AutoModelForCausalLM.from_pretrained(folder).eval()

    def __call__(self, body: dict[str, Any]) -> tuple[str, str, int, int]:
        """Text, finish reason, tokens in, tokens out."""
        messages, limit = body["messages"], body.get("max_tokens") or body["max_completion_tokens"]
        text = messages[-1]["content"]
        if body["model"] == "tiny":
            return self._generate(messages, limit)
        said = text if body["model"] == "echo" else judge(body["model"], text, body.get("seed", 0))
        words = said.split()
        cut = len(words) > limit
        read = sum(len(message["content"].split()) for message in messages)
        return (
            " ".join(words[:limit]) if cut else said,
            "length" if cut else "stop",
            read,
            len(words[:limit]),
        )

    def _generate(self, messages: list[dict[str, str]], limit: int) -> tuple[str, str, int, int]:
        given = self.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with LOCK:
            made = self.model.generate(
                **given, do_sample=False, max_new_tokens=limit, pad_token_id=2, eos_token_id=2
            )
        new = made[0, given["input_ids"].shape[1] :]
        ended = int(new[-1]) == 2
        text = self.tokenizer.decode(new, skip_special_tokens=True)
        return text, "stop" if ended else "length", int(given["input_ids"].shape[1]), len(new)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    brain: Brain

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        with LOCK:
            self._json(200, SEEN)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        fault, _, rest = self.path.lstrip("/").partition("/v1")
        with LOCK:
            TRIES[fault, json.dumps(body["messages"])] += 1
            tries = TRIES[fault, json.dumps(body["messages"])]
            SEEN.append(
                {"path": self.path, "headers": dict(self.headers), "body": body, "at": time.time()}
            )
        if not rest.startswith("/chat/completions"):
            self._error(404, "not_found")
        elif body["model"] not in {
            "echo",
            "tiny",
            "first",
            "longer",
            "good",
            "wavering",
            "mumbling",
            "half-mumbling",
        }:
            self._error(404, "model_not_found")
        elif not self._fails(fault, body, tries):
            self._answer(fault, body)

    def _fails(self, fault: str, body: dict[str, Any], tries: int) -> bool:
        odd = "odd" in body["messages"][-1]["content"]
        if fault == "busy" and tries == 1:
            self._error(429, "rate_limit_exceeded", {"retry-after": "1"})
        elif fault == "closed":
            self._error(429, "insufficient_quota", {"retry-after": "3600"})
        elif fault == "shaky" and tries <= 2:
            self._error(500, None)
        elif (fault == "down" and tries > 0) or (fault == "odd-down" and odd):
            self._error(503, "overloaded")
        elif fault == "picky" and odd:
            self._error(400, "context_length_exceeded")
        elif fault == "locked" and self.headers.get("authorization") != f"Bearer {KEY}":
            self._error(401, "invalid_api_key")
        elif fault == "moved":
            self._error(307, None, {"location": "http://127.0.0.1:1/v1/chat/completions"})
        elif fault == "slow" and tries == 1:
            time.sleep(1.5)
            self._error(500, None)
        elif fault == "html":
            self._send(200, b"<html>Sign in first</html>", "text/html")
        elif fault == "cut" and tries == 1:
            self.send_response(200)
            self.send_header("content-length", "500")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
        elif fault == "plain" and body.get("stream"):
            self._error(400, "stream_not_supported")
        else:
            return False
        return True

    def _answer(self, fault: str, body: dict[str, Any]) -> None:
        text, finish, read, written = self.brain(body)
        usage = {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        }
        about = {"id": "chatcmpl-1", "created": int(time.time()), "model": body["model"]}
        if fault == "filter":
            finish = "content_filter"
        if body.get("stream"):
            self._stream(fault, text, finish, usage, about)
            return
        made = {
            **about, "object": "chat.completion",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        }  # fmt: skip
        self._json(200, made if fault == "uncounted" else {**made, "usage": usage})

    def _stream(self, fault: str, text: str, finish: str, usage: Any, about: Any) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

        def chunk(data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

        def event(choices: list[Any], **more: Any) -> None:
            made = {**about, "object": "chat.completion.chunk", "choices": choices, **more}
            chunk(f"data: {json.dumps(made)}\n\n".encode())

        event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
        chunk(b": still here\n\n")
        half = max(1, len(text) // 2)
        time.sleep(0.05)
        event([{"index": 0, "delta": {"content": text[:half]}, "finish_reason": None}])
        if fault == "cut-stream":
            chunk(b"")
            self.close_connection = True
            return
        time.sleep(0.05)
        event([{"index": 0, "delta": {"content": text[half:]}, "finish_reason": None}])
        event([{"index": 0, "delta": {}, "finish_reason": finish}])
        if fault != "uncounted":
            event([], usage=usage)
        chunk(b"data: [DONE]\n\n")
        chunk(b"")

    def _error(self, status: int, code: str | None, headers: dict[str, str] | None = None) -> None:
        words = f"You asked {SEEN[-1]['body']['messages'][-1]['content']} with {KEY[:12]}"
        made = {"error": {"message": words, "type": "an error", "code": code}}
        self._send(status, json.dumps(made).encode(), "application/json", headers)

    def _json(self, status: int, made: Any) -> None:
        self._send(status, json.dumps(made).encode(), "application/json")

    def _send(
        self, status: int, data: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class Server:
    """A server that runs, seen from the tests."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, fault: str = "well") -> str:
        return f"http://127.0.0.1:{self.port}/{fault}/v1"

    def seen(self, fault: str) -> list[dict[str, Any]]:
        """What was asked under one path."""
        with urlopen(f"http://127.0.0.1:{self.port}/seen") as answer:
            return [one for one in json.load(answer) if one["path"].startswith(f"/{fault}/")]


@contextlib.contextmanager
def serving(folder: Path | None = None) -> Iterator[Server]:
    """Start the server, and stop it."""
    child = subprocess.Popen(
        [sys.executable, __file__, *([] if folder is None else [str(folder)])],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        yield Server(int(child.stdout.readline()))
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


if __name__ == "__main__":
    Handler.brain = Brain(sys.argv[1] if len(sys.argv) > 1 else None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
