"""Runs a folder of unittest's tests in parallel. The run.py of each folder calls `main`.

    run.py PROGRAM                                        # all of them
    run.py PROGRAM test_kills                             # a file, a class, or one test
    run.py PROGRAM test_kills.Killed.test_before_commit --repeat 20
    run.py PROGRAM --jobs 1 --junit results.xml

Tests are divided into groups, and `--jobs` processes take one group after another. A class with a `setUpClass` of its
own is one group, unless it has `APART = True`: then, as in any other class, each of its tests is a group, and
`setUpClass` runs in each process. Groups with `FIRST = True`, those that take longest, begin first. Within a group,
unittest runs the tests.

A test's result and duration are printed when it ends, with its output. What it and its processes wrote to standard
error is shown when it fails. A process that ends before its tests are done fails them. Everything that was started ends
with the runner: on SIGINT, SIGTERM and SIGHUP tests clean up, and the processes of a test that does not are killed.
"""

import argparse
import ctypes
import io
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from xml.etree import ElementTree

GRACE = 60  # seconds that tests have to clean up when the runner is asked to end
LOG_LINES = 300  # of a failed test's processes
PR_SET_PDEATHSIG = 1
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


# --- the processes that run tests

class Reporter(unittest.TestResult):
    """Sends the result of each test."""

    def __init__(self, send):
        super().__init__()
        self._send = send
        self._test = None
        self.outside = []  # results of a class rather than a test: outcome and text

    def startTest(self, test):
        super().startTest(test)
        self._test, self._outcome, self._texts = test, "passed", []
        self._log, self._began = log_size(), time.monotonic()
        sys.stdout = io.StringIO()
        self._send(begins=test.id(), log=self._log)

    def stopTest(self, test):
        seconds, output, sys.stdout = time.monotonic() - self._began, sys.stdout.getvalue(), sys.__stdout__
        log = log_text(2, self._log) if self._outcome == "failed" else ""
        self._send(test=test.id(), outcome=self._outcome, seconds=seconds, output=output, text="\n".join(self._texts),
                   log=log)
        self._test = None
        super().stopTest(test)

    def _add(self, outcome, text):
        if self._test is None:
            self.outside.append((outcome, text))
        else:
            self._outcome = "failed" if "failed" in (self._outcome, outcome) else outcome
            self._texts.append(text)

    def addError(self, test, error):
        self._add("failed", ("" if self._test else f"{test}\n") + self._exc_info_to_string(error, test))

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error:
            self._add("failed", f"{subtest._subDescription()}\n{self._exc_info_to_string(error, test)}")

    def addSkip(self, test, reason):
        self._add("skipped", reason)

    def addExpectedFailure(self, test, error):
        pass

    def addUnexpectedSuccess(self, test):
        self._add("failed", "it was expected to fail, but passed")


def log_size():
    sys.stderr.flush()
    return os.fstat(2).st_size


def log_text(descriptor, begin):
    """The end of the log, from the offset `begin` on."""
    text = os.pread(descriptor, max(0, os.fstat(descriptor).st_size - begin), begin).decode(errors="replace")
    lines = text.splitlines()
    if len(lines) > LOG_LINES:
        lines = [f"… {len(lines) - LOG_LINES} earlier lines", *lines[-LOG_LINES:]]
    return "\n".join(lines)


def work(descriptor):
    """Runs the groups from standard input, one per line, and writes the results of their tests to the descriptor."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.set_inheritable(descriptor, False)
    groups = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    results = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
    running = None

    def end(number, _):
        # The kernel sends the death signal once for each thread of the runner. It must not interrupt the cleanup.
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        if running:
            running.stop()
        sys.exit(128 + number)  # the running test fails by this exception, and cleans up

    for number in ENDINGS:
        signal.signal(number, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in groups:
        suite = unittest.TestLoader().loadTestsFromNames(json.loads(line))
        running = Reporter(lambda **event: results.write(json.dumps(event) + "\n"))
        suite.run(running)
        results.write(json.dumps({"ends": running.outside}) + "\n")
        if running.shouldStop:
            break


class Worker:
    """One of these processes, seen from the runner. The log is a file that all its processes write to."""

    def __init__(self, command):
        self.log = tempfile.TemporaryFile()
        read, write = os.pipe()
        # A session of its own: signals of the terminal go to the runner alone, and remaining processes can be ended by
        # their group.
        self.process = subprocess.Popen([*command, "--worker", str(write)], stdin=subprocess.PIPE, stdout=self.log,
                                        stderr=self.log, text=True, pass_fds=[write], start_new_session=True)
        os.close(write)
        self._results = os.fdopen(read, encoding="utf-8")

    def run(self, tests):
        """The events of a group; the last one is `ends`, unless the process ended early."""
        try:
            self.process.stdin.write(json.dumps(tests) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return
        for line in self._results:
            event = json.loads(line)
            yield event
            if "ends" in event:
                return

    def terminate(self):
        self.process.terminate()

    def close(self):
        """Ends it and returns its status."""
        self.process.stdin.close()
        try:
            status = self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            status = f"none within {GRACE} s"
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._results.close()
        return status


# --- the runner

def tests_in(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from tests_in(one)
        else:
            yield one


def groups_of(suite):
    """Lists of tests' names, in the order in which they should begin."""
    groups = {}
    for test in tests_in(suite):
        kind = type(test)
        apart = getattr(kind, "APART", kind.setUpClass.__func__ is unittest.TestCase.setUpClass.__func__)
        groups.setdefault(test.id() if apart else kind, []).append(test)
    ordered = sorted(groups.values(), key=lambda group: (getattr(type(group[0]), "FIRST", False), len(group)),
                     reverse=True)
    return [[test.id() for test in group] for group in ordered]


