"""The SageMaker twin: registry, models, endpoints that are real processes, InvokeEndpoint, scalable targets.

What it does not emulate it refuses by name: other operations with UnsupportedOperationException, other parameters with
ValidationException. VPC settings, encryption keys and network isolation are checked, kept and shown, without effect.
"""
