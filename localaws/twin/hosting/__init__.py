"""Models, endpoint configs, endpoints."""
