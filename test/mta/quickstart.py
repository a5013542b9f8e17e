#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""quickstart - four clients and one policy, on a private Postfix.

usage: quickstart.py BUILD

The last step of contrib/quickstart: starts the daemon and a Postfix, wired
as contrib/postfix/main.cf.policy says, sends four messages, and shows what
was said and what was delivered. Exit status 0 if all went as announced.
"""

import json
import os
import subprocess
import sys
import textwrap
import traceback

import lab

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
ip_allow_list: [192.168.5.10]

connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]

  - name: Anonymous Relay
    remote_ip_ranges: [192.168.5.10-192.168.5.20]
    permission_groups: [AnonymousUsers]
    extended_rights:
      - principal: anonymous
        allow: [ms-Exch-SMTP-Accept-Any-Recipient]

  - name: Trusted applications
    remote_ip_ranges: [192.168.8.0/28]
    auth_mechanism: [ExternalAuthoritative]
    permission_groups: [ExchangeServers]
"""

SCL = "X-MS-Exchange-Organization-SCL"

CLIENTS = (
    ("relay", "A relay host", "192.168.5.11",
     "It may send to anybody, and is no more trusted for it.",
     "scanner@contoso.com", (), "250"),
    ("listed", "A relay host on the IP allow list", "192.168.5.10",
     "The SCL that it brings, in two spellings, is not the one that arrives.",
     "alerts@contoso.com",
     (f"{SCL}: 0", f"{SCL.lower()}: 0"), "250"),
    ("trusted", "A trusted application, externally secured", "192.168.8.5",
     "It counts as internal: it may send as anybody, to anybody.",
     "kate@contoso.com", (), "250"),
    ("stranger", "A stranger", "198.51.100.77",
     "It may write to contoso.com, and to nobody else.",
     "someone@example.net", (), "550 5.7.1"),
)


def connector(place, client):
    """The connector that wins, and where it is written."""
    done = subprocess.run(
        [str(place.ctl), "explain", "-p", "policy.yaml", "--format", "json",
         "--client", client], cwd=place.top / "policy", text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=20)
    answer = json.loads(done.stdout)
    return f"{answer['connector']} ({answer['range']})"


def show(place, number, client):
    """One client; whether all went as announced."""
    name, who, address, story, sender, spoofed, wanted = client
    print(f"\n{number}. {who}: {address}\n   {story}")
    print(f"   Connector: {connector(place, address)}\n")
    headers = (f"X-Play-Id: {name}", f"From: <{sender}>",
               "To: <kate@fabrikam.com>", "Subject: quickstart", *spoofed)
    with place.client("policy", address) as smtp:
        smtp.say(f"EHLO {name}.contoso.com")
        smtp.talk.clear()
        smtp.say(f"MAIL FROM:<{sender}>")
        got = smtp.say("RCPT TO:<kate@fabrikam.com>")
        if got.startswith("250"):
            smtp.say("DATA")
            smtp.talk.append(("; ".join(spoofed), None))
            smtp.send("\r\n".join((*headers, "", "Hello", ".", "")).encode())
            smtp.talk.append((".", smtp.reply()))
        for command, reply in smtp.talk:
            for line in filter(None, command.split("; ")):
                print(f"   C: {line}")
            if reply:
                print(f"   S: {reply}")
    if got.startswith("250"):
        print("\n   Delivered with:")
        for header, value in place.delivered(name):
            if header.lower().startswith("x-ms-exchange-"):
                print(f"     {header}:{value}")
    return got.startswith(wanted)


def main():
    if len(sys.argv) != 2 or os.geteuid() != 0:
        print("usage, as root: quickstart.py BUILD", file=sys.stderr)
        return 2
    print("Fetching a Postfix to try it on ... ", end="", flush=True)
    with lab.Lab(sys.argv[1]) as place:
        place.up("policy", POLICY)
        print(f"done\n\nThe policy:\n\n{textwrap.indent(POLICY, '    ')}")
        print("Four clients send a message to kate@fabrikam.com, through a "
              "private Postfix\non 127.0.0.1, with the lines of "
              "contrib/postfix/main.cf.policy.")
        good = [show(place, n, c) for n, c in enumerate(CLIENTS, 1)]
    print("""
Everything that was started is stopped and cleaned away. From here:
  README                    beside the Postfix or Sendmail that you have
  test/run                  the tests, on real MTAs
  build/quickstart/ctl/connectorctl explain --help    why, for any client""")
    if not all(good):
        print("\nquickstart: not what was announced; please report it",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    lab.end_on_signals()
    try:
        sys.exit(main())
    except Exception:
        traceback.print_exc()
        sys.exit(1)