class Runner:
    def __init__(self, groups, command, jobs, repeat):
        self._groups, self._command, self._repeat = groups, command, repeat
        self._lock = threading.Lock()  # guards what follows
        self._workers = set()
        self._ended = False
        self.results = []  # dicts: test, outcome, seconds, text, log
        self._threads = min(jobs, len(groups))
        self._over = queue.SimpleQueue()  # a thread that has ended puts something here: `join` cannot be interrupted

    def run(self):
        for _ in range(self._threads):
            threading.Thread(target=self._take_groups, daemon=True).start()
        self._wait()

    def end(self):
        """Ends everything that is running."""
        with self._lock:
            self._ended = True
            for worker in self._workers:
                worker.terminate()
        self._wait(2 * GRACE)

    def _wait(self, seconds=None):
        while self._threads:
            try:
                self._over.get(timeout=seconds)
            except queue.Empty:
                return
            self._threads -= 1

    def _take_groups(self):
        worker = None
        try:
            while group := self._next():
                if worker is None:
                    worker = self._started()
                if worker is None or not self._run_group(worker, group):
                    worker = None
            if worker:
                self._closed(worker)
        finally:
            self._over.put(None)

    def _next(self):
        with self._lock:
            return None if self._ended or not self._groups else self._groups.pop(0)

    def _started(self):
        with self._lock:
            if self._ended:
                return None
            worker = Worker(self._command)
            self._workers.add(worker)
            return worker

    def _closed(self, worker):
        status = worker.close()
        with self._lock:
            self._workers.discard(worker)
        return status

    def _run_group(self, worker, group):
        """Whether the process is still running."""
        # Each test as often as requested, in a row.
        waiting = [test for test in group for _ in range(self._repeat)]
        begun, log_from, outside = None, 0, None
        for event in worker.run(list(waiting)):
            if "begins" in event:
                begun, log_from = event["begins"], event["log"]
            elif "test" in event:
                waiting.remove(event["test"])
                begun = None
                self._report(event)
            else:
                outside = event["ends"]
        lasted = outside is not None
        if not lasted:
            status = self._closed(worker)
            if not self._ended:
                where = f"while {begun} ran" if begun else "before its tests had begun"
                outside = [("failed", f"the process ended {where}; its status is {status}")]
        for outcome, text in outside or []:
            for test in waiting or [f"{group[0].rpartition('.')[0]}.tearDownClass"]:
                log = log_text(worker.log.fileno(), log_from) if outcome == "failed" else ""
                self._report({"test": test, "outcome": outcome, "seconds": 0.0, "output": "", "text": text, "log": log})
            waiting = []
        for test in waiting if lasted else []:
            self._report({"test": test, "outcome": "failed", "seconds": 0.0, "output": "", "text": "it did not run",
                          "log": ""})
        return lasted

    def _report(self, result):
        with self._lock:
            self.results.append(result)
            outcome = result["outcome"] if result["outcome"] != "failed" else "FAILED"
            reason = f": {gist(result)}" if result["text"] else ""
            print(f"{result['seconds']:7.1f} s  {outcome:7}  {result['test']}{reason}")
            for line in result["output"].splitlines():
                print(f"{'':20} {line}")
            sys.stdout.flush()


def gist(result):
    """The most informative line of a result's text: of a traceback, the exception."""
    raised = [line for line in result["text"].splitlines() if re.match(r"[\w.]*(Error|Exception|Exit|Expired)\b", line)]
    return (raised or result["text"].splitlines())[-1]


