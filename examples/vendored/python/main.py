"""Reads a Request from standard input and writes a Response to standard output, both in protobuf's binary form."""

from __future__ import annotations

import sys

from lib.example import Request, Response


def main() -> None:
    request = Request.parse(sys.stdin.buffer.read())
    response = Response(names=[request.name, "and", "Python"])
    sys.stdout.buffer.write(bytes(response))


if __name__ == "__main__":
    main()
