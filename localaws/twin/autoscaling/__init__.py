"""Application Auto Scaling of endpoint variants, as records: targets, their suspension, policies.

There is no scaling loop: a policy is checked, kept and shown, but changes nothing, and its alarms do not exist.
"""
