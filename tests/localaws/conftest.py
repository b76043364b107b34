"""One embedded AWS for all tests below this folder."""

from collections.abc import Iterator

import pytest

from tests.localaws import process


@pytest.fixture(scope="session")
def localaws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.LocalAws]:
    aws = process.start(tmp_path_factory.mktemp("localaws"))
    yield aws
    process.stop(aws)
