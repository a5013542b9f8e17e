# SPDX-License-Identifier: BSD-2-Clause
"""mailboxes - what live MTAs make of mailboxes, and of mail without SMTP.

Where the MTA delivers a mailbox of ours is its business; a bare postmaster
that it makes into a stranger's mailbox is not ours. A local submission is
what comes by no connection, and an SMTP client whose port is not known is
none.
"""

import subprocess

import mta
import smtp
from cases import expect, policy

STRANGER = "192.168.6.12"
INSIDE = "kate@contoso.com"
OUTSIDE = "kate@fabrikam.com"


def recipients(place, wiring, client, wanted):
    """RCPT of each mailbox, as a stranger: how the answer begins."""
    with place.client(wiring, client) as smtp_client:
        smtp_client.say("EHLO client.example")
        expect(smtp_client.say("MAIL FROM:<u@example.net>"), "250")
        for mailbox, code in wanted.items():
            answer = smtp_client.say(f"RCPT TO:<{mailbox}>")
            assert answer.startswith(code), f"{mailbox}: {answer}"


def virtual_postfix(place):
    """A virtual alias to a foreign mailbox turns nobody into a relay."""
    place.up("policy", policy("192.168.5.10"), more="virtual_alias_maps = "
             f"inline:{{ {{ info@contoso.com = {OUTSIDE} }} }}\n")
    recipients(place, "policy", STRANGER, {
        "info@contoso.com": "250", "first..last@contoso.com": "250",
        "id:123@contoso.com": "250", OUTSIDE: "550"})


def virtual_sendmail(place):
    """So does a virtual user of Sendmail."""
    place.sendmail.write("etc/mail/virtusertable", "")
    place.up("sendmail", policy("127.168.5.10"), more=(
        "FEATURE(`virtusertable', `hash /etc/mail/virtusertable')\n"
        "LOCAL_CONFIG\nCwcontoso.com\n"))
    place.sendmail.makemap(
        "virtusertable", f"info@contoso.com\t{OUTSIDE}\n")
    recipients(place, "sendmail", "127.168.6.12", {
        "info@contoso.com": "250", OUTSIDE: "550"})


def foreign_postmaster(place):
    """A bare postmaster that becomes a stranger's does not leave."""
    place.up("policy", policy("192.168.5.10"), more="myorigin = foreign.test\n")
    recipients(place, "policy", STRANGER, {"postmaster": "550"})
    place.up("policy", policy("192.168.5.10"))
    recipients(place, "policy", STRANGER, {"postmaster": "250"})


def u_labels(place):
    """Both forms of an accepted domain."""
    text = policy("192.168.5.10").replace(
        "[contoso.com]", "[contoso.com, bücher.contoso.com]")
    place.up("policy", text, more="relay_domains = contoso.com, "
             "xn--bcher-kva.contoso.com, bücher.contoso.com\n"
             "smtputf8_enable = yes\n")
    with place.client("policy", STRANGER) as client:
        client.say("EHLO client.example")
        expect(client.say("MAIL FROM:<u@example.net> SMTPUTF8"), "250")
        for domain in ("bücher.contoso.com", "xn--bcher-kva.contoso.com"):
            # A client says latin-1 of what it is given.
            mailbox = f"kate@{domain}".encode().decode("latin-1")
            expect(client.say(f"RCPT TO:<{mailbox}>"), "250")
        mailbox = "kate@bùcher.contoso.com".encode().decode("latin-1")
        expect(client.say(f"RCPT TO:<{mailbox}>"), "550")


def unknown_port(place):
    """A client on loopback whose port is not known came by SMTP."""
    place.up("policy", policy("192.168.5.10"))
    for port in ("[UNAVAILABLE]", "0"):
        with smtp.Client(place.postfix.xclient) as client:
            client.say("EHLO lab")
            expect(client.say(f"XCLIENT ADDR=127.0.0.1 LOGIN=kate PORT={port}"),
                   "220")
            client.say("EHLO client.example")
            client.say("MAIL FROM:<boss@contoso.com>")
            expect(client.say(f"RCPT TO:<{OUTSIDE}>"), "550 5.7.1")


def answer_of(process):
    """The code of a whole reply; "" where there is none."""
    for _ in range(100):
        line = process.stdout.readline()
        if line[3:4] != "-":
            return line[:3]
    return ""


def standard_input(place):
    """Sendmail's -bs is a local submission: cleaned, stamped, not refused."""
    place.up("sendmail", policy("127.168.5.10"))
    head = "X-Play-Id: stdin\r\nX-MS-Exchange-Organization-SCL: -1\r\n"
    commands = ("EHLO localhost", f"MAIL FROM:<{INSIDE}>",
                f"RCPT TO:<{OUTSIDE}>", "DATA",
                f"{head}Subject: x\r\n\r\nhello\r\n.", "QUIT")
    process = subprocess.Popen(
        place.sendmail.command("/usr/libexec/sendmail/sendmail", "-C",
                               "/etc/mail/sendmail.cf", "-bs", "-Am"),
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    codes = [answer_of(process)]
    for command in commands:
        process.stdin.write(command + "\r\n")
        process.stdin.flush()
        codes.append(answer_of(process))
    process.wait(60)
    assert codes == ["220", "250", "250", "250", "354", "250", "221"], codes
    got = dict(place.delivered("stdin"))
    assert "X-MS-Exchange-Organization-SCL" not in got, got
    assert "X-MS-Exchange-Organization-AuthSource" in got, got


def null_sender(place):
    """Postfix's own bounces pass its cleanup with an empty argument."""
    place.up("policy", policy("192.168.5.10"),
             more="non_smtpd_milters = "
             "unix:connector-milter/milter.sock\n"
             "smtpd_reject_unlisted_recipient = no\n"
             "internal_mail_filter_classes = bounce, notify\n"
             "transport_maps = inline:{ { fabrikam.com = error:no } "
             "{ contoso.com = relay:[127.0.0.1]:%d } }\n" % place.sink.port)
    with place.client("policy", "192.168.5.10") as client:
        expect(client.mail(INSIDE, [OUTSIDE], "Subject: x\n\nhello\n")[-1],
               "250")
    mta.wait_for("the bounce at the filter", lambda: "stage=mail argument=<> "
                 in place.filter.said_since(0))


def tests():
    yield "mailboxes: virtual alias", "policy", virtual_postfix
    yield "mailboxes: virtual user", "sendmail", virtual_sendmail
    yield "mailboxes: postmaster", "policy", foreign_postmaster
    yield "mailboxes: U-labels", "policy", u_labels
    yield "mailboxes: client port unknown", "policy", unknown_port
    yield "mailboxes: standard input", "sendmail", standard_input
    yield "mailboxes: bounces", "policy", null_sender
