"""Reads generated trees from standard input and says of each, in one line, what is wrong with it; nothing if it is all right.

A tree is a line with the number of its files and whether to import it, then for each file its path and its text, each after
a line with its length in bytes. tests/tests/hostile_descriptors writes them; its canary is the argument.
"""

import ast
import importlib
import sys
import tempfile
import warnings
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType

# What generated code may import from outside of its tree.
MODULES = {
    "__future__", "aristaproto", "builtins", "collections", "datetime", "grpc", "grpclib", "typing", "warnings",
}  # fmt: skip
# The statements of a module, and of a class or function in it.
STATEMENTS = (
    ast.AnnAssign, ast.Assign, ast.AsyncFor, ast.AsyncFunctionDef, ast.ClassDef, ast.Expr, ast.For, ast.FunctionDef, ast.If,
    ast.Import, ast.ImportFrom, ast.Return, ast.Raise, ast.Pass, ast.With, ast.AsyncWith, ast.Try,
)  # fmt: skip


class Unexpected(Exception):
    """Something that no generated module holds."""


def names(node: ast.AST) -> Iterator[str]:
    """Each name that a node is or makes."""
    for field in ("id", "attr", "arg", "name", "asname", "module"):
        name = getattr(node, field, None)
        if isinstance(name, str):
            yield name


def read(path: str, text: str, canary: str) -> None:
    tree = ast.parse(text, path)
    compile(tree, path, "exec")
    for node in ast.walk(tree):
        for name in names(node):
            if canary in name:
                raise Unexpected(
                    f"{path}:{getattr(node, 'lineno', 0)}: a text became the name {name!r}"
                )
        if isinstance(node, ast.stmt) and not isinstance(node, STATEMENTS):
            line = getattr(node, "lineno", 0)
            raise Unexpected(f"{path}:{line}: an unexpected {type(node).__name__}")
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            modules.append(node.module or "")
        for module in modules:
            if module.split(".")[0] not in MODULES:
                raise Unexpected(f"{path}:{getattr(node, 'lineno', 0)}: imports {module}")


def use(module: ModuleType) -> None:
    """Makes a message of each class, writes and reads it."""
    import aristaproto

    for name in getattr(module, "__all__", ()):
        made = getattr(module, name)
        if isinstance(made, type) and issubclass(made, aristaproto.Message):
            message = made()
            assert made.parse(bytes(message)) == message
            assert made.from_json(message.to_json()) == message
        elif isinstance(made, type) and issubclass(made, Enum):
            assert len(made) > 0


def main(canary: str) -> None:
    warnings.simplefilter("ignore")
    stream = sys.stdin.buffer
    number = 0
    while head := stream.readline().split():
        count, is_used = int(head[0]), head[1] == b"1"
        files = [
            tuple(stream.read(int(stream.readline())).decode() for _ in range(2))
            for _ in range(count)
        ]
        wrong = ""
        try:
            for path, text in files:
                if path.endswith(".py"):
                    read(path, text, canary)
                elif text:
                    raise Unexpected(f"{path} holds something")
            if is_used:
                number += 1
                load(f"tree{number}", files)
        except Exception as error:  # noqa: BLE001
            wrong = f"{type(error).__name__}: {error}".replace("\n", " ")[:400]
        print(wrong, flush=True)


def load(name: str, files: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files:
            target = Path(folder, name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        sys.path.insert(0, folder)
        try:
            for path, _ in files:
                if path.endswith("__init__.py"):
                    parts = [name, *Path(path).parts[:-1]]
                    use(importlib.import_module(".".join(parts)))
        finally:
            sys.path.remove(folder)
            for module in [it for it in sys.modules if it == name or it.startswith(name + ".")]:
                del sys.modules[module]


if __name__ == "__main__":
    main(sys.argv[1])
