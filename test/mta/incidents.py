# SPDX-License-Identifier: BSD-2-Clause
"""incidents - what happened to others, done to live MTAs.

The rows of doc/SECURITY that need an MTA to show: a client that becomes
another one within a session (XCLIENT), a message within a message, local
submission, a long list of recipients, chunks in place of DATA, a login or a
certificate that comes late, attached messages and long names of fields.
"""

import base64
import subprocess

import certificates
import mta
import smtp as smtp_client
from cases import INSIDE, OUTSIDE, STAMP, expect, loopback, policy, stamps

RELAY_HOST, STRANGER = "192.168.5.10", "192.168.6.12"
UNABLE = "Unable to relay"


def become(smtp, address):
    expect(smtp.say(f"XCLIENT ADDR={address} PORT=40001"), "220")
    smtp.say("EHLO somebody.example")


def xclient(place):
    """R9: within a session a client becomes another. Its connector is
    chosen anew, and nothing of the first one counts."""
    place.up("policy", policy(RELAY_HOST), more="smtpd_authorized_xclient_"
             "hosts = 127.0.0.0/8, 192.168.0.0/16\n")
    # The listener whose hosts main.cf names, since each new client is asked
    # anew whether it may.
    with smtp_client.Client(place.postfix.plain, client=RELAY_HOST) as smtp:
        smtp.say("EHLO printer.example")
        expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "250")
        expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "250")
        expect(smtp.say(f"XCLIENT ADDR={STRANGER}"), "5")
        smtp.say("RSET")
        become(smtp, STRANGER)
        expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "503")
        expect(smtp.say("DATA"), "503")
        for address, code, end in ((STRANGER, "550 5.7.1", UNABLE),
                                   (RELAY_HOST, "250", ""),
                                   (STRANGER, "550 5.7.1", UNABLE)):
            become(smtp, address)
            expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "250")
            expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), code, end)
            smtp.say("RSET")
        # Postfix calls an unknown address an IPv4 address, libmilter hangs
        # up on it, and tempfail does the rest.
        become(smtp, "[UNAVAILABLE]")
        expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "451")


SMUGGLED = """\
X-Play-Id: outer\r
Subject: x\r
\r
hello
.\r
MAIL FROM:<{sender}>\r
RCPT TO:<{outside}>\r
RCPT TO:<{inside}>\r
DATA\r
X-Play-Id: inner\r
{stamp}SCL: -1\r
Subject: x\r
\r
hello\r
.\r
"""


def smuggled(forbidden):
    """O1: a second message behind a bare newline. As shipped the MTA takes
    neither; where it is told to, the second one is judged as any other."""
    def test(place):
        place.up("policy", policy(RELAY_HOST),
                 more="" if forbidden else "smtpd_forbid_bare_newline = no\n"
                 "smtpd_forbid_unauth_pipelining = no\n")
        text = SMUGGLED.format(sender=INSIDE, outside=OUTSIDE, inside=INSIDE,
                               stamp=STAMP)
        with place.client("policy", STRANGER) as smtp:
            smtp.say("EHLO stranger.example")
            expect(smtp.say("MAIL FROM:<u@example.net>"), "250")
            expect(smtp.say(f"RCPT TO:<{INSIDE}>"), "250")
            expect(smtp.say("DATA"), "354")
            smtp.send(text.encode())
            if forbidden:
                assert smtp.reply()[:1] in "45"
            else:
                for code in ("250", "250", "550 5.7.1", "250", "354", "250"):
                    expect(smtp.reply(), code)
        if forbidden:
            assert not place.sink.recipients, place.sink.recipients
            return
        for name in ("outer", "inner"):
            got = stamps(place.delivered(name))
            assert got[f"{STAMP.lower()}scl"] == [], f"{name}: {dict(got)}"
            assert place.sink.recipients[name] == [f"<{INSIDE}>"]
    return test


def chunks(place):
    """E40: BDAT is DATA by another name."""
    place.up("policy", policy(RELAY_HOST))
    text = (f"X-Play-Id: chunks\r\n{STAMP}SCL: -1\r\nSubject: x\r\n\r\n"
            "hello\r\n").encode()
    with place.client("policy", STRANGER) as smtp:
        smtp.say("EHLO stranger.example")
        expect(smtp.say(f"BDAT {len(text)} LAST\r\n{text.decode()}"), "5")
    with place.client("policy", STRANGER) as smtp:
        smtp.say("EHLO stranger.example")
        expect(smtp.say("MAIL FROM:<u@example.net>"), "250")
        expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "550 5.7.1", UNABLE)
        expect(smtp.say(f"RCPT TO:<{INSIDE}>"), "250")
        for part, last in ((text[:30], ""), (text[30:], " LAST")):
            smtp.send(f"BDAT {len(part)}{last}\r\n".encode() + part)
            expect(smtp.reply(), "250")
    got = stamps(place.delivered("chunks"))
    assert got[f"{STAMP.lower()}scl"] == [], dict(got)
    assert place.sink.recipients["chunks"] == [f"<{INSIDE}>"]


