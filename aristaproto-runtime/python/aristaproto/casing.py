"""Names in another casing: the public path of `aristaproto.base.casing`."""

from .base.casing import Casing, camel_case, pascal_case, snake_case

__all__ = ("Casing", "camel_case", "pascal_case", "snake_case")
