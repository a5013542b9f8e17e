#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""run - a real Prometheus scrapes the daemon, and knows its alert rules.

usage: run.py BUILD

Debian's package is downloaded and unpacked into build/prometheus, never
installed. promtool must find nothing in contrib/prometheus, the scrape must
go well, every rule must be evaluated without an error, and the only alert is
that the daemon is down once it is. Loopback only; needs root. Ends with "N
passed, N failed"; the exit status is 0 if all passed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(TOP / "test/mta"), str(TOP / "test/fault")]

import image  # noqa: E402
import mta  # noqa: E402
from daemon import Daemon, OUTSIDE, REFUSED, STRANGER  # noqa: E402

RULES = TOP / "contrib/prometheus/alerts.yaml"
DOWN = "ConnectorMilterDown"
SECONDS = 30

CONFIGURATION = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: connector-milter
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def programs():
    """The folder that Prometheus and promtool are in."""
    cache = TOP / "build/prometheus"
    if not cache.is_dir():
        cache.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
            fresh = pathlib.Path(folder) / "root"
            image.unpack(image.download(["prometheus"],
                                        pathlib.Path(folder)), fresh)
            fresh.rename(cache)
    return cache / "usr/bin"


class Prometheus:
    def __init__(self, program, folder, port):
        self.port = mta.free_port()
        file = folder / "prometheus.yml"
        file.write_text(CONFIGURATION.format(rules=RULES, port=port))
        self.log = folder / "prometheus.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program, f"--config.file={file}",
                 f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(SECONDS)

    def ask(self, what, **question):
        """None while it does not answer."""
        text = urllib.parse.urlencode(question)
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{text}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]
        except (urllib.error.URLError, ConnectionError):
            return None

    def wait(self, what, ready):
        try:
            mta.wait_for(what, ready, self.process, SECONDS)
        except RuntimeError as error:
            raise AssertionError(
                f"{error}\n{self.log.read_text()[-2000:]}") from None

    def value(self, query):
        """The sum of the series that it has; None: there is none."""
        found = self.ask("query", query=f"sum({query})")
        return float(found["result"][0]["value"][1]) \
            if found and found["result"] else None

    def rules(self):
        found = self.ask("rules")
        return [r for g in (found or {}).get("groups", ())
                for r in g["rules"]]

    def alerts(self):
        return {a["labels"]["alertname"] for a in self.ask("alerts")["alerts"]}


def rules_are_good(programs):
    done = subprocess.run([programs / "promtool", "check", "rules", RULES],
                          text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60)
    assert done.returncode == 0, done.stdout


def is_scraped(programs):
    with tempfile.TemporaryDirectory() as folder, \
            Daemon(sys.argv[1]) as daemon:
        port = mta.free_port()
        daemon.start("--metrics", f"inet:{port}@127.0.0.1")
        for _ in range(7):
            assert daemon.relays(STRANGER, OUTSIDE) == REFUSED
        with Prometheus(programs / "prometheus", pathlib.Path(folder),
                        port) as it:
            it.wait("a scrape", lambda: it.value("up") == 1)
            refused = 'connector_milter_decisions_total{verdict="reject"}'
            assert it.value(refused) == 7, it.value(refused)
            target, = it.ask("targets")["activeTargets"]
            assert not target["lastError"], target["lastError"]
            it.wait("the rules", lambda: it.rules() and all(
                r["health"] != "unknown" for r in it.rules()))
            for rule in it.rules():
                assert rule["health"] == "ok", rule
            # Before the first scrape it was down.
            it.wait("no alert", lambda: not it.alerts())
            daemon.end()
            it.wait("the alert", lambda: it.alerts() == {DOWN})


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    where, failed = programs(), 0
    tests = (rules_are_good, is_scraped)
    for test in tests:
        try:
            test(where)
        except AssertionError as error:
            failed += 1
            print(f"FAILED {test.__name__}: {error}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
