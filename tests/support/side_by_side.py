"""Runs a folder of unittest's tests side by side: `main` is what the folders' run.py call.

    run.py PROGRAM                                        # all of them
    run.py PROGRAM test_kills                             # a file, a class, or one test
    run.py PROGRAM test_kills.Killed.test_before_commit --repeat 20
    run.py PROGRAM --jobs 1 --junit results.xml

Tests are parted into groups, and as many processes as `--jobs` says take one group after another. A class whose
`setUpClass` is its own is one group, unless it says `APART = True`: then, like any other class, each of its tests is a
group, and what `setUpClass` makes is made in each process. Groups with `FIRST = True`, those that take longest, begin
first. In a test, unittest does the running.

A test's result and seconds are told when it ends, with what it printed. What its processes wrote to their standard
error, and it to its own, is shown when it fails. A process that ends before its tests did fails them. Whatever was
started ends with the runner: on SIGINT, SIGTERM and SIGHUP tests clean up behind them, and the processes of a test that
does not are killed.
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

GRACE = 60  # seconds that tests have to clean up when the runner is told to end
LOG_LINES = 300  # of a failed test's processes
PR_SET_PDEATHSIG = 1
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


# --- the processes that run tests

class Reporter(unittest.TestResult):
    """Sends what comes of each test."""

    def __init__(self, send):
        super().__init__()
        self._send = send
        self._test = None
        self.outside = []  # what happened to a class: outcome and text

    def startTest(self, test):
        super().startTest(test)
        self._test, self._outcome, self._texts = test, "passed", []
        self._log, self._began = log_size(), time.monotonic()
        sys.stdout = io.StringIO()
        self._send(begins=test.id(), log=self._log)

    def stopTest(self, test):
        seconds, said, sys.stdout = time.monotonic() - self._began, sys.stdout.getvalue(), sys.__stdout__
        log = log_text(2, self._log) if self._outcome == "failed" else ""
        self._send(test=test.id(), outcome=self._outcome, seconds=seconds, said=said, text="\n".join(self._texts),
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
        self._add("failed", "it was expected to fail, and passed")


def log_size():
    sys.stderr.flush()
    return os.fstat(2).st_size


def log_text(descriptor, begin):
    """The end of what was written to the log from there on."""
    text = os.pread(descriptor, max(0, os.fstat(descriptor).st_size - begin), begin).decode(errors="replace")
    lines = text.splitlines()
    if len(lines) > LOG_LINES:
        lines = [f"… {len(lines) - LOG_LINES} lines before", *lines[-LOG_LINES:]]
    return "\n".join(lines)


def work(descriptor):
    """Runs the groups that stand in the standard input, one a line, and writes what comes of their tests to the
    descriptor."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.set_inheritable(descriptor, False)
    groups = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    results = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
    running = None

    def end(number, _):
        # The kernel sends the death signal once for each thread of the runner: cleaning up is not to be cut short.
        for each in ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        if running:
            running.stop()
        sys.exit(128 + number)  # the test that runs fails of it, and cleans up

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
    """One of these processes, as the runner sees it. The log is a file that all its processes write to."""

    def __init__(self, command):
        self.log = tempfile.TemporaryFile()
        read, write = os.pipe()
        # A session of its own: what the terminal sends goes to the runner alone, and what is left over can be ended by
        # its group.
        self.process = subprocess.Popen([*command, "--worker", str(write)], stdin=subprocess.PIPE, stdout=self.log,
                                        stderr=self.log, text=True,
                                        pass_fds=[write], start_new_session=True)
        os.close(write)
        self._results = os.fdopen(read, encoding="utf-8")

    def run(self, tests):
        """The events of a group; the last one is `ends`, or the process did not last."""
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
        """Ends it; its status."""
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
    """Lists of tests' names, those that shall begin first at the front."""
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
        """Ends all that runs."""
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
        """Whether the process lasted."""
        # Each as often as wanted, in a row.
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
                self._report({"test": test, "outcome": outcome, "seconds": 0.0, "said": "", "text": text, "log": log})
            waiting = []
        for test in waiting if lasted else []:
            self._report({"test": test, "outcome": "failed", "seconds": 0.0, "said": "", "text": "it did not run",
                          "log": ""})
        return lasted

    def _report(self, result):
        with self._lock:
            self.results.append(result)
            outcome = result["outcome"] if result["outcome"] != "failed" else "FAILED"
            reason = f": {gist(result)}" if result["text"] else ""
            print(f"{result['seconds']:7.1f} s  {outcome:7}  {result['test']}{reason}")
            for line in result["said"].splitlines():
                print(f"{'':20} {line}")
            sys.stdout.flush()


