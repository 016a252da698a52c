"""A model change while searches run, in a short form; model_change.py measures the long one."""

import unittest

import model_change
from program import World


class ModelChange(unittest.TestCase):
    FIRST = True

    def measure(self, how, latency="40ms"):
        """The latency of the new model makes the change take some seconds, so that there is time for the tests."""
        world = World()
        self.addCleanup(world.close)
        result = model_change.measure(world, how, operations=200, latency=latency)
        self.assertEqual(result["without results"], 0, result)
        self.assertEqual(result["mixed"], 0, result)
        self.assertEqual(result["back to the old after the new"], 0, result)
        self.assertGreater(result["by the new"], 0, result)
        return result

    def test_by_another_yaml(self):
        result = self.measure("yaml")
        self.assertEqual([kind for kind in result if kind.startswith("lexical (")], [], result)
        self.assertGreater(result["by the old"], 20, result)
        self.assertGreater(result["texts left when it was done"], 0,
                           f"the edit did not wait for the rest of the change: {result}")

    def test_the_old_server_goes_away(self):
        result = self.measure("gone")
        self.assertGreater(result["lexical (provider_unavailable)"], 0, result)
        self.assertEqual(result["lexical before the failure"], 0, result)
        self.assertIn("the simulated server is down", " ".join(result["reasons"]))

    def test_the_old_server_hangs(self):
        result = self.measure("hangs")
        self.assertGreater(result["lexical (provider_unavailable)"], 0, result)
        self.assertLess(result["ms max"], 15_000, "one search waits for the query timeout, and the others do not")

    def test_the_model_is_replaced_under_its_name(self):
        result = self.measure("digest", latency="10ms")
        self.assertGreater(result["lexical (provider_unavailable)"] +
                           result.get("lexical (provider_not_configured)", 0), 0, result)
