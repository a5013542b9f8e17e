#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""run - a real systemd-journald takes the daemon's log.

usage: run.py BUILD

A journald of its own runs on a /run of its own, in a mount namespace; what
the host has is not seen. journalctl must find the daemon's lines by the
fields that connector-milter(8) names, each once, and no client may make a
field of its own. Needs root and unshare(1). The last line says what was seen;
the exit status is 0 if all was.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "test/fault"))

from daemon import Daemon, OUTSIDE, PRINTER, REFUSED, STRANGER  # noqa: E402

JOURNALD = "/usr/lib/systemd/systemd-journald"
SOCKET = pathlib.Path("/run/systemd/journal/socket")
SECONDS = 20
SESSIONS = 200
ODD = b"<a\nPRIORITY=0\n\xff@contoso.com>"
SETTINGS = """\
[Journal]
Storage=volatile
ReadKMsg=no
Audit=no
RateLimitBurst=0
"""


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def journald_start():
    mount("-t", "tmpfs", "none", "/run")
    settings = pathlib.Path("/run/systemd/journald.conf.d/test.conf")
    settings.parent.mkdir(parents=True)
    settings.write_text(SETTINGS)
    SOCKET.parent.mkdir()
    pathlib.Path("/run/log/journal").mkdir(parents=True)
    machine = pathlib.Path("/run/machine-id")
    machine.write_text("0123456789abcdef" * 2 + "\n")
    mount("--bind", str(machine), "/etc/machine-id")
    journald = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL)
    end = time.monotonic() + SECONDS
    while not SOCKET.exists():
        assert time.monotonic() < end, "no journald"
        time.sleep(0.01)
    return journald


def lines(*matches):
    """The daemon's lines with these fields."""
    done = subprocess.run(
        ["journalctl", "--quiet", "--no-pager", "--all", "-o", "json", "-t",
         "connector-milter", *matches], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, timeout=SECONDS, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(build):
    with Daemon(build) as daemon:
        daemon.start("--log", "journal")
        for _ in range(SESSIONS):
            assert daemon.relays(STRANGER, OUTSIDE) == REFUSED
        assert daemon.relays(PRINTER, OUTSIDE) == "c"
        with daemon.session(PRINTER) as peer:
            assert peer.ask("M", b"<s@example.net>\0") == "c"
            peer.ask("R", ODD + b"\0")
        daemon.end()
    subprocess.run(["journalctl", "--sync"], stdin=subprocess.DEVNULL,
                   timeout=SECONDS, check=False)
    refused = lines(f"CM_CLIENT={STRANGER}", "CM_STAGE=rcpt",
                    "CM_VERDICT=reject")
    assert len(refused) == SESSIONS, f"{len(refused)} of {SESSIONS}"
    assert {line["CM_REPLY"] for line in refused} == {REFUSED}
    # What is no text journalctl shows as numbers.
    odd = [line for line in lines(f"CM_CLIENT={PRINTER}", "CM_STAGE=rcpt")
           if isinstance(line["CM_ARGUMENT"], list)]
    assert [bytes(line["CM_ARGUMENT"]) for line in odd] == [ODD], odd
    assert not lines("PRIORITY=0"), "a client made a field"
    return f"{len(lines())} lines, each found by its fields"


def main():
    if len(sys.argv) == 2:
        os.execvp("unshare", ["unshare", "--mount", "--propagation",
                              "private", sys.executable, *sys.argv,
                              "inside"])
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    journald = journald_start()
    try:
        print(check(sys.argv[1]))
    finally:
        journald.kill()
        journald.wait(SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
