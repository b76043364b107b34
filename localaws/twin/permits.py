"""Who may invoke an endpoint: the control plane's answer to the data plane."""

from typing import Any

from localaws.twin import arns
from localaws.twin.call import Authority, Call
from localaws.twin.errors import ServiceError
from localaws.twin.state import State


class InvokePermits:
    """Decides about callers of InvokeEndpoint."""

    def __init__(self, state: State, authority: Authority) -> None:
        self._state = state
        self._authority = authority

    def decide(self, headers: dict[str, str], endpoint: str) -> dict[str, Any]:
        """Return the caller's account, and the refusal as status, code and message if there is one."""
        account = ""
        try:
            principal = self._authority.principal(headers)
            account = principal.account
            arn = arns.arn(account, "endpoint", endpoint)
            call = Call("InvokeEndpoint", {}, headers, principal, self._authority)
            call.authorize(arn, tags=self._state.tags(arn))
        except ServiceError as error:
            status = 403 if error.code == "AccessDeniedException" else error.status
            return {"account": account, "refusal": [status, error.code, error.message]}
        return {"account": account, "refusal": None}
