"""A stand-in for Stripe, for tests and rehearsals: it is not Stripe, and no money moves.

It answers over HTTP the calls that the house makes, as Stripe documents them for the API version that the door pins,
and nothing else: an unknown path or parameter is refused. It keeps its state, remembers idempotency keys, signs its
webhooks, and can lose, delay, repeat and shuffle them. What only Stripe knows (its checks of cards and of firms, its
fees, its exact times) is made up. Agreement with the real service is shown only by trying the real service.

`python -m tests.stripe_server PORT` serves it alone; `running()` serves it from a thread of a test.
"""
