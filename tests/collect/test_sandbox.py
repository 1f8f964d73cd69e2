"""Parsers in a process of their own: what they may take, and what is said where they take more."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tunesmith.collect import sandbox
from tunesmith.collect.sandbox import Sandbox, Unreadable, shared
from tunesmith.errors import MissingExtraError

#: Parsers that misbehave. They stand in the child under a name from which parsers may come.
PARSERS = """
    import os, sys, types, time
    from tunesmith.collect.sandbox import Unreadable, serve
    from tunesmith.errors import MissingExtraError

    def echo(*values):
        print("a parser that prints")
        return list(values)

    def process():
        return os.getpid()

    def loop():
        while True:
            pass

    def sleep(seconds):
        time.sleep(seconds)

    def eat(mib):
        return len(bytearray(mib << 20))

    def large(mib):
        return "x" * (mib << 20)

    def crash():
        os.abort()

    def leave():
        os._exit(0)

    def refuse():
        raise Unreadable("it is encrypted", "page 3")

    def fail():
        raise ValueError("Jane Doe, jane@example.org")

    def deep():
        return deep()

    def missing():
        raise MissingExtraError("pypdfium2", "documents")

    module = types.ModuleType("tunesmith.collect.misbehaving")
    vars(module).update({name: value for name, value in globals().items() if callable(value)})
    sys.modules[module.__name__] = module
    serve()
"""


def parser(name: str, module: str = "tunesmith.collect.misbehaving") -> Callable[..., Any]:
    """What stands for a parser of the child in this process."""

    def stands_for() -> None: ...

    stands_for.__module__, stands_for.__qualname__ = module, name
    return stands_for


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(sandbox, "_CHILD", textwrap.dedent(PARSERS))
    one = Sandbox(cpu_s=1, memory_mib=200)
    yield one
    one.close()


def test_a_result_comes_back_and_the_child_is_used_again(box: Sandbox) -> None:
    assert box.call(parser("echo"), 1, "ü", None) == [1, "ü", None]
    first = box.call(parser("process"))
    assert box.call(parser("process")) == first


def test_what_a_parser_cannot_read_is_said_with_its_place(box: Sandbox) -> None:
    with pytest.raises(Unreadable) as caught:
        box.call(parser("refuse"))
    assert (caught.value.reason, caught.value.position) == ("it is encrypted", "page 3")


def test_the_words_of_a_failure_are_kept_back(box: Sandbox) -> None:
    first = box.call(parser("process"))
    with pytest.raises(Unreadable, match=r"^the parser failed \(ValueError\)$"):
        box.call(parser("fail"))
    with pytest.raises(Unreadable, match="nested too deep"):
        box.call(parser("deep"))
    assert box.call(parser("process")) == first  # a failure is no reason for a new child


def test_a_missing_package_is_not_the_fault_of_the_file(box: Sandbox) -> None:
    with pytest.raises(MissingExtraError, match="documents"):
        box.call(parser("missing"))


def test_a_loop_ends_after_its_cpu_seconds(box: Sandbox) -> None:
    start = time.monotonic()
    with pytest.raises(Unreadable, match="more than 1 CPU seconds"):
        box.call(parser("loop"))
    assert time.monotonic() - start < 1 * sandbox._PATIENCE
    assert box.call(parser("echo"), 2) == [2]  # the next file gets a new child


def test_cpu_seconds_are_counted_for_each_call(box: Sandbox) -> None:
    with pytest.raises(Unreadable, match="CPU seconds"):
        box.call(parser("loop"))
    for _ in range(3):
        assert box.call(parser("echo")) == []


def test_waiting_ends_after_a_while(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_PATIENCE", 2)
    with pytest.raises(Unreadable, match="more than 2 s"):
        box.call(parser("sleep"), 60)
    monkeypatch.undo()
    monkeypatch.setattr(sandbox, "_CHILD", textwrap.dedent(PARSERS))
    assert box.call(parser("echo")) == []


def test_memory_is_limited(box: Sandbox) -> None:
    assert box.call(parser("eat"), 50) == 50 << 20
    with pytest.raises(Unreadable, match="more than 200 MiB of memory"):
        box.call(parser("eat"), 400)
    assert box.call(parser("eat"), 50) == 50 << 20


def test_a_crash_ends_the_file_and_not_the_run(box: Sandbox) -> None:
    with pytest.raises(Unreadable, match="crashed"):
        box.call(parser("crash"))
    with pytest.raises(Unreadable, match="without a result"):
        box.call(parser("leave"))
    assert box.call(parser("echo")) == []


def test_a_result_that_is_too_large(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = PARSERS.replace("    serve()", "    import tunesmith.collect.sandbox as s\n    "
                           "s.RESULT_MIB = 1\n    serve()")  # fmt: skip
    monkeypatch.setattr(sandbox, "_CHILD", textwrap.dedent(wide))
    with pytest.raises(Unreadable, match="more than 1 MiB"):
        box.call(parser("large"), 2)


def test_only_parsers_of_this_package_are_called(box: Sandbox) -> None:
    with pytest.raises(Unreadable, match="without a result"):
        box.call(parser("getcwd", module="os"))


def test_one_sandbox_serves_a_process() -> None:
    assert shared() is shared()
