"""The base of the fault tests: a deployment on a database of its own."""

import unittest

from deployment import Deployment, make_template, new_database, shared_server
from postgres import Cluster
from program import document


def documents(count, operations, salt="", first=0):
    return {f"s{i}": document(f"s{i}", operations, salt) for i in range(first, first + count)}


class Case(unittest.TestCase):
    """On the server that all tests share. A class whose tests break their server has one of its own: OWN."""

    OWN = None  # or the settings of a server for this class only: a dict for Cluster
    APART = True  # each process has its own servers

    @classmethod
    def setUpClass(cls):
        if cls.OWN is None:
            cls.server = shared_server()
        else:
            cls.server = cls.enterClassContext(Cluster(**cls.OWN))
            make_template(cls.server)

    def deployment(self, **settings):
        made = Deployment(self.server, new_database(self.server), **settings)
        self.addCleanup(made.close)
        return made
