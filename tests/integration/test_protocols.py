"""Answers of embedding servers that break clients in practice, through the whole program: nothing wrong is stored, and
every job succeeds."""

import json
import socket
import threading
import time

from owned import wait_until
from program import DEADLINE, document
from served import MODEL, Case

# Each happens to one call. What concerns only the form of an answer is not a failure.
ANSWERS = ["nan", "infinity", "null", "zero", "empty_vector", "wrong_dimension", "short_count", "long_count",
           "no_vectors", "not_json", "html",
           "error", "cut", "close", "reset", "stale", "wrong_type", "chunked", "gzip", "http_1_0"]
INDICES = ["out_of_order", "missing_index", "duplicate_index", "beyond_index"]


class BrokenAnswers(Case):
    def survives(self, plugin, faults):
        world = self.served(plugin)
        world.put(specs=8)
        # With sound answers between them, so that no circuit breaker opens.
        world.server.change({"faults": [{"do": do, "calls": 2 + 2 * i} for i, do in enumerate(faults)]})
        world.index()
        self.assertEqual({call["fault"] for call in world.calls()} - {""}, set(faults))
        self.all_right(world)

    def test_of_openais_protocol(self):
        self.survives("openai", ANSWERS + INDICES)

    def test_of_ollamas_protocol(self):
        self.survives("ollama", ANSWERS)

    def test_base64_that_is_ignored_or_refused(self):
        for base64 in ("sent", "ignored", "rejected"):
            world = self.served("openai", script={"base64": base64}, options={"encoding_format": "base64"})
            world.put(specs=2)
            world.index()
            refused = [call for call in world.calls() if call["status"] != 200]
            self.assertLessEqual(len(refused), 2, "each call in flight asks for it once")
            self.all_right(world)

    def test_an_answer_without_indices_is_placed_by_position(self):
        world = self.served("openai", script={"index": False, "usage": False})
        world.put(specs=1)
        world.index()
        self.all_right(world)


class LateAnswers(Case):
    def survives(self, plugin, **fault):
        # Long enough for every other call on a busy machine.
        world = self.served(plugin, options={"timeout": "3s"})
        world.put()
        world.server.change({"faults": [{**fault, "calls": "2..3"}]})
        world.index()
        calls = world.server.calls()
        self.assertEqual(sum(call["fault"] == fault["do"] for call in calls["log"]), 2)
        self.all_right(world)
        return calls

    def test_a_server_that_hangs(self):
        calls = self.survives("ollama", do="hang")
        self.assertEqual(calls["abandoned"], 2,
                         "a cancelled call closes its connection, so that the server can stop")

    def test_a_server_that_stalls(self):
        self.survives("openai", do="stall")

    def test_a_server_that_drips(self):
        self.survives("ollama", do="drip", every="200ms")

    def test_an_answer_of_100_megabytes(self):
        world = self.served("openai", options={"max_response_bytes": "1MiB"})
        world.put()
        world.server.change({"faults": [{"do": "huge", "calls": 2}]})
        world.index()
        self.all_right(world)

    def test_an_answer_of_100_megabytes_that_is_allowed(self):
        world = self.served("ollama")
        world.put(specs=1)
        world.server.change({"faults": [{"do": "huge", "calls": 2}]})
        world.index()
        self.assertEqual(len([call for call in world.calls() if call["status"] == 200]), 5)
        self.all_right(world)


class Nobody:
    """Listens on the port of a server that was killed, closes each connection, and counts them."""

    def __init__(self, port):
        self.count = 0
        self._socket = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.close()
            self.count += 1

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Restarts(Case):
    FIRST = True

    def test_a_server_that_is_killed_meets_a_circuit_breaker_and_one_small_probe(self):
        world = self.served("ollama", script={"latency": "400ms"}, limits={"concurrency": 4})
        world.put(specs=16)
        index = world.start("index", world.specs, "--json")
        world.wait_for_status(lambda catalogs: catalogs.get("default", {}).get("embedding_count", 0) > 0)
        world.server.kill()
        nobody = Nobody(world.server.port)
        wait_until(lambda: nobody.count > 0, "a call to the server that was killed")
        time.sleep(3)  # connections are counted during that time
        self.assertLessEqual(nobody.count, 4 + 5 + 2, "calls in flight, those that open the breaker, and 2 more")
        nobody.close()
        world.server.start()
        out, err = index.communicate(timeout=DEADLINE)
        self.assertEqual(index.returncode, 0, err)
        self.assertEqual(json.loads(out)["distinct_texts"], world.texts)
        first, second = world.calls()[:2]
        self.assertEqual(first["inputs"], 1, "the probe is small")
        self.assertGreaterEqual(second["at"], first["until"], "and alone")
        # The restarted server has no log of the earlier texts: it is sent all of them.
        world.server.change({"latency": "0ms"})
        world.ask([text for (text,) in world.rows("SELECT content FROM texts")])
        self.all_right(world)

    def test_a_model_that_is_swapped_while_it_works_is_not_mixed(self):
        world = self.served("ollama", script={"latency": "400ms"})
        world.put(specs=10)
        serve = world.start("serve")
        world.start("index", world.specs, "--no-work")
        world.wait_for_status(lambda catalogs: catalogs.get("default", {}).get("embedding_count", 0) > 0)
        world.server.change({"models": {MODEL: {"digest": "sha256:2"}}, "latency": "1ms"})

        def digests():
            return dict(world.rows("SELECT p.model_digest, count(*) FROM vectors v JOIN profiles p USING (profile) "
                                   "GROUP BY 1"))

        wait_until(lambda: digests().get("sha256:2") == world.texts,
                   lambda: f"all is embedded for the new model: {digests()}")
        self.assertLess(digests()["sha256:1"], world.texts, "it was swapped in the middle")
        world.check_vectors()
        serve.terminate()
        self.assertEqual(serve.wait(DEADLINE), 0, serve.stderr.read())


