"""One way of asking for a call of any library, whatever its language calls it: `library.call("bills", "create", …)`."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Protocol

from tests.sdks.programs import Calls

OF_THE_HTTP_ANSWER = {"statusCode", "contentType", "errorMessage"}


class Library(Protocol):
    """A library. Parameters and bodies have the wire's names, services and methods those of Python."""

    def call(self, service: str, method: str, parameters: dict[str, Any], body: Any = None, *, of: str = "") -> Any:
        """What the library makes of our answer; it must not raise. `of` is what is written: `billPayment`."""
        ...


@dataclass(frozen=True)
class OldPython:
    """A library of the old environment. It knows itself what a request calls its body."""

    calls: Calls
    name: str

    def call(self, service: str, method: str, parameters: dict[str, Any], body: Any = None, *, of: str = "") -> Any:
        del of
        more = {} if body is None else {"body": body}
        return self.calls.result(self.name, f"{service}.{method}", parameters=parameters, **more)

    def attach(self, service: str, parameters: dict[str, Any], name: str, content: bytes) -> Any:
        """Attach a file to a record. The libraries of npm cannot: see `calls.ts`."""
        file = {"fileName": name, "base64": base64.b64encode(content).decode()}
        return self.call(service, "upload_attachment", parameters, file)


@dataclass(frozen=True)
class Npm:
    """A library of npm. Its answers are envelopes around what was answered."""

    calls: Calls
    name: str

    def call(self, service: str, method: str, parameters: dict[str, Any], body: Any = None, *, of: str = "") -> Any:
        request = {**parameters, **({of: body} if of else {})}
        answer = self.calls.result(self.name, f"{camel(service)}.{camel(method)}", request=request)
        assert answer["statusCode"] in (200, 204), answer
        held = {name: value for name, value in answer.items() if name not in OF_THE_HTTP_ANSWER}
        assert len(held) <= 1, held
        return next(iter(held.values()), None)


def camel(name: str) -> str:
    """`bill_payments` as `billPayments`."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
