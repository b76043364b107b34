"""InvokeEndpoint: a process of its own, so that load does not pass through the control planes."""
