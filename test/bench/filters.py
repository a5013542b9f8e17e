# SPDX-License-Identifier: BSD-2-Clause
"""filters - the daemon beside libmilter filters that do nothing but stamp.

Two of those (baseline_milter.c): "least" asks for the end of message only,
"same" for what connector-milter asks for. All add the same fields, those that
connectorctl explain names. Each measurement yields dictionaries, the fields
of a Row of run. Through Postfix, mail goes to its discard transport.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
import types

import mta

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
ip_allow_list: [127.0.0.0/8]
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
"""

# Behind the lab's own lines.
MAIN = """\
transport_maps =
relayhost =
relay_transport = discard:
default_transport = discard:
smtpd_sasl_auth_enable = no
smtpd_relay_restrictions = permit_auth_destination, reject
smtpd_client_connection_rate_limit = 0
milter_default_action = tempfail
"""


def processor_ns(process):
    """What it took of the processor since its start, ended threads too:
    the clock of clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~process.pid << 3) | 2)


def unix_answers(spec):
    return mta.answers(spec.removeprefix("unix:"))


class Filters:
    """The filters, each a process, on sockets in a folder."""

    def __init__(self, bench, folder):
        self.bench = bench
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
        self.policy = self.folder / "policy.yaml"
        self.policy.write_text(POLICY)
        self.policy.chmod(0o644)
        self.processes, self.specs = {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.processes):
            self.stop(name)

    def stamps(self):
        done = subprocess.run(
            [self.bench.build / "ctl/connectorctl", "explain", "-p",
             self.policy, "--client", "127.0.0.1", "--format", "json",
             "--from", "kate@fabrikam.com", "--rcpt", "anna@contoso.com"],
            stdout=subprocess.PIPE, text=True, timeout=60)
        return [f"{s['name']}={s['value']}"
                for s in json.loads(done.stdout)["stamp"]]

    def command(self, name, spec):
        kind = name.split()[0]
        if kind != "ours":
            return [self.bench.build / "test/bench/baseline_milter", kind,
                    spec, *self.stamps()]
        words = [self.bench.build / "milter/connector-milter", "-f",
                 "-p", self.policy, "-s", spec, "--socket-mode", "0666",
                 "--policy-socket", "none", "--control", "none",
                 "--log", "stderr", "--log-level",
                 "warning" if name == "ours quiet" else "info"]
        return words + (["-u", "nobody"] if os.geteuid() == 0 else [])

    def start(self, name, tcp=False):
        """name: "ours", "least" or "same", and what tells it from others:
        "ours quiet" does not log what it accepts."""
        if tcp:
            port = mta.free_port()
            spec, ready = f"inet:{port}@127.0.0.1", lambda: mta.listening(port)
        else:
            spec = f"unix:{self.folder}/{name.replace(' ', '-')}"
            ready = lambda: unix_answers(spec)
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [str(word) for word in self.command(name, spec)], umask=0,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        self.processes[name], self.specs[name] = process, spec
        mta.wait_for(name, ready, process)

    def stop(self, name):
        process, spec = self.processes.pop(name), self.specs.pop(name)

        def nudge():
            if spec.startswith("unix:"):
                unix_answers(spec)
            else:
                mta.listening(int(spec[5:].split("@")[0]))
        mta.stop_group(process, nudge=nudge)

    def load(self, name, *words):
        done = subprocess.run(
            [str(self.bench.build / "test/load/load"), *map(str, words), "-p",
             str(self.processes[name].pid), self.specs[name]], text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        if done.returncode:
            raise RuntimeError(f"load of {name}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)


def beside(rounds, what, against, key):
    """Medians of a figure of two filters, and of the ratio in each round."""
    return {
        "value": statistics.median(r[what][key] for r in rounds),
        "beside": statistics.median(r[against][key] for r in rounds),
        "ratio": statistics.median(r[what][key] / r[against][key]
                                   for r in rounds),
    }


# ---- Without an MTA ---------------------------------------------------------

def sessions(bench):
    """As fast as they go: nothing sleeps, so that no wake-up is counted."""
    count = 50 if bench.smoke else 5000
    rounds = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, \
            Filters(bench, folder) as filters:
        for name in ("ours", "same", "least"):
            filters.start(name)
        for _ in range(bench.rounds):
            found = {n: filters.load(n, "-n", count) for n in filters.specs}
            for figures in found.values():
                figures["us"] = figures["processor_ns"] / count / 1e3
            rounds.append(found)
    for against, text in (("same", "stamps only, told the same"),
                          ("least", "stamps only, told the least")):
        yield {"what": "processor a session, many at once", "unit": "us",
               "baseline": text, **beside(rounds, "ours", against, "us")}


def crowd(bench):
    """Many sessions that are open, and how long ten busy ones wait."""
    count, busy = (100, 50) if bench.smoke else (10_000, 3000)
    rounds, sizes = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, \
            Filters(bench, folder) as filters:
        for _ in range(2 if bench.smoke else 5):
            found = {}
            for name in ("ours", "same"):
                filters.start(name)
                filters.load(name, "-n", 50)
                few = filters.load(name, "-n", busy)
                many = filters.load(name, "-n", busy, "-o", count)
                found[name] = {
                    "few": few["p99_us"], "many": many["p99_us"],
                    "bytes": (many["bytes_open"] - many["bytes_before"])
                    / count}
                filters.stop(name)
            rounds.append(found)
            sizes.append(found["ours"]["bytes"] - found["same"]["bytes"])
    size = statistics.median(sizes)
    yield {"what": f"memory of an open session, {count:,} open", "value": size,
           "unit": "B", "baseline": "the goal's 6 KiB, libmilter's own off",
           "beside": 6144, "ratio": size / 6144, "goal": 1.0}
    for name, text, goal in (("ours", "", 2.0), ("same", ", stamps only",
                                                  None)):
        yield {"what": f"p99 of answers, {count:,} open{text}", "unit": "us",
               "value": statistics.median(r[name]["many"] for r in rounds),
               "baseline": "with 10 open", "goal": goal,
               "beside": statistics.median(r[name]["few"] for r in rounds),
               "ratio": statistics.median(r[name]["many"] / r[name]["few"]
                                          for r in rounds)}
    yield {"what": f"p99 of answers, {count:,} open", "unit": "us",
           "baseline": "stamps only, as many open",
           "value": statistics.median(r["ours"]["many"] for r in rounds),
           "beside": statistics.median(r["same"]["many"] for r in rounds),
           "ratio": statistics.median(r["ours"]["many"] / r["same"]["many"]
                                      for r in rounds)}


# ---- Through Postfix --------------------------------------------------------

class Postfix:
    """A private Postfix with a listener for each filter."""

    def __init__(self, folder, cache):
        self.mta = mta.Postfix(cache, folder, types.SimpleNamespace(port=9))
        self.folder = self.mta.root / "var/spool/postfix/bench"
        self.ports = {}

    def start(self, specs):
        self.ports = {name: mta.free_port() for name in specs}
        self.ports["none"] = self.mta.reinject  # which the lab waits for
        master = mta.POSTFIX_MASTER.format(plain=self.mta.plain,
                                           xclient=self.mta.xclient)
        master += "discard unix - - y - - discard\n"
        for name, spec in {**specs, "none": ""}.items():
            inside = spec.replace(str(self.mta.root / "var/spool/postfix"), "")
            if inside.startswith("inet:"):  # Postfix writes it inet:host:port
                port, host = inside[5:].split("@")
                inside = f"inet:{host}:{port}"
            master += (f"127.0.0.1:{self.ports[name]} inet n - y - - smtpd\n"
                       f"    -o smtpd_milters={inside}\n")
        main = mta.POSTFIX_MAIN.format(relay="contoso.com", local="", sink=9)
        self.mta.write("etc/postfix/main.cf", mta.last_words(main + MAIN))
        self.mta.write("etc/postfix/master.cf", master)
        self.mta.run()

    def send(self, name, count):
        """Seconds for so many sessions of a message each."""
        before = time.perf_counter()
        done = subprocess.run(
            self.mta.command("/usr/sbin/smtp-source", "-s", 5, "-m", count,
                             "-l", 4096, "-f", "kate@fabrikam.com",
                             "-t", "anna@contoso.com",
                             f"127.0.0.1:{self.ports[name]}"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"smtp-source: {done.stdout[-300:]}\n"
                               f"{self.mta.said()}")
        return time.perf_counter() - before


ORDER = ("ours", "same", "ours quiet", "least", "ours TCP", "least TCP")


def mail(bench, cache):
    count = 20 if bench.smoke else 300
    rounds = []
    top = tempfile.mkdtemp(prefix="bench-")
    os.chmod(top, 0o755)
    postfix = Postfix(pathlib.Path(top) / "postfix", cache)
    try:
        with Filters(bench, postfix.folder) as filters:
            for name in ORDER:
                filters.start(name, tcp=name.endswith("TCP"))
            postfix.start(filters.specs)
            for turn in range(2 if bench.smoke else 15):
                rounds.append(mail_round(postfix, filters, count, turn))
    finally:
        postfix.mta.stop()
        shutil.rmtree(top, ignore_errors=True)
    yield from mail_rows(rounds)


def mail_round(postfix, filters, count, turn):
    """Each time another one begins: who comes after a slow one finds the
    caches cold."""
    found = {}
    first = turn % len(ORDER)
    for name in ORDER[first:] + ORDER[:first]:
        process = filters.processes[name]
        part = count // 3 if name == "least TCP" else count  # it is slow
        before = processor_ns(process)
        seconds = postfix.send(name, part)
        found[name] = {"rate": part / seconds,
                       "us": (processor_ns(process) - before) / part / 1e3}
    return found


def mail_rows(rounds):
    for against, text, goal in (
            ("least", "stamps only, told the least", 1.1),
            ("same", "stamps only, told the same", 1.1)):
        yield {"what": "processor a session, through Postfix", "unit": "us",
               "baseline": text, "goal": goal,
               **beside(rounds, "ours", against, "us")}
    yield {"what": "processor a session, Postfix, no log", "unit": "us",
           "baseline": "stamps only, told the same",
           **beside(rounds, "ours quiet", "same", "us")}
    for name, against, text, goal in (
            ("ours TCP", "ours", "our own over a UNIX socket", 0.9),
            ("least TCP", "least", "the same over a UNIX socket", None)):
        what = "stamps only" if name.startswith("least") else "messages"
        yield {"what": f"{what} through Postfix over TCP", "unit": "mails/s",
               "baseline": text, "goal": goal, "least": True,
               **beside(rounds, name, against, "rate")}
