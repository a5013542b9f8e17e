# SPDX-License-Identifier: BSD-2-Clause
"""daemon - a connector-milter that things are done to.

It runs as a user of its own, that has no other process, in a temporary
folder. Every wait is bounded.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import milter

USER = 60000 + os.getpid() % 5000  # nobody else's
SECONDS = 20
STRANGER, PRINTER = "198.51.100.1", "192.168.5.10"
INSIDE, OUTSIDE = "anna@contoso.com", "kate@fabrikam.com"
REFUSED = "550 5.7.1 Unable to relay"

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
networks: {printers: {file: hosts}}
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
  - name: Anonymous Relay
    remote_ip_ranges: [printers]
    permission_groups: [AnonymousUsers]
    extended_rights:
      - principal: anonymous
        allow: [ms-Exch-SMTP-Accept-Any-Recipient]
"""


class Undecided(Exception):
    """The answer was a temporary one, or a refusal without its words, as is
    said while there is no memory for them."""


def expect(client, said, want):
    if said != want and (said[:1] in ("4", "t") or
                         (want == REFUSED and said == "r")):
        raise Undecided(f"{client}: {said}")
    assert said == want, f"{client}: {said}"


def become_user():
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)


class Daemon:
    def __init__(self, build):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cm-fault."))
        os.chown(self.folder, USER, USER)
        self.folder.chmod(0o755)
        # The user may not be let into the folder of the build: one in /root.
        self.program = self.folder / "connector-milter"
        shutil.copy(pathlib.Path(build) / "milter/connector-milter",
                    self.program)
        self.policy = self.folder / "policy.yaml"
        self.hosts = self.folder / "hosts"
        self.milter = self.folder / "milter.sock"
        self.service = self.folder / "policy.sock"
        self.control = self.folder / "control.sock"
        self.log = self.folder / "log"
        self.process = None
        self.restore()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, path, text):
        """As an editor does."""
        fresh = self.folder / "fresh"
        fresh.write_text(text)
        os.chown(fresh, USER, USER)
        fresh.chmod(0o644)
        os.replace(fresh, path)

    def restore(self):
        """The policy as it was."""
        for path in (self.policy, self.hosts):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
        self.write(self.policy, POLICY)
        self.write(self.hosts, PRINTER + "\n")

    def arguments(self, folder):
        return ["-f", "-p", f"{folder}/policy.yaml",
                "-s", f"unix:{folder}/milter.sock",
                "--policy-socket", f"unix:{folder}/policy.sock",
                "--control", f"unix:{folder}/control.sock"]

    def start(self, *more, before=lambda: None, out=None):
        """before: in the child, while it is root; out: its standard error,
        instead of the log."""
        def child():
            before()
            become_user()

        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(self.program), *self.arguments(self.folder), *more],
                stdin=subprocess.DEVNULL, stdout=out or log,
                stderr=out or log, preexec_fn=child, close_fds=out is None)
        self.wait("serving", lambda: self.serves(2))
        return self

    def serves(self, seconds=SECONDS):
        assert self.process.poll() is None, \
            f"ended with {self.process.returncode}:\n{self.said()}"
        try:
            self.relays(STRANGER, INSIDE, seconds)
            return True
        except (OSError, milter.Closed):
            return False

    def wait(self, what, ready, seconds=SECONDS):
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, f"never {what}:\n{self.said()}"
            time.sleep(0.01)

    def said(self):
        if not self.log.exists():
            return ""
        return self.log.read_text("latin-1")[-3000:]

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(SECONDS)
            self.process = None

    def end(self):
        """By SIGTERM, which must go well."""
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(SECONDS)
        finally:
            process.kill()
        assert status == 0, f"ended with {status}:\n{self.said()}"

    def session(self, client, seconds=SECONDS):
        peer = milter.Milter(self.milter, seconds)
        try:
            return peer.begin(client)
        except BaseException:
            peer.sock.close()
            raise

    def relays(self, client, recipient, seconds=SECONDS):
        with self.session(client, seconds) as peer:
            return peer.relay(recipient)

    def right(self, seconds=SECONDS):
        """It serves, both ways, and by its policy."""
        for client, want, action in (
                (STRANGER, REFUSED, REFUSED), (PRINTER, "c", "OK")):
            expect(client, self.relays(client, OUTSIDE, seconds), want)
            expect(client, milter.policy(self.service, client, OUTSIDE,
                                         seconds), action)

    def recovered(self):
        """It is right again. libmilter lets a session wait for which it
        could not start a thread, so one is not enough to tell."""
        def ready():
            try:
                self.right(2)
                return True
            except (OSError, milter.Closed, Undecided):
                return False
        self.wait("recovered", ready)

    def ask(self, **question):
        """Of the control socket."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(SECONDS)
            sock.connect(str(self.control))
            sock.sendall(json.dumps(question).encode() + b"\n")
            with sock.makefile("rb") as answer:
                return json.loads(answer.read())

    def state(self, key):
        """Of /proc: "VmRSS" and "VmSize" in KiB, "Threads"."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split(f"{key}:")[1].split()[0])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
