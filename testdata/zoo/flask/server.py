"""Serves the endpoint of one provider on PORT, and at /count how many events it worked on.

The secret is in WHK_SECRET_<PROVIDER>, the inbox in the file INBOX. FAULT names one of faults.py.

    whk test --provider cassaincloud -- python3 server.py cassaincloud
"""

import json
import os
import sys
import threading

from flask import Flask
from waitress import serve

import faults
from cassaincloud import cassaincloud
from inbox import Inbox
from slack import slack

name = sys.argv[1]
fault = faults.of(name, os.environ.get("FAULT"))
inbox = fault.pop("inbox", Inbox)(os.environ.get("INBOX", f"{name}.sqlite"))
secret = os.environ.get(f"WHK_SECRET_{name.upper()}", fault.pop("no_secret", ""))

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 5 * 1024 * 1024
for set_up in fault.pop("set_up", []):
    set_up(app)
endpoint = {"cassaincloud": cassaincloud, "slack": slack}[name]
app.register_blueprint(endpoint(secret, inbox, **fault))


@app.get("/count")
def count():
    return {"count": inbox.count()}


def work(body):
    """What is done with an event; a body that is none is signed garbage."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    print("worked on", type(event).__name__, len(body), flush=True)


threading.Thread(target=inbox.work, args=[work], daemon=True).start()
serve(app, host="127.0.0.1", port=int(os.environ.get("PORT", "3000")), threads=8, channel_timeout=20, cleanup_interval=10)
