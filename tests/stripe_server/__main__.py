"""`python -m tests.stripe_server PORT [ENDPOINT [CONNECT_ENDPOINT]]`: serves the stand-in until it is stopped.

Given an endpoint, events are brought there by themselves. The signing secrets are printed.
"""

from __future__ import annotations

import signal
import sys
import threading

from tests.stripe_server.server import running


def main(arguments: list[str]) -> int:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with running(int(arguments[0])) as stand_in:
        if len(arguments) > 1:
            stand_in.control("endpoints", own=arguments[1], connect=arguments[2] if len(arguments) > 2 else "")
            stand_in.control("manners", is_automatic=True)
        print(f"A stand-in for Stripe, no money moves: {stand_in.url}")
        print(f"secret {stand_in.state.secret}")
        print(f"connect_secret {stand_in.state.connect_secret}", flush=True)
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
