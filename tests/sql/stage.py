"""A server of the test's own with embedq's schema on it, as `embedq migrate up` makes it, and short words for its functions."""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import postgres

PROGRAM = None  # set by run.py
SCHEMA = "embedq"
EPOCH = "2026-01-01T00:00:00Z"


def migrate(url):
    with tempfile.TemporaryDirectory(prefix="embedq-sql-") as folder:
        config = pathlib.Path(folder) / "embedq.yaml"
        config.write_text(f"version: 1\nstore: {{ plugin: postgres, options: {{ url: '{url}', schema: {SCHEMA} }} }}\n")
        kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
        done = subprocess.run([PROGRAM, "--config", config, "migrate", "up"], env={**kept, "HOME": folder}, capture_output=True, text=True,
                              timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"embedq migrate up ended with status {done.returncode}: {done.stderr}")


def literal(value):
    """A Python value as SQL: None, numbers, texts, bytes, and lists of one kind."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(map(literal, value)) + "]"
    return "'" + value.replace("'", "''") + "'"


def call(function, *arguments):
    """`SELECT * FROM function(…)`, as the store sends it. An argument that is a tuple is (SQL type, value)."""
    words = [f"{literal(a[1])}::{a[0]}" if isinstance(a, tuple) else literal(a) for a in arguments]
    return f"SELECT * FROM {SCHEMA}.{function}({', '.join(words)})"


def profile(name, dimension=4):
    """The SQL that puts a profile; its id and fingerprint are made of its name."""
    text = ("text", "")
    id_ = name.encode().ljust(32, b".")
    return call("put_profile", id_, fingerprint(name), 0, "simulated", name, text, dimension, text, text, 1, 8192, ("float8", 0.7),
                ("text[]", []), ("text[]", []))


def fingerprint(name):
    return name.encode().ljust(32, b"-")
