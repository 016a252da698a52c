"""Texts that make a server fail: they pay for it, whatever the failure looks like, and nobody waits for them."""

import json

from program import document
from served import Case


def named(i):
    """The text of one operation of the spec `s<i>`, and no other."""
    return f"number {i + 3} of s{i}"


class FailingTexts(Case):
    def served(self, plugin="openai", scheduler=None, **how):
        world = super().served(plugin, **how)
        config = json.loads(world.config.read_text())
        config["scheduler"].update(scheduler or {})
        world.config.write_text(json.dumps(config))
        return world

    def fails(self, world, faults):
        """Indexes a spec for each fault, which happens to one text of it. All other texts are embedded, no provider is
        paused, and each job ends `failed`. Returns the jobs by spec."""
        world.put(specs=len(faults) + 1, operations=16)
        world.server.change({"faults": [{**fault, "text": named(i)} for i, fault in enumerate(faults)]})
        done = world.run("index", world.specs, "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertNotIn("is paused", done.stderr)
        self.assertEqual(json.loads(done.stdout)["embedded"], world.texts - len(faults))
        jobs = {job["spec_name"]: job for job in world.json("jobs", "list", "--status", "failed")["jobs"]}
        self.assertEqual(sorted(jobs), [f"s{i}" for i in range(len(faults))])
        for i in range(len(faults)):
            self.assertIn(f"operation 's{i}_{i + 3}'", jobs[f"s{i}"]["last_error"])
        self.assertEqual(world.check_vectors(), world.texts - len(faults))
        return jobs

    def test_texts_that_are_never_answered_use_up_their_attempts(self):
        world = self.served(scheduler={"max_attempts": 2}, options={"timeout": "3s"}, limits={"batch_inputs": 2})
        jobs = self.fails(world, [{"do": "error", "status": 500}, {"do": "close"}, {"do": "cut"}, {"do": "not_json"},
                                  {"do": "hang"}])
        self.assertEqual({job["attempts"] for job in jobs.values()}, {2})

    def test_texts_that_a_firewall_refuses_are_refused(self):
        world = self.served()
        jobs = self.fails(world, [{"do": "error", "status": status} for status in (403, 405, 406, 421, 446, 451)])
        self.assertEqual({job["attempts"] for job in jobs.values()}, {1})
        for job in jobs.values():
            self.assertIn("was refused: ", job["last_error"])
            self.assertIn(f"`embedq jobs retry {job['id']}`", job["last_error"])

    def test_a_refusal_that_passes_is_none(self):
        world = self.served(limits={"batch_inputs": 1})
        world.put(specs=1, operations=16)
        world.server.change({"faults": [{"do": "error", "status": 400, "message": "Model unloaded", "text": named(0),
                                         "times": 1}]})
        world.index()
        self.assertEqual(sum(call["fault"] == "error" for call in world.calls()), 1)
        self.all_right(world)

    def test_a_long_text_that_is_refused_is_tried_cut(self):
        world = self.served()
        world.put(specs=1, operations=16)
        long = document("long", 8)
        long["paths"]["/long/things0"]["get"]["summary"] += " and so on" * 100 + " to the very end"
        world.write("long.json", long)
        world.texts += 8
        world.server.change({"faults": [{"do": "error", "status": 400, "message": "ValidationException",
                                         "text": "very end"}]})
        self.assertEqual(world.index()["cut"], 1)
        self.all_right(world)
