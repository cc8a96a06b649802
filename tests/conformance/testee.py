"""The program that the official conformance runner talks to, on the public API of aristaproto.

In: on stdin, requests of conformance.proto, each after its length as four bytes; the folder of the
generated tree as the only argument. Out: on stdout, the responses in the same form.
https://github.com/protocolbuffers/protobuf/tree/main/conformance
"""

from __future__ import annotations

import importlib
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import aristaproto

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTH = struct.Struct("<I")


def _load(tree: Path) -> tuple[Any, aristaproto.MessagePool]:
    """Import a generated tree; return its module `conformance` and its pool of messages.

    The pool imports the test messages when they are looked up.
    """
    sys.path.insert(0, str(tree.parent))
    pool: aristaproto.MessagePool = importlib.import_module(
        f"{tree.name}.message_pool"
    ).default_message_pool
    return importlib.import_module(f"{tree.name}.conformance"), pool


def _parse(conformance: Any, cls: type[aristaproto.Message], request: Any) -> aristaproto.Message:
    """Return the message that the request's payload holds."""
    kind, payload = aristaproto.which_one_of(request, "payload")
    if kind == "protobuf_payload":
        return cls.parse(payload)
    if kind == "json_payload":
        lenient = conformance.TestCategory.JSON_IGNORE_UNKNOWN_PARSING_TEST
        return cls.from_json(payload, ignore_unknown_fields=request.test_category == lenient)
    if kind == "text_payload":
        return cls.from_text(payload)
    raise NotImplementedError(f"payload {kind!r}")


def _serialize(
    conformance: Any, message: aristaproto.Message, request: Any
) -> Mapping[str, bytes | str]:
    """Return the response's field for the format that is asked for."""
    formats = conformance.WireFormat
    if request.requested_output_format == formats.PROTOBUF:
        return {"protobuf_payload": bytes(message)}
    if request.requested_output_format == formats.JSON:
        return {"json_payload": message.to_json()}
    if request.requested_output_format == formats.TEXT_FORMAT:
        text = message.to_text(print_unknown_fields=request.print_unknown_fields)
        return {"text_payload": text}
    raise NotImplementedError(f"format {request.requested_output_format!r}")


def _answer(conformance: Any, pool: aristaproto.MessagePool, request: Any) -> Any:
    """Return the response to one request."""
    response = conformance.ConformanceResponse
    if request.message_type == "conformance.FailureSet":
        # The runner asks first which failures are expected: none.
        return response(protobuf_payload=bytes(conformance.FailureSet()))
    cls = pool.find_message(request.message_type)
    if cls is None:
        return response(skipped=f"{request.message_type} is not in the tree")
    try:
        message = _parse(conformance, cls, request)
    except aristaproto.Error as error:
        return response(parse_error=str(error))
    except NotImplementedError as error:
        return response(skipped=str(error))
    except Exception as error:  # noqa: BLE001 (whatever fails is an answer to the runner)
        return response(runtime_error=f"{type(error).__name__}: {error}")
    try:
        return response(**_serialize(conformance, message, request))
    except aristaproto.Error as error:
        return response(serialize_error=str(error))
    except NotImplementedError as error:
        return response(skipped=str(error))
    except Exception as error:  # noqa: BLE001 (whatever fails is an answer to the runner)
        return response(runtime_error=f"{type(error).__name__}: {error}")


def main(tree: Path, requests: BinaryIO, responses: BinaryIO) -> None:
    """Answer requests until the runner closes the stream."""
    conformance, pool = _load(tree)
    while header := requests.read(_LENGTH.size):
        request = conformance.ConformanceRequest.parse(requests.read(*_LENGTH.unpack(header)))
        data = bytes(_answer(conformance, pool, request))
        responses.write(_LENGTH.pack(len(data)) + data)
        responses.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.stdin.buffer, sys.stdout.buffer)
