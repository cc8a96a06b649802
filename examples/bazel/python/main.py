"""Builds a request of one proto package out of a message of another."""

from __future__ import annotations

from lib.greeter.v1 import GreetRequest
from lib.names.v1 import Name

print(GreetRequest(name=Name(given="Ada", family="Lovelace")).to_json())
