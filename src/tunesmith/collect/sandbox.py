"""Parsers of files that may be hostile, in a process of their own with limits.

A document may be made so that its parser loops, takes all memory or crashes. Such a parser runs in
a child process: it may use so many CPU seconds and so much memory for one file, and is ended where
it takes more. The file is quarantined then, and the next one gets a new process. A child that has
nothing to complain of is used again.

Only functions of `tunesmith.collect` are called, by their names; arguments and results are JSON.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO, Any, NamedTuple

import orjson

from tunesmith.errors import MissingExtraError

#: Defaults for one file: CPU seconds, memory beside what Python and the parser take, and the size
#: of a result.
CPU_S, MEMORY_MIB, RESULT_MIB = 60.0, 1_024, 256

#: A child whose processor is busy with others may take so many times its CPU seconds by the clock.
_PATIENCE = 20

_HERE = "tunesmith.collect"
_LENGTH = 8

#: What the child runs. It imports this module by its name: run as a script it would be another one,
#: and what parsers raise would be none of its own exceptions.
_CHILD = f"from {__name__} import serve; serve()"


class Unreadable(Exception):  # noqa: N818 - it is a fact about a file, not an error of the program
    """A file or a part of it cannot be read.

    Args:
        reason: Why, in words that go to the ledger: nothing of the content.
        position: The place in the file, where it is not the file as a whole.
    """

    def __init__(self, reason: str, position: str | None = None) -> None:
        self.reason, self.position = reason, position
        super().__init__(reason)


class _Child(NamedTuple):
    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    replies: IO[bytes]


class Sandbox:
    """A child process that calls parsers; it is started at the first call.

    Args:
        cpu_s: CPU seconds that one call may take.
        memory_mib: Memory that calls may take beside what the process has when it starts (MiB).
    """

    def __init__(self, *, cpu_s: float = CPU_S, memory_mib: int = MEMORY_MIB) -> None:
        self.cpu_s, self.memory_mib = cpu_s, memory_mib
        self._child: _Child | None = None

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """What a function of `tunesmith.collect` returns.

        Args:
            function: A public function of a module; it may raise `Unreadable`.
            args: What JSON can hold.

        Raises:
            Unreadable: It said so, failed, took too long or too much memory, or crashed.
            MissingExtraError: It needs a package that is not installed.
        """
        request = orjson.dumps([function.__module__, function.__qualname__, list(args)])
        child = self._child = self._child or self._start()
        try:
            reply = self._ask(child, request)
        except _Gone as gone:
            self.close()
            raise Unreadable(str(gone)) from None
        if "unreadable" in reply:
            raise Unreadable(reply["unreadable"], reply["position"])
        if "missing" in reply:
            raise MissingExtraError(*reply["missing"])
        return reply["result"]

    def _start(self) -> _Child:
        limits = [str(self.cpu_s), str(self.memory_mib)]
        command = [sys.executable, "-P", "-c", _CHILD, *limits]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the pipes that were asked for are not there")
        atexit.register(self.close)
        return _Child(process, process.stdin, process.stdout)

    def _ask(self, child: _Child, request: bytes) -> dict[str, Any]:
        until = time.monotonic() + self.cpu_s * _PATIENCE
        try:
            child.requests.write(len(request).to_bytes(_LENGTH) + request)
            child.requests.flush()
        except OSError:
            raise _Gone(self._why(child)) from None
        size = int.from_bytes(self._receive(child, _LENGTH, until))
        reply: dict[str, Any] = orjson.loads(self._receive(child, size, until))
        return reply

    def _receive(self, child: _Child, size: int, until: float) -> bytes:
        handle, parts, missing = child.replies.fileno(), [], size
        while missing:
            ready, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise _Gone(f"reading took more than {self.cpu_s * _PATIENCE:g} s")
            part = os.read(handle, min(missing, 1 << 20))
            if not part:
                raise _Gone(self._why(child))
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _why(self, child: _Child) -> str:
        import signal

        code = child.process.wait()
        if code == -signal.SIGXCPU:
            return f"reading took more than {self.cpu_s:g} CPU seconds"
        if code < 0:
            return f"the parser crashed ({signal.Signals(-code).name})"
        return "the parser ended without a result"

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        atexit.unregister(self.close)
        child.process.kill()
        child.process.wait()
        for pipe in (child.requests, child.replies):
            with contextlib.suppress(OSError):  # what was not sent yet has no reader any more
                pipe.close()


@functools.cache
def _shared(process: int, cpu_s: float, memory_mib: int) -> Sandbox:
    return Sandbox(cpu_s=cpu_s, memory_mib=memory_mib)


def shared(*, cpu_s: float = CPU_S, memory_mib: int = MEMORY_MIB) -> Sandbox:
    """The sandbox of this process with these limits; its child ends with this process.

    Sources read files one by one, and a child takes most of a second to start.
    """
    return _shared(os.getpid(), cpu_s, memory_mib)


class _Gone(Exception):  # noqa: N818
    """The child has no answer."""


# ── In the child ─────────────────────────────────────────────────────────────────────────────────


def serve() -> None:
    """Answer calls until nobody asks any more; the limits are the arguments of the process."""
    # What a parser prints must not get among the replies.
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(sys.stdin.buffer, channel, float(sys.argv[1]), int(sys.argv[2]))


def _serve(requests: IO[bytes], replies: IO[bytes], cpu_s: float, memory_mib: int) -> None:
    import resource

    limit = _taken() + (memory_mib << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while head := requests.read(_LENGTH):
        module, name, args = orjson.loads(requests.read(int.from_bytes(head)))
        used = time.process_time()
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + cpu_s) + 1, hard))
        reply = _reply(module, name, args, memory_mib)
        replies.write(len(reply).to_bytes(_LENGTH) + reply)
        replies.flush()


def _taken() -> int:
    """The address space of this process in bytes."""
    import psutil

    return int(psutil.Process().memory_info().vms)


def _reply(module: str, name: str, args: list[Any], memory_mib: int) -> bytes:
    if module != _HERE and not module.startswith(f"{_HERE}."):
        raise ValueError(f"{module} is not a parser")
    try:
        result = orjson.dumps({"result": getattr(importlib.import_module(module), name)(*args)})
        if len(result) > RESULT_MIB << 20:
            raise Unreadable(f"what is in it takes more than {RESULT_MIB} MiB")
    except Unreadable as problem:
        return orjson.dumps({"unreadable": problem.reason, "position": problem.position})
    except MissingExtraError as missing:
        return orjson.dumps({"missing": [missing.package, missing.extra]})
    except MemoryError:
        reason = f"reading took more than {memory_mib:,} MiB of memory"
    except RecursionError:
        reason = "it is nested too deep"
    except Exception as error:
        # The words of a parser's error may quote the file; its kind does not.
        reason = f"the parser failed ({type(error).__name__})"
    else:
        return result
    return orjson.dumps({"unreadable": reason, "position": None})
