from pathlib import Path

from tests.services.running_server import exit_of, write_code


def test_a_model_that_does_not_load_ends_the_server(tmp_path: Path) -> None:
    code = "def model_fn(model_dir):\n    raise OSError('weights are cut off')\n"
    status, said = exit_of(write_code(tmp_path / "m", code))
    assert status == 1
    assert "OSError: weights are cut off" in said


def test_an_archive_without_code_ends_the_server(tmp_path: Path) -> None:
    status, said = exit_of(tmp_path)
    assert status == 1
    assert "code/inference.py: expected model_fn or predict_fn, found neither" in said


def test_a_missing_model_directory_ends_the_server(tmp_path: Path) -> None:
    status, said = exit_of(tmp_path / "nothing")
    assert status == 1
    assert "nothing' does not exist" in said


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    status, said = exit_of(tmp_path, PRESSRUN_QUEUE="many")
    assert status == 1
    assert "PRESSRUN_QUEUE is 'many', expected a whole number from 1" in said
