"""The JSON 1.1 front of a service: finds the operation, checks both directions, answers in AWS's form."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel

from localaws.twin.call import Authority, Call
from localaws.twin.errors import ServiceError
from localaws.twin.shapes import check_input, problems, service_model
from localaws.twin.unsupported import refuse_unsupported

Answer = tuple[int, dict[str, str], bytes]
Operation = Callable[[Call], dict[str, Any] | None]
CONTENT_TYPE = "application/x-amz-json-1.1"
logger = logging.getLogger(__name__)


class Api:
    """Serves the operations that its components implement as methods, such as `create_model`."""

    def __init__(self, service: str, authority: Authority, components: list[object]) -> None:
        self._model = service_model(service)
        self._signing_name = self._model.signing_name
        self._authority = authority
        self._operations: dict[str, Operation] = {
            name: getattr(component, xform_name(name))
            for name in self._model.operation_names
            for component in components
            if hasattr(component, xform_name(name))
        }

    def handle(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        try:
            return _answer(200, self._run(headers, body))
        except ServiceError as error:
            return _answer(error.status, {"__type": error.code, "message": error.message})
        except Exception as error:
            logger.exception("%s failed", headers.get("x-amz-target"))
            return _answer(500, {"__type": "InternalFailure", "message": f"{type(error).__name__}: {error}"})

    def _run(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Check, authorise and carry out an operation."""
        model = self._operation(headers.get("x-amz-target", "").rpartition(".")[2])
        params = _parse(body)
        check_input(model.input_shape, params)
        call = Call(
            operation=model.name,
            params={name: value for name, value in params.items() if value is not None},
            headers=headers,
            principal=self._authority.principal(headers),
            authority=self._authority,
            service=self._signing_name,
        )
        refuse_unsupported(call)
        answer = self._operations[model.name](call) or {}
        if not call.checked:
            raise RuntimeError(f"{model.name} was carried out without asking IAM")
        wrong = list(problems(model.output_shape, answer)) if model.output_shape else []
        if wrong:
            raise RuntimeError(f"the twin's answer to {model.name} breaks the service model: {'; '.join(wrong)}")
        return answer

    def _operation(self, name: str) -> OperationModel:
        """Find an operation, or say which one is missing."""
        if name not in self._model.operation_names:
            raise ServiceError("UnknownOperationException", f"The requested operation {name!r} does not exist.")
        if name not in self._operations:
            raise ServiceError(
                "UnsupportedOperationException",
                f"{self._model.service_name} {name} is not emulated by the embedded AWS",
                status=501,
            )
        return self._model.operation_model(name)


def _parse(body: bytes) -> dict[str, Any]:
    """Read the request's JSON object."""
    try:
        params = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", "The request's body is not JSON.") from error
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "The request's body is not a JSON object.")
    return params


def _answer(status: int, content: dict[str, Any]) -> Answer:
    """Encode an answer."""
    return status, {"Content-Type": CONTENT_TYPE}, json.dumps(content).encode()
