# SPDX-License-Identifier: BSD-2-Clause
"""reload - a thousand reloads while mail comes in.

Two policies that stamp differently take turns as fast as the daemon loads
them, while smtp-source sends in sessions of one and of many messages. No
message may be lost, no session be decided by two policies, and no message
have the stamps of one and of the other.
"""

import collections
import json
import os
import re
import socket
import subprocess
import time

import mta

RELOADS = 1000
BATCH = 200
SECONDS = 240

POLICIES = [f"""\
version: 1
server: {name}.contoso.com
accepted_domains: [contoso.com]
ip_allow_list: {allow}
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
""" for name, allow in (("a", "[127.0.0.0/8]"), ("b", "[203.0.113.1]"))]

SCL = {"a.contoso.com": "-1", "b.contoso.com": None}


def ask(path, **question):
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(30)
        control.connect(str(path))
        control.sendall(json.dumps(question).encode() + b"\n")
        with control.makefile("rb") as answer:
            return json.loads(answer.read())


def write(file, text):
    fresh = file.with_suffix(".fresh")
    fresh.write_text(text)
    fresh.chmod(0o644)
    os.replace(fresh, file)


def source(place, keep):
    """smtp-source, on its way."""
    return subprocess.Popen(
        place.postfix.command(
            "/usr/sbin/smtp-source", *(["-d"] if keep else []),
            "-s", 6, "-m", BATCH, "-l", 500, "-f", "scan@fabrikam.com",
            "-t", "anna@contoso.com", f"127.0.0.1:{place.postfix.plain}"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)


def send_and_reload(place):
    """Answers how many messages were sent."""
    sender, sent, reloads = None, 0, 0
    end = time.monotonic() + SECONDS
    while reloads < RELOADS or sender:
        assert time.monotonic() < end, f"only {reloads} reloads"
        if sender and sender.poll() is not None:
            said = sender.communicate()[0]
            assert sender.returncode == 0, f"smtp-source: {said}"
            sender = None
        if not sender and reloads < RELOADS:
            sender = source(place, keep=sent // BATCH % 2)
            sent += BATCH
        reloads += 1
        write(place.filter.file, POLICIES[reloads % 2])
        answer = ask(place.filter.control, verb="reload")
        assert answer.get("result") == "good", answer
        assert answer["old"] != answer["new"], answer
    return sent, reloads


def sessions_are_of_one_policy(text):
    """By the log; answers how many there were, and of each policy."""
    policies = collections.defaultdict(set)
    for line in text.splitlines():
        session = re.search(r"\bsession=(\S+)", line)
        if session:
            policies[session[1]].add(re.search(r"\bpolicy=(\S+)", line)[1])
    mixed = {s: p for s, p in policies.items() if len(p) != 1}
    assert not mixed, f"sessions of two policies: {mixed}"
    return collections.Counter(p for s in policies.values() for p in s)


def stamps_are_of_one_policy(folder):
    seen = collections.Counter()
    for path in folder.glob("*.eml"):
        head = path.read_text("latin-1").split("\n\n", 1)[0]
        named = dict(re.findall(
            r"^X-MS-Exchange-Organization-(\w+): *(\S+)", head, re.M))
        assert SCL[named["AuthSource"]] == named.get("SCL"), named
        seen[named["AuthSource"]] += 1
    return seen


def under_load(place):
    place.up("policy", POLICIES[0])
    before = place.filter.log.stat().st_size
    sent, reloads = send_and_reload(place)
    mta.wait_for("all messages",
                 lambda: len(list(place.sink.folder.glob("*.eml"))) >= sent,
                 seconds=60)
    kept = stamps_are_of_one_policy(place.sink.folder)
    assert sum(kept.values()) == sent, f"{sent} sent, {kept} kept"
    assert len(kept) == 2, f"one policy only: {kept}"
    status = ask(place.filter.control, verb="status")
    assert status["reload"]["good"] == reloads, status["reload"]
    assert status["log"]["dropped"] == 0, status["log"]
    place.filter.stop()
    log = place.filter.said_since(before)
    assert "Sanitizer" not in log, log[log.index("Sanitizer"):][:4000]
    decided = sessions_are_of_one_policy(log)
    assert len(decided) == 2, f"one policy only: {decided}"
    return (f"{reloads} reloads, {sent} messages, "
            f"{sum(decided.values())} sessions", True)


def tests():
    yield "reload, a thousand times under load", "policy", under_load
