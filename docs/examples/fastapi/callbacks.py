"""Receives the answers to a Carabiner host's callbacks, and hands them on to its management API.

The wire contract without a framework: `app.py` puts it into FastAPI.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from access import SIGNATURE_HEADER, Access, Header

BODY_LIMIT = 1_048_576
DEFAULT_PREFIX = "/api/callbacks"

_ACTIONS = frozenset({b"complete", b"fail", b"heartbeat"})
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

log = logging.getLogger("carabiner.callbacks")


@dataclass(frozen=True)
class Request:
    """A request as every server has it."""

    method: str
    path: bytes
    """Without query, not decoded: what is signed is the id as it stands there."""
    header: Header
    body: Callable[[], AsyncIterator[bytes]]
    """Called when the body is wanted, and not before."""


@dataclass(frozen=True)
class Reply:
    """What the sender is told."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HostReply:
    """What the management API says: its status, and the bytes of its JSON."""

    status: int
    body: bytes


class HostAway(Exception):
    """The host cannot be reached; what was sent may be sent again."""


Forward = Callable[[str, str, bytes], Awaitable[HostReply]]
"""POSTs a body to `/api/v1/callbacks/{id}/{action}`; raises `HostAway`."""


class CallbackReceiver:
    """The three routes: POST {prefix}/{id}/complete, POST {prefix}/{id}/fail, POST {prefix}/{id}/heartbeat."""

    def __init__(
        self, access: Access, forward: Forward, path_prefix: str = DEFAULT_PREFIX
    ) -> None:
        self._access = access
        self._forward = forward
        inner = path_prefix.strip().strip("/")
        self._prefix = f"/{inner}".encode() if inner else b""

    async def reply_to(self, request: Request) -> Reply | None:
        """`None` for a path that is none of the routes."""
        route = self._route(request.path)
        if route is None:
            return None
        if request.method != "POST":
            return Reply(405, {"error": "method not allowed"}, {"allow": "POST"})
        callback_id, action = route
        refusal = self._access.refuse_id(callback_id, request.header(SIGNATURE_HEADER))
        if refusal is not None:
            return _error(401, refusal)
        if not _UUID.fullmatch(callback_id):
            return _invalid("callback id must be a UUID")
        return await self._answer(callback_id.decode("ascii"), action, request)

    def _route(self, path: bytes) -> tuple[bytes, str] | None:
        """The id as it stands in the path, and the action."""
        if not path.startswith(self._prefix + b"/"):
            return None
        segments = path[len(self._prefix) + 1 :].split(b"/")
        if len(segments) != 2 or segments[1] not in _ACTIONS:
            return None
        return segments[0], segments[1].decode("ascii")

    async def _answer(self, callback_id: str, action: str, request: Request) -> Reply:
        body = await _read(request)
        if body is None:
            return _TOO_LONG
        refusal = self._access.refuse_body(callback_id, request.header, body)
        if refusal is not None:
            return _error(401, refusal)
        known_as = callback_id.lower()
        try:
            return _told(known_as, await self._forward(known_as, action, body))
        except HostAway as error:
            log.warning("callback %s: %s", known_as, error)
            return _STORE_AWAY
        except Exception:
            # The sender learns nothing of what is wrong here; neither does the log of what was sent.
            log.exception("callback %s was not handed on", known_as)
            return _INTERNAL


async def _read(request: Request) -> bytes | None:
    """The bytes as they are; `None` when there are too many, of which no more than that are read."""
    announced = request.header("content-length") or ""
    if announced.isdecimal() and int(announced) > BODY_LIMIT:
        return None
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.body():
        size += len(chunk)
        if size > BODY_LIMIT:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


class UnexpectedReply(Exception):
    """The host said something that it does not say to a known caller with a good request: look at URL and key."""


def _told(callback_id: str, reply: HostReply) -> Reply:
    """The words of the management API in those of the wire."""
    match reply.status:
        case 200:
            callback = _member(reply, "data")
            return Reply(200, {"id": callback["id"], "state": callback["state"]})
        case 400:
            return _invalid(_message(reply).removeprefix("validation error: "))
        # The host has other words for a path that it does not serve: no connector `callbacks`, or another URL.
        case 404 if _message(reply) == f"callback not found: {callback_id}":
            return _error(404, f"callback not found: {callback_id}")
        case 413:
            return _TOO_LONG
        # A proxy before the host says it with the other two.
        case 502 | 503 | 504:
            return _STORE_AWAY
    raise UnexpectedReply(f"the host answered {reply.status}: {_message(reply)}")


def _message(reply: HostReply) -> str:
    return str(_member(reply, "error").get("message"))


def _member(reply: HostReply, name: str) -> dict[str, Any]:
    """An object in the host's JSON."""
    try:
        said = json.loads(reply.body)
    except ValueError as error:
        raise UnexpectedReply(f"the host answered {reply.status} without JSON") from error
    member = said.get(name) if isinstance(said, dict) else None
    if not isinstance(member, dict):
        raise UnexpectedReply(f"the host answered {reply.status} without `{name}`")
    return member


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"error": message})


def _invalid(reason: str) -> Reply:
    return _error(400, f"validation error: {reason}")


_TOO_LONG = _error(413, f"body has more than {BODY_LIMIT} bytes")
_STORE_AWAY = _error(503, "store unavailable")
_INTERNAL = _error(500, "internal server error")
