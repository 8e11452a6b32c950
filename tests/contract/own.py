"""The document of our own API beside the contract's files: the same addresses, and answers as it says."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from bookbridge.api.openapi.document import document

_PARAMETER = re.compile(r"\{\w+\}")


def address(method: str, path: str) -> tuple[str, str]:
    """Method and path, whatever the parameters are called and however it is spelt."""
    return method.lower(), _PARAMETER.sub("{}", path).casefold()


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Our operations by address."""
    return {
        address(method, path): content
        for path, methods in document()["paths"].items()
        for method, content in methods.items()
    }


def problems(method: str, path: str, status: int, body: bytes) -> list[str]:
    """What our document does not say of an answer: its status, its shape, and fields that it does not name."""
    found = operations().get(address(method, path)) or _general(*address(method, path))
    if found is None:
        return [f"{method} {path} is not in our document"]
    response = found["responses"].get(str(status))
    if response is None:
        return [f"our document has no status {status}"]
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content = response.get("content", {}).get("application/json")
    if content is None:
        return ["our document says that there is no body"] if body and "content" not in response else []
    validator = Draft202012Validator({**content["schema"], "components": _closed_components()})
    return [
        f"ours: {'.'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:200]}"
        for error in validator.iter_errors(json.loads(body))
    ]


def _general(method: str, path: str) -> dict[str, Any] | None:
    """Our operation for many addresses of which the path is one: data types are a parameter in some of ours."""
    wanted = path.split("/")
    for (known_method, known_path), content in operations().items():
        steps = known_path.split("/")
        is_alike = known_method == method and len(steps) == len(wanted)
        if is_alike and all(step in ("{}", name) for step, name in zip(steps, wanted, strict=True)):
            return content
    return None


@cache
def _closed_components() -> Any:
    """The schemas, with nothing allowed that they do not name."""
    return _shut(document()["components"])


def _shut(content: Any) -> Any:
    if isinstance(content, list):
        return [_shut(part) for part in content]
    if not isinstance(content, dict):
        return content
    found = {key: _shut(value) for key, value in content.items()}
    if content.get("type") == "object" and "properties" in content:
        found.setdefault("additionalProperties", False)
    return found
