import pytest

from localaws.images.buildspec import BuildspecError, Phase, parse
from tests.localaws.images.projects import BUILDSPEC


def test_the_phases_come_in_their_order_whatever_the_file_s() -> None:
    spec = parse("version: 0.2\nphases: {build: {commands: [b]}, install: {commands: [a], finally: [c]}}\n")
    assert spec.phases == (
        Phase("install", ("a",), ("c",)),
        Phase("pre_build"),
        Phase("build", ("b",), goes_on=True),
        Phase("post_build"),
    )


def test_variables_are_texts() -> None:
    spec = parse("version: 0.2\nenv: {variables: {A: 1}, exported-variables: [A]}\nphases: {build: {}}\n")
    assert (spec.variables, spec.exported) == ({"A": "1"}, ("A",))


@pytest.mark.parametrize(("choice", "goes_on"), [("ABORT", False), ("CONTINUE", True)])
def test_a_phase_says_what_follows_its_failure(choice: str, goes_on: bool) -> None:
    spec = parse(f"version: 0.2\nphases: {{build: {{on-failure: {choice}}}}}\n")
    assert spec.phases[2].goes_on is goes_on


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("0.2", "0.1"), "version is '0.1'|version is 0.1"),
        (("phases:", "reports: {}\nphases:"), "buildspec has reports"),
        (("build:\n    commands:", "build:\n    runtime-versions:"), "phases.pre_build has runtime-versions"),
        (("pre_build:", "prebuild:"), "phases has prebuild"),
        (("phases:", "env: {parameter-store: {A: /b}}\nphases:"), "env has parameter-store"),
        (("phases:", "env: {shell: sh}\nphases:"), "env.shell is 'sh'"),
        (("- docker push $IMAGE_URI", "- {docker: push}"), "phases.post_build.commands is"),
        (("- docker push $IMAGE_URI", "docker push"), "phases.post_build.commands is 'docker push'"),
        (("version", "\tversion"), "buildspec is not YAML"),
    ],
)
def test_what_is_not_understood_is_named(change: tuple[str, str], told: str) -> None:
    with pytest.raises(BuildspecError, match=told):
        parse(BUILDSPEC.replace(*change, 1))


@pytest.mark.parametrize("text", ["", "version: 0.2\n", "version: 0.2\nphases: {}\n", "- a\n"])
def test_a_buildspec_without_phases_is_refused(text: str) -> None:
    with pytest.raises(BuildspecError):
        parse(text)
