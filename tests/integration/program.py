"""The program under test, isolated: one folder, one configuration, no environment of the machine."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAM = None  # set by run.py
LEAKS = pathlib.Path(__file__).resolve().parents[1] / "support" / "lsan.supp"  # of libraries
DEADLINE = 120  # seconds that any one step may take; only a hang reaches it

METHODS = ["get", "put", "post", "delete"]


def document(title, operations, salt=""):
    """An OpenAPI document with that many operations, each with a text of its own."""
    paths = {}
    for i in range(operations):
        item = paths.setdefault(f"/{title}/things{i // 4}", {})
        item[METHODS[i % 4]] = {
            "operationId": f"{title}_{i}",
            "summary": f"Operation number {i} of {title} {salt}".strip(),
            "responses": {"200": {"description": "good"}},
        }
    return {"openapi": "3.0.3", "info": {"title": title, "version": "1"}, "paths": paths}


def stacks(pid):
    """The stack of each thread of a process, for people: by gdb, or without it the kernel's state of each thread."""
    if shutil.which("gdb"):
        done = subprocess.run(["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all backtrace 20"],
                              capture_output=True, text=True, timeout=60)
        return done.stdout
    threads = sorted(pathlib.Path(f"/proc/{pid}/task").iterdir())
    return "\n".join(f"{each.name} {(each / 'stat').read_text().split()[2]} {(each / 'wchan').read_text()}"
                     for each in threads)


class World:
    """One folder with a configuration; everything that embedq stores is below it."""

    def __init__(self, config=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="embedq-integration-"))
        self.config = self.folder / "embedq.yaml"
        if config is not None:
            self.config.write_text(config)
        self.processes = []

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stderr and not process.stderr.closed:
                # For the diagnosis of a failure.
                print(*process.args[1:], "\n" + process.stderr.read(), file=sys.stderr)
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        shutil.rmtree(self.folder)

    def environment(self):
        kept = {key: os.environ[key]
                for key in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if key in os.environ}
        # The leak check of g++ 12 misreads the thread-local storage of libraries that are loaded at run time, and
        # crashes.
        kept["ASAN_OPTIONS"] = "intercept_tls_get_addr=0:" + kept.get("ASAN_OPTIONS", "")
        kept["LSAN_OPTIONS"] = f"suppressions={LEAKS}:print_suppressions=0"
        return {**kept, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder / "data")}

    def command(self, *words):
        config = ["--config", str(self.config)] if self.config.exists() else []
        return [PROGRAM, *config, *map(str, words)]

    def run(self, *words):
        process = subprocess.Popen(self.command(*words), env=self.environment(), cwd=self.folder,
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        try:
            stdout, stderr = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            where = stacks(process.pid)
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(f"{words} did not end within {DEADLINE} s; it printed: {stdout}{stderr}\nits "
                                 f"stacks:\n{where}") from None
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def start(self, *words):
        process = subprocess.Popen(self.command(*words), env=self.environment(), cwd=self.folder,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def json(self, *words, status=0):
        done = self.run(*words, "--json")
        assert done.returncode == status, f"{words} exited {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def write(self, name, content):
        path = self.folder / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    @property
    def specs(self):
        return self.folder / "specs"

    def wait_for_status(self, condition):
        """Reads `status --watch` until the condition holds for the catalogs."""
        self.run("migrate", "up")  # what was just started may not have come so far, and status needs a schema
        watch = self.start("status", "--watch", "--json")
        try:
            for line in watch.stdout:
                catalogs = {catalog["catalog_id"]: catalog for catalog in json.loads(line)["catalogs"]}
                if condition(catalogs):
                    return catalogs
        finally:
            watch.terminate()
            watch.wait()
        raise AssertionError(f"status --watch ended: {watch.stderr.read()}")
