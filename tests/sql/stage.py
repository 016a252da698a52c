"""A server of the test's own with embedq's schema on it, as `embedq migrate up` creates it, and helpers for its
functions."""

import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import postgres

PROGRAM = None  # set by run.py
SCHEMA = "embedq"


def program(folder, url, words, options=""):
    """Runs `embedq` on the database, with a provider that needs no network."""
    config = pathlib.Path(folder) / "embedq.yaml"
    config.write_text("version: 1\nstore: "
                      f"{{ plugin: postgres, options: {{ url: '{url}', schema: {SCHEMA}{options} }} }}\n"
                      "providers: { lexical: { plugin: lexical } }\nembedding: { provider: lexical }\n")
    kept = {name: os.environ[name]
            for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
    return subprocess.run([PROGRAM, "--config", config, *map(str, words)], env={**kept, "HOME": str(folder)},
                          capture_output=True, text=True,
                          timeout=120)


def migrate(url):
    with tempfile.TemporaryDirectory(prefix="embedq-sql-") as folder:
        done = program(folder, url, ["migrate", "up"])
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
    return call("put_profile", id_, fingerprint(name), 0, "simulated", name, text, dimension, text, text, 1, 8192,
                ("float8", 0.7),
                ("text[]", []), ("text[]", []))


def fingerprint(name):
    return name.encode().ljust(32, b"-")


def put(spec, texts, catalog="shop"):
    """The SQL that puts a spec with one operation for each text."""
    hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
    names = ("text[]", [f"op{i}" for i in range(len(texts))])
    empty = ("text[]", [""] * len(texts))
    digest = hashlib.sha256(repr(texts).encode()).digest()
    return (call("put_texts", ("bytea[]", hashes), ("text[]", texts)) + "; " +
            call("put_changed", catalog, spec, ("smallint", 0), "", "", "", "", "", digest, 1, 0, b"", names, empty,
                 empty, empty, empty,
                 ("bigint[]", [0] * len(texts)), ("bytea[]", hashes), "", "", "", 0, 0, ""))


def catalog(name="shop", model="model"):
    """The SQL that creates a catalog with a target."""
    made = call("put_catalog", name, "", "", "", "")
    if model is None:
        return made
    return (f"{made}; {profile(model)}; SELECT {SCHEMA}.set_target('{name}', 'p', p.profile) FROM {SCHEMA}.profiles p "
            f"WHERE p.model = '{model}'")


def grants(role):
    """The statements that docs/deploying.md has for the role."""
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "deploying.md").read_text()
    blocks = [block for block in re.findall(r"```sql\n(.*?)```", page, re.S) if f"SCHEMA {SCHEMA} TO {role};" in block]
    if len(blocks) != 1:
        raise ValueError(f"docs/deploying.md has {len(blocks)} blocks of grants for {role}, not one")
    return [line for line in blocks[0].splitlines() if line]


class Stage(unittest.TestCase):
    """Tests that share a server; each has a database of its own, `name`, with the schema in it."""

    role = None  # one that gets what docs/deploying.md grants it, and nothing through PUBLIC
    server_words = {"durable": False}
    migrated = True

    @classmethod
    def setUpClass(cls):
        cls.server = postgres.Cluster(**cls.server_words)
        cls.addClassCleanup(cls.server.close)
        if cls.role:
            cls.server.sql(f"CREATE ROLE {cls.role} LOGIN")
        cls.count = 0

    def setUp(self):
        type(self).count += 1
        self.name = f"{type(self).__name__.lower()}_{self.count}"
        self.url = self.server.create_database(self.name)
        if self.migrated:
            self.migrate()

    def migrate(self):
        migrate(self.url)
        if self.role:
            self.grant()

    def grant(self):
        self.owner("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA embedq FROM PUBLIC; " + "\n".join(grants(self.role)))

    def owner(self, sql):
        return self.server.sql(sql, database=self.name, user=postgres.ROLE)

    def as_role(self, sql):
        return self.server.sql(sql, database=self.name, user=self.role)


def claim(worker, token, jobs=1, lease_us=20_000_000, model="model"):
    return call("claim", worker, ("bytea[]", [fingerprint(model)]), jobs, 2**62, lease_us, True, ("uuid", token), None)


def commit(token, outcome, error="", delay_us=0, attempts=5):
    """The SQL that reports one outcome (job_outcome) for all jobs of a claim."""
    jobs = f"FROM {SCHEMA}.job_leases l, unnest(l.jobs) j WHERE l.token = '{token}'"
    nothing = "'{}', '{}', '{}', '{}', '{}', '', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'"
    return (f"SELECT * FROM {SCHEMA}.commit_jobs(ARRAY(SELECT j.id {jobs} ORDER BY 1), ARRAY(SELECT l.token {jobs}), "
            f"ARRAY(SELECT '{outcome}'::{SCHEMA}.job_outcome {jobs}), ARRAY(SELECT {literal(error)}::text {jobs}), "
            f"ARRAY(SELECT {delay_us}::bigint {jobs}), {attempts}, {nothing})")
