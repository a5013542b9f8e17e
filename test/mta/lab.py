# SPDX-License-Identifier: BSD-2-Clause
"""lab - everything that a test on live MTAs needs, in one temporary folder.

A lab owns a sink, a private Postfix, a private Sendmail and the daemon with
a policy, and wires them in the three ways that are documented:

  policy    Postfix, policy delegation and milter (recommended)
  cidr      Postfix, exported cidr table and milter
  sendmail  Sendmail, exported access map and milter

Postfix is told the client by XCLIENT, so that policies and recordings are
used as they are. Sendmail has no such thing: there the client is a source
address of 127.0.0.0/8, and policy and recordings are mapped alike; see
Mapping.
"""

import ipaddress
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import mta
import sink
import smtp

WIRINGS = ("policy", "cidr", "sendmail")
SNIPPET = {"policy": "main.cf.policy", "cidr": "main.cf.cidr"}


def end_on_signals():
    """So that a test that is ended takes its MTAs with it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))


def accepted_domains(text):
    """The accepted domains of a policy, as the MTA has to be told them:
    a domain stands for its subdomains as well, which the filter narrows."""
    lines = text.splitlines()
    found = []
    for number, line in enumerate(lines):
        head = re.match(r"accepted_domains:\s*(\[.*\])?", line)
        if not head:
            continue
        if head[1]:
            found += re.findall(r"[\w*][\w.*-]+", head[1])
        for item in lines[number + 1:]:
            if item.strip() and not item[0] in " \t-#":
                break
            entry = re.match(
                r"\s*(?:-\s*)?(?:domain:|-)\s*(?:domain:)?\s*"
                r"[\"']?([\w*][\w.*-]+)[\"']?\s*(?:#.*)?$", item)
            if entry:
                found.append(entry[1])
    return sorted({d.removeprefix("*.").lower() for d in found})


class Mapping:
    """Real client addresses to loopback ones, for Sendmail.

    The first two octets of every client become 127.X, X the second octet
    where it is free. A policy's 127.0.0.0/8 becomes 127.0.0.0/16, or it would
    hold everybody, and a listener's port 25 becomes that of the lab. A folder
    whose ranges are too wide for that says its own pairs in sendmail.map,
    FROM TO a line. Both are beginnings of addresses, as for play --map.
    """

    PAIRS = 14

    def __init__(self, folder, port):
        own = folder / "sendmail.map"
        if own.exists():
            lines = own.read_text().splitlines()
            self.pairs = [tuple(line.split()[:2]) for line in lines
                          if line.strip() and not line.startswith("#")]
        else:
            self.pairs = self.for_clients(clients_of(folder))
        self.port = port

    @classmethod
    def for_clients(cls, clients):
        used, pairs = {"0"}, []
        heads = sorted({tuple(c.split(".")[:2]) for c in clients
                        if re.fullmatch(r"[0-9.]+", c)
                        and not c.startswith("127.")})
        for first, octet in heads[:cls.PAIRS]:
            pair = f"{first}.{octet}."
            if octet in used:
                octet = next(str(n) for n in range(200, 255)
                             if str(n) not in used)
            used.add(octet)
            pairs.append((pair, f"127.{octet}."))
        return pairs

    def text(self, text):
        """A policy, or a file that it names."""
        text = text.replace("127.0.0.0/8", "127.0.0.0/16")
        text = re.sub(r'(?<=[0-9\]]):25(?=["\s,\]])', f":{self.port}", text)
        pairs = dict(self.pairs)
        if not pairs:
            return text
        known = "|".join(re.escape(old) for old in pairs)
        return re.sub(rf"(?<![\w.:])({known})", lambda m: pairs[m[1]], text)

    def address(self, address):
        for old, new in self.pairs:
            if address.startswith(old):
                return new + address[len(old):]
        return address

    def options(self, folder):
        """For play, with the listeners that the recordings connect to."""
        out = []
        for old, new in self.pairs:
            out += ["--map", f"{old}={new}"]
        for local in listeners_of(folder)[:16 - len(self.pairs)]:
            out += ["--map", f"{local}=127.0.0.1:{self.port}"]
        return out


def listeners_of(folder):
    """Every local endpoint with port 25 that the recordings name."""
    found = set()
    for path in sorted(folder.glob("*.session")):
        found.update(re.findall(r"^connect\s+\S+\s+to\s+([0-9.]+:25)\b",
                                path.read_text(), re.M))
    return sorted(found)


def clients_of(folder):
    """Every client address that the recordings of a folder connect from,
    without its port."""
    found = set()
    for path in sorted(folder.glob("*.session")):
        for text in re.findall(r"^connect\s+(\S+)", path.read_text(), re.M):
            text = re.sub(r"^\[(.*)\](:\d+)?$|^([0-9.]+):\d+$",
                          lambda m: m[1] or m[3], text)
            try:
                ipaddress.ip_address(text)
                found.add(text)
            except ValueError:
                pass
    return sorted(found)


class NoTable(Exception):
    """The policy cannot be said in a table of addresses."""


class Lab:
    def __init__(self, build, cache=None):
        self.build = pathlib.Path(build).resolve()
        self.daemon = self.build / "milter/connector-milter"
        self.ctl = self.build / "ctl/connectorctl"
        self.play = self.build / "test/play/play"
        cache = pathlib.Path(cache or mta.TOP / "build/mta")
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="cm-lab."))
        self.top.chmod(0o755)
        self.filter = None
        try:
            self.sink = sink.Sink(self.top / "delivered")
            self.postfix = mta.Postfix(cache, self.top / "postfix", self.sink)
            self.sendmail = mta.Sendmail(cache, self.top / "sendmail",
                                         self.sink)
        except BaseException:
            shutil.rmtree(self.top, ignore_errors=True)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()
        self.sink.stop()
        shutil.rmtree(self.top, ignore_errors=True)

    def mta(self, wiring):
        return self.sendmail if wiring == "sendmail" else self.postfix

    def policy(self, source, mapping=None):
        """A copy of a policy and of the files beside it, that the daemon
        may read after it has given up root. source: a folder, or text."""
        folder = self.top / "policy"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        folder.chmod(0o755)
        if isinstance(source, str):
            (folder / "policy.yaml").write_text(source)
        else:
            for path in source.iterdir():
                if path.is_file() and path.suffix != ".session":
                    shutil.copyfile(path, folder / path.name)
        for path in folder.iterdir():
            if mapping:
                path.write_text(mapping.text(path.read_text()))
            path.chmod(0o644)
        return folder / "policy.yaml"

    def export(self, form, policy):
        done = subprocess.run(
            [str(self.ctl), "export", form, "-p", str(policy)], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60)
        if "--listener" in done.stderr:
            raise NoTable(done.stderr.splitlines()[0])
        if done.returncode:
            raise RuntimeError(f"export {form}: {done.stderr}")
        return done.stdout

    def up(self, wiring, source, more="", snippets=()):
        """Starts the daemon with a policy and one MTA wired to it. source:
        a folder of recordings, or the text of a policy; more: further lines
        for the MTA's configuration. No mail of the test before is left.
        Returns the mapping of addresses, which is None for Postfix."""
        self.down()
        self.postfix.forget()
        self.sendmail.forget()
        self.sink.clear()
        mapping = None
        if wiring == "sendmail" and not isinstance(source, str):
            self.export("sendmail-access", source / "policy.yaml")
            mapping = Mapping(source, self.sendmail.port)
        policy = self.policy(source, mapping)
        domains = accepted_domains(policy.read_text())
        self.filter = mta.Filter(self.daemon, self.mta(wiring), policy,
                                 self.top / "filter.log")
        self.filter.start()
        if wiring == "sendmail":
            self.sendmail.start(self.export("sendmail-access", policy),
                                domains, more)
        else:
            table = (self.export("postfix-cidr", policy)
                     if wiring == "cidr" else "")
            self.postfix.start((SNIPPET[wiring], *snippets), domains,
                               table=table, more=more)
        return mapping

    def down(self):
        self.postfix.stop()
        self.sendmail.stop()
        if self.filter:
            self.filter.stop()

    def client(self, wiring, address):
        if wiring == "sendmail":
            return smtp.Client(self.sendmail.port, source=address)
        return smtp.Client(self.postfix.xclient, client=address)

    def delivered(self, play_id, seconds=20):
        """The header of a delivered message: a list of (name, value)."""
        path = self.sink.folder / f"{play_id}.eml"
        mta.wait_for(f"delivery of {play_id}", path.exists, seconds=seconds)
        head = path.read_bytes().decode("latin-1").replace("\r\n", "\n")
        head = re.sub(r"\n[ \t]+", " ", head.split("\n\n", 1)[0])
        return [tuple(line.split(":", 1)) for line in head.split("\n")
                if ":" in line]

    def said(self, wiring):
        """What MTA and filter logged last, for a failed test."""
        text = f"--- {self.mta(wiring).name}\n{self.mta(wiring).said()}\n"
        if self.filter:
            text += f"--- connector-milter\n{self.filter.said()}\n"
        return text
