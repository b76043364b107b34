"""Serve the model under SM_MODEL_DIR: python -m pressrun_serving [serve].

SageMaker starts a container with the argument ``serve``, which changes nothing here.
"""

import logging
import os
import sys
import threading
import time

import uvicorn

from pressrun_serving.app import Server
from pressrun_serving.model import load
from pressrun_serving.settings import Settings

logger = logging.getLogger("pressrun_serving")

KEEP_ALIVE_SECONDS = 75  # longer than any client keeps an idle connection: no request meets a closing one
SHUTDOWN_SECONDS = 60  # SageMaker's own limit of an invocation


def main() -> None:
    """Listen at once, load the model beside, and end with status 1 when it cannot be loaded."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings.from_environment(os.environ)
    server = Server(settings)
    config = uvicorn.Config(
        server.app(),
        host=settings.address,
        port=settings.port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    listener = uvicorn.Server(config)
    failures: list[BaseException] = []
    threading.Thread(target=_load, args=(server, settings, listener, failures), daemon=True).start()
    listener.run()
    if failures:
        sys.exit(1)


def _load(server: Server, settings: Settings, listener: uvicorn.Server, failures: list[BaseException]) -> None:
    began = time.perf_counter()
    try:
        server.model = load(settings.model_dir)
        logger.info("model loaded in %.2f s", time.perf_counter() - began)
    except BaseException as error:
        logger.exception("model not loaded from %s", settings.model_dir)
        failures.append(error)
        listener.should_exit = True


if __name__ == "__main__":
    main()
