"""An endpoint for the webhooks of Cassa in Cloud in Flask, to be copied."""

import hashlib
import hmac

from flask import Blueprint, request


def genuine(body, secret):
    """Whether x-cn-signature is the HMAC-SHA1 of these bytes, in hex.

    Both sides are bytes: compare_digest raises on a text with letters beyond ASCII.
    """
    right = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    sent = request.headers.get("X-Cn-Signature", "")
    return hmac.compare_digest(sent.encode(), right.encode())


def delivery_id(body):
    """Cassa in Cloud gives deliveries no id, and tries again with the same body."""
    operation = request.headers.get("X-Cn-Operation", "")
    return hashlib.sha256(operation.encode() + b"\n" + body).hexdigest()


def cassaincloud(secret, inbox, *, path="/cassaincloud", read=None, genuine=genuine, delivery_id=delivery_id):
    if not secret:
        raise ValueError("an endpoint without its secret would believe everybody")
    hooks = Blueprint("cassaincloud", __name__)

    @hooks.post(path)
    def receive():
        # The body as it came, before anything parses it: the signature is over its bytes.
        body = read() if read else request.get_data()
        if not genuine(body, secret):
            return "", 401
        # It is kept, not worked on: a sender that has to wait sends again. A repeat is
        # answered like the first.
        inbox.add(delivery_id(body), body)
        return "", 204

    return hooks
