#!/usr/bin/env python3
"""A model change on an indexed catalog while searches run: what each search answers, and how long it takes.

    model_change.py build/release/bin/embedq               # another model by another YAML, with live edits in between
    model_change.py build/release/bin/embedq --how gone    # the same, and the old model's server goes away meanwhile
    model_change.py build/release/bin/embedq --how hangs   # or it hangs
    model_change.py build/release/bin/embedq --how digest  # the model is replaced under its name, below a `serve`

One process asks ten questions in turn, one every 50 ms (`embedq search - --mode semantic`), before, during and after
the change. The simulated provider's vectors differ for each model, so the first ten operations of an answer show which
model ranked it: the answers of each model alone are recorded before and after, and an answer during the change that
matches neither is a mixture. Operations that are edited meanwhile have no vector of the old model any more, and are
missing from its answers from then on. A change by YAML is made as by teams that deploy by YAML: with
`model_change: apply`, `embedq index --no-work` with the new file sets the target, and a worker with the new file
embeds. With `gone` and `hangs` the old model's server fails once a third of the texts have their new vectors: from then
until the switch, answers must be lexical.

The store is SQLite, or with --url an empty PostgreSQL database.
"""

import argparse
import collections
import json
import os
import pathlib
import platform
import queue
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

import program
from program import World, document

QUESTIONS = [f"Operation number {i} of s{i}" for i in range(10)]
PATIENCE = 240  # seconds
EDITED = "s1"


def configuration(world, name, model, state, latency, url):
    options = {"dimension": 16, "model": model, "state_file": str(state), "latency_per_input": latency}
    store = {"plugin": "postgres", "options": {"url": url}} if url else {"plugin": "sqlite"}
    path = world.folder / f"{name}.yaml"
    path.write_text(json.dumps({
        "version": 1, "store": store, "notifier": {"plugin": "poll", "options": {"interval": "100ms"}},
        "providers": {"sim": {"plugin": "simulated", "options": options,
                              "limits": {"concurrency": 1, "batch_inputs": 16}}},
        "embedding": {"provider": "sim", "model_change": "apply"},
        "scheduler": {"poll": "500ms", "heartbeat": "500ms", "lease": "2s", "reconcile": "10s"}}))
    return path


