"""The one logger and the one metrics object of every function."""

import warnings

from aws_lambda_powertools import Logger, Metrics

# A step that counts nothing is not a fault: Powertools warns when a handler added no metric.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger(service="pressrun")
metrics = Metrics(namespace="Pressrun", service="pressrun")
