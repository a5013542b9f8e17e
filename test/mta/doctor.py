# SPDX-License-Identifier: BSD-2-Clause
"""doctor - connectorctl doctor on live MTAs.

The wirings as they are documented are silent. Then one thing is broken at a
time, by the very change that a fixture of test/doctor makes to files: doctor
says so, and the break does what the finding says, or nobody should believe
it. Line numbers are those of the lab, and are not compared.
"""

import os
import subprocess
import sys
import time

import lab
import mta
from cases import INSIDE, OUTSIDE, expect, loopback, may_relay

sys.path.insert(0, str(mta.TOP / "test/doctor"))
import fixtures  # noqa: E402

LISTED, STRANGER, NEIGHBOUR = "192.168.5.10", "192.168.99.1", "192.168.6.12"


def examine(place, wiring, expected, status):
    """What doctor says of the running MTA."""
    tools = place.top / "tools"
    if not tools.is_dir():
        fixtures.wrappers(fixtures.postfix_tools(), tools)
    got, found, said = fixtures.run(str(place.ctl), place.mta(wiring).root,
                                    place.filter.file, tools)
    assert got == status and fixtures.agrees(found, expected), \
        f"exit {got}, expected {status} and {expected}:\n{said}"


def gets_in(place, wiring, client=STRANGER, port=None):
    """Whether a message to an accepted domain is taken. If not, it is
    refused for now."""
    with (lab.smtp.Client(port) if port else
          place.client(wiring, loopback(wiring, client))) as smtp:
        answers = smtp.mail("u@example.net", [INSIDE],
                            "Subject: x\n\nhello\n")
    taken = answers[-1].startswith("250")
    assert taken or any(a.startswith("4") for a in answers), answers
    return taken


def door(place, wiring):
    """Where the tests connect to."""
    it = place.mta(wiring)
    return it.port if wiring == "sendmail" else it.xclient


def breaks(place, wiring, change, ends=False):
    """Applies a change to the files of a running MTA, and starts it again;
    ends: which it does not survive."""
    it = place.mta(wiring)
    it.stop()
    # Its children hold the port until they have gone.
    mta.wait_for("the end", lambda: not mta.listening(door(place, wiring)))
    fixtures.apply(change, it.root)
    if wiring != "sendmail":
        main = it.root / "etc/postfix/main.cf"
        main.write_text(mta.last_words(main.read_text()))
    past = time.time() - 10
    for folder in ("etc/postfix", "etc/mail"):
        for path in (it.root / folder).glob("*.c*f"):
            os.utime(path, (past, past))
    try:
        it.run()
    except RuntimeError:
        if not ends:
            raise


# ---- What each break does ------------------------------------------------

def same(place, wiring):
    """Nothing to see from outside."""


def bypass(place, wiring):
    """Mail gets in without the filter, which is down."""
    place.filter.stop()
    assert not gets_in(place, wiring)
    assert gets_in(place, wiring, NEIGHBOUR)


def unfiltered(place, wiring):
    place.filter.stop()
    assert not gets_in(place, wiring)
    assert gets_in(place, wiring, port=10025)


def fail_open(place, wiring):
    place.filter.stop()
    assert gets_in(place, wiring)


def locked_out(place, wiring):
    assert not gets_in(place, wiring)


def does_not_start(place, wiring):
    assert not mta.listening(door(place, wiring))


def mynetworks(place, wiring):
    """Where the filter does not see them, they relay."""
    assert not may_relay(place, wiring, NEIGHBOUR)
    breaks(place, wiring, [("append", "etc/postfix/main.cf",
                            "smtpd_milters =")])
    assert may_relay(place, wiring, NEIGHBOUR)
    assert not may_relay(place, wiring, "10.9.9.9")


def policy_open(place, wiring):
    place.filter.stop()
    breaks(place, wiring, [("append", "etc/postfix/main.cf",
                            "smtpd_milters =")])
    assert may_relay(place, wiring, NEIGHBOUR)


def no_grant(place, wiring):
    assert not may_relay(place, wiring, LISTED)


