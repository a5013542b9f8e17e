# SPDX-License-Identifier: BSD-2-Clause
"""kills - the daemon is killed, hangs, or starts again, on live MTAs.

A session of a stranger and one of a host that may relay go on beside each
other, and at each stage of SMTP something happens to the daemon; and many
sessions send while it is killed again and again. Whatever happens, a stranger
hears no 250 for a foreign recipient; a message that heard 250 at its end
arrives once, stamped by us and without the stamp that its sender made; and no
other arrives.
"""

import collections
import itertools
import signal
import threading
import time

import lab
import mta
from cases import INSIDE, OUTSIDE, loopback, policy

PRINTER, STRANGER = "192.168.5.10", "192.168.6.12"
STAMP = "X-MS-Exchange-Organization-"
HOWS = ("killed", "started again", "hung")
STAGES = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "header", "dot",
          "next message")
SENDERS = 4
SECONDS = 240

# Who hangs is waited for as long as main.cf and sendmail.cf say.
IMPATIENT = """\
milter_connect_timeout = 1s
milter_command_timeout = 1s
milter_content_timeout = 1s
smtpd_policy_service_try_limit = 1
smtpd_policy_service_timeout = 1s
"""
PATIENCE, IMPATIENCE = "T=S:10s;R:30s;E:2m", "T=S:1s;R:1s;E:1s"


class Record:
    """What clients heard, of all messages."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.accepted = set()  # heard 250 at their end
        self.unknown = set()   # heard nothing there
        self.heard = collections.Counter()

    def message(self, smtp, stranger, stubborn):
        """One transaction; yields before each stage. stubborn: goes on
        after 4xx, where an MTA would try again in another session."""
        name = f"kill-{next(self.numbers)}"
        yield "MAIL"
        answer = smtp.say(f"MAIL FROM:<{INSIDE}>")
        if not stubborn and answer.startswith("4"):
            self.heard[answer[:3]] += 1
            raise ConnectionAbortedError(answer)
        yield "RCPT"
        answer = smtp.say(f"RCPT TO:<{OUTSIDE}>")
        self.heard[answer[:3]] += 1
        assert not (stranger and answer.startswith("2")), \
            f"a stranger heard {answer}"
        if stranger:
            smtp.say("RCPT TO:<anna@contoso.com>")
        yield "DATA"
        if not smtp.say("DATA").startswith("354"):
            return
        smtp.send(f"X-Play-Id: {name}\r\n{STAMP}SCL: -1\r\n".encode())
        yield "header"
        smtp.send(b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n")
        yield "dot"
        self.unknown.add(name)
        smtp.send(b".\r\n")
        answer = smtp.reply()
        self.unknown.discard(name)
        self.heard[answer[:3]] += 1
        if answer.startswith("2"):
            self.accepted.add(name)

    def session(self, place, wiring, client, messages=2, stubborn=True):
        """Yields before each stage; ends where one of both hangs up."""
        stranger = client == loopback(wiring, STRANGER)
        yield "connect"
        try:
            with place.client(wiring, client) as smtp:
                yield "EHLO"
                smtp.say("EHLO client.example")
                for i in range(messages):
                    if i:
                        yield "next message"
                        smtp.say("RSET")
                    yield from self.message(smtp, stranger, stubborn)
        except OSError:
            self.heard["hung up"] += 1

    def reconcile(self, place):
        """What arrived is what was accepted."""
        def there():
            return {p.stem for p in place.sink.folder.glob("*.eml")}
        mta.wait_for("all that was accepted",
                     lambda: self.accepted <= there(), seconds=60)
        time.sleep(0.3)
        more = there() - self.accepted - self.unknown
        assert not more, f"arrived, and was not accepted: {more}"
        assert place.sink.count == len(there()), "arrived twice"
        for name in there():
            head = place.delivered(name)
            names = [n[len(STAMP):] for n, _ in head if n.startswith(STAMP)]
            assert names.count("AuthAs") == 1, f"{name}: {head}"
            assert "SCL" not in names, f"{name}: the sender's own stamp"
        assert self.accepted, "nothing was accepted"


def happen(place, how):
    if how == "hung":
        place.filter.process.send_signal(signal.SIGSTOP)
    else:
        place.filter.stop(signal.SIGKILL)
    if how == "started again":
        place.filter.start()


def restore(place, how):
    if how == "hung":
        place.filter.process.send_signal(signal.SIGCONT)
    if how == "killed":
        place.filter.start()


def hurry(sendmail):
    """Its patience stands in the line of the filter."""
    file = sendmail.root / "etc/mail/sendmail.cf"
    text = file.read_text()
    assert PATIENCE in text
    sendmail.stop()
    file.write_text(text.replace(PATIENCE, IMPATIENCE))
    sendmail.run()


def setup(place, wiring):
    place.sink.count = 0
    if wiring != "sendmail":
        text = (mta.CONTRIB / "postfix" / lab.SNIPPET[wiring]).read_text()
        place.up(wiring, policy(PRINTER), more=IMPATIENT + text.replace(
            "timeout=10s", "timeout=1s"))
    else:
        place.up(wiring, loopback(wiring, policy(PRINTER)))
        hurry(place.sendmail)
    return [loopback(wiring, client) for client in (PRINTER, STRANGER)]


def stages(wiring, how):
    def test(place):
        clients = setup(place, wiring)
        record = Record()
        for stage in STAGES:
            done = False
            sessions = [record.session(place, wiring, c) for c in clients]
            for step in itertools.zip_longest(*sessions):
                if stage in step and not done:
                    happen(place, how)
                    done = True
            assert done, f"never came to {stage}"
            restore(place, how)
        record.reconcile(place)
        assert any(h[0] == "4" for h in record.heard), record.heard
        return f"{len(STAGES)} stages, {said(record)}", True
    return test


def said(record):
    heard = ", ".join(f"{count} × {code}" for code, count in
                      sorted(record.heard.items()))
    return f"{len(record.accepted)} accepted and arrived; heard {heard}"


def under_load(wiring):
    """Kills come after so many messages, not after so many seconds."""
    def test(place):
        clients = setup(place, wiring)
        messages, kills = (5000, 20) if place.all else (400, 8)
        record, failed = Record(), []
        end = time.monotonic() + SECONDS

        def send(client):
            try:
                while len(record.accepted) < messages:
                    assert time.monotonic() < end, "too slow"
                    for _ in record.session(place, wiring, client, 5, False):
                        pass
            except Exception as error:  # shown by the one who waits
                failed.append(error)

        senders = [threading.Thread(target=send, args=(clients[i % 2],))
                   for i in range(SENDERS)]
        for sender in senders:
            sender.start()
        for i in range(1, kills + 1):
            while (len(record.accepted) < messages * i / (kills + 1)
                   and any(s.is_alive() for s in senders)):
                time.sleep(0.002)
            happen(place, "started again")
        for sender in senders:
            sender.join()
        assert not failed, failed[0]
        record.reconcile(place)
        return f"{kills} kills, {said(record)}", True
    return test


def tests():
    for wiring in lab.WIRINGS:
        for how in HOWS:
            yield f"kills: {how}, {wiring}", wiring, stages(wiring, how)
        yield f"kills: under load, {wiring}", wiring, under_load(wiring)
