"""What generated code may use of this package, and the number of that agreement.

`message_pool.py` of each generated tree calls `require_contract` with the number its generator wrote.
"""

from __future__ import annotations

__all__ = ("ACCEPTED", "CONTRACT", "NAMES", "require_contract")

CONTRACT = 1
"""The newest contract, the one that the generator of the same version writes."""

ACCEPTED = frozenset({1})
"""All contracts whose generated code runs on this runtime."""

NAMES = frozenset(
    {
        "aristaproto.Enum",
        "aristaproto.Extension",
        "aristaproto.Message",
        "aristaproto.MessagePool",
        "aristaproto.Oneof",
        "aristaproto.TYPE_BOOL",
        "aristaproto.TYPE_BYTES",
        "aristaproto.TYPE_DOUBLE",
        "aristaproto.TYPE_ENUM",
        "aristaproto.TYPE_FIXED32",
        "aristaproto.TYPE_FIXED64",
        "aristaproto.TYPE_FLOAT",
        "aristaproto.TYPE_GROUP",
        "aristaproto.TYPE_INT32",
        "aristaproto.TYPE_INT64",
        "aristaproto.TYPE_MESSAGE",
        "aristaproto.TYPE_SFIXED32",
        "aristaproto.TYPE_SFIXED64",
        "aristaproto.TYPE_SINT32",
        "aristaproto.TYPE_SINT64",
        "aristaproto.TYPE_STRING",
        "aristaproto.TYPE_UINT32",
        "aristaproto.TYPE_UINT64",
        "aristaproto.descriptors",
        "aristaproto.extension",
        "aristaproto.field",
        "aristaproto.grpcio",
        "aristaproto.grpclib",
        "aristaproto.map_field",
        "aristaproto.oneof",
        "aristaproto.pydantic",
        "aristaproto.require_contract",
        "aristaproto.wkt",
    }
)
"""Names that generated code may use; modules stand for everything in their `__all__`."""


def require_contract(number: int) -> None:
    """Check that code generated for contract `number` runs on this runtime.

    Raises `ImportError` that says which side to upgrade.
    """
    if number in ACCEPTED:
        return
    if number > CONTRACT:
        remedy = "upgrade the Python package `aristaproto`"
    else:
        remedy = "upgrade `aristaproto-build` and generate the code again"
    raise ImportError(
        f"this code was generated for contract {number}, the installed aristaproto runtime accepts "
        f"{', '.join(map(str, sorted(ACCEPTED)))}: {remedy}"
    )
