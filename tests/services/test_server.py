from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from tests.services.running_server import RunningServer, running, wait_until, write_code

CALCULATOR = """
from pressrun_serving.errors import InvalidRequestError
from words import GREETING

def model_fn(model_dir):
    return lambda data: {"share": data["part"] / data["whole"], "greeting": GREETING}

def predict_fn(data, model):
    if "part" not in data:
        raise InvalidRequestError("part: missing")
    return model(data)
"""

SHOUTER = """
def input_fn(body, content_type):
    return body.decode("utf-8"), content_type

def predict_fn(data, model):
    return f"{data[0].upper()} ({data[1]})"

def output_fn(prediction, accept):
    return prediction, "text/plain"
"""

GATED = """
import pathlib, time

def wait_for(name):
    while not (pathlib.Path(__file__).parent / name).exists():
        time.sleep(0.01)

def model_fn(model_dir):
    wait_for("load")

def predict_fn(data, model):
    wait_for("answer")
    return data
"""


@pytest.fixture(scope="module")
def calculator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("models") / "calculator"
    with running(write_code(folder, CALCULATOR, words="GREETING = 'hi'"), PRESSRUN_MAX_BODY_BYTES="200") as server:
        wait_until(server.is_ready)
        yield server


def test_a_request_goes_through_the_model_and_the_modules_beside_its_code(calculator: RunningServer) -> None:
    reply = calculator.invoke({"part": 1, "whole": 4})
    assert (reply.status, reply.content_type, reply.json) == (
        200,
        "application/json",
        {"share": 0.25, "greeting": "hi"},
    )


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "error", "says"),
    [
        (b"{", "application/json", "*/*", 400, "InvalidRequestError", "the body is not JSON"),
        (b"\xff", "application/json", "*/*", 400, "InvalidRequestError", "the body is not JSON"),
        (b"{}", "application/json", "*/*", 400, "InvalidRequestError", "part: missing"),
        (b"part", "text/csv", "*/*", 415, "UnsupportedContentTypeError", "expected 'application/json'"),
        (b'{"part":1,"whole":2}', "application/json", "image/png", 406, "UnacceptableAcceptError", "'image/png'"),
        (b" " * 201, "application/json", "*/*", 413, "RequestTooLargeError", "more than 200 bytes"),
        (b'{"part":1,"whole":0}', "application/json", "*/*", 500, "ZeroDivisionError", "division by zero"),
    ],
)
def test_an_answer_that_is_no_result_names_its_error(
    calculator: RunningServer, body: bytes, content_type: str, accept: str, status: int, error: str, says: str
) -> None:
    reply = calculator.invoke(body, content_type, accept)
    assert (reply.status, reply.json["error"]) == (status, error)
    assert says in reply.json["message"]


def test_deeply_nested_json_is_the_request_s_fault(tmp_path: Path) -> None:
    with running(write_code(tmp_path / "m", CALCULATOR, words="GREETING = ''")) as server:
        wait_until(server.is_ready)
        assert server.invoke(b"[" * 100_000).status == 400


def test_unknown_routes_and_methods_are_refused(calculator: RunningServer) -> None:
    assert calculator.get("/models").status == 404
    assert calculator.get("/invocations").status == 405


def test_metrics_count_the_answers_by_status(tmp_path: Path) -> None:
    with running(write_code(tmp_path / "m", CALCULATOR, words="GREETING = ''")) as server:
        wait_until(server.is_ready)
        for whole in (1, 2, 0):
            server.invoke({"part": 1, "whole": whole})
        text = server.get("/metrics").text
    assert 'pressrun_invocations_total{status="200"} 2' in text
    assert 'pressrun_invocations_total{status="500"} 1' in text


def test_a_model_may_read_and_write_its_own_content_types(tmp_path: Path) -> None:
    with running(write_code(tmp_path / "m", SHOUTER)) as server:
        wait_until(server.is_ready)
        reply = server.invoke(b"stop press", "text/plain; charset=utf-8")
    assert (reply.text, reply.content_type) == ("STOP PRESS (text/plain)", "text/plain; charset=utf-8")


def test_ping_is_red_and_requests_are_refused_until_the_model_is_loaded(tmp_path: Path) -> None:
    folder = write_code(tmp_path / "m", GATED)
    (folder / "code" / "answer").touch()
    with running(folder) as server:
        assert server.get("/ping").status == 503
        assert server.invoke({}).status == 503
        (folder / "code" / "load").touch()
        wait_until(server.is_ready)
        assert server.invoke({}).status == 200


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[RunningServer, Path]]:
    """A server with one worker and one place to wait; it answers once the file is there."""
    folder = write_code(tmp_path / "m", GATED)
    (folder / "code" / "load").touch()
    with running(folder, PRESSRUN_WORKERS="1", PRESSRUN_QUEUE="1") as server:
        wait_until(server.is_ready)
        yield server, folder / "code" / "answer"


def test_ping_answers_while_all_workers_are_busy(busy: tuple[RunningServer, Path]) -> None:
    server, gate = busy
    with ThreadPoolExecutor(2) as clients:
        waiting = [clients.submit(server.invoke, {}) for _ in range(2)]
        wait_until(lambda: server.admitted() == 2)
        assert server.get("/ping").status == 200
        gate.touch()
    assert [reply.result().status for reply in waiting] == [200, 200]


def test_a_request_behind_a_full_queue_is_refused_at_once(busy: tuple[RunningServer, Path]) -> None:
    server, gate = busy
    with ThreadPoolExecutor(2) as clients:
        waiting = [clients.submit(server.invoke, {}) for _ in range(2)]
        wait_until(lambda: server.admitted() == 2)
        refused = server.invoke({})
        gate.touch()
    assert (refused.status, refused.json["error"]) == (503, "OverloadedError")
    assert [reply.result().status for reply in waiting] == [200, 200]
    assert server.invoke({}).status == 200


def test_a_stopped_server_answers_what_it_has_admitted(busy: tuple[RunningServer, Path]) -> None:
    server, gate = busy
    with ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(server.invoke, {})
        wait_until(lambda: server.admitted() == 1)
        server.process.terminate()
        wait_until(lambda: not server.listens())
        sleep(0.5)  # a server that does not wait would have gone by then
        gate.touch()
        assert waiting.result().status == 200
