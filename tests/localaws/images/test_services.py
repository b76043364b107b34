from pathlib import Path

import pytest

from localaws.images.dockerfile import parse
from localaws.images.recipe import resolve
from pressrun_cli.build_context import build_context_files
from tests.localaws.images.test_store import ROOT

SERVICES = sorted(path.parents[1] for path in ROOT.glob("services/*/container/Dockerfile"))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_dockerfile_of_every_service_is_understood(service: Path, tmp_path: Path) -> None:
    for name, content in build_context_files(service, ROOT / "services" / "serving").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    recipe = resolve(parse(tmp_path / "Dockerfile"), tmp_path, "3.11.7")
    assert recipe.dockerfile.entrypoint[0] == "python"
    assert any(file.target.endswith("/pressrun_serving/__init__.py") for files in recipe.copies for file in files)
