"""Calls of the old Python libraries, one JSON object a line. Arguments: SERVER_URL API_KEY.

In:  {"library": "accounting", "call": "bills.create", "parameters": {"companyId": …}, "body": …}
Out: {"result": …}, or {"error": {…}} when the library raised.
Of the call "operations", all that the library can do: ["bills.create", …].

Names are those of the wire, not of Python. A file is {"fileName": …, "base64": …} in place of a body; one that comes
down is {"base64": …}. Amounts are read as decimals, as an application would hand them over.
"""

import base64
import importlib
import inspect
import json
import sys
import typing
from decimal import Decimal

import httpx

TIMEOUT_MS = 10_000


def clients(url, key):
    """The libraries, each with a client of its own that does not repeat what fails."""
    header = "Basic " + base64.b64encode(key.encode()).decode()
    made = {}
    for name, module, client, secured in (
        ("accounting", "codat_accounting", "CodatAccounting", True),
        ("common", "codat_common", "CodatCommon", False),
        ("payables", "codat_sync_for_payables_version_1", "CodatSyncPayables", True),
    ):
        library = importlib.import_module(module)
        if secured:
            auth = {"security": importlib.import_module(module + ".models.shared").Security(auth_header=header)}
        else:
            auth = {"auth_header": header}
        made[name] = getattr(library, client)(server_url=url, timeout_ms=TIMEOUT_MS, retry_config=None, **auth)
    return made


def request_of(method, told):
    """The library's own request model, built from the wire's names."""
    parameter = inspect.signature(method).parameters.get("request")
    if parameter is None:
        return {}
    kind = next(one for one in typing.get_args(parameter.annotation) or (parameter.annotation,) if is_model(one))
    values = dict(told.get("parameters", {}))
    if "body" in told:
        body = told["body"]
        fields = kind.model_fields
        names = [name for name, field in fields.items() if any(getattr(one, "request", None) for one in field.metadata)]
        if not names:
            return {"request": kind.model_validate(body)}
        (name,) = names
        values[fields[name].alias or name] = file_of(body) if isinstance(body, dict) and "base64" in body else body
        request = kind.model_validate(values)
        # A body that does not fit the library's model becomes "unset" there, and would not be sent.
        assert type(getattr(request, name)).__name__ != "Unset", f"{kind.__name__} takes no {body}"
        return {"request": request}
    return {"request": kind.model_validate(values)}


def is_model(kind):
    return inspect.isclass(kind) and hasattr(kind, "model_fields")


def file_of(body):
    return {"file": {"file_name": body["fileName"], "content": base64.b64decode(body["base64"])}}


def plain(found):
    """What a library gave back, as JSON with the wire's names."""
    if isinstance(found, httpx.Response):
        return {"base64": base64.b64encode(found.read()).decode(), "contentType": found.headers.get("content-type")}
    if isinstance(found, list):
        return [plain(one) for one in found]
    return found.model_dump(mode="json", by_alias=True) if is_model(type(found)) else found


def operations(library):
    """All that a library can do. Its services have methods of their own making beside."""
    found = []
    for service in (name for name in dir(library) if not name.startswith("_")):
        of = getattr(library, service)
        if type(of).__module__.startswith("codat_") and hasattr(of, "do_request"):
            inherited = {name for base in type(of).__bases__ for name in dir(base)}
            methods = {name for name, _ in inspect.getmembers(of, inspect.ismethod)} - inherited
            found += [f"{service}.{name}" for name in sorted(methods) if not name.endswith("_async")]
    return found


def answer(libraries, told):
    if told["call"] == "operations":
        return {"result": operations(libraries[told["library"]])}
    method = libraries[told["library"]]
    for name in told["call"].split("."):
        method = getattr(method, name)
    try:
        return {"result": plain(method(**request_of(method, told)))}
    except Exception as error:
        data = getattr(error, "data", None)
        detail = data.model_dump(mode="json", by_alias=True) if data is not None else {"message": str(error)}
        return {"error": {"type": type(error).__name__, **detail}}


def main():
    libraries = clients(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps(answer(libraries, json.loads(line, parse_float=Decimal))), flush=True)


if __name__ == "__main__":
    main()
