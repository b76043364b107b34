"""Prints a template as the SAM transform leaves it; runs under the interpreter of the embedded AWS, which has it."""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"

from samtranslator.translator.transform import transform  # noqa: E402

from localaws.deploy import templates  # noqa: E402


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        """Return no policies: the template names managed policies by their ARN."""
        return {}


template = templates.packaged(templates.load(Path(sys.argv[1])), lambda path: ("bucket", path))
parameters = {name: "0" * 64 for name in template["Parameters"] if name == "CodeSha256"}
print(json.dumps(transform(template, parameters, _NoManagedPolicies())))
