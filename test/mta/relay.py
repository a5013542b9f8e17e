# SPDX-License-Identifier: BSD-2-Clause
"""relay - the relay battery of test/battery on live MTAs.

Every sender with every recipient, as a stranger and as a relay host, and once
more with the daemon stopped. What a stranger got accepted is sent, and at the
far end nothing may arrive for anybody else. Open is what was accepted and
must not have been.
"""

import pathlib
import re
import sys
import time

import cases
import mta

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] /
                       "battery"))
import battery  # noqa: E402  (beside the forms that it reads)

LOCAL = """\
relay_domains =
mydestination = contoso.com, mx1.contoso.com
"""
# Without the milter the subdomains of relay_domains are Postfix's to open. A
# service that is down would cost a second at each recipient.
ALONE = """\
smtpd_milters =
parent_domain_matches_subdomains =
smtpd_policy_service_try_limit = 1
"""

# Name, wiring, further lines for the MTA, whether its own name is ours,
# whether the milter is there.
SETUPS = (
    ("relay_domains", "policy", "", False, True),
    ("mydestination", "policy", LOCAL, True, True),
    ("policy service alone", "policy", ALONE, False, False),
    ("cidr table", "cidr", "", False, True),
    ("Sendmail", "sendmail", "", False, True),
)

SETTLED_SECONDS = 1.0


def said(smtp, command, form):
    return smtp.say(f"{command}:{form.argument.decode('latin-1')}")


def one_sender(place, wiring, address, client, sender, score):
    """All recipients in one transaction; answers the play id of a message
    that was sent to those who were accepted, or None."""
    with place.client(wiring, address) as smtp:
        smtp.say("EHLO client.example")
        if not score.take(sender, None, client, said(smtp, "MAIL FROM",
                                                     sender)) \
                or sender.cls == "malformed":
            return None
        accepted = 0
        for recipient in battery.recipients():
            accepted += score.take(sender, recipient, client,
                                   said(smtp, "RCPT TO", recipient))
        if client != "stranger" or not accepted:
            return None
        play_id = f"battery-{sender.id}"
        cases.expect(smtp.say("DATA"), "354")
        smtp.send(f"X-Play-Id: {play_id}\r\nSubject: x\r\n\r\nx\r\n.\r\n"
                  .encode())
        cases.expect(smtp.reply(), "250")
        return play_id


def arrived(place, sent):
    """All recipients at the far end, when no more come."""
    for play_id in sent:
        path = place.sink.folder / f"{play_id}.eml"
        mta.wait_for(f"delivery of {play_id}", path.exists)
    last, since = -1, time.monotonic()
    for _ in range(300):
        now = sum(len(r) for r in place.sink.recipients.values())
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - since > SETTLED_SECONDS:
            break
        time.sleep(0.05)
    return [r for play_id in sent for r in place.sink.recipients[play_id]]


OWN = re.compile(r"<[^@%!]+@(contoso\.com|mx1\.contoso\.com|"
                 r"\[127\.0\.0\.1\]|\[IPv6:::1\])>", re.I)


def stayed_home(place, sent):
    """What a stranger sent arrived for this host's own domains, name and
    addresses, and for nobody else."""
    found = arrived(place, sent)
    strange = {r for r in found if not OWN.match(r)}
    assert sent and found, "nothing arrived"
    assert not strange, f"arrived for {sorted(strange)}"
    return len(found)


def stopped(place, wiring, address, milter):
    """With the daemon stopped nobody is let through to what is foreign."""
    tried = 0
    for sender in battery.senders():
        with place.client(wiring, address) as smtp:
            smtp.say("EHLO client.example")
            answer = said(smtp, "MAIL FROM", sender)
            assert not (milter and answer.startswith("2")), answer
            if not answer.startswith("2"):
                tried += 1
                continue
            for form in battery.recipients():
                answer = said(smtp, "RCPT TO", form)
                tried += 1
                assert not answer.startswith("2") or form.cls == "ours" \
                    or form.by_mta == "own", \
                    f"{form.id} {form.argument!r}: {answer}"
    return tried


