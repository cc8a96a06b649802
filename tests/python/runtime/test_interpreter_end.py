"""Daemon threads that use the codec while the interpreter ends: the process ends as it would without them.

Before CPython 3.14 such a thread is ended where it waits for the interpreter's lock, by an unwinding of its stack, in which the
codec in Rust must not take part.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig

import pytest

RUNS = 6

PROGRAM = """
import copy, datetime, gc, sys, threading, time, aristaproto

def work():
    for _ in range(50):
        pass

class Number(int):
    def __index__(self):
        work()
        return 1

class Key(str):
    def __hash__(self):
        work()
        return 1

    def __eq__(self, other):
        work()
        return True

class Loop:
    def __init__(self):
        self.own = self

    def __del__(self):
        work()

class M(aristaproto.Message):
    v: "list[int]" = aristaproto.field(1, aristaproto.TYPE_INT32, repeated=True)
    m: "dict[str, M]" = aristaproto.map_field(
        2, aristaproto.TYPE_STRING, aristaproto.TYPE_MESSAGE, "M"
    )
    n: "list[M]" = aristaproto.field(3, aristaproto.TYPE_MESSAGE, "M", repeated=True)

class Own(M):
    def __deepcopy__(self, memo):
        work()
        return self

    def __eq__(self, other):
        work()
        return True

def items():
    for _ in range(20):
        yield 1

data = bytes(M(n=[M(v=[1, 2]) for _ in range(20)], m={"a": M()}))
gc.set_threshold(10)

def serialise():
    bytes(M(v=items()))

def convert():
    bytes(M(v=[Number(3), Number(4)]))

def collect():
    kept = [Loop() for _ in range(5)]
    del kept
    M.parse(data).n

def write_json():
    M(m={Key("a"): M(), Key("b"): M()}).to_json()

def read_dict():
    M.from_dict({"v": [Number(1), Number(2)], "n": [{}, {}]})

def read_json():
    kept = [Loop() for _ in range(5)]
    del kept
    M.from_json('{"n": [{"v": [1]}, {"m": {"a": {}}}]}')

def copy_own():
    copy.deepcopy(M(n=[Own(), Own()]))

def compare():
    M(n=[Own(), Own()]) == M(n=[Own(), Own()])

use = globals()[sys.argv[1]]
sys.setswitchinterval(1e-5)

def loop():
    while True:
        use()

use()
for _ in range(4):
    threading.Thread(target=loop, daemon=True).start()
time.sleep(0.03)
"""


@pytest.mark.skipif(
    sys.version_info < (3, 11),
    reason="CPython 3.10 now and then reads its own state after it has freed it, with any daemon thread",
)
@pytest.mark.skipif(
    sys.version_info < (3, 14) and "musl" in str(sysconfig.get_config_var("EXT_SUFFIX")),
    reason="so does 3.13, and musl gives what is freed back to the system: the process ends by SIGSEGV without the codec, too",
)
@pytest.mark.parametrize(
    "use",
    [
        "serialise",
        "convert",
        "collect",
        "write_json",
        "read_dict",
        "read_json",
        "copy_own",
        "compare",
    ],
)
def test_daemon_threads(use: str) -> None:
    for _ in range(RUNS):
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, use], capture_output=True, timeout=60, check=False
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
