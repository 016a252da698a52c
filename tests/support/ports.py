"""Ports on 127.0.0.1 for the servers of tests. One that is reserved is nobody else's, in whichever process, until it is
given back: a server that is stopped comes back on its own."""

import random
import socket

HOST = "127.0.0.1"
# Out of the range that outgoing connections take their ports from: one of those could hold the port of a stopped server
# when that comes back, and a client that tries again and again to reach it could come out at that very port and be
# connected to itself.
PORTS = range(20000, 32000)

reserved = {}  # by port: a socket in the abstract namespace, which is the reservation, and ends with the process


def reserve():
    for port in random.sample(PORTS, len(PORTS)):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0embedq-test-port-{port}")
            with socket.socket() as probe:
                probe.bind((HOST, port))
        except OSError:
            mark.close()
            continue
        reserved[port] = mark
        return port
    raise RuntimeError(f"every port from {PORTS[0]} to {PORTS[-1]} is taken")


def give_back(port):
    mark = reserved.pop(port, None)
    if mark:
        mark.close()
