"""An installation as shipped, a company whose books are read, and the programs that hold the official libraries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import shipped  # noqa: F401 - the installation of a whole test process
from tests.e2e.installation import API_KEY, Installation
from tests.sdks.books import Books
from tests.sdks.libraries import Library, Npm, OldPython
from tests.sdks.programs import Calls

LIBRARIES = ["python codat-accounting", "npm @codat/accounting"]


@pytest.fixture(scope="session")
def old_python(shipped: Installation) -> Iterator[Calls]:  # noqa: F811
    """The old Python libraries."""
    made = Calls.old_python(shipped.url, API_KEY)
    yield made
    made.close()


@pytest.fixture(scope="session")
def npm(shipped: Installation) -> Iterator[Calls]:  # noqa: F811
    """The npm libraries."""
    made = Calls.npm(shipped.url, API_KEY)
    yield made
    made.close()


@pytest.fixture(params=LIBRARIES)
def accounting(request: pytest.FixtureRequest) -> Library:
    """Each library that has every accounting data type."""
    if request.param.startswith("npm"):
        return Npm(request.getfixturevalue("npm"), "accounting")
    return OldPython(request.getfixturevalue("old_python"), "accounting")


@pytest.fixture(scope="session")
def sandbox(shipped: Installation) -> Books:  # noqa: F811
    """A company on the Sandbox platform, its books read."""
    company = shipped.company("Sandbox")
    connection = shipped.linked_to_sandbox(company)
    shipped.wait_for_reads(company)
    return Books(shipped, company, connection)
