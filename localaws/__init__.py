"""AWS on this machine: ministack, an overlay that repairs it, and a SageMaker twin."""
