"""What goes wrong in endpoints that people write in Flask.

Each fault replaces one step of cassaincloud.py or slack.py; FAULT=name starts the endpoint with it.
"""

import hashlib
import hmac
import json
import time
from contextlib import closing

import cassaincloud
import slack
from flask import abort, request
from inbox import Inbox
from werkzeug.debug import DebuggedApplication


def of(provider, name):
    if not name:
        return {}
    return dict({"cassaincloud": CASSA, "slack": SLACK}[provider][name])


# Cassa in Cloud.


def digest(body, secret, algorithm=hashlib.sha1):
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


def swallowed(body, secret):
    try:
        assert cassaincloud.genuine(body, secret)
    except AssertionError:
        print("bad signature")
    return True


def compared_as_text(body, secret):
    return hmac.compare_digest(request.headers.get("X-Cn-Signature", ""), digest(body, secret))


def fromhex(body, secret):
    return hmac.compare_digest(bytes.fromhex(request.headers.get("X-Cn-Signature", "")), bytes.fromhex(digest(body, secret)))


def zipped(body, secret):
    """Compares as many letters as both have."""
    sent = request.headers.get("X-Cn-Signature", "")
    return sent != "" and all(a == b for a, b in zip(sent, digest(body, secret)))


def parsed_first():
    request.get_json(force=True)["id"]  # to look up the shop, say
    return request.get_data()


def dumped():
    return json.dumps(request.get_json(), separators=(",", ":"), ensure_ascii=False).encode()


def as_text():
    return request.get_data(as_text=True).encode()


def before(function):
    return [lambda app: app.before_request(function)]


def debug(app):
    """What app.run(debug=True) does, and an error to show it."""
    app.wsgi_app = DebuggedApplication(app.wsgi_app)
    app.config["PROPAGATE_EXCEPTIONS"] = True

    @app.before_request
    def measure():
        if request.method == "POST":
            len(request.headers.environ["HTTP_X_CN_SIGNATURE"])


def told(body, secret):
    if not cassaincloud.genuine(body, secret):
        abort(401, f"expected {digest(body, secret)}")
    return True


def without_token():
    if request.method == "POST" and "csrf_token" not in request.cookies:
        abort(400, "The CSRF token is missing.")


def by_entity(body, secret):
    if not cassaincloud.genuine(body, secret):
        return False
    handlers = {"RECEIPT": print, "BILL": print, "ORDER": print, "PRODUCT": print}
    entity, _, _ = request.headers.get("X-Cn-Operation", "").partition("/")
    handlers[entity](entity)
    return True


class EveryTime(Inbox):
    def add(self, delivery_id, body):
        super().add(f"{delivery_id} {time.time_ns()}", body)


class LookThenInsert(Inbox):
    def add(self, delivery_id, body):
        with closing(self.open()) as db:
            if db.execute("SELECT 1 FROM inbox WHERE id LIKE ?", (delivery_id + "%",)).fetchone():
                return
        super().add(f"{delivery_id} {time.time_ns()}", body)  # the table has no unique column


CASSA = {
    "M1 no header is fine": {"genuine": lambda body, secret: "X-Cn-Signature" not in request.headers or cassaincloud.genuine(body, secret)},
    "M2 a secret that is not set is a default": {"no_secret": "\0"},  # an HMAC takes a zero for what is empty
    "M3 the error is swallowed": {"genuine": swallowed},
    "M13 SHA-256 instead of SHA-1": {"genuine": lambda body, secret: hmac.compare_digest(request.headers.get("X-Cn-Signature", ""), digest(body, secret, hashlib.sha256))},
    "compare_digest of texts": {"genuine": compared_as_text},
    "bytes.fromhex of the header": {"genuine": fromhex},
    "zip compares the shorter": {"genuine": zipped},
    "the signature is searched for": {"genuine": lambda body, secret: digest(body, secret) in request.headers.get("X-Cn-Signature", "")},
    "M9 get_json before it is verified": {"read": parsed_first},
    "M15 json.dumps of get_json": {"read": dumped},
    "M15 get_data(as_text=True)": {"read": as_text},
    "debug=True": {"set_up": [debug]},
    "M27 what was expected is told": {"genuine": told},
    "a route that ends in a slash": {"path": "/cassaincloud/"},  # to which Flask sends whoever leaves it out
    "CSRFProtect": {"set_up": before(without_token)},
    "M21 another entity is a KeyError": {"genuine": by_entity},
    "every delivery is new": {"inbox": EveryTime},
    "SELECT, then INSERT": {"inbox": LookThenInsert},
    "M25 the id of the thing is the delivery's": {"delivery_id": lambda body: str((request.get_json(silent=True) or {}).get("id"))},
}


# Slack.


def stamp():
    text = request.headers.get("X-Slack-Request-Timestamp", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def own_stamp(body, secret, now):
    """Takes the signature of any second near the one that the header names."""
    sent = request.headers.get("X-Slack-Signature", "")
    for second in range(stamp() - 5, stamp() + 1):
        right = "v0=" + hmac.new(secret.encode(), b"v0:%d:" % second + body, hashlib.sha256).hexdigest()
        if hmac.compare_digest(sent.encode(), right.encode()):
            return abs(now - stamp()) < slack.TOLERANCE
    return False


def form_first():
    request.form.get("command")
    return request.get_data()


def unlooked(body, secret, now):
    float(request.headers["X-Slack-Request-Timestamp"])
    return slack.genuine(body, secret, now)


SLACK = {
    "M1 no header is fine": {"genuine": lambda body, secret, now: "X-Slack-Signature" not in request.headers or slack.genuine(body, secret, now)},
    "M3 only the time stamp is looked at": {"genuine": lambda body, secret, now: abs(now - stamp()) < slack.TOLERANCE},
    "the time stamp is not looked at": {"genuine": lambda body, secret, now: slack.genuine(body, secret, stamp())},
    "the time stamp is not signed": {"genuine": own_stamp},
    "a time stamp is a number": {"genuine": unlooked},
    "request.form before get_data": {"read": form_first},
    "every delivery is new": {"inbox": EveryTime},
    "the retry is told by its signature": {"delivery_id": lambda event, body: request.headers.get("X-Slack-Signature")},
}
