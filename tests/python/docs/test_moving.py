"""The right sides of the tables of docs/guide/moving.md run, each after the program at the top of the page."""

from __future__ import annotations

import importlib
import re
import sys

import pytest

from tests.python.docs.blocks import ROOT, read_page

PATH = ROOT / "docs/guide/moving.md"
PAGE = PATH.read_text(encoding="utf-8")
# No Python, or what the pages about services, plugin and extensions run.
ELSEWHERE = {
    ".proto",
    "MyServiceStub(channel)",
    "aristaproto.extensions(message)[extension]",
    "aristaproto.grpcio.add_to_server(service, server)",
    'await stub.my_rpc(Request(name="a"))',
    "grpc.aio",
    "protoc --python_aristaproto_out=lib …",
    "server_generation=async",
}


def right_sides() -> list[str]:
    found: list[str] = []
    for row in re.findall(r"^\| .* \| (.*) \|$", PAGE, re.MULTILINE):
        for code in re.findall(r"`([^`]+)`", row):
            if code not in ELSEWHERE and re.search(r"[.(= ]", code):
                found.append(code)
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("code", right_sides())
def test_right_side(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", ".shop", ".google", ".google.protobuf"):
        monkeypatch.setitem(sys.modules, f"lib{name}", importlib.import_module(f"trees.sync{name}"))
    setup = next(it for it in read_page(PATH).blocks if it.language == "python").code
    namespace: dict[str, object] = {}
    exec(f"import copy\n{setup}", namespace)  # noqa: S102
    exec(code, namespace)  # noqa: S102


def test_there_are_many() -> None:
    assert len(right_sides()) > 40