def table_narrower(place, wiring):
    assert may_relay(place, wiring, LISTED)
    assert not may_relay(place, wiring, "192.168.7.25")


def smuggling(place, wiring):
    """One message of the client's becomes two, where nothing else stands in
    the way."""
    breaks(place, wiring, [("append", "etc/postfix/main.cf",
                            "smtpd_forbid_unauth_pipelining = no")])
    hidden = (f"MAIL FROM:<admin@contoso.com>\r\nRCPT TO:<{INSIDE}>\r\n"
              "DATA\r\nX-Play-Id: smuggled\r\nSubject: y\r\n\r\nhello")
    with place.client(wiring, STRANGER) as smtp:
        smtp.say("EHLO client.example")
        expect(smtp.say("MAIL FROM:<u@example.net>"), "250")
        expect(smtp.say(f"RCPT TO:<{INSIDE}>"), "250")
        expect(smtp.say("DATA"), "354")
        smtp.send(f"Subject: x\r\n\r\nhello\n.\n{hidden}\r\n.\r\n".encode())
        for _ in range(5):
            smtp.reply()
    place.delivered("smuggled")


EFFECTS = {
    "milter-maps": bypass, "no-filter-service": unfiltered,
    "fail-open": fail_open, "fail-open-sendmail": fail_open,
    "mynetworks": mynetworks, "policy-open": policy_open,
    "no-grant": no_grant, "table-narrower": table_narrower,
    "socket-missing": locked_out, "socket-denied": locked_out,
    "socket-denied-folder": locked_out, "socket-unsafe": does_not_start,
    "bare-newline": smuggling, "good-policy": same, "good-cidr": same,
    "good-sendmail": same, "non-smtpd": same, "table-wider": same,
    "domain-refused": same, "access-wider": same,
}


def case_test(case):
    def test(place):
        wiring, effect = case.base, EFFECTS[case.name]
        text = (fixtures.HERE / "base/policy.yaml").read_text()
        place.up(wiring, loopback(wiring, text))
        examine(place, wiring, [], 0)
        policy = [c for c in case.changes if c[1] == "policy.yaml"]
        others = [c for c in case.changes if c[1] != "policy.yaml"]
        fixtures.apply(policy, place.filter.file.parent)
        mode = place.mta(wiring).sockets.stat().st_mode
        try:
            if others:
                breaks(place, wiring, others, effect is does_not_start)
            examine(place, wiring, case.expected, case.status)
            effect(place, wiring)
        finally:
            place.mta(wiring).sockets.chmod(mode & 0o777)
    return test


def promiscuous(place):
    """The FEATURE that fixtures imitate leaves the line that is read, and
    relays for all once no filter is asked."""
    text = (fixtures.HERE / "base/policy.yaml").read_text()
    place.up("sendmail", loopback("sendmail", text))
    it = place.sendmail
    it.stop()
    source = (it.root / "etc/mail/lab.mc").read_text()
    it.write("etc/mail/lab.mc", source.replace(
        "MAILER(`local')", "FEATURE(`promiscuous_relay')\nMAILER(`local')"))
    # m4 warns on standard error, at length.
    it.write("etc/mail/sendmail.cf", subprocess.run(
        [str(it.root / "usr/bin/m4"), str(it.root / "etc/mail/lab.mc")],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        timeout=60, check=True).stdout)
    it.run()
    examine(place, "sendmail",
            ["etc/mail/sendmail.cf: error: a feature [D-RELAY-FEATURE]"], 1)
    stranger = loopback("sendmail", STRANGER)
    assert not may_relay(place, "sendmail", stranger)
    breaks(place, "sendmail", [("replace", "etc/mail/sendmail.cf",
                                "O InputMailFilters=connector-milter => ")])
    assert may_relay(place, "sendmail", stranger)


def tests():
    found = {case.name: case for case in fixtures.cases()}
    for name in sorted(EFFECTS):
        yield f"doctor: {name}", found[name].base, case_test(found[name])
    yield "doctor: promiscuous_relay", "sendmail", promiscuous
