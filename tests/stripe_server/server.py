"""The stand-in over HTTP: calls with keys and faults, pages for browsers, controls for tests."""

from __future__ import annotations

import copy
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.stripe_server import api, pages
from tests.stripe_server.control import CONTROLS
from tests.stripe_server.forms import nested
from tests.stripe_server.sending import Sender
from tests.stripe_server.state import KEY_SECONDS, Call, Refused, Remembered, State, Thing

SLOW_SECONDS = 30.0


class Dropped(Exception):
    """The connection ends without an answer."""


class StandIn:
    """One stand-in: its state, its sender of webhooks, its address once it is served."""

    def __init__(self) -> None:
        self.state = State()
        self.sender = Sender(self.state)

    @property
    def url(self) -> str:
        return self.state.base

    def control(self, name: str, **values: Any) -> Any:
        """What /control/<name> does. The answer is a copy."""
        with self.state.lock:
            return copy.deepcopy(CONTROLS[name](self.state, self.sender, **values))

    @property
    def events(self) -> list[Thing]:
        """Events that wait to be brought, in the order in which they happened."""
        return list(self.state.waiting)

    def take_events(self) -> list[Thing]:
        """The waiting events, which then wait no longer: the test brings them itself."""
        with self.state.lock:
            taken, self.state.waiting = self.state.waiting, []
        return taken

    def charged_pence(self, account: str) -> int:
        """What successful charges on the account come to."""
        with self.state.lock:
            charges = self.state.of(account).things["charge"].values()
            return sum(each["amount"] for each in charges if each["status"] == "succeeded")

    # Answering

    def __call__(self, environ: Thing, start_response: Any) -> Any:
        request = Request(environ)
        try:
            response = self._answer(request)
        except Dropped:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            start_response("500 Dropped", [])  # is not heard any more
            return []
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.path
        if path.startswith("/v1/"):
            return self._call(request)
        try:
            if path.startswith("/control/"):
                answer = self.control(path.removeprefix("/control/"), **(request.get_json(silent=True) or {}))
                return Response(json.dumps(answer), content_type="application/json")
            with self.state.lock:
                return self._page(request, path.strip("/").split("/"))
        except (Refused, KeyError) as refused:
            return Response(str(refused), 404)

    def _page(self, request: Request, parts: list[str]) -> Response:
        deed = request.form.get("do", "")
        if parts[0] == "pay":
            html, away = pages.pay_page(self.state, self.sender, parts[1], parts[2], deed)
        elif parts[0] == "onboarding":
            html, away = pages.onboarding_page(self.state, self.sender, parts[1], deed)
        else:
            return Response(pages.show("The stand-in", "Nothing is here.", []), 404, content_type="text/html")
        return Response("", 303, {"Location": away}) if away else Response(html, content_type="text/html")

    def _call(self, request: Request) -> Response:
        fault = self._next_fault()
        if fault == "drop":
            raise Dropped
        if fault == "slow":
            time.sleep(SLOW_SECONDS)
        status, answer, replayed = self._known_or_done(request) if fault != "500" else (500, _TROUBLE, False)
        self.state.calls.append(
            Call(
                request.method, request.path, request.headers.get("Stripe-Account", ""), request.headers.get("Idempotency-Key", ""),
                request.headers.get("Stripe-Version", ""), status, replayed,
            )  # fmt: skip
        )
        if fault == "drop after":
            raise Dropped
        headers = {"Request-Id": "req_stand_in", **({"Idempotent-Replayed": "true"} if replayed else {})}
        return Response(json.dumps(answer), status, headers, content_type="application/json")

    def _next_fault(self) -> str:
        with self.state.lock:
            return self.state.faults.pop(0) if self.state.faults else ""

    def _known_or_done(self, request: Request) -> tuple[int, Thing, bool]:
        pairs = [(name, value) for source in (request.args, request.form) for name, value in source.items(multi=True)]
        params, account = nested(pairs), request.headers.get("Stripe-Account", "")
        with self.state.lock:
            try:
                self._check_key(request)
                fingerprint = json.dumps([request.path, params], sort_keys=True)
                place = (account, request.headers.get("Idempotency-Key", ""))
                known = self.state.keys.get(place) if request.method == "POST" and place[1] else None
                if known and self.state.now() - known.at < KEY_SECONDS:
                    if known.fingerprint != fingerprint:
                        raise Refused(
                            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                            kind="idempotency_error",
                        )  # fmt: skip
                    return 200, known.answer, True
                found, thing_id = api.find(request.method, request.path, params)
                answer = copy.deepcopy(found.answer(self.state, self.state.of(account), params, thing_id))
                if request.method == "POST":
                    self.state.keys[place] = Remembered(fingerprint, answer, self.state.now())
                return 200, answer, False
            except Refused as refused:
                return refused.status, refused.body, False

    def _check_key(self, request: Request) -> None:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not key.startswith(("sk_live_", "rk_live_") if self.state.is_live else ("sk_test_", "rk_test_")):
            raise Refused("Invalid API Key provided.", "", 401)


_TROUBLE = {"error": {"type": "api_error", "message": "An unknown error occurred."}}


class _Quiet(WSGIRequestHandler):
    # Kept-alive connections, as Stripe's: a dropped one is told from a refused one.
    protocol_version = "HTTP/1.1"

    def log(self, *_args: Any) -> None:
        """Nothing: a test reads its own output."""


@contextmanager
def running(port: int = 0) -> Iterator[StandIn]:
    """A stand-in that is served on 127.0.0.1 from a thread, until the block ends."""
    stand_in = StandIn()
    server = make_server("127.0.0.1", port, stand_in, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    stand_in.state.base = f"http://127.0.0.1:{server.server_port}"
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True), threading.Thread(target=stand_in.sender.run, daemon=True)]
    for each in threads:
        each.start()
    try:
        yield stand_in
    finally:
        stand_in.sender.stop()
        server.shutdown()
        server.server_close()
        for each in threads:
            each.join(5)
