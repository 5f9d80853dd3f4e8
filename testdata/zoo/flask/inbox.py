"""What arrived, once each, in SQLite. Several threads, processes and starts share it."""

import logging
import sqlite3
import threading
from contextlib import closing


class Inbox:
    def __init__(self, path):
        self.path = path
        self.filled = threading.Event()
        with closing(self.open()) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, body BLOB, done INTEGER DEFAULT 0)")

    def open(self):
        return sqlite3.connect(self.path, timeout=5, isolation_level=None)

    def add(self, delivery_id, body):
        """Keep a delivery, unless it is there already: the primary key decides, in one step."""
        with closing(self.open()) as db:
            db.execute("INSERT OR IGNORE INTO inbox (id, body) VALUES (?, ?)", (delivery_id, body))
        self.filled.set()

    def work(self, handle):
        """Hand every delivery to handle, in the thread that calls this; what was left by the last start, too."""
        with closing(self.open()) as db:
            while True:
                self.filled.clear()
                for delivery_id, body in db.execute("SELECT id, body FROM inbox WHERE NOT done ORDER BY rowid").fetchall():
                    try:
                        handle(body)
                    except Exception:
                        logging.exception("delivery %s stays in the inbox until the next comes", delivery_id)
                        continue
                    db.execute("UPDATE inbox SET done = 1 WHERE id = ?", (delivery_id,))
                self.filled.wait()

    def count(self):
        with closing(self.open()) as db:
            return db.execute("SELECT count(*) FROM inbox WHERE done").fetchone()[0]
