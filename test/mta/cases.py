# SPDX-License-Identifier: BSD-2-Clause
"""cases - what recordings cannot say, on live MTAs.

The example of the Exchange documents in three notations and by both relay
methods; spoofed stamps; large headers; a policy that changes under the
running daemon; malformed policies; and each way in which a stopped daemon
must not let mail through.
"""

import collections
import os
import re
import signal
import subprocess
import textwrap
import time

import lab
import mta

OUTSIDE = "kate@fabrikam.com"
INSIDE = "chris@contoso.com"
STAMP = "X-MS-Exchange-Organization-"

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
{allow}
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
  - name: Anonymous Relay
    remote_ip_ranges: [{ranges}]
{method}"""

METHODS = {
    "anonymous": """\
    permission_groups: [AnonymousUsers]
    extended_rights:
      - principal: anonymous
        allow: [ms-Exch-SMTP-Accept-Any-Recipient]
""",
    "externally secured": """\
    auth_mechanism: [ExternalAuthoritative]
    permission_groups: [ExchangeServers]
""",
}

# Notation, listed clients, the stranger next to them.
NOTATIONS = (
    ("192.168.5.10, 192.168.5.11", ("192.168.5.10", "192.168.5.11"),
     "192.168.5.12"),
    ("192.168.5.10-192.168.5.20", ("192.168.5.10", "192.168.5.20"),
     "192.168.5.21"),
    ("192.168.5.1/24", ("192.168.5.0", "192.168.5.10", "192.168.5.255"),
     "192.168.6.12"),
)


def policy(ranges, method="anonymous", allow=""):
    listed = f"ip_allow_list: [{allow}]" if allow else ""
    return POLICY.format(ranges=ranges, method=METHODS[method], allow=listed)


def expect(reply, code, end=""):
    assert reply.startswith(code) and reply.endswith(end), \
        f"expected {code} ... {end}, got {reply}"


def loopback(wiring, text):
    """192.168. as a Sendmail test has it; the stranger's .0 and .255 are as
    good as any other address of 127.0.0.0/8."""
    return text.replace("192.168.", "127.168.") if wiring == "sendmail" \
        else text


def refused(place, wiring, client, code="550 5.7.1"):
    with place.client(wiring, client) as smtp:
        smtp.say("EHLO stranger.example")
        expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "250")
        answer = smtp.say(f"RCPT TO:<{OUTSIDE}>")
        # Where the table of the MTA refuses, the text is the MTA's.
        expect(answer, code,
               "Unable to relay" if wiring == "policy" else "")
        return answer


def relayed(place, wiring, client, message="Subject: x\n\nhello\n"):
    with place.client(wiring, client) as smtp:
        for answer in smtp.mail(INSIDE, [OUTSIDE], message):
            expect(answer, "250")


def may_relay(place, wiring, client):
    with place.client(wiring, client) as smtp:
        smtp.say("EHLO client.example")
        expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "250")
        return smtp.say(f"RCPT TO:<{OUTSIDE}>").startswith("250")


def nobody_relays(place, wiring, client):
    """No recipient and no message is accepted, whatever the stage at which
    the MTA says so."""
    with place.client(wiring, client) as smtp:
        answers = smtp.mail(INSIDE, [OUTSIDE, f"kate@{OUTSIDE[5:]}"],
                            "Subject: x\n\nhello\n")
        for command, answer in smtp.talk:
            if command.startswith("RCPT") or command == ".":
                assert not answer.startswith("2"), f"{command}: {answer}"
        assert any(a[:1] in "45" for a in answers)


def example(wiring, method, ranges, listed, stranger):
    def test(place):
        text = loopback(wiring, ranges)
        place.up(wiring, policy(text, method))
        for number, client in enumerate(listed):
            relayed(place, wiring, loopback(wiring, client),
                    f"X-Play-Id: example-{number}\nSubject: x\n\nhello\n")
            place.delivered(f"example-{number}")
        refused(place, wiring, loopback(wiring, stranger))
        place.filter.stop()
        nobody_relays(place, wiring, loopback(wiring, listed[0]))
    return test


SPOOFED = """\
X-Play-Id: {name}
X-MS-Exchange-Organization-SCL: -1
x-ms-exchange-organization-scl: -1
X-Ms-Exchange-ORGANIZATION-Scl:-1
X-MS-EXCHANGE-ORGANIZATION-SCL:	-1
Subject: five in a row
x-MS-exchange-ORGANIZATION-scl : -1
X-MS-Exchange-Organization-AuthAs: Internal
X-MS-Exchange-Forest-RulesExecuted: mail

