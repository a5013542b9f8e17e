# SPDX-License-Identifier: BSD-2-Clause
"""certificates - STARTTLS and client certificates on live MTAs.

Whom a certificate makes a partner hangs on what an MTA says of it, and each
says it in its own macros; so real ones are shown, of a CA that the MTA trusts
and of one that it does not.
"""

import os
import subprocess

import image
import lab
from cases import INSIDE, OUTSIDE, expect, loopback, stamps

CLIENT = "192.168.5.10"
PARTNER = "mail.partner.example"

POLICY = """\
version: 1
server: mx1.contoso.com
accepted_domains: [contoso.com]
connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
  - name: Partners
    remote_ip_ranges: [192.168.5.0/24]
    auth_mechanism: [Tls]
    permission_groups: [AnonymousUsers, Partners]
    tls_domains: [mail.partner.example]
    require_tls: true
    extended_rights:
      - principal: partner
        allow: [ms-Exch-SMTP-Accept-Any-Recipient]
"""

POSTFIX = """\
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/tls/server.pem
smtpd_tls_key_file = /etc/tls/server.key
smtpd_tls_CAfile = /etc/tls/ca.pem
smtpd_tls_ask_ccert = yes
"""

SENDMAIL = """\
define(`confCACERT_PATH', `/etc/tls')
define(`confCACERT', `/etc/tls/ca.pem')
define(`confSERVER_CERT', `/etc/tls/server.pem')
define(`confSERVER_KEY', `/etc/tls/server.key')
"""


def make(folder, name, common_name, issuer=None):
    """A certificate and its key; without an issuer it signs itself."""
    signed = (["-CA", f"{folder}/{issuer}.pem",
               "-CAkey", f"{folder}/{issuer}.key"] if issuer else [])
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
         "-subj", f"/O=Lab/CN={common_name}", "-keyout",
         f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem", *signed],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, timeout=60)


def up(place, wiring):
    """Starts the MTA with TLS. Answers the folder of the certificates."""
    folder = place.mta(wiring).root / "etc/tls"
    if not folder.exists():
        folder.mkdir(mode=0o755)
        make(folder, "ca", "Lab CA")
        make(folder, "server", "mx1.contoso.com", "ca")
        make(folder, "partner", PARTNER, "ca")
        make(folder, "other", "mail.other.example", "ca")
        make(folder, "liar", PARTNER)
        if wiring == "sendmail":
            # It reads its key as the user that it runs as.
            os.chown(folder / "server.key", image.MTA_ID, image.MTA_ID)
    place.up(wiring, loopback(wiring, POLICY),
             more=SENDMAIL if wiring == "sendmail" else POSTFIX)
    return folder


def encrypted(place, wiring, folder, name):
    smtp = place.client(wiring, loopback(wiring, CLIENT))
    smtp.say("EHLO client.example")
    expect(smtp.starttls(folder / f"{name}.pem" if name else None), "220")
    return smtp


def send(smtp, play_id, helo="client.example"):
    return smtp.mail("a@partner.example", [INSIDE], f"X-Play-Id: {play_id}\n"
                     "Subject: x\n\nhello\n", helo)


def partners(wiring):
    """Who shows a certificate of a CA that is trusted is a partner, by the
    name on it; who shows another, or none, is nobody."""
    def test(place):
        folder = up(place, wiring)
        for name, who in (("partner", "Partner"), ("other", "Anonymous"),
                          ("liar", "Anonymous"), (None, "Anonymous")):
            play_id = f"certificate-{name}"
            with encrypted(place, wiring, folder, name) as smtp:
                expect(send(smtp, play_id)[-1], "250")
                smtp.say("MAIL FROM:<a@partner.example>")
                answer = smtp.say(f"RCPT TO:<{OUTSIDE}>")
                # Elsewhere a table of addresses has to agree, too.
                if who == "Partner" and wiring == "policy":
                    expect(answer, "250")
                else:
                    expect(answer, "550 5.7.1")
            got = stamps(place.delivered(play_id))
            head = "x-ms-exchange-organization-auth"
            assert got[f"{head}as"] == [who], f"{name}: {dict(got)}"
            assert got[f"{head}domain"] == (
                [PARTNER] if who == "Partner" else []), f"{name}: {dict(got)}"
        # A client that does not say EHLO again is the same partner.
        with encrypted(place, wiring, folder, "partner") as smtp:
            expect(send(smtp, "certificate-again", None)[-1], "250")
        got = stamps(place.delivered("certificate-again"))
        assert got["x-ms-exchange-organization-authas"] == ["Partner"], got
    return test


def required(wiring):
    """require_tls: no mail before STARTTLS, and mail after it."""
    def test(place):
        folder = up(place, wiring)
        with place.client(wiring, loopback(wiring, CLIENT)) as smtp:
            smtp.say("EHLO client.example")
            expect(smtp.say("MAIL FROM:<a@partner.example>"), "530 5.7.0",
                   "Must issue a STARTTLS command first")
            expect(smtp.starttls(), "220")
            expect(send(smtp, "required")[-1], "250")
        with encrypted(place, wiring, folder, None) as smtp:
            expect(send(smtp, "required-2")[-1], "250")
    return test


def tests():
    for wiring in lab.WIRINGS:
        yield f"certificates, {wiring}", wiring, partners(wiring)
        yield f"TLS required, {wiring}", wiring, required(wiring)
