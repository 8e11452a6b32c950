"""Reads the sentence that stands under each field of a record class.

Those sentences are written once, in the class, and are published from there: push options, API
descriptions, the documentation's tables. It must not be called per request: results are kept for the life
of the process.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache

import msgspec


def field_docs(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The sentence under each field, by the field's Python name; inherited fields included.

    A field without one is left out. Where the source is not at hand (a frozen build) the answer is empty.
    """
    return _collected(struct)


def summary(struct: type[msgspec.Struct]) -> str:
    """The first line of the class's docstring."""
    return (inspect.getdoc(struct) or "").partition("\n")[0]


@cache
def _collected(struct: type[msgspec.Struct]) -> dict[str, str]:
    docs: dict[str, str] = {}
    for owner in reversed(struct.__mro__):
        if issubclass(owner, msgspec.Struct) and owner is not msgspec.Struct:
            docs.update(_own_docs(owner))
    return docs


def _own_docs(struct: type[msgspec.Struct]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(struct))
    except (OSError, TypeError):
        return {}
    definition = ast.parse(source).body[0]
    if not isinstance(definition, ast.ClassDef):
        return {}
    docs: dict[str, str] = {}
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            docs[field.target.id] = inspect.cleandoc(following.value.value)
    return docs