class Searcher:
    """A process that answers questions, one every `interval`; each answer has the time of the question and how long it
    took."""

    def __init__(self, world, config, interval=0.05):
        self.process = subprocess.Popen([program.PROGRAM, "--config", str(config), "search", "-", "--json", "--mode",
                                         "semantic"],
                                        env=world.environment(), cwd=world.folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, bufsize=1)
        world.processes.append(self.process)
        self.interval, self.answers, self.asked, self.ended = interval, [], queue.SimpleQueue(), threading.Event()
        self.threads = [threading.Thread(target=self.ask), threading.Thread(target=self.read)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        turn = 0
        begin = time.monotonic()
        while not self.ended.wait(max(0, begin + turn * self.interval - time.monotonic())):
            self.asked.put(time.monotonic())
            self.process.stdin.write(QUESTIONS[turn % len(QUESTIONS)] + "\n")
            turn += 1
        self.process.stdin.close()

    def read(self):
        before = 0
        for line in self.process.stdout:
            now, asked = time.monotonic(), self.asked.get()
            # A question behind a slow one waits in the pipe, which is not the program's time.
            self.answers.append({**json.loads(line), "at": asked, "took": now - max(asked, before)})
            before = now

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        assert self.process.wait(PATIENCE) == 0, "a search failed"
        return self.answers


def ranked(answer):
    return tuple((hit["spec_name"], hit["operation_id"]) for hit in answer["results"])


def lists(world, config):
    """Each question's answer by one model alone, with so many hits that edited operations can be removed."""
    done = subprocess.run([program.PROGRAM, "--config", str(config), "search", "-", "--json", "--mode", "semantic",
                           "--limit", "100"],
                          env=world.environment(), cwd=world.folder, input="\n".join(QUESTIONS) + "\n",
                          capture_output=True, text=True, timeout=PATIENCE, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(answer["ranking"] == "semantic" for answer in answers), answers
    return {answer["query"]: ranked(answer) for answer in answers}


def run(world, config, *words):
    done = subprocess.run([program.PROGRAM, "--config", str(config), *map(str, words)], env=world.environment(),
                          cwd=world.folder,
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, f"{words} exited {done.returncode}: {done.stderr}"
    return done


def start(world, config, *words, log):
    with open(world.folder / log, "w", encoding="utf-8") as file:
        process = subprocess.Popen([program.PROGRAM, "--config", str(config), *map(str, words)],
                                   env=world.environment(), cwd=world.folder,
                                   stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    world.processes.append(process)
    return process


def change(world, config):
    """The catalog's model change as `status` shows it, or nothing."""
    (catalog,) = json.loads(run(world, config, "status", "--json").stdout)["catalogs"]
    return catalog.get("model_change")


def wait(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def measure(world, how="yaml", operations=2000, latency="4ms", url=None):
    specs, old_state, new_state = operations // 20, world.folder / "old.state", world.folder / "new.state"
    old_state.write_text("digest=one\n" if how == "digest" else "")
    old = configuration(world, "old", "old model", old_state, "0ms", url)
    new = configuration(world, "new", "new model", new_state, latency, url) if how != "digest" else \
        configuration(world, "new", "old model", old_state, latency, url)
    for i in range(specs):
        world.write(f"s{i}.json", document(f"s{i}", 20))
    run(world, old, "index", world.specs)
    before = lists(world, old)

    if how == "digest":
        server = start(world, new, "serve", log="serve.log")
        searcher = Searcher(world, new)
        wait(lambda: len(searcher.answers) >= 20, "the first answers")
        began = time.monotonic()
        old_state.write_text("digest=two\n")
    else:
        # Its YAML is the old one: it finds the new profile in the store.
        searcher = Searcher(world, old)
        wait(lambda: len(searcher.answers) >= 20, "the first answers")
        server = start(world, new, "worker", log="worker.log")
        began = time.monotonic()
        index = start(world, new, "index", world.write("s0.json", document("s0", 20)), "--no-work", log="index.log")
    failed_at = None
    if how in ("gone", "hangs"):
        def a_third():
            now = change(world, new)
            return now and now["settled"] * 3 >= now["texts"]
        wait(a_third, "a third of the texts are there")
        failed_at = time.monotonic()
        old_state.write_text("down\n" if how == "gone" else "hang\n")
    # A live edit and a new document during the change.
    edit = world.write(f"{EDITED}.json", document(EDITED, 20, "edited"))
    fresh = world.write("fresh.json", document("fresh", 5))
    edited_at = time.monotonic()
    run(world, new, "index", edit, fresh, "--no-work")  # waits until they are embedded
    live = time.monotonic() - edited_at
    left = change(world, new)
    wait(lambda: change(world, new) is None, "the switch")
    flipped = time.monotonic()
    wait(lambda: searcher.answers[-1]["at"] > flipped + 1, "answers after the switch")
    answers = searcher.end()
    server.send_signal(signal.SIGTERM)
    assert server.wait(PATIENCE) == 0
    if how != "digest":
        assert index.wait(PATIENCE) == 0
    after = lists(world, new)

    kinds, took, mixed, empty = collections.Counter(), collections.defaultdict(list), [], 0
    new_at, lexical_before_failure, back_again = None, 0, 0
    for answer in answers:
        empty += not answer["results"]
        kind = answer["ranking"]
        if kind == "semantic":
            got, query = ranked(answer), answer["query"]
            by_old = {before[query][:10], tuple(hit for hit in before[query] if hit[0] != EDITED)[:10]}
            kind = "by the new" if got == after[query][:10] else "by the old" if got in by_old else "mixed"
            if kind == "mixed":
                mixed.append(answer)
            if kind == "by the new" and new_at is None:
                new_at = answer["at"]
            back_again += kind == "by the old" and new_at is not None
        else:
            kind = f"lexical ({answer['fallback_reason']})"
            lexical_before_failure += how in ("gone", "hangs") and answer["at"] + answer["took"] < failed_at
        kinds[kind] += 1
        took[kind].append(answer["took"] * 1000)
    times = sorted(answer["took"] * 1000 for answer in answers)
    reasons = {answer["fallback_detail"] for answer in answers if answer.get("fallback_detail")}
    return {
        "how": how, "operations": operations, "seconds of change": flipped - began, "searches": len(answers),
        **dict(kinds), "without results": empty,
        "mixed": len(mixed), "back to the old after the new": back_again,
        "lexical before the failure": lexical_before_failure,
        "ms p50": times[len(times) // 2], "ms p99": times[int(len(times) * 0.99)], "ms max": times[-1],
        "ms max lexical": max((max(values) for kind, values in took.items() if kind.startswith("lexical")),
                              default=0.0),
        "live edit seconds": live, "texts left when it was done": left["texts"] - left["settled"] if left else 0,
        "reasons": sorted(reasons),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("--how", choices=["yaml", "gone", "hangs", "digest"], default="yaml")
    parser.add_argument("--operations", type=int, default=2000)
    parser.add_argument("--latency", default="4ms", help="of the new model, for each text")
    parser.add_argument("--url", help="of an empty PostgreSQL database")
    arguments = parser.parse_args()
    program.PROGRAM = str(pathlib.Path(arguments.program).resolve())
    world = World()
    try:
        result = measure(world, arguments.how, arguments.operations, arguments.latency, arguments.url)
    finally:
        world.close()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.platform()}")
    for name, value in result.items():
        print(f"{name:32} {value:.1f}" if isinstance(value, float) else f"{name:32} {value}")
