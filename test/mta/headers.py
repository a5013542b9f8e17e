# SPDX-License-Identifier: BSD-2-Clause
"""headers - what is left of a header, on live MTAs.

Random headers, and messages that are signed by DKIM. What arrives without us
is what an MTA itself makes of a message; of that the fields must go that no
right lets in, what is left must be the same bytes in the same order, and our
stamps must be there, each once.
"""

import random
import re
import subprocess

import lab
import mta
from cases import INSIDE, STAMP, expect, loopback

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
ip_allow_list: [192.168.5.10]
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
  - name: No routing
    remote_ip_ranges: [192.168.5.30]
    permission_groups: [AnonymousUsers]
    extended_rights:
      - principal: anonymous
        deny: [ms-Exch-Accept-Headers-Routing]
  - name: Organization
    remote_ip_ranges: [192.168.5.40]
    permission_groups: [AnonymousUsers]
    extended_rights:
      - principal: anonymous
        allow: [ms-Exch-Accept-Headers-Organization]
"""

ANONYMOUS = ((f"{STAMP}AuthAs", "Anonymous"),
             (f"{STAMP}AuthSource", "mx1.contoso.com"))

# Client, the rights that matter, and what it gets.
CLIENTS = (
    ("192.168.6.12", {"routing"}, ANONYMOUS),
    ("192.168.5.10", {"routing"},
     (*ANONYMOUS, (f"{STAMP}SCL", "-1"),
      (f"{STAMP}Antispam-Report", "IPOnAllowList"))),
    ("192.168.5.30", set(), ANONYMOUS),
    ("192.168.5.40", {"routing", "organization"}, ANONYMOUS),
)

IDENTITY = {f"{STAMP}{word}".lower() for word in
            ("AuthAs", "AuthSource", "AuthMechanism", "AuthDomain")}

NAMES = (
    *(f"{STAMP}{word}" for word in ("SCL", "AuthAs", "AuthSource", "Custom",
                                    "AuthMechanism", "Antispam-Report")),
    "X-MS-Exchange-Organization", "X-MS-Exchange-Organisation-SCL",
    "X-MS-Exchange-Forest-RulesExecuted", "X-MS-Exchange-CrossTenant-Id",
    "Received", "Received-SPF", "Resent-Odd", "Resent", "X-Mailer",
    "Comments", "Keywords", "X", "DKIM-Signature",
)

VALUES = ("{n}", "  {n}", "{n}\n\tfolded", "{n}\n more\n  and more", "\n {n}",
          "{n}: more: colons", "{n};  \"quoted\" (comment)", "<{n}@x>, y")

MESSAGES = 10
BEGIN, BODY = "X-Begin: here\n", "\nhello\n\nend  \n"

# Without an MTA's own additions.
NEEDED = (f"From: <u@example.net>\nTo: <{INSIDE}>\nSubject: x\n"
          "Date: Sun, 22 Nov 2026 09:00:00 +0000\n"
          "Message-ID: <1@example.net>\n")

NO_FILTER = "define(`confINPUT_MAIL_FILTERS', `')\n"


def spell(numbers, name):
    name = numbers.choice((name, name.upper(), name.lower(), name.swapcase()))
    return name + numbers.choice(("", "", "", "", " ", "\t"))


def header(numbers):
    fields = [f"{spell(numbers, numbers.choice(NAMES))}:"
              f"{numbers.choice(('', ' '))}"
              f"{numbers.choice(VALUES).format(n=n)}\n"
              for n in range(numbers.randrange(60, 120))]
    fields.insert(numbers.randrange(len(fields)), NEEDED)
    return "".join(fields)


def fields_of(message):
    """The raw fields behind the one that begins ours, and the body."""
    head, body = message.split(b"\r\n\r\n", 1)
    fields = re.split(rb"\r\n(?![ \t])", head)
    begin = [i for i, f in enumerate(fields) if f == b"X-Begin: here"]
    assert len(begin) == 1, fields[:10]
    return fields[begin[0] + 1:], body


def survives(field, rights, stamps):
    name = field.split(b":", 1)[0].decode("latin-1").rstrip(" \t").lower()
    if name.startswith(STAMP.lower()):
        return ("organization" in rights and name not in IDENTITY and
                name not in {n.lower() for n, _ in stamps})
    if name.startswith("x-ms-exchange-forest-"):
        return False
    if name == "received" or name.startswith("resent-"):
        return "routing" in rights
    return True


def send(place, wiring, client, message, name, plain=False):
    """Sends it, with or without us; answers the raw message that came."""
    if plain and wiring != "sendmail":
        smtp = lab.smtp.Client(place.postfix.reinject)
    else:
        smtp = place.client(wiring, loopback(wiring, client))
    with smtp:
        expect(smtp.mail("u@example.net", [INSIDE],
                         f"X-Play-Id: {name}\n{message}")[-1], "250")
    place.delivered(name)
    return (place.sink.folder / f"{name}.eml").read_bytes()


def check(wiring, client, plain, ours):
    """How many fields went. Sendmail puts a stamp in the place of a field of
    that name which went."""
    _, rights, stamps = client
    sent, body = fields_of(plain)
    got, got_body = fields_of(ours)
    stamps = [f"{name}: {value}".encode() for name, value in stamps]
    assert got_body == body, (body, got_body)
    if wiring != "sendmail":
        assert got[-len(stamps):] == stamps, got
    assert sorted(f for f in got if f in stamps) == sorted(stamps), got
    got = [f for f in got if f not in stamps]
    want = [f for f in sent if survives(f, rights, client[2])]
    for a, b in zip(want, got):
        assert a == b, f"expected {a}, got {b}"
    assert len(want) == len(got), (want[len(got):], got[len(want):])
    return len(sent) - len(want)


def random_headers(wiring):
    def test(place):
        numbers = random.Random(20261122)
        messages = [BEGIN + header(numbers) + BODY for _ in range(MESSAGES)]
        policy = loopback(wiring, POLICY)
        place.up(wiring, policy,
                 more=NO_FILTER if wiring == "sendmail" else "")
        plain = [send(place, wiring, CLIENTS[0][0], text, f"plain-{i}", True)
                 for i, text in enumerate(messages)]
        if wiring == "sendmail":
            place.up(wiring, policy)
        stripped = 0
        for client in CLIENTS:
            for i, text in enumerate(messages):
                ours = send(place, wiring, client[0], text,
                            f"{client[0]}-{i}")
                stripped += check(wiring, client, plain[i], ours)
        assert stripped > 100, stripped
        return f"{len(CLIENTS) * MESSAGES} messages, {stripped} stripped", True
    return test


def dkim(verb, key, message):
    """By Debian's Python, which has the module."""
    done = subprocess.run(
        ["/usr/bin/python3", str(mta.TOP / "test/mta/signature.py"), verb,
         str(key)], input=message, timeout=60, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done


def signed(wiring):
    """A signature holds behind us, be it that foreign stamps went; and it
    does not where a signed field was changed."""
    def test(place):
        key = place.top / "dkim.pem"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"],
                       check=True, timeout=60, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        place.up(wiring, loopback(wiring, POLICY))
        text = (NEEDED + "MIME-Version: 1.0\nX-Folded: a\n\tb\n" +
                BODY).replace("\n", "\r\n").encode()
        message = dkim("sign", key, text).stdout.decode().replace("\r\n", "\n")
        assert message.startswith("DKIM-Signature:"), message
        spoofed = f"{STAMP}SCL: -1\n{STAMP.lower()}authas: Internal\n"
        for name, before in (("signed", ""), ("spoofed", spoofed)):
            for client in CLIENTS:
                ours = send(place, wiring, client[0], before + message,
                            f"{name}-{client[0]}")
                assert f"{STAMP}AuthAs: Anonymous".encode() in ours
                assert b"authas: Internal" not in ours
                assert dkim("verify", key, ours).returncode == 0, ours
        changed = ours.replace(b"Subject: x", b"Subject: y")
        assert dkim("verify", key, changed).returncode == 1
    return test


def tests():
    for wiring in ("policy", "sendmail"):
        yield f"random headers, {wiring}", wiring, random_headers(wiring)
        yield f"DKIM, {wiring}", wiring, signed(wiring)
