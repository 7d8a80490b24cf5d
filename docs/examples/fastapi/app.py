"""A FastAPI application with the three routes beside its own.

POST /api/callbacks/{id}/complete, POST /api/callbacks/{id}/fail, POST /api/callbacks/{id}/heartbeat.
"""

from __future__ import annotations

import os

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from access import Access
from callbacks import DEFAULT_PREFIX, CallbackReceiver, HostAway, HostReply, Reply
from callbacks import Request as CallbackRequest


def create_app() -> FastAPI:
    """For `uvicorn --factory app:create_app`."""
    app = FastAPI()
    app.add_middleware(
        CallbackRoutes,
        access=Access(os.environ["CALLBACK_SECRET"].split(",")),
        host_url=os.environ["CARABINER_URL"],
        management_key=os.environ["CARABINER_MANAGEMENT_KEY"],
    )

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    return app


class CallbackRoutes:
    """Answers the three routes, and leaves every other path to the application.

    A middleware, and no routes of a router: what is signed is the path before anything has decoded it, and every method is
    answered in the words of the wire.

    :param host_url: where the host serves its management API: `http://10.0.0.7:8485`
    :param path_prefix: as it stands in the path that reaches this server; blank for none
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        host_url: str,
        management_key: str,
        path_prefix: str = DEFAULT_PREFIX,
    ) -> None:
        if not host_url.startswith(("http://", "https://")):
            raise ValueError(f"host_url: expected http://… or https://…, got {host_url}")
        self._app = app
        self._client = httpx.AsyncClient(
            base_url=host_url,
            headers={"x-internal-api-key": management_key, "content-type": "application/json"},
            timeout=10,
        )
        self._receiver = CallbackReceiver(access, self._forward, path_prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with self._client:
                await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._reply(Request(scope, receive), send)
        else:
            await self._app(scope, receive, send)

    async def _reply(self, request: Request, send: Send) -> None:
        try:
            reply = await self._receiver.reply_to(_neutral(request))
        except ClientDisconnect:
            return  # Nobody is there to be told, and nothing was handed on.
        if reply is None:
            await self._app(request.scope, request.receive, send)
        else:
            await _response(reply)(request.scope, request.receive, send)

    async def _forward(self, callback_id: str, action: str, body: bytes) -> HostReply:
        try:
            path = f"/api/v1/callbacks/{callback_id}/{action}"
            response = await self._client.post(path, content=body)
        except httpx.TransportError as error:
            raise HostAway(f"no answer of the host: {error!r}") from error
        return HostReply(response.status_code, response.content)


def _neutral(request: Request) -> CallbackRequest:
    def header(name: str) -> str | None:
        return ", ".join(request.headers.getlist(name)) or None

    return CallbackRequest(request.method, request.scope["raw_path"], header, request.stream)


def _response(reply: Reply) -> JSONResponse:
    return JSONResponse(dict(reply.body), reply.status, dict(reply.headers))
