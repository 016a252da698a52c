#!/usr/bin/env python3
"""Compares the PostgreSQL store's queue with bare SQL: alternating drains of jobs with nothing to embed.

  run.py BUILD_FOLDER [--pairs 10] [--jobs 500000] [--connections 1 4] [--batch 500] [--open-transaction SECONDS]

The floor is the receipts design alone (docs/adr/0021-receipts.md), by pgbench with prepared statements: a claim deletes
pending rows and writes one receipt, a completion deletes the receipt and appends to history. embedq does the same
through Store::claim and Store::commit, with everything that the contract requires. Both use the benchmark's own server,
with its ordinary durable settings, 1 GB of shared buffers and 4 GB of write-ahead log. Filling the queues and a
checkpoint before each run are not timed.

With --open-transaction another session holds a snapshot the whole time, as a forgotten transaction does, and deleted
rows cannot be vacuumed. Only embedq is drained, again and again, and its rate at the start is compared with the one at
the end.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from postgres import SUPERUSER, Cluster, binaries

FLOOR_SCHEMA = """
CREATE SCHEMA floor;
SET search_path = floor;
CREATE TABLE ready (id bigserial PRIMARY KEY, due timestamptz NOT NULL DEFAULT now(), catalog text NOT NULL,
                    spec text NOT NULL, kind smallint NOT NULL DEFAULT 0, attempts smallint NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX ready_open ON ready (catalog, spec);
CREATE INDEX ready_due ON ready (due, id);
CREATE TYPE jobrow AS (id bigint, catalog text, spec text, kind smallint, attempts smallint);
CREATE TABLE lease (token bigserial PRIMARY KEY, worker text, expires timestamptz, jobs jobrow[]);
CREATE TABLE done (id bigint, catalog text, spec text, kind smallint, attempts smallint, worker text,
                   completed timestamptz);
CREATE INDEX done_id ON done (id);
"""
FLOOR_FILL = "INSERT INTO floor.ready (catalog, spec) SELECT 'bench', 'spec-' || g FROM generate_series(1, {jobs}) g"
FLOOR_SCRIPT = """
WITH c AS MATERIALIZED (SELECT id FROM floor.ready WHERE due <= now() ORDER BY due, id LIMIT :batch
                         FOR UPDATE SKIP LOCKED),
d AS (DELETE FROM floor.ready WHERE id = ANY (ARRAY (SELECT id FROM c)) RETURNING id, catalog, spec, kind, attempts)
INSERT INTO floor.lease (worker, expires, jobs)
SELECT 'w' || :client_id, now() + interval '20 s',
       array_agg(row(id, catalog, spec, kind, attempts + 1)::floor.jobrow) FROM d
RETURNING token \\gset j_
WITH l AS (DELETE FROM floor.lease WHERE token = :j_token AND worker = 'w' || :client_id RETURNING jobs, worker)
INSERT INTO floor.done SELECT u.id, u.catalog, u.spec, u.kind, u.attempts, l.worker, now() FROM l, unnest(l.jobs) u;
"""
# Specs with nothing to embed, so that only the queue is measured.
FILL_SPECS = """
SET search_path = embedq;
INSERT INTO profiles (id, fingerprint, epoch, plugin, model, model_digest, dimension, document_prefix, query_prefix,
                      text_version, max_text_bytes, semantic_weight, option_names, option_values)
VALUES (decode(repeat('01', 32), 'hex'), decode(repeat('01', 32), 'hex'), 0, 'none', '', '', 4, '', '',
        1, 0, 0.5, '{{}}', '{{}}');
INSERT INTO catalogs (catalog_id, name, version, display_name, description, target_profile, serving_profile, created_at,
                      updated_at)
SELECT 'bench', '', '', '', '', profile, profile, now(), now() FROM profiles;
INSERT INTO spec_names (catalog_id, spec_name) SELECT 'bench', 'spec-' || g FROM generate_series(1, {jobs}) g;
INSERT INTO specs (ref, catalog, spec_name, source_kind, source, etag, base_path, title, description, content_hash,
                   text_version, operation_count, jobs_after, created_at, updated_at)
SELECT n.ref, c.catalog, n.spec_name, 0, '', '', '', '', '', decode(repeat('00', 32), 'hex'), 1, 1, 0, now(), now()
FROM spec_names n, catalogs c;
ANALYZE;
"""
FILL_JOBS = """
INSERT INTO embedq.jobs_ready (ref, profile, kind, operations, due, created_at)
SELECT s.ref, c.target_profile, 0, 1, now(), now() FROM embedq.specs s JOIN embedq.catalogs c ON c.catalog = s.catalog
"""


class Bench:
    def __init__(self, arguments, server, folder):
        self.arguments = arguments
        self.server = server
        self.programs = arguments.build / "bin"
        self.config = folder / "drain.yaml"
        self.config.write_text(f"version: 1\nstore: {{ plugin: postgres, options: {{ url: \"${{EMBEDQ_DRAIN_URL}}\", "
                               f"pool: 10 }} }}\n"
                               "embedding: { provider: none }\n")
        os.environ["EMBEDQ_DRAIN_URL"] = server.url()
        self.script = folder / "floor.sql"
        self.script.write_text(FLOOR_SCRIPT)
        subprocess.run([self.programs / "embedq", "--config", self.config, "migrate", "up"], check=True,
                       stdout=subprocess.DEVNULL)
        server.sql(FLOOR_SCHEMA)
        server.sql(FILL_SPECS.format(jobs=arguments.jobs), timeout=600)

    def floor(self, connections):
        """Jobs per second with bare SQL."""
        self.server.sql(FLOOR_FILL.format(jobs=self.arguments.jobs), timeout=600)
        self.server.sql("VACUUM ANALYZE floor.ready; CHECKPOINT", timeout=600)
        batches = self.arguments.jobs // self.arguments.batch // connections
        command = [binaries() / "pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j",
                   str(min(2, connections)), "-t", str(batches), "-f", self.script, "-D",
                   f"batch={self.arguments.batch}", self.server.url(user=SUPERUSER)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return float(re.search(r"tps = ([0-9.]+)", out)[1]) * self.arguments.batch

    def embedq(self, connections, vacuum=True):
        self.server.sql(FILL_JOBS, timeout=600)
        self.server.sql(("VACUUM ANALYZE embedq.jobs_ready; " if vacuum else "") + "CHECKPOINT", timeout=600)
        command = [self.programs / "drain", self.config, str(connections), str(self.arguments.batch)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        if int(out[0]) != self.arguments.jobs:
            raise SystemExit(f"drain: {out[0]} of {self.arguments.jobs} jobs were done")
        return int(out[0]) / float(out[1])


def pairs(bench):
    for connections in bench.arguments.connections:
        ratios, embedq_rates, floors = [], [], []
        bench.floor(connections)  # warm up both
        bench.embedq(connections)
        for pair in range(bench.arguments.pairs):
            if pair % 2 == 0:
                floor, mine = bench.floor(connections), bench.embedq(connections)
            else:
                mine, floor = bench.embedq(connections), bench.floor(connections)
            ratios.append(mine / floor)
            embedq_rates.append(mine)
            floors.append(floor)
            print(f"  pair {pair + 1}: embedq {mine:,.0f} jobs/s, floor {floor:,.0f}, ratio {mine / floor:.2f}",
                  flush=True)
        print(f"{connections} connections, batches of {bench.arguments.batch}: "
              f"embedq {statistics.median(embedq_rates):,.0f} jobs/s, floor {statistics.median(floors):,.0f}; "
              f"ratio {statistics.median(ratios):.2f} (median of {len(ratios)} pairs, {min(ratios):.2f} to "
              f"{max(ratios):.2f})", flush=True)


def behind_an_open_transaction(bench):
    connections = bench.arguments.connections[-1]
    bench.embedq(connections)
    fresh = bench.embedq(connections)
    with bench.server.session() as other:
        other.sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM embedq.jobs_ready; "
                  "SELECT pg_current_xact_id();")
        begun = time.monotonic()
        rates = []
        while time.monotonic() - begun < bench.arguments.open_transaction:
            rates.append((time.monotonic() - begun, bench.embedq(connections)))
            dead = bench.server.value("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'jobs_ready'")
            print(f"  after {rates[-1][0]:4.0f} s: {rates[-1][1]:,.0f} jobs/s, {int(dead):,} dead rows", flush=True)
    last = statistics.median(rate for _, rate in rates[-3:])
    print(f"{connections} connections: {fresh:,.0f} jobs/s before, {rates[0][1]:,.0f} in the first drain behind an "
          f"open transaction, {last:,.0f} after {rates[-1][0]:.0f} s ({last / rates[0][1]:.2f} of the first)",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=500_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--open-transaction", type=float, default=0, metavar="SECONDS")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    with tempfile.TemporaryDirectory(prefix="embedq-drain-") as folder:
        with Cluster(settings={"shared_buffers": "1GB", "max_wal_size": "4GB"}) as server:
            bench = Bench(arguments, server, pathlib.Path(folder))
            if arguments.open_transaction:
                behind_an_open_transaction(bench)
            else:
                pairs(bench)


if __name__ == "__main__":
    main()
