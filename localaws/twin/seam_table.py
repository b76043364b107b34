"""Every private name of ministack the twin touches, with the signature it is called by or replaced with."""

SEAMS: dict[str, dict[str, str | None]] = {
    "ministack.app": {
        "SERVICE_HANDLERS": None,
        "detect_service": "(method, path, headers, query_params)",
    },
    "ministack.core.iam_evaluator": {
        "EvalContext": None,
        "evaluate_resource_policy": "(doc, ctx, service=None, named_only=False, direct_only=False)",
    },
    "ministack.core.responses": {
        "request_scope": "(account_id, region)",
    },
    "ministack.core.router": {
        "detect_service": "(method, path, headers, query_params)",
        "extract_access_key_id": "(headers, query_params=None)",
    },
    "ministack.services.cloudwatch_logs": {
        "_create_log_group": "(data)",
        "_create_log_stream": "(data)",
        "_log_groups": None,
        "_put_log_events": "(data)",
    },
    "ministack.services.ecr": {
        "_find_image": "(repo_name, image_id)",
        "_repo_policies": None,
        "_repositories": None,
    },
    "ministack.services.iam": {
        "_roles": None,
    },
    "ministack.services.sts": {
        "_sessions": None,
    },
}
