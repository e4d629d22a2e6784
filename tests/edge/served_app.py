"""A small application for the tests of the worker: tells what it got, waits, or answers at length."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from marketplace import config
from marketplace.core.arrival import ARRIVAL

config.install(config.load_settings())
LONG = 8_000_000


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path, arrival = environ["PATH_INFO"], environ[ARRIVAL]
    body = environ["wsgi.input"].read()
    if path == "/wait":
        time.sleep(float(environ["QUERY_STRING"]))
    told = {"read": len(body), "at": arrival.at.timestamp(), "by_kernel": arrival.by_kernel, "peer": arrival.peer}
    told |= {"path": path, "script": environ["SCRIPT_NAME"], "pid": os.getpid()}
    answer = b"x" * LONG if path == "/long" else json.dumps(told).encode()
    start_response("200 OK", [("Content-Length", str(len(answer))), ("Content-Type", "text/plain")])
    return [answer]
