# SPDX-License-Identifier: BSD-2-Clause
"""limits - what an MTA makes of the replies to limits.

A reply of class 4 or 5 is an MTA's to pass on, and 421 is one that it acts
on: it hangs up. Recordings cannot have two connections at a time, so they are
here too.
"""

import contextlib

import lab
import mta
from cases import INSIDE, expect, loopback

CLOSING = ("The maximum number of concurrent connections has exceeded a "
           "limit, closing transmission channel")
RATE = ("Message submission rate for this client has exceeded the "
        "configured limit")
SIZE = "Message size exceeds fixed maximum message size"
HEADER = "Header size exceeds fixed maximum size"
HOPS = "Hop count exceeded - possible mail loop"
TLS = "Must issue a STARTTLS command first"
DOMAIN = "HELO / EHLO requires domain address"
RECIPIENTS = "Too many recipients"

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
  - name: By source
    remote_ip_ranges: [192.168.5.0/24]
    permission_groups: [AnonymousUsers]
    max_inbound_connection_per_source: 1
  - name: In all
    remote_ip_ranges: [192.168.6.0/24]
    permission_groups: [AnonymousUsers]
    max_inbound_connection: 1
  - name: By rate
    remote_ip_ranges: [192.168.7.0/24]
    permission_groups: [AnonymousUsers]
    message_rate_limit: 1
  - name: By message
    remote_ip_ranges: [192.168.8.0/24]
    permission_groups: [AnonymousUsers]
    max_message_size: 64KB
    max_header_size: 4KB
    max_hop_count: 3
    max_recipients_per_message: 1
  - name: Encrypted
    remote_ip_ranges: [192.168.9.0/24]
    auth_mechanism: [Tls]
    permission_groups: [AnonymousUsers]
    require_tls: true
    require_ehlo_domain: true
"""


@contextlib.contextmanager
def connection(place, wiring, client):
    with place.client(wiring, loopback(wiring, client)) as smtp:
        smtp.say("EHLO client.example")
        yield smtp


def mail(smtp, parameters=""):
    return smtp.say(f"MAIL FROM:<u@example.net>{parameters}")


def hung_up(smtp):
    """After 421 the MTA answers nothing more."""
    try:
        answer = smtp.say("NOOP")
    except OSError:
        return
    raise AssertionError(f"still there after 421: {answer}")


def connections(wiring):
    """The second connection hears 421 at MAIL and is closed; the first goes
    on, others are not concerned, and a place that is left is free."""
    def test(place):
        place.up(wiring, loopback(wiring, POLICY))
        for client, neighbour, code in (
                ("192.168.5.1", "192.168.5.2", "250"),
                ("192.168.6.1", "192.168.6.2", "421 4.3.2")):
            with connection(place, wiring, client) as first:
                expect(mail(first), "250")
                with connection(place, wiring, client) as second:
                    expect(mail(second), "421 4.3.2", CLOSING)
                    hung_up(second)
                with connection(place, wiring, neighbour) as other:
                    expect(mail(other), code)
                expect(first.say(f"RCPT TO:<{INSIDE}>"), "250")

            def free(client=client):
                with connection(place, wiring, client) as again:
                    return mail(again).startswith("250")
            mta.wait_for("a free place", free)
    return test


def rate(wiring):
    """The second message of a minute hears 421 at MAIL, in the same and in
    another connection."""
    def test(place):
        place.up(wiring, loopback(wiring, POLICY))
        with connection(place, wiring, "192.168.7.1") as smtp:
            expect(smtp.mail("u@example.net", [INSIDE],
                             "Subject: x\n\nhello\n")[-1], "250")
            expect(mail(smtp), "421 4.4.2", RATE)
            hung_up(smtp)
        with connection(place, wiring, "192.168.7.1") as smtp:
            expect(mail(smtp), "421 4.4.2", RATE)
        with connection(place, wiring, "192.168.7.2") as smtp:
            expect(mail(smtp), "250")
    return test


def message(wiring):
    """Sizes, hops and recipients, and the session goes on after each."""
    def test(place):
        place.up(wiring, loopback(wiring, POLICY))
        line = "x" * 70 + "\n"
        with connection(place, wiring, "192.168.8.1") as smtp:
            expect(mail(smtp, " SIZE=65537"), "552 5.3.4", SIZE)
            expect(mail(smtp, " SIZE=65536"), "250")
            expect(smtp.say(f"RCPT TO:<{INSIDE}>"), "250")
            expect(smtp.say("RCPT TO:<anna@contoso.com>"), "452 4.5.3",
                   RECIPIENTS)
            smtp.say("RSET")
            for head, body, code, end in (
                    ("", line * 1000, "552 5.3.4", SIZE),
                    (f"X-Large: {(line + ' ') * 70}end\n", line,
                     "552 5.3.4", HEADER),
                    ("Received: from a by b\n" * 5, line, "554 5.4.14",
                     HOPS),
                    ("X-Play-Id: fits\nReceived: from a by b\n",
                     line * 800, "250", "")):
                answer = smtp.mail("u@example.net", [INSIDE],
                                   f"{head}Subject: x\n\n{body}")[-1]
                expect(answer, code, end)
        place.delivered("fits")
    return test


def greeting(wiring):
    """TLS and a domain in EHLO are asked for at MAIL."""
    def test(place):
        place.up(wiring, loopback(wiring, POLICY))
        with connection(place, wiring, "192.168.9.1") as smtp:
            expect(mail(smtp), "530 5.7.0", TLS)
        with place.client(wiring, loopback(wiring, "192.168.9.1")) as smtp:
            smtp.say("HELO [192.0.2.1]")
            expect(mail(smtp), "501 5.0.0", DOMAIN)
    return test


def tests():
    for wiring in lab.WIRINGS:
        yield f"limits: connections, {wiring}", wiring, connections(wiring)
        yield f"limits: rate, {wiring}", wiring, rate(wiring)
        yield f"limits: message, {wiring}", wiring, message(wiring)
        yield f"limits: greeting, {wiring}", wiring, greeting(wiring)
