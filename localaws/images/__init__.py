"""Container images on a machine without a container engine: built from Dockerfiles, pushed to ECR, launched."""
