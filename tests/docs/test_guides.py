"""The guides' own commands, run against an installation as shipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs import guides
from tests.e2e.conftest import shipped  # noqa: F401 - the installation of a whole test process
from tests.e2e.installation import API_KEY, Installation

GUIDES = sorted(guides.DIRECTORY.glob("*.md"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_guide_does_what_it_says(guide: Path, shipped: Installation, tmp_path: Path) -> None:  # noqa: F811
    environment = {**os.environ, "BOOKBRIDGE_URL": shipped.url, "BOOKBRIDGE_KEY": API_KEY}
    guides.run(guide, tmp_path, environment)


def test_there_are_guides() -> None:
    assert {guide.stem for guide in GUIDES} >= {"bill-pay", "expenses"}
    for guide in GUIDES:
        steps = guides.steps_of(guide)
        assert any(step.printed for step in steps), f"{guide.name} says nowhere what comes of it"
