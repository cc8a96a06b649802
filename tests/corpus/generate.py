"""The step `generate`: each source's tree, through the plugin, and through both front ends of the engine, byte for byte the
same. The other steps use the plugin's.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import sys
from pathlib import Path
from time import perf_counter

from .steps import ROOT, Corpus, Failed, Tree, must

BUNDLED = ROOT / "aristaproto-build" / "src" / "source" / "include"
"""The well-known types that the engine reads; grpcio-tools has its own, of another version."""
PROTOC = (sys.executable, "-m", "grpc_tools.protoc", "--proto_path=.", f"--proto_path={BUNDLED}")
SHOWN = 10


def trees(corpus: Corpus) -> str:
    """Generate all; the number of files, modules and lines."""
    rows = [_tree(corpus, tree) for tree in corpus.trees]
    return "\n".join(rows)


def through_plugin(corpus: Corpus, tree: Tree, out: Path) -> None:
    """Let protoc run the plugin, into an empty folder."""
    must(
        [
            *PROTOC,
            f"--plugin=protoc-gen-python_aristaproto={corpus.plugin}",
            f"--python_aristaproto_out={fresh(out)}",
            f"--python_aristaproto_opt={tree.source.options}",
            f"@{tree.list}",
        ],
        tree.protos,
    )


def _tree(corpus: Corpus, tree: Tree) -> str:
    descriptors = ["--include_imports", f"--descriptor_set_out={tree.descriptors}"]
    must([*PROTOC, *descriptors, f"@{tree.list}"], tree.protos)
    started = perf_counter()
    through_plugin(corpus, tree, tree.folder)
    seconds = perf_counter() - started
    texts = [path.read_text() for path in tree.folder.rglob("*.py")]
    lines = sum(text.count("\n") for text in texts)
    row = (
        f"{tree.source.name}: {len(tree.names)} files, {len(texts)} modules, {lines} lines,"
        f" {seconds:.1f} s"
    )
    return row + "".join(f", {_front_end(corpus, tree, end)}" for end in ("protoc", "protox"))


def _front_end(corpus: Corpus, tree: Tree, front_end: str) -> str:
    """Generate with the engine and compare with the plugin's tree."""
    program = corpus.example("corpus_tree")
    if program is None:
        return f"{front_end} not built"
    if front_end == "protox" and tree.source.not_protox:
        return tree.source.not_protox
    out = corpus.work / front_end / tree.source.name
    fresh(out)
    command = [program, tree.protos, tree.list, out, tree.source.options]
    if front_end == "protoc":
        command.append(os.environ.get("PROTOC") or _wrapped_protoc(corpus.work))
    started = perf_counter()
    must(command)
    seconds = perf_counter() - started
    different = _differences(tree.folder, out)
    if different:
        raise Failed(
            f"{tree.source.name}: {front_end} and the plugin give other files:\n"
            + "\n".join(different[:SHOWN]),
            f"{len(different)} files of {tree.source.name} differ with {front_end}",
        )
    return f"{front_end} {seconds:.1f} s"


def _wrapped_protoc(folder: Path) -> Path:
    """The protoc of grpcio-tools as a program of its own."""
    if os.name == "nt":
        path = folder / "grpc-protoc.cmd"
        path.write_text(f'@"{sys.executable}" -m grpc_tools.protoc %*\n')
    else:
        path = folder / "grpc-protoc"
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m grpc_tools.protoc "$@"\n')
        path.chmod(0o755)
    return path


def _differences(plugin: Path, engine: Path) -> list[str]:
    """Names of files that are not the same. The engine keeps a list of its files, which the plugin cannot."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in (plugin, engine)
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".aristaproto-manifest"
    }
    return [
        name
        for name in sorted(names)
        if not (
            (plugin / name).exists()
            and (engine / name).exists()
            and filecmp.cmp(plugin / name, engine / name, shallow=False)
        )
    ]


def fresh(folder: Path) -> Path:
    """The folder, made, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
