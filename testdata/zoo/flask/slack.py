"""An endpoint for Slack's Events API and slash commands in Flask, to be copied."""

import hashlib
import hmac
import time

from flask import Blueprint, request

TOLERANCE = 5 * 60  # seconds


def genuine(body, secret, now):
    """Whether X-Slack-Signature fits the time stamp and these bytes, and the stamp is of now."""
    stamp = request.headers.get("X-Slack-Request-Timestamp", "")
    sent = request.headers.get("X-Slack-Signature", "")
    # int() raises on 4,300 digits, and on what is no number.
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12) or abs(now - int(stamp)) > TOLERANCE:
        return False
    right = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(sent.encode(), right.encode())


def parsed():
    """The event as a dictionary: {} for a form, and for a body that is no event at all."""
    try:
        event = request.get_json(silent=True)
    except RecursionError:  # deeper than anything that Slack sends
        event = None
    return event if isinstance(event, dict) else {}


def delivery_id(event, body):
    """Slack's own name of the event: a retry has another time stamp and signature."""
    named = event.get("event_id") or request.form.get("trigger_id")
    return str(named or hashlib.sha256(body).hexdigest())


def slack(secret, inbox, *, read=None, genuine=genuine, delivery_id=delivery_id):
    if not secret:
        raise ValueError("an endpoint without its secret would believe everybody")
    hooks = Blueprint("slack", __name__)

    @hooks.post("/slack")
    def receive():
        # First of all: once a form was parsed, get_data finds nothing.
        body = read() if read else request.get_data()
        if not genuine(body, secret, time.time()):
            return "", 401
        event = parsed()
        if event.get("type") == "url_verification":
            return str(event.get("challenge", "")), 200, {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
        # It is kept, not worked on: Slack waits three seconds.
        inbox.add(delivery_id(event, body), body)
        return "", 200

    return hooks