def battery_test(wiring, more, host_is_ours, milter):
    def test(place):
        score = battery.Score(host_is_ours, mta=True, alone=not milter)
        text = cases.loopback(wiring, battery.policy(host_is_ours))
        place.up(wiring, text, more)
        sent = []
        for client, address in battery.CLIENTS.items():
            address = cases.loopback(wiring, address)
            sent += [one_sender(place, wiring, address, client, sender, score)
                     for sender in battery.senders()]
        wrong = "\n".join(score.wrong[:30])
        assert not score.wrong, f"{score.closing()}\n{wrong}"
        found = stayed_home(place, [s for s in sent if s])
        place.filter.stop()
        tried = sum(stopped(place, wiring, cases.loopback(wiring, a), milter)
                    for a in battery.CLIENTS.values())
        by_mta = score.count["refused by the MTA"]
        return (f"{score.closing()} ({by_mta} refused by the MTA); "
                f"{found} recipients arrived; daemon stopped: {tried} tried, "
                "0 open", True)
    return test


def own_sender(place, wiring, form, down):
    """One of own-senders, with a message where it is accepted. Returns what
    is wrong with the answer, or the play id of the message, or None."""
    address = cases.loopback(wiring, battery.STRANGER)
    with place.client(wiring, address) as smtp:
        smtp.say("EHLO client.example")
        answer = said(smtp, "MAIL FROM", form)
        if down or form.cls != "foreign" or form.by_mta == "mta" \
                and answer.startswith("5") and "send as this" not in answer:
            wrong = answer.startswith("2")
        else:
            wrong = not answer.startswith("2")
        if wrong or not answer.startswith("2"):
            return f"{form.id} {form.argument!r}: {answer}" if wrong else None, \
                None
        answer = smtp.say("RCPT TO:<kate@contoso.com>")
        if not answer.startswith("2"):
            return None, None
        cases.expect(smtp.say("DATA"), "354")
        smtp.send(f"X-Play-Id: own-{form.id}\r\nSubject: x\r\n\r\nx\r\n.\r\n"
                  .encode())
        cases.expect(smtp.reply(), "250")
        return None, f"own-{form.id}"


OURS = re.compile(r"@(mx1\.)?contoso(\.com)?\.?>|^<[^@]+>", re.I)


def own_senders_test(wiring, more):
    """Where senders of our domains are denied no other spelling of one gets
    through, and nothing arrives that an MTA made into one."""
    def test(place):
        text = cases.loopback(wiring, battery.DENIED.format(mode="enforce"))
        place.up(wiring, text, more)
        forms = battery.own_senders()
        found = [own_sender(place, wiring, f, False) for f in forms]
        wrong = [w for w, _ in found if w]
        assert not wrong, "\n".join(wrong)
        sent = [play_id for _, play_id in found if play_id]
        arrived(place, sent)
        ours = [f"{p}: {place.sink.senders[p]}" for p in sent
                if OURS.search(place.sink.senders[p].split(" ")[0])]
        assert sent and not ours, f"arrived as ours: {ours}"
        place.filter.stop()
        wrong = [w for w, _ in (own_sender(place, wiring, f, True)
                                for f in forms) if w]
        assert not wrong, "daemon stopped: " + "\n".join(wrong)
        return f"{len(forms)} forms, {len(sent)} foreign ones arrived", True
    return test


def monitored_test(wiring):
    """Monitor mode lets senders pass, and nobody relays by it."""
    def test(place):
        text = cases.loopback(wiring, battery.DENIED.format(mode="monitor"))
        place.up(wiring, text)
        address = cases.loopback(wiring, battery.STRANGER)
        for form in battery.own_senders():
            with place.client(wiring, address) as smtp:
                smtp.say("EHLO client.example")
                answer = said(smtp, "MAIL FROM", form)
                assert form.cls != "malformed" or answer[0] == "5", \
                    f"{form.id}: {answer}"
                if answer[0] == "2":
                    cases.expect(smtp.say("RCPT TO:<u@fabrikam.com>"), "550")
        return "0 open", True
    return test


OWN_SETUPS = (
    ("Postfix", "policy", ""),
    ("Postfix with append_dot_mydomain", "policy",
     "append_dot_mydomain = yes\n"),
    ("Sendmail", "sendmail", ""),
)


def tests():
    for name, wiring, more in OWN_SETUPS:
        yield f"own senders: {name}", wiring, own_senders_test(wiring, more)
        if not more:
            yield (f"own senders, monitored: {name}", wiring,
                   monitored_test(wiring))
    for name, wiring, more, host_is_ours, milter in SETUPS:
        yield (f"battery: {name}", wiring,
               battery_test(wiring, more, host_is_ours, milter))
