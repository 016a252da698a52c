"""Ports on 127.0.0.1 for the servers of tests. A reserved port is not given to any other process until it is given
back, so that a stopped server can start again on its own port."""

import random
import socket

HOST = "127.0.0.1"
# Outside of the range of outgoing connections. One of those could hold the port of a stopped server when that starts
# again, and a client that keeps trying to reach it could get that port itself and be connected to itself.
PORTS = range(20000, 32000)

reserved = {}  # by port: a socket in the abstract namespace; it is the reservation, and ends with the process


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
    raise RuntimeError(f"all ports from {PORTS[0]} to {PORTS[-1]} are in use")


def give_back(port):
    mark = reserved.pop(port, None)
    if mark:
        mark.close()
