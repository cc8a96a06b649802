"""The packages of google.cloud.aiplatform.v1, a large real API: how long they take to import and to generate.

The proto files are those of the corpus that `tests.corpus` judges. In: the folder to work in, the cache of downloads and the
plugin. Out: rows. Called by `__main__`.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from ..corpus import fetch
from .dialects import LeftOut
from .measure import Effort, Row, interleave
from .trees import fresh, output_arguments, protoc

SOURCE = "googleapis"
API = "google/cloud/aiplatform/v1"
MODULES = {
    "google": "{}_pb2",
    "protobuf-py": "{}_pb",
}
"""How a library names the module of a proto file; the others have one module for the package."""

IMPORT = """
import importlib, sys, time
root, names = sys.argv[1], sys.argv[2:]
sys.path.insert(0, root)
if {extend}:
    # Two folders make up the package google: that of google.protobuf and the generated one.
    import os, google
    google.__path__.append(os.path.join(root, "google"))
started = time.perf_counter()
for name in names:
    importlib.import_module(name)
print(time.perf_counter() - started)
"""


class Corpus:
    """The proto files, compiled by protoc once."""

    def __init__(self, work: Path, cache: Path, plugin: Path) -> None:
        """Fetch and compile the files. `LeftOut` when the machine has no npm or no network."""
        self.folder = work / "corpus"
        self.plugin = plugin
        self.set = self.folder / "set.binpb"
        source = next(source for source in fetch.SOURCES if source.name == SOURCE)
        try:
            protos, _ = fetch.protos(source, cache, self.folder)
        except fetch.Missing as error:
            raise LeftOut(str(error)) from error
        names = sorted(
            path.relative_to(protos).as_posix() for path in (protos / API).glob("*.proto")
        )
        arguments = [
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={self.set}",
        ]
        protoc([f"--proto_path={protos}", *arguments, *names])
        from google.protobuf.descriptor_pb2 import FileDescriptorSet

        files = FileDescriptorSet.FromString(self.set.read_bytes()).file
        # The well-known types come with every library.
        self.names = [f.name for f in files if not f.name.startswith("google/protobuf/")]
        self.messages = sum(len(f.message_type) for f in files)

    def generate(self, name: str) -> Path:
        """Generate the code of all files into a new folder, which is given back."""
        root = fresh(self.folder / name)
        out = root
        if name in ("aristaproto", "betterproto2"):
            out = root / "tree"
            out.mkdir()
        protoc(
            [
                f"--descriptor_set_in={self.set}",
                *output_arguments(name, out, self.plugin),
                *self.names,
            ]
        )
        return root

    def modules(self, name: str) -> list[str]:
        """What is imported so that every type is there."""
        pattern = MODULES.get(name)
        if pattern is None:
            return [f"tree.{API.replace('/', '.')}"]
        return [pattern.format(f.removesuffix(".proto").replace("/", ".")) for f in self.names]

    def import_seconds(self, name: str) -> float:
        """Seconds that the imports take in a process of their own, the library's own import included."""
        script = IMPORT.format(extend=name == "google")
        command = [sys.executable, "-c", script, str(self.folder / name), *self.modules(name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            raise LeftOut(f"{name}: its package does not import: {said[-1] if said else ''}")
        return float(done.stdout)

    def generate_seconds(self, name: str) -> float:
        started = perf_counter()
        self.generate(name)
        return perf_counter() - started


def prepare(corpus: Corpus, names: Sequence[str], notes: list[str]) -> list[str]:
    """Generate and byte-compile for each library; those that fail are left out with a note."""
    ready: list[str] = []
    for name in names:
        try:
            compileall.compile_dir(corpus.generate(name), quiet=2, maxlevels=20)
            corpus.import_seconds(name)
        except LeftOut as error:
            notes.append(f"left out: {API}, {name}: {error}")
        else:
            ready.append(name)
    return ready


def import_row(corpus: Corpus, names: Sequence[str], effort: Effort) -> Row:
    """Time the import of the whole package."""
    row = Row("import", "aiplatform", "import")
    return interleave(row, dict.fromkeys(names, corpus.import_seconds), effort)


def generate_row(corpus: Corpus, names: Sequence[str], effort: Effort) -> Row:
    """Time protoc with each plugin, from compiled descriptors to files."""
    row = Row("generate", "aiplatform", "generate")
    return interleave(row, dict.fromkeys(names, corpus.generate_seconds), effort)