class Limits(Case):
    def learns(self, most_refused, **how):
        world = self.served("openai", limits={"batch_inputs": 64, "concurrency": 2}, **how)
        world.put(specs=8)
        world.index()
        refused = [call for call in world.calls() if call["status"] != 200]
        self.assertGreater(len(refused), 0)
        self.assertLessEqual(len(refused), most_refused)
        self.all_right(world)

    def test_a_limit_that_a_refusal_states_is_obeyed(self):
        self.learns(4, script={"max_inputs": 7})
        self.learns(4, script={"dialect": "tei", "max_inputs": 7})

    def test_a_rate_that_is_not_stated_is_learned_once(self):
        world = self.served("openai", limits={"concurrency": 8}, script={"rate": {"requests": 2, "per": "1s",
                                                                                  "format": "none"}})
        world.put(specs=1, operations=48)
        world.index()

        def refused():
            return sum(call["status"] == 429 for call in world.calls())
        first = refused()
        self.assertGreater(first, 0)
        self.assertLessEqual(first, 2, "those that were in flight when the limit was met")
        world.write("more.json", document("more", 48))
        world.texts += 48
        world.index()
        self.assertLessEqual(refused(), first + 1, "another process starts with what was learned")
        self.all_right(world)

    def test_a_limit_that_is_not_stated_is_found_by_halving(self):
        self.learns(12, script={"dialect": "mistral", "max_inputs": 5}, options={"dialect": "mistral"})

    def test_a_text_that_is_too_long_is_cut_even_when_it_is_a_500(self):
        world = self.served("openai", script={"dialect": "llama_cpp", "max_text_tokens": 100},
                            options={"dialect": "llama_cpp"})
        world.put(specs=1)
        long = document("long", 8)
        long["paths"]["/long/things0"]["get"]["summary"] += " and so on" * 100
        world.write("long.json", long)
        world.texts += 8
        world.index()
        self.assertEqual(world.rows("SELECT count(*) FROM vectors WHERE cut_to > 0"), [(1,)])
        self.all_right(world)

    def test_a_poisoned_text_is_found_named_and_not_sent_again(self):
        world = self.served("ollama", script={"faults": [{"do": "poison", "text": "number 33 of s1"}]})
        world.put()
        done = world.run("index", world.specs, "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("s1: 39 of 40 operations embedded", done.stderr)
        self.assertLess(world.server.calls()["refused"], 10)
        asked = len(world.calls())
        world.run("index", world.specs)
        self.assertEqual(len(world.calls()), asked)
        self.assertEqual(world.check_vectors(), world.texts - 1)

    def test_a_requested_wait_is_obeyed_in_each_of_its_forms(self):
        for form in ("seconds", "decimal", "milliseconds", "date", "text"):
            world = self.served("openai", limits={"concurrency": 1})
            world.server.change({"rate": {"requests": 5, "per": "1s", "retry_after": "1s", "format": form}})
            world.put(specs=1, operations=64)
            world.index()
            calls = world.calls()
            refused = [i for i, call in enumerate(calls) if call["status"] == 429]
            self.assertGreater(len(refused), 0)
            for i in refused:
                # Slightly less than a second: the client waits from when it has read the answer.
                self.assertGreater(calls[i + 1]["at"] - calls[i]["at"], 990_000, form)
            self.assertEqual(max(job["attempts"] for job in world.json("jobs", "list")["jobs"]), 1)
            self.all_right(world)
