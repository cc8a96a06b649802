"""Typed protobuf messages."""