def gist(result):
    """The line of a result's text that says most: of a traceback, what was raised."""
    raised = [line for line in result["text"].splitlines() if re.match(r"[\w.]*(Error|Exception|Exit|Expired)\b", line)]
    return (raised or result["text"].splitlines())[-1]


def tell(results):
    """What failed, in full; what was skipped; and the count. Whether all is well."""
    shown = set()
    for result in results:
        if result["outcome"] != "failed":
            continue
        print(f"{'=' * 80}\nFAILED {result['test']} ({result['seconds']:.1f} s)\n{'-' * 80}\n{result['text'].rstrip()}")
        if result["log"] and (result["text"], result["log"]) not in shown:
            print(f"--- said meanwhile by it and its processes:\n{result['log'].rstrip()}")
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
    """More than there are cores, since most of a test's time is waiting; one for the long forms, which measure the
    machine."""
    return 1 if os.environ.get("EMBEDQ_SOAK") else 4 * (os.cpu_count() or 1)


def main(folder, use=None, pattern="test_*.py"):
    """The command line. `use(program)` is told the program under test, whose path comes first; without it there is
    none."""
    parser = argparse.ArgumentParser(description="Runs the tests of this folder, several at a time.")
    if use:
        parser.add_argument("program", metavar="PROGRAM", help="the program under test: build/release/bin/embedq")
    parser.add_argument("names", nargs="*", metavar="TEST",
                        help="a file, class or test: test_kills.Killed.test_before_commit; all without")
    parser.add_argument("--jobs", type=int, default=default_jobs(), metavar="N",
                        help="how many run at a time (%(default)s)")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="runs each test so often in a row")
    parser.add_argument("--junit", metavar="FILE", help="writes the results there, too, as JUnit's XML")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    told = parser.parse_intermixed_args()
    if use:
        if not os.access(told.program, os.X_OK) or os.path.isdir(told.program):
            parser.error(f"'{told.program}' is not a program; build it first")
        use(str(pathlib.Path(told.program).resolve()))
    if told.worker is not None:
        return work(told.worker)
    if told.jobs < 1 or told.repeat < 1:
        parser.error("--jobs and --repeat take a number from 1 on")
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(told.names) if told.names else loader.discover(str(folder), pattern=pattern)
    if loader.errors:
        sys.exit("\n".join(loader.errors))
    command = [sys.executable, "-X", "faulthandler", sys.argv[0], *([told.program] if use else [])]
    groups = groups_of(suite)
    planned = told.repeat * sum(map(len, groups))
    runner = Runner(groups, command, told.jobs, told.repeat)
    for number in ENDINGS:
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    began = time.monotonic()
    try:
        runner.run()
    except (KeyboardInterrupt, SystemExit) as stopped:
        runner.end()
        tell(runner.results)
        sys.exit(stopped.code if isinstance(stopped, SystemExit) else 128 + signal.SIGINT)
    if told.junit:
        write_junit(told.junit, pathlib.Path(folder).name, runner.results)
    print(f"in {time.monotonic() - began:.0f} s, {told.jobs} at a time")
    well = tell(runner.results)
    if len(runner.results) < planned:
        sys.exit(f"{planned - len(runner.results)} of {planned} runs came to nothing")
    sys.exit(0 if well else 1)
