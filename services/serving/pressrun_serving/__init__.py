"""Serves one model archive by SageMaker's contract: GET /ping, POST /invocations."""
