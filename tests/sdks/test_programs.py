"""The programs themselves: the types of the npm libraries hold what the printed samples do with them."""

from __future__ import annotations

from tests.sdks import programs


def test_the_typescript_programs_fit_the_libraries() -> None:
    programs.type_check()