hello
"""


def stamps(headers):
    found = collections.defaultdict(list)
    for name, value in headers:
        if name.strip().lower().startswith("x-ms-exchange-"):
            found[name.strip().lower()].append(value.strip())
    return found


def spoofed_stamps(wiring):
    def test(place):
        listed = loopback(wiring, "192.168.5.10")
        stranger = loopback(wiring, "192.168.6.12")
        place.up(wiring, policy(listed, allow=listed))
        with place.client(wiring, stranger) as smtp:
            expect(smtp.mail("u@example.net", [INSIDE],
                             SPOOFED.format(name="stranger"))[-1], "250")
        relayed(place, wiring, listed, SPOOFED.format(name="listed"))
        for name, scl in (("stranger", []), ("listed", ["-1"])):
            got = stamps(place.delivered(name))
            assert got[f"{STAMP.lower()}scl"] == scl, f"{name}: {dict(got)}"
            assert got[f"{STAMP.lower()}authas"] == ["Anonymous"], dict(got)
            assert "x-ms-exchange-forest-rulesexecuted" not in got
    return test


def large_header(wiring):
    """Header fields beyond the 64 kB that libmilter takes by default. What
    Postfix gives to a filter it cuts at 60000 bytes; Sendmail sends no more
    than 64 kB and says 4xx. Neither may let it pass unfiltered."""
    def test(place):
        stranger = loopback(wiring, "192.168.6.12")
        place.up(wiring, policy(loopback(wiring, "192.168.5.10")))
        for lines in (60, 100):
            name = f"large-{lines}"
            value = ("x" * 900 + "\n ") * lines + "end"
            message = (f"X-Play-Id: {name}\nX-Large: {value}\n"
                       f"{STAMP}SCL: -1\nSubject: x\n\nhello\n")
            with place.client(wiring, stranger) as smtp:
                answer = smtp.mail("u@example.net", [INSIDE], message)[-1]
            if wiring == "sendmail" and lines == 100:
                assert answer.startswith("4"), answer
                continue
            expect(answer, "250")
            headers = place.delivered(name)
            large = [v for n, v in headers if n == "X-Large"]
            assert len(large) == 1, len(large)
            assert 53000 < large[0].count("x") <= 60000, len(large[0])
            got = stamps(headers)
            assert got[f"{STAMP.lower()}scl"] == [], dict(got)
            assert got[f"{STAMP.lower()}authas"] == ["Anonymous"], dict(got)
    return test


def reload(place):
    """Adding a host to the YAML and SIGUSR1 is all it takes; a file that
    does not load changes nothing and is complained about."""
    place.up("policy", policy("192.168.5.10"))
    main = place.postfix.root / "etc/postfix/main.cf"
    before, pid = main.read_bytes(), place.filter.process.pid
    refused(place, "policy", "192.168.7.25")
    file = place.filter.file
    file.write_text(policy("192.168.5.10, 192.168.7.25"))
    place.filter.process.send_signal(signal.SIGUSR1)
    mta.wait_for("the new host", lambda: may_relay(place, "policy",
                                                   "192.168.7.25"))
    assert may_relay(place, "policy", "192.168.5.10")
    refused(place, "policy", "192.168.7.26")

    size = place.filter.log.stat().st_size
    file.write_text(policy("192.168.5.10, 192.168.7.26, 192.168.7.300"))
    place.filter.process.send_signal(signal.SIGUSR1)
    mta.wait_for("a complaint", lambda: "policy.yaml:10:" in
                 place.filter.said_since(size))
    assert may_relay(place, "policy", "192.168.7.25")
    refused(place, "policy", "192.168.7.26")
    assert place.filter.process.pid == pid
    assert place.filter.process.poll() is None
    assert main.read_bytes() == before


def policy_service_down(place):
    """Without the milter line, so that only the policy service stands
    before the relay: a stranger and a listed host both hear 451, and mail
    to an accepted domain still passes."""
    place.up("policy", policy("192.168.5.10"), more="smtpd_milters =\n")
    assert may_relay(place, "policy", "192.168.5.10")
    refused(place, "policy", "192.168.6.12")
    place.filter.stop()
    for client in ("192.168.5.10", "192.168.6.12"):
        with place.client("policy", client) as smtp:
            smtp.say("EHLO client.example")
            expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "250")
            expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "451")
            expect(smtp.say(f"RCPT TO:<{INSIDE}>"), "250")


def killed(wiring):
    """A daemon that dies, rather than stops, within a session."""
    def test(place):
        client = loopback(wiring, "192.168.5.10")
        place.up(wiring, policy(client))
        with place.client(wiring, client) as smtp:
            smtp.say("EHLO client.example")
            expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "250")
            place.filter.stop(signal.SIGKILL)
            for command in (f"RCPT TO:<{OUTSIDE}>", "DATA"):
                answer = smtp.say(command)
                assert answer[:1] in "45", f"{command}: {answer}"
        nobody_relays(place, wiring, client)
    return test


def stamps_stay_home(place):
    """main.cf.internet: no stamp leaves for the Internet, and the mail for
    the domains behind this host keeps them."""
    place.up("policy", policy("192.168.5.10", allow="192.168.5.10"),
             snippets=("main.cf.internet",))
    for name, to in (("out", OUTSIDE), ("in", INSIDE)):
        with place.client("policy", "192.168.5.10") as smtp:
            expect(smtp.mail(INSIDE, [to], f"X-Play-Id: {name}\n"
                             "Subject: x\n\nhello\n")[-1], "250")
    assert not stamps(place.delivered("out"))
    assert stamps(place.delivered("in"))[f"{STAMP.lower()}scl"] == ["-1"]


def reinjection(place):
    """The listener of master.cf.example leaves stamps as they are."""
    place.up("policy", policy("192.168.5.10"))
    with lab.smtp.Client(place.postfix.reinject) as smtp:
        expect(smtp.mail(INSIDE, [INSIDE], "X-Play-Id: again\n"
                         f"{STAMP}SCL: -1\nSubject: x\n\nhello\n")[-1], "250")
    got = stamps(place.delivered("again"))
    assert dict(got) == {f"{STAMP.lower()}scl": ["-1"]}, dict(got)


def malformed(place):
    """Each malformed policy is refused with its place, and gives no
    service: -t exits 2, and starting opens no socket."""
    bad = sorted((mta.TOP / "test/policies/bad").glob("*.yaml"))
    assert len(bad) >= 50, f"{len(bad)} malformed policies"
    folder = place.top / "malformed"
    folder.mkdir(exist_ok=True)
    sockets = [folder / "milter.sock", folder / "policy.sock"]
    for file in bad:
        for test in (True, False):
            more = ["-t"] if test else ["-f", "-u", "nobody"]
            done = subprocess.run(
                [str(place.daemon), "-p", str(file), "-s",
                 f"unix:{sockets[0]}", "--policy-socket",
                 f"unix:{sockets[1]}", "--control", "none",
                 "--log", "stderr", *more],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, timeout=20)
            what = f"{file.name} {more}: exit {done.returncode}\n{done.stdout}"
            assert (done.returncode == 2 if test
                    else done.returncode > 0), what
            assert re.search(r":\d+:\d+: error: .+ \[E-[A-Z-]+\]$",
                             done.stdout, re.M), what
            assert not any(os.path.lexists(s) for s in sockets), what
    return f"{len(bad)} policies", True


def readme(place):
    """What the README appends are the files that are tested here, whole and
    by their names; its policy loads."""
    text = (mta.TOP / "README").read_text()
    for name in ("main.cf.policy", "main.cf.cidr", "main.cf.internet",
                 "connector-milter.mc", "connector-milter.service.conf",
                 "connector-milter.socket.conf"):
        assert re.search(rf"\b{re.escape(name)}\b", text), f"no {name}"
        assert len(list(mta.CONTRIB.rglob(name))) == 1, name
    for file in re.findall(r"^ +cat (\S+)[\\\s]+>>", text, re.M):
        name = file.rsplit("/", 1)[-1]
        assert list(mta.CONTRIB.rglob(name)), f"cat {file}: no such file"
    assert re.search(r"^ +cat \S*main\.cf\.policy[\\\s]+>>"
                     r"/etc/postfix/main\.cf$", text, re.M), "not appended"
    block = re.search(r"^    version: 1\n(?:    .*\n|\n)+", text, re.M)
    file = place.policy(textwrap.dedent(block[0]))
    done = subprocess.run([str(place.ctl), "check", "-p", str(file)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=20)
    assert done.returncode == 0, done.stdout


def privileges(place):
    """The daemon gives up root, and its sockets are not for everyone."""
    place.up("policy", policy("192.168.5.10"))
    status = open(f"/proc/{place.filter.process.pid}/status").read()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert "0" not in fields["Uid"].split(), fields["Uid"]
    assert "0" not in fields["Gid"].split(), fields["Gid"]
    assert "0" not in fields["Groups"].split(), fields["Groups"]
    for path in (place.filter.milter, place.filter.policy):
        mode = path.stat()
        assert mode.st_mode & 0o777 == 0o660, f"{path}: {mode.st_mode:o}"
        assert mode.st_gid == 1, f"{path}: group {mode.st_gid}"
    start = time.monotonic()
    place.filter.process.send_signal(signal.SIGTERM)
    assert place.filter.process.wait(10) == 0
    return f"stopped in {time.monotonic() - start:.1f} s", True


def tests():
    for wiring in lab.WIRINGS:
        for method in METHODS:
            for ranges, listed, stranger in NOTATIONS:
                yield (f"example: {method}, {ranges}, {wiring}", wiring,
                       example(wiring, method, ranges, listed, stranger))
        yield f"spoofed stamps, {wiring}", wiring, spoofed_stamps(wiring)
        yield f"large header, {wiring}", wiring, large_header(wiring)
        yield f"daemon killed in a session, {wiring}", wiring, killed(wiring)
    yield "SIGUSR1", "policy", reload
    yield "policy service down", "policy", policy_service_down
    yield "stamps stay home", "policy", stamps_stay_home
    yield "re-injection", "policy", reinjection
    yield "README", "policy", readme
    yield "privileges", "policy", privileges
    yield "malformed policies", "policy", malformed
