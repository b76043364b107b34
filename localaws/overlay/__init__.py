"""Repairs of ministack: what it answers wrongly or silently, answered as AWS does."""
