"""The place keeps sonde's contract, and its trials stand back."""

import os

import pytest
from sonde_differential.modest import Modest

from sonde.errors import ConfigError
from sonde.testing.executors import ExecutorContract, Site, until


class TestModest(ExecutorContract):
    def make(self) -> Modest:
        return Modest(niceness=3)

    def test_its_trials_have_the_niceness_that_was_asked_for(self, site: Site, executor) -> None:
        record = site.sweep('nice >> "$BEATS"\n', points=1)
        executor.start(site.spec(record.id), 1)
        until(lambda: site.beats)
        assert int((site.base / "beats").read_text()) == os.nice(0) + 3


def test_a_niceness_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="niceness=99"):
        Modest(niceness=99)
