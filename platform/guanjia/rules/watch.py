"""A limit of time for the programs of rules: what does not answer in time is broken off, so that it holds up nobody else.

A watching thread raises `RuleTimeout` in the thread that waits too long. Python code ends there at once, endless loops
included; a call into C (a sleep, a query) ends first and is broken off then. A rule that was broken off is not asked again
for a while: it would hold a lock of the database for nothing.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_EVERY = 0.1  # seconds between two looks at what is under way
IDLE_LOOKS = 50  # looks that find nothing, after which the watching thread sleeps until somebody wants it
RESTS_FOR = 30.0  # seconds for which a rule that was broken off is not asked

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)


class RuleTimeout(BaseException):
    """The program of a rule took too long. No `Exception`, so that a rule which catches those does not keep it."""


class _Block:
    """A call under way. Its gate is shut while the call runs; a lock's own `with` cannot be broken in two."""

    __slots__ = ("again", "due", "fired", "gate", "thread")

    def __init__(self, seconds: float) -> None:
        self.due = monotonic() + seconds
        self.again = max(2 * LOOK_EVERY, seconds / 4)
        self.gate = threading.Lock()
        self.thread = threading.get_ident()
        self.fired = False


_under_way: dict[int, _Block] = {}
_firing = threading.Lock()
_starting = threading.Lock()
_wanted = threading.Event()
_threads: list[threading.Thread] = []
_resting: dict[str, float] = {}


def within(seconds: float, call: Callable[..., T], *args: Any, **options: Any) -> T:
    """What `call` answers within so many seconds (0: without a limit); after them RuleTimeout is raised in it, and again
    each quarter of the time while it goes on. Nothing of it comes once this has returned. Calls may be nested."""
    if seconds <= 0:
        return call(*args, **options)
    block = _Block(seconds)
    _under_way[id(block)] = block
    try:
        try:
            with block.gate:
                if not _wanted.is_set():
                    _start()
                return call(*args, **options)
        finally:
            _settle(block)
    except RuleTimeout:
        _settle(block)  # the one that came may have broken the first off; with the gate open no other follows
        raise


def _settle(block: _Block) -> None:
    """The block is over: what was raised in it and has not come yet is taken back."""
    with _firing:
        _under_way.pop(id(block), None)
        if block.fired:
            block.fired = False
            _raise_in(block.thread, ctypes.py_object())


def _start() -> None:
    with _starting:
        _wanted.set()
        if not _threads or not _threads[0].is_alive():
            _threads[:] = [threading.Thread(target=_look, name="guanjia-rule-watch", daemon=True)]
            _threads[0].start()


def _look() -> None:
    idle = 0
    while True:
        sleep(LOOK_EVERY)
        now = monotonic()
        for block in list(_under_way.values()):
            if now >= block.due:
                with _firing:
                    if id(block) in _under_way and block.gate.locked():
                        block.fired, block.due = True, now + block.again
                        _raise_in(block.thread, ctypes.py_object(RuleTimeout))
        idle = 0 if _under_way else idle + 1
        if idle > IDLE_LOOKS:
            _wanted.clear()
            if not _under_way:
                _wanted.wait()
            _wanted.set()
            idle = 0


def _in_child() -> None:
    """A forked process has no watching thread and nothing under way; locks may have been copied shut."""
    global _firing, _starting, _wanted
    _firing, _starting, _wanted = threading.Lock(), threading.Lock(), threading.Event()
    _threads.clear()
    _under_way.clear()


os.register_at_fork(after_in_child=_in_child)


def let_rest(rule: str) -> None:
    """The rule took too long: it is not asked for the next half minute."""
    _resting[rule] = monotonic() + RESTS_FOR


def anything_rests() -> bool:
    """Whether any rule was broken off a short while ago."""
    return bool(_resting)


def is_resting(rule: str) -> bool:
    """Whether the rule was broken off a short while ago."""
    if not _resting:
        return False
    if monotonic() < _resting.get(rule, 0.0):
        return True
    _resting.pop(rule, None)
    return False


def ask_again() -> None:
    """Every rule is asked again at once: one was mended, or a test begins."""
    _resting.clear()
