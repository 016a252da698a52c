"""A scripted server of embedding protocols for one test: Ollama's, OpenAI's and their dialects, with limits, times and
faults.

    server = ProtocolServer({"dialect": "ollama", "models": {"m": {"dimension": 64}}, "latency": "20ms"})
    ... server.url ...                                  # http://127.0.0.1:PORT
    server.change({"faults": [{"do": "nan", "calls": "3..5"}]})
    server.calls()["max_in_60s"]                        # the requests so far; tests/support/protocol_server/tally.h
    server.kill(); server.start()                       # back on the same port, with all counters at zero
    server.close()

tests/support/protocol_server/script.h describes the script. with_protocol_server.py runs a program beside such servers.
"""

import json
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

import ports
from owned import OWNED

NAME = "protocol_server"


def program(beside=None):
    """The server's program: EMBEDQ_PROTOCOL_SERVER, or the one in the folder of the program `beside`."""
    path = os.environ.get("EMBEDQ_PROTOCOL_SERVER") or (beside and pathlib.Path(beside).parent / NAME)
    if not path or not os.access(path, os.X_OK):
        raise FileNotFoundError(f"'{path}' is not the protocol server; build the target {NAME}, or set "
                                "EMBEDQ_PROTOCOL_SERVER")
    return str(path)


class ProtocolServer:
    def __init__(self, script, path=None, beside=None, port=0):
        """`script` is a mapping, or YAML as a text. `path` is the server's program; by default it is looked for beside
        the program `beside`."""
        self._path = path or program(beside)
        self._script = script
        self.port = port or ports.reserve()
        self._process = None
        try:
            self.start()
        except RuntimeError:
            ports.give_back(self.port)
            raise

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Starts it; after `kill` on the same port, with the original script."""
        self._process = subprocess.Popen([self._path, "--port", str(self.port)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                         start_new_session=True)
        OWNED.adopt(self._process)
        self._process.stdin.write(text_of(self._script))
        self._process.stdin.close()
        line = self._process.stdout.readline()
        if not line:
            errors = self._process.stderr.read()
            self._release()
            raise RuntimeError(f"the protocol server did not start: {errors.strip()}")
        self.port = int(line.strip().rsplit(":", 1)[1])

    def change(self, script):
        """Applies a script on top of the current one."""
        self._ask("/control", text_of(script))

    def reset(self):
        """Clears calls and rate windows."""
        self._ask("/control/reset", "")

    def calls(self):
        return json.loads(self._ask("/control/calls"))

    def kill(self):
        """SIGKILL: connections break, new ones are refused. Returns when it is gone."""
        self._process.kill()
        self._release()

    def pause(self):
        """SIGSTOP: the system accepts connections, but nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def close(self):
        if self._process is not None:
            self.kill()
        ports.give_back(self.port)

    def _release(self):
        OWNED.ended(self._process)
        self._process.stdout.close()
        self._process.stderr.close()
        self._process = None

    def _ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, data=None if body is None else body.encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"the protocol server refuses {path}: {error.read().decode()}") from None


def text_of(script):
    return script if isinstance(script, str) else json.dumps(script)
