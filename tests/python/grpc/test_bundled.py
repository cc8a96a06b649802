"""The messages that the runtime brings for gRPC declare what the packages of others declare."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto


def bare(file: Any) -> Any:
    """A file's declarations, without options and what follows from names."""
    for field in ("name", "package", "dependency", "options"):
        file.ClearField(field)
    messages = list(file.message_type)
    while messages:
        message = messages.pop()
        messages.extend(message.nested_type)
        for field in message.field:
            field.ClearField("json_name")
            field.type_name = field.type_name.replace("v1alpha", "v1")
    for service in file.service:
        for method in service.method:
            method.input_type = method.input_type.replace("v1alpha", "v1")
            method.output_type = method.output_type.replace("v1alpha", "v1")
    return file


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("google/rpc/code.proto", "google.rpc.code_pb2"),
        ("google/rpc/error_details.proto", "google.rpc.error_details_pb2"),
        ("google/rpc/status.proto", "google.rpc.status_pb2"),
        ("grpc/health/v1/health.proto", "grpc_health.v1.health_pb2"),
        # No package has v1 of reflection, which differs from v1alpha in its name.
        ("grpc/reflection/v1/reflection.proto", "grpc_reflection.v1alpha.reflection_pb2"),
        ("grpc/reflection/v1alpha/reflection.proto", "grpc_reflection.v1alpha.reflection_pb2"),
    ],
)
def test_declarations(name: str, theirs: str) -> None:
    package = name.rpartition("/")[0].replace("/", ".")
    ours: Any = importlib.import_module(f"aristaproto.bundled.{package}._descriptors")
    expected = FileDescriptorProto()
    module: Any = importlib.import_module(theirs)
    module.DESCRIPTOR.CopyToProto(expected)
    assert bare(FileDescriptorProto.FromString(ours.FILES[name])) == bare(expected)
