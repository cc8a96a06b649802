"""Uses the package `lib` that the Rust program unpacked beside its copy of this file."""

from __future__ import annotations

from lib.example import MyServiceStub, Request


def main() -> None:
    request = Request(name="from the macro")
    assert Request.parse(bytes(request)) == request
    print(request, MyServiceStub.__name__)


if __name__ == "__main__":
    main()
