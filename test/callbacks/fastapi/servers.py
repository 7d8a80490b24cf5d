"""Serves docs/examples/fastapi for tests: each line of JSON on standard input starts a server, whose URL answers it.

All of them end with standard input.
"""

import asyncio
import json
import logging
import socket
import sys
from typing import Any

import uvicorn
import uvicorn.config
from fastapi import FastAPI

from access import Access
from app import CallbackRoutes


# Everything that can be logged is, for tests to look for what must not be; on standard error, as standard output is for answers.
logging.basicConfig(level=logging.DEBUG)
uvicorn.config.LOGGING_CONFIG["handlers"]["access"]["stream"] = "ext://sys.stderr"


class Server(uvicorn.Server):
    """One of several in a process: signals are the process's own."""

    def install_signal_handlers(self) -> None:
        pass


def application(config: dict[str, Any]) -> FastAPI:
    app = FastAPI()
    app.add_middleware(
        CallbackRoutes,
        access=Access(
            config["secrets"],
            allow_unsigned=config["allowUnsigned"],
            signatures=config["signatures"],
        ),
        host_url=config["hostUrl"],
        management_key=config["managementKey"],
        path_prefix=config["pathPrefix"],
    )
    return app


async def main() -> None:
    loop = asyncio.get_running_loop()
    running: list[tuple[Server, asyncio.Task[None]]] = []
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        listener = socket.create_server(("127.0.0.1", 0))
        server = Server(uvicorn.Config(application(json.loads(line))))
        running.append((server, loop.create_task(server.serve(sockets=[listener]))))
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    for server, _ in running:
        server.should_exit = True
    await asyncio.gather(*(task for _, task in running))


asyncio.run(main())