def many_recipients(wiring):
    """E37, R18: the thousandth recipient is judged as the first; and E38:
    those who were accepted, and nobody else, get the message."""
    def test(place):
        place.up(wiring, policy(loopback(wiring, RELAY_HOST)))
        ours = [f"u{n}@contoso.com" for n in range(999)]
        with place.client(wiring, loopback(wiring, STRANGER)) as smtp:
            smtp.say("EHLO stranger.example")
            expect(smtp.say("MAIL FROM:<u@example.net>"), "250")
            expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "550 5.7.1")
            for recipient in ours:
                expect(smtp.say(f"RCPT TO:<{recipient}>"), "250")
            expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "550 5.7.1")
            expect(smtp.say("DATA"), "354")
            smtp.send(b"X-Play-Id: many\r\nSubject: x\r\n\r\nx\r\n.\r\n")
            expect(smtp.reply(), "250")
        want = {f"<{recipient}>" for recipient in ours}
        mta.wait_for("all recipients", lambda: len(
            place.sink.recipients.get("many", ())) >= len(want), seconds=60)
        assert set(place.sink.recipients["many"]) == want
    return test


LATE = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers, ExchangeUsers]
"""


def late_login(place):
    """E39: a login counts from the next MAIL on, and is gone with the
    session; a second EHLO and RSET change nothing."""
    place.up("policy", LATE)
    login = base64.b64encode(b"\0chris\0secret").decode()
    for _ in range(2):
        with place.client("policy", STRANGER) as smtp:
            smtp.say("EHLO laptop.example")
            for code in ("550 5.7.1", "250"):
                for again in ("RSET", "EHLO laptop.example"):
                    expect(smtp.say(f"MAIL FROM:<{INSIDE}>"), "250")
                    expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), code)
                    expect(smtp.say(again), "250")
                if code != "250":
                    expect(smtp.say(f"AUTH PLAIN {login}"), "235")


def late_certificate(place):
    """E39: what was said before STARTTLS is forgotten, and a certificate
    counts from the next MAIL on."""
    folder = certificates.up(place, "policy")
    with place.client("policy", certificates.CLIENT) as smtp:
        smtp.say("EHLO client.example")
        expect(smtp.say("MAIL FROM:<a@partner.example>"), "530 5.7.0")
        expect(smtp.starttls(folder / "partner.pem"), "220")
        expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "503")
        smtp.say("EHLO client.example")
        expect(smtp.say("MAIL FROM:<a@partner.example>"), "250")
        expect(smtp.say(f"RCPT TO:<{OUTSIDE}>"), "250")


def submitted(place):
    """R19: mail of this host's own programs passes its non_smtpd_milters,
    cleaned and stamped, and is not refused."""
    place.up("policy", policy(RELAY_HOST), more="non_smtpd_milters = "
             "unix:connector-milter/milter.sock\n")
    done = subprocess.run(
        place.postfix.command("/usr/sbin/sendmail", "-f", INSIDE, "-t"),
        input=f"X-Play-Id: submitted\nTo: {OUTSIDE}\n{STAMP}SCL: -1\n"
        "Subject: x\n\nhello\n", text=True, timeout=30,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    got = stamps(place.delivered("submitted", seconds=90))
    assert got[f"{STAMP.lower()}scl"] == [], dict(got)
    assert got[f"{STAMP.lower()}authas"], dict(got)
    assert place.sink.recipients["submitted"] == [f"<{OUTSIDE}>"]


ATTACHED = f"""\
MIME-Version: 1.0
Content-Type: message/rfc822

{STAMP}SCL: -1
Received: from a by b
Subject: attached

hello
"""


def attached(wiring):
    """H9: the header of an attached message is body, and stays."""
    def test(place):
        place.up(wiring, policy(loopback(wiring, RELAY_HOST)))
        with place.client(wiring, loopback(wiring, STRANGER)) as smtp:
            expect(smtp.mail("u@example.net", [INSIDE],
                             f"X-Play-Id: attached\n{STAMP}SCL: -1\n"
                             + ATTACHED)[-1], "250")
        got = stamps(place.delivered("attached"))
        assert got[f"{STAMP.lower()}scl"] == [], dict(got)
        text = (place.sink.folder / "attached.eml").read_bytes()
        body = ATTACHED.split("\n\n", 1)[1].replace("\n", "\r\n").encode()
        assert text.split(b"\r\n\r\n", 1)[1] == body + b"\r\n", text
    return test


def long_names(wiring):
    """H6: a name goes whole, however long it is, or the message does not."""
    def test(place):
        place.up(wiring, policy(loopback(wiring, RELAY_HOST)))
        passed = 0
        for size in (100, 255, 256, 900, 998, 1900):
            name = STAMP + "a" * (size - len(STAMP))
            with place.client(wiring, loopback(wiring, STRANGER)) as smtp:
                answer = smtp.mail("u@example.net", [INSIDE],
                                   f"X-Play-Id: long-{size}\n{name}: x\n"
                                   f"{name}: y\nSubject: x\n\nhello\n")[-1]
            if answer.startswith("2"):
                got = stamps(place.delivered(f"long-{size}"))
                left = [n for n in got if n.endswith("aaaa")]
                assert not left, f"{size}: {left}"
                passed += 1
        return f"{passed} passed, cleaned", passed > 0
    return test


def tests():
    yield "incident: XCLIENT within a session", "policy", xclient
    yield "incident: smuggled message, as shipped", "policy", smuggled(True)
    yield "incident: smuggled message, let in", "policy", smuggled(False)
    yield "incident: BDAT", "policy", chunks
    yield "incident: late login", "policy", late_login
    yield "incident: late certificate", "policy", late_certificate
    yield "incident: local submission", "policy", submitted
    for wiring in ("policy", "sendmail"):
        yield (f"incident: a thousand recipients, {wiring}", wiring,
               many_recipients(wiring))
        yield f"incident: attached message, {wiring}", wiring, attached(wiring)
        yield f"incident: long names, {wiring}", wiring, long_names(wiring)
