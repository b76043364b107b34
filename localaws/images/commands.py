"""docker and aws, as far as a build on this machine needs them. Started by the programs in a build's folder."""

import argparse
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from botocore.exceptions import ClientError

from localaws.images.errors import ImageError
from localaws.images.registry import PushError, Reference, push
from localaws.images.store import ImageStore
from localaws.images.workspace import Engine, engine_of


def main(program: str, folder: Path, arguments: list[str]) -> None:
    """Run one command of a build."""
    if program == "aws":
        _aws(folder, arguments)
    else:
        _Docker(folder).run(arguments)


def _aws(folder: Path, arguments: list[str]) -> None:
    """Print a registry password; every other command is refused."""
    if arguments[:2] != ["ecr", "get-login-password"]:
        _fail(252, f"aws {' '.join(arguments)}: builds on this machine know only `aws ecr get-login-password`")
    parser = argparse.ArgumentParser(prog="aws ecr get-login-password")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION"))
    options = parser.parse_args(arguments[2:])
    try:
        answer = _client("ecr", engine_of(folder), options.region).get_authorization_token()
    except ClientError as error:
        _fail(254, f"aws: {error}")
    token = answer["authorizationData"][0]["authorizationToken"]
    password = base64.b64decode(token).decode().partition(":")[2]
    with (folder / "passwords").open("a") as issued:
        issued.write(password + "\n")
    print(password)


class _Docker:
    """A container engine whose images are the image store's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engine = engine_of(folder)
        self._store = ImageStore(Path(self._engine.images_dir), Path(self._engine.uv), self._engine.host_environment)

    def run(self, arguments: list[str]) -> None:
        """Run one docker command."""
        options = self._parser().parse_args(arguments)
        if not self._engine.privileged:
            _fail(1, "Cannot connect to the Docker daemon: the project's environment needs privilegedMode")
        try:
            options.run(options)
        except (ImageError, PushError) as error:
            _fail(1, f"docker {arguments[0]}: {error}")

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(prog="docker", allow_abbrev=False)
        commands = parser.add_subparsers(required=True)
        build = commands.add_parser("build", allow_abbrev=False)
        build.add_argument("-t", "--tag", action="append", default=[])
        build.add_argument("--build-arg", action="append", default=[])
        build.add_argument("context", type=Path)
        build.set_defaults(run=self._build)
        tag = commands.add_parser("tag")
        tag.add_argument("source")
        tag.add_argument("target")
        tag.set_defaults(run=self._tag)
        login = commands.add_parser("login", allow_abbrev=False)
        login.add_argument("-u", "--username", required=True)
        login.add_argument("--password-stdin", action="store_true", required=True)
        login.add_argument("registry")
        login.set_defaults(run=self._login)
        pushing = commands.add_parser("push")
        pushing.add_argument("reference")
        pushing.set_defaults(run=self._push)
        return parser

    def _build(self, options: argparse.Namespace) -> None:
        given = dict(entry.partition("=")[::2] if "=" in entry else (entry, os.environ.get(entry, ""))
                     for entry in options.build_arg)  # fmt: skip
        image = self._store.build(options.context, given)
        self._remember("tags", {_tagged(tag): image.digest for tag in options.tag})
        print(f"built {image.digest}")

    def _tag(self, options: argparse.Namespace) -> None:
        self._remember("tags", {_tagged(options.target): self._digest(options.source)})

    def _login(self, options: argparse.Namespace) -> None:
        password = sys.stdin.read().strip()  # first: who prints it runs at the same time
        issued = self._folder / "passwords"
        known = issued.read_text().splitlines() if issued.is_file() else []
        if options.username != "AWS" or password not in known:
            _fail(1, f"login attempt to https://{options.registry}/v2/ failed with status: 400 Bad Request")
        self._remember("logins", {options.registry: "AWS"})
        print("Login Succeeded")

    def _push(self, options: argparse.Namespace) -> None:
        reference = Reference.parse(options.reference)
        image = self._store.get(self._digest(options.reference))
        if reference.registry not in self._known("logins"):
            raise PushError(f"no basic auth credentials for {reference.registry}")
        own = _client("sts", self._engine, reference.region).get_caller_identity()["Account"]
        if own != reference.account:
            raise PushError(f"the build's role is of account {own}; a push to {reference.registry} is not emulated")
        push(_client("ecr", self._engine, reference.region), image, reference)
        print(f"{reference.tag}: digest: {image.digest} size: {len(image.manifest)}")

    def _digest(self, name: str) -> str:
        tags = self._known("tags")
        found = name if name in tags.values() else tags.get(_tagged(name))
        if found is None:
            raise PushError(f"an image does not exist locally with the tag: {name}")
        return found

    def _known(self, kind: str) -> dict[str, str]:
        path = self._folder / f"{kind}.json"
        found: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
        return found

    def _remember(self, kind: str, entries: dict[str, str]) -> None:
        (self._folder / f"{kind}.json").write_text(json.dumps(self._known(kind) | entries))


def _tagged(name: str) -> str:
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def _client(service: str, engine: Engine, region: str | None) -> Any:
    """Return a client that acts as the build's role, whose session is in the environment."""
    import boto3  # here: `docker build` does without its half second
    from botocore.config import Config

    make: Any = boto3.client
    return make(
        service, region_name=region, endpoint_url=engine.endpoint_url, config=Config(retries={"total_max_attempts": 3})
    )


def _fail(status: int, message: str) -> NoReturn:
    print(message, file=sys.stderr, flush=True)
    sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
