"""A server that is not installed skips its tests at home and fails them in CI."""

import pytest

from tests.servers import missing_server


def test_at_home_a_missing_server_skips_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="initdb is not installed: run `sudo apt-get install postgresql`"):
        missing_server("initdb", "sudo apt-get install postgresql")


def test_in_ci_a_missing_server_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="initdb is not installed"):
        missing_server("initdb", "sudo apt-get install postgresql")
