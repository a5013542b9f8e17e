# SPDX-License-Identifier: BSD-2-Clause
"""battery - what testers of open relays send, and what must be answered.

The forms are the files recipients, senders and own-senders beside this one.
What is wanted of each pair follows from their classes alone, by wanted()
below: it knows nothing of the engine.
"""

import collections
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent

NAMES = {
    "L": "contoso.com", "U": "CONTOSO.COM", "S": "mx1.contoso.com",
    "IP": "127.0.0.1", "R": "fabrikam.com", "R2": "example.net",
}
STRANGER, RELAY_HOST = "192.168.6.12", "192.168.5.10"
CLIENTS = {"stranger": STRANGER, "relay host": RELAY_HOST}

DENIED = """\
version: 1
server: mx1.contoso.com
mode: {mode}
accepted_domains: [contoso.com]
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
    extended_rights:
      - principal: anonymous
        deny: [ms-Exch-SMTP-Accept-Authoritative-Domain-Sender]
"""

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [{domains}]
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
  - name: Anonymous Relay
    remote_ip_ranges: [192.168.5.10]
    permission_groups: [AnonymousUsers]
    extended_rights:
      - principal: anonymous
        allow: [ms-Exch-SMTP-Accept-Any-Recipient]
"""

Form = collections.namedtuple("Form", "id cls by_mta argument")


def policy(host_is_ours):
    names = ["L", "S"] if host_is_ours else ["L"]
    return POLICY.format(domains=", ".join(NAMES[n] for n in names))


def argument(text):
    """The bytes of an argument."""
    text = re.sub(r"\{(\w+)\}", lambda m: NAMES[m[1]], text)
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]),
                  text.encode())


def forms(name, classes):
    found = []
    for number, line in enumerate((HERE / name).read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(None, 3)
        if len(words) != 4 or words[1] not in classes \
                or words[2] not in ("-", "mta", "own") \
                or words[0] in {f.id for f in found}:
            raise ValueError(f"{name}:{number}: {line}")
        found.append(Form(*words[:3], argument(words[3])))
    return found


def recipients():
    return forms("recipients", ("ours", "host", "foreign", "malformed"))


def senders():
    return forms("senders", ("any", "malformed"))


def own_senders():
    return forms("own-senders", ("own", "foreign", "malformed"))


def wanted(form, client, host_is_ours):
    """The class of the answer: 2, or 5. Only a relay host may send where we
    do not receive; nobody may send to what is no mailbox."""
    cls = form.cls
    if cls == "host":
        cls = "ours" if host_is_ours else "foreign"
    if cls == "malformed":
        return "5"
    if cls == "foreign" and client != "relay host":
        return "5"
    return "2"


class Score:
    """What was answered beside what was wanted. mta: an MTA answers, which
    may refuse by itself; alone: no milter sees what it takes for its own."""

    def __init__(self, host_is_ours, mta=False, alone=False):
        self.host_is_ours = host_is_ours
        self.mta = mta
        self.alone = alone
        self.count = collections.Counter()
        self.wrong = []

    def take(self, sender, recipient, client, answer):
        """recipient None: the answer is to MAIL. Answers whether it was
        accepted."""
        form = recipient or sender
        want = wanted(form, client, self.host_is_ours)
        by_mta = self.mta and form.by_mta != "-" and answer[:1] == "5" \
            or self.alone and form.by_mta == "own"
        self.count["verdicts"] += 1
        if answer[:1] == "5" and self.mta and \
                not answer.endswith("Unable to relay"):
            self.count["refused by the MTA"] += 1
        if answer[:1] != want and not by_mta:
            if answer[:1] == "2":
                self.count["open"] += 1
            self.wrong.append(
                f"{client}, {sender.id} {sender.argument!r}"
                + (f", {recipient.id} {recipient.argument!r}"
                   if recipient else "")
                + f": wanted {want}xx, got {answer}")
        return answer[:1] == "2"

    def closing(self):
        return (f"{self.count['verdicts']} verdicts, {len(self.wrong)} wrong, "
                f"{self.count['open']} open")
