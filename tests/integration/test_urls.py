"""Documents by URL: index and refresh through the program, against servers on loopback."""

import gzip
import http.server
import json
import ssl
import subprocess
import threading
import unittest

from owned import wait_until

from program import DEADLINE, World, document

LOCAL = """version: 1
fetch: { allow_http: true, allow_private_addresses: [127.0.0.1/32], max_bytes: 1MiB, timeout: 20s, CA }
"""


class Site(http.server.ThreadingHTTPServer):
    """Pages that a test changes: path to (status, headers, body). It answers conditional requests, and records the
    requests."""

    daemon_threads = True

    def __init__(self, address="127.0.0.1", certificate=None):
        super().__init__((address, 0), Handler)
        self.pages, self.asked = {}, []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https" if certificate else "http"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def put(self, path, content, etag=None, **headers):
        body = content if isinstance(content,
                                     bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
        self.pages[path] = (200, {**({"ETag": etag} if etag else {}), **headers}, body)

    def redirect(self, path, to):
        self.pages[path] = (302, {"Location": to}, b"")

    def handle_error(self, request, client_address):
        pass  # clients may disconnect

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers, body = self.server.pages.get(self.path, (404, {}, b"{}"))
        if status == 200 and "ETag" in headers and self.headers.get("If-None-Match") == headers["ETag"]:
            status, body = 304, b""
        self.server.asked.append((self.path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Case(unittest.TestCase):
    def world(self, config=LOCAL):
        world = World(config.replace(", CA", ""))
        self.addCleanup(world.close)
        return world

    def site(self, **how):
        site = Site(**how)
        self.addCleanup(site.close)
        return site


class Index(Case):
    def test_urls_and_files_together(self):
        world, site = self.world(), self.site()
        site.put("/v1/pets.json", document("pets", 6), etag='"1"')
        file = world.write("shop.json", document("shop", 3))
        report = world.json("index", site.url("/v1/pets.json"), file, site.url("/gone.json"),
                            "ftp://example.com/a.json", status=1)
        self.assertEqual((report["documents"], report["operations"], report["embedded"]), (2, 9, 9))
        reasons = {refused["path"]: refused["reason"] for refused in report["refused"]}
        self.assertIn("does not exist: the server answers 404", reasons[site.url("/gone.json")])
        self.assertIn("has the scheme 'ftp'", reasons["ftp://example.com/a.json"])
        name = f"127.0.0.1-{site.server_port}.v1.pets"
        spec = world.json("specs", "show", name)
        self.assertEqual((spec["source_kind"], spec["source_url"]), ("url", site.url("/v1/pets.json")))
        self.assertEqual(world.json("search", "Operation number 4 of pets", "--limit", 1)["results"][0]["spec_name"],
                         name)

    def test_a_document_that_is_unchanged_is_not_sent_again(self):
        world, site = self.world(), self.site()
        site.put("/pets.json", document("pets", 4), etag='"1"')
        world.json("index", site.url("/pets.json"))
        again = world.json("index", site.url("/pets.json#part"))
        self.assertEqual((again["documents"], again["operations"], again["embedded"]), (1, 4, 0))
        self.assertEqual([status for _, status in site.asked], [200, 304])

    def test_the_default_configuration_refuses_loopback_and_http(self):
        world, site = self.world("version: 1\n"), self.site()
        site.put("/pets.json", document("pets", 4))
        for url, reason in ((site.url("/pets.json"), "use https, or set fetch.allow_http"),
                            (f"https://127.0.0.1:{site.server_port}/",
                             "leads to 127.0.0.1, which is loopback (127.0.0.0/8, RFC 1122)"),
                            (f"https://localhost:{site.server_port}/", "which is loopback"),
                            (f"https://0x7f000001:{site.server_port}/", "which is loopback"),
                            ("https://[::ffff:10.0.0.1]/", "which is IPv4-mapped"),
                            ("https://169.254.169.254/latest/meta-data", "which is link-local"),
                            ("https://user:secret@example.com/", "has a user or password")):
            done = world.run("index", url)
            self.assertEqual(done.returncode, 1, url)
            self.assertIn(reason, done.stderr, url)
        self.assertEqual(site.asked, [])

    def test_a_redirect_goes_nowhere_else(self):
        world, site, other = self.world(), self.site(), self.site(address="127.0.0.2")
        other.put("/inside.json", document("inside", 4))
        site.put("/pets.json", document("pets", 4))
        site.redirect("/good", "/pets.json")
        site.redirect("/bad", other.url("/inside.json", "127.0.0.2"))
        site.redirect("/file", "file:///etc/passwd")
        site.redirect("/loop", "/loop")
        report = world.json("index", *(site.url(path) for path in ("/good", "/bad", "/file", "/loop")), status=1)
        self.assertEqual(report["documents"], 1)
        reasons = " ".join(refused["reason"] for refused in report["refused"])
        for reason in ("leads to 127.0.0.2, which is loopback", "has the scheme 'file'", "redirects more than 5 times"):
            self.assertIn(reason, reasons)
        self.assertEqual(other.asked, [])

    def test_the_content_counts_and_not_its_type(self):
        world, site = self.world(), self.site()
        site.put("/yaml", "openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths: {/a: {get: {summary: Get the a}}}\n",
                 **{"Content-Type": "text/plain"})
        site.put("/page", "<!doctype html><title>Log in</title>", **{"Content-Type": "application/json"})
        site.put("/bomb", gzip.compress(b" " * (2 << 20)), **{"Content-Encoding": "gzip"})
        site.put("/gzip", gzip.compress(json.dumps(document("pets", 2)).encode()), **{"Content-Encoding": "gzip"})
        report = world.json("index", *(site.url(path) for path in ("/yaml", "/page", "/bomb", "/gzip")), status=1)
        self.assertEqual((report["documents"], report["operations"]), (2, 3))
        reasons = [refused["reason"] for refused in report["refused"]]
        self.assertIn("is an HTML or XML page", reasons[0])
        self.assertIn("is longer than 1048576 bytes", reasons[1])

    def test_over_tls_by_a_certificate_that_is_named(self):
        world = self.world()
        key, certificate = world.folder / "key.pem", world.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "2", "-subj",
                        "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
                       timeout=DEADLINE)
        site = self.site(certificate=(certificate, key))
        site.put("/pets.json", document("pets", 4))
        done = world.run("index", site.url("/pets.json"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate cannot be verified", done.stderr)
        world.config.write_text(LOCAL.replace("allow_http: true, ", "").replace("CA", "ca_file: cert.pem"))
        self.assertEqual(world.json("index", site.url("/pets.json"))["operations"], 4)


class Refresh(Case):
    def test_reports_what_changed_what_did_not_and_what_failed(self):
        world, site = self.world(), self.site()
        for name in ("a", "b", "c"):
            site.put(f"/{name}.json", document(name, 4), etag=f'"{name}"')
        world.json("index", *(site.url(f"/{name}.json") for name in "abc"),
                   world.write("file.json", document("file", 2)))
        unchanged = world.json("specs", "refresh")
        self.assertEqual((unchanged["changed"], unchanged["unchanged"], unchanged["failed"]), (0, 3, 0))
        self.assertEqual([status for _, status in site.asked[3:]], [304, 304, 304])

        site.put("/b.json", document("b", 5), etag='"b2"')
        del site.pages["/c.json"]
        done = world.run("specs", "refresh", "default", "--json")
        self.assertEqual(done.returncode, 1)
        report = json.loads(done.stdout)
        self.assertEqual((report["changed"], report["unchanged"], report["failed"]), (1, 1, 1))
        outcomes = {spec["source_url"][-6:]: spec["outcome"] for spec in report["specs"]}
        self.assertEqual(outcomes, {"a.json": "unchanged", "b.json": "changed", "c.json": "failed"})
        self.assertIn("404", next(spec["reason"] for spec in report["specs"] if spec["outcome"] == "failed"))
        words = world.run("specs", "refresh")
        self.assertIn("3 specs: 0 changed, 2 unchanged, 1 failed", words.stdout)

        spec = f"127.0.0.1-{site.server_port}.b"
        generation = world.json("specs", "show", spec)["generation"]
        self.assertEqual(world.json("specs", "refresh", "default", spec)["unchanged"], 1)
        self.assertEqual(world.json("specs", "show", spec)["generation"], generation)

    def test_an_interval_is_given_by_a_command(self):
        world, site = self.world(), self.site()
        site.put("/a.json", document("a", 2), etag='"a"')
        site.put("/b.json", document("b", 2), etag='"b"')
        world.json("index", site.url("/a.json"), "--refresh", "1h")
        world.json("index", site.url("/b.json"))
        intervals = [spec.get("refresh_seconds") for spec in world.json("specs", "list")["specs"]]
        self.assertEqual(intervals, [3600, None])
        world.json("specs", "refresh", "--every", "2h")
        specs = world.json("specs", "list")["specs"]
        self.assertEqual([spec["refresh_seconds"] for spec in specs], [7200, 7200])
        self.assertTrue(all(spec["checked_at"] for spec in specs))
        self.assertEqual(len(world.json("jobs", "list")["jobs"]), 2, "an interval makes no job")
        self.assertEqual(world.run("specs", "refresh", "--every", "5s").returncode, 2)

    def test_an_interval_for_all_is_given_by_the_configuration(self):
        world, site = self.world(LOCAL.replace("CA", "refresh: 1m")), self.site()
        for name in ("own", "plain"):
            site.put(f"/{name}.json", document(name, 2), etag='"1"')
        world.json("index", site.url("/own.json"), "--refresh", "1d")
        world.json("index", site.url("/plain.json"))
        plain = f"127.0.0.1-{site.server_port}.plain"

        def intervals():
            return [(spec.get("refresh_seconds"), spec.get("refresh_from"))
                    for spec in world.json("specs", "list")["specs"]]
        self.assertEqual(intervals(), [(86400, "spec"), (60, "fetch.refresh")])
        self.assertRegex(world.run("specs", "show", plain).stdout, r"refresh +every 1m 00s \(fetch.refresh\), asked 20")
        world.json("specs", "refresh", "default", plain, "--every", "never")
        self.assertEqual(intervals(), [(86400, "spec"), (0, "spec")])
        self.assertRegex(world.run("specs", "show", plain).stdout, r"refresh +never \(its own\), asked 20")
        world.json("specs", "refresh", "--every", "default")
        self.assertEqual(intervals(), [(60, "fetch.refresh")] * 2)
        self.assertEqual(world.run("specs", "refresh", "--every", "sometimes").returncode, 2)

    def test_a_wrong_configuration_of_fetches_is_an_error_at_the_start(self):
        world = self.world(LOCAL.replace("CA", "ca_file: /nowhere/ca.pem"))
        done = world.run("worker")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("'/nowhere/ca.pem'", done.stderr)
        world.config.write_text("version: 1\nfetch: { refresh: 5s }\n")
        done = world.run("config", "check")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("fetch.refresh: found 5s, expected a minute or more", done.stdout + done.stderr)

    def test_a_new_validator_for_the_same_document_is_not_a_change(self):
        world, site = self.world(), self.site()
        site.put("/a.json", document("a", 4), etag='"node-1"')
        world.json("index", site.url("/a.json"))
        spec = f"127.0.0.1-{site.server_port}.a"
        before = world.json("specs", "show", spec)
        site.put("/a.json", document("a", 4), etag='"node-2"')
        self.assertEqual(world.json("specs", "refresh")["unchanged"], 1)
        self.assertEqual(world.json("specs", "show", spec)["updated_at"], before["updated_at"])
        self.assertEqual([status for _, status in site.asked], [200, 200])

    def test_reports_what_cannot_be_refreshed(self):
        world = self.world()
        world.json("index", world.write("file.json", document("file", 2)))
        self.assertIn("no spec came from a URL", world.run("specs", "refresh").stdout)
        for words, status, message in ((("default", "file"), 2, "did not come from a URL"),
                                       (("default", "nothing"), 1, "nothing"),
                                       (("nowhere",), 1, "nowhere"), (("Bad_",), 2, "Bad_")):
            done = world.run("specs", "refresh", *words)
            self.assertEqual(done.returncode, status, words)
            self.assertIn(message, done.stderr)

    def test_each_refresh_obeys_the_configuration(self):
        world, site = self.world(), self.site()
        site.put("/a.json", document("a", 4))
        world.json("index", site.url("/a.json"))
        world.config.write_text("version: 1\n")
        done = world.run("specs", "refresh")
        self.assertEqual(done.returncode, 1)
        self.assertIn("use https, or set fetch.allow_http", done.stdout)
        self.assertEqual(len(site.asked), 1)


if __name__ == "__main__":
    unittest.main()
