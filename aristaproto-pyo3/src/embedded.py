"""Imports a package from text inside the program: `install` is what aristaproto_pyo3::embed calls."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType


class Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the modules of one package, and the packages above it if nobody else has them."""

    def __init__(self, package: str, files: Mapping[str, str]) -> None:
        self._modules: dict[str, tuple[str, bool]] = {}
        above = package.split(".")[:-1]
        for depth in range(1, len(above) + 1):
            self._modules[".".join(above[:depth])] = ("", True)
        for path, text in files.items():
            if path.endswith(".py"):
                *folders, name = path.removesuffix(".py").split("/")
                is_package = name == "__init__"
                parts = [package, *folders] if is_package else [package, *folders, name]
                self._modules[".".join(parts)] = (text, is_package)
        # A folder without a file of its own.
        for name in list(self._modules):
            while name := name.rpartition(".")[0]:
                self._modules.setdefault(name, ("", True))

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._modules:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin="<embedded>")

    def is_package(self, fullname: str) -> bool:
        return self._modules[fullname][1]

    def get_source(self, fullname: str) -> str:
        return self._modules[fullname][0]

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_source(fullname), f"<embedded {fullname}>")


def install(package: str, files: Mapping[str, str]) -> None:
    """What is installed comes first."""
    sys.meta_path.append(Finder(package, files))
