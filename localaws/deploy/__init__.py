"""Deploys the real templates into the embedded AWS, as `sam deploy` would, but without building what is unchanged."""