def print_summary(results):
    """Prints the failures in full, the skipped tests, and the count. Returns whether all passed."""
    shown = set()
    for result in results:
        if result["outcome"] != "failed":
            continue
        print(f"{'=' * 80}\nFAILED {result['test']} ({result['seconds']:.1f} s)\n{'-' * 80}\n{result['text'].rstrip()}")
        if result["log"] and (result["text"], result["log"]) not in shown:
            print(f"--- its standard error and that of its processes:\n{result['log'].rstrip()}")
        shown.add((result["text"], result["log"]))
    counts = {outcome: sum(result["outcome"] == outcome for result in results)
              for outcome in ("passed", "failed", "skipped")}
    for result in results:
        if result["outcome"] == "skipped":
            print(f"skipped {result['test']}: {result['text']}")
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return counts["failed"] == 0 and len(results) > 0


def write_junit(path, name, results):
    def clean(text):
        return re.sub("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)

    suite = ElementTree.Element("testsuite", name=name, tests=str(len(results)),
                                time=f"{sum(one['seconds'] for one in results):.3f}",
                                failures=str(sum(one["outcome"] == "failed" for one in results)),
                                skipped=str(sum(one["outcome"] == "skipped" for one in results)))
    for one in results:
        class_name, _, test = one["test"].rpartition(".")
        case = ElementTree.SubElement(suite, "testcase", classname=class_name, name=test, time=f"{one['seconds']:.3f}")
        if one["outcome"] == "failed":
            failure = ElementTree.SubElement(case, "failure", message=clean(gist(one)))
            failure.text = clean(f"{one['text']}\n{one['log']}")
        elif one["outcome"] == "skipped":
            ElementTree.SubElement(case, "skipped", message=clean(one["text"]))
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def default_jobs():
    """More than there are cores, since tests spend most of their time waiting. One for the long forms, which measure
    the machine."""
    return 1 if os.environ.get("EMBEDQ_SOAK") else 4 * (os.cpu_count() or 1)


def main(folder, use=None, pattern="test_*.py"):
    """The command line. `use(program)` gets the program under test, whose path is the first argument; without `use`
    there is no such program."""
    parser = argparse.ArgumentParser(description="Runs the tests of this folder, several at a time.")
    if use:
        parser.add_argument("program", metavar="PROGRAM", help="the program under test: build/release/bin/embedq")
    parser.add_argument("names", nargs="*", metavar="TEST",
                        help="a file, class or test: test_kills.Killed.test_before_commit; default: all")
    parser.add_argument("--jobs", type=int, default=default_jobs(), metavar="N",
                        help="how many run at a time (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="runs each test this often in a row")
    parser.add_argument("--junit", metavar="FILE", help="also writes the results to this file, as JUnit XML")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_intermixed_args()
    if use:
        if not os.access(arguments.program, os.X_OK) or os.path.isdir(arguments.program):
            parser.error(f"'{arguments.program}' is not a program; build it first")
        use(str(pathlib.Path(arguments.program).resolve()))
    if arguments.worker is not None:
        return work(arguments.worker)
    if arguments.jobs < 1 or arguments.repeat < 1:
        parser.error("--jobs and --repeat must be at least 1")
    loader = unittest.TestLoader()
    if arguments.names:
        suite = loader.loadTestsFromNames(arguments.names)
    else:
        suite = loader.discover(str(folder), pattern=pattern)
    if loader.errors:
        sys.exit("\n".join(loader.errors))
    command = [sys.executable, "-X", "faulthandler", sys.argv[0], *([arguments.program] if use else [])]
    groups = groups_of(suite)
    planned = arguments.repeat * sum(map(len, groups))
    runner = Runner(groups, command, arguments.jobs, arguments.repeat)
    for number in ENDINGS:
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    began = time.monotonic()
    try:
        runner.run()
    except (KeyboardInterrupt, SystemExit) as stopped:
        runner.end()
        print_summary(runner.results)
        sys.exit(stopped.code if isinstance(stopped, SystemExit) else 128 + signal.SIGINT)
    if arguments.junit:
        write_junit(arguments.junit, pathlib.Path(folder).name, runner.results)
    print(f"in {time.monotonic() - began:.0f} s, {arguments.jobs} at a time")
    passed = print_summary(runner.results)
    if len(runner.results) < planned:
        sys.exit(f"{planned - len(runner.results)} of {planned} runs have no result")
    sys.exit(0 if passed else 1)
