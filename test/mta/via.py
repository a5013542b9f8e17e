# SPDX-License-Identifier: BSD-2-Clause
"""via - connectorctl replay --via, through the private Postfix.

Recordings give there what they give in process; nothing is delivered but by
--deliver; and who may not say XCLIENT is told so.
"""

import json
import subprocess
import time

import mta

SESSIONS = mta.TOP / "test/sessions"


def replay(place, port, *arguments):
    """The exit status, the JSON and what was said of a replay."""
    done = subprocess.run(
        [str(place.ctl), "replay", "--format", "json",
         "--via", f"127.0.0.1:{port}", *map(str, arguments)],
        text=True, timeout=120, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return (done.returncode, json.loads(done.stdout or "null"), done.stderr)


def recordings(folder):
    """Each verdict of a folder as it is recorded, and no message."""
    def test(place):
        place.up("policy", SESSIONS / folder)
        status, found, said = replay(place, place.postfix.xclient,
                                     SESSIONS / folder)
        assert found["differences"] == [], found
        assert found["decisions"] > 0, found
        unplayed = found.get("not_played", 0)
        assert status == (2 if unplayed else 0), (status, said)
        assert said.count(": not played: ") == unplayed, said
        assert not list(place.sink.folder.glob("*")), "something came"
        return (f"{found['sessions']} sessions, {found['decisions']} "
                f"decisions, {unplayed} not played"), True
    return test


def differs(place):
    """What the MTA says otherwise is a difference, at its line."""
    place.up("policy", SESSIONS / "contract-example")
    text = (SESSIONS / "contract-example/printer.session").read_text()
    file = place.top / "differs.session"
    file.write_text(text.replace("S: 250 2.1.5", "S: 550 5.7.1 Unable"))
    status, found, said = replay(place, place.postfix.xclient, file)
    assert status == 1, said
    difference, = found["differences"]
    assert difference["stage"] == "rcpt", difference
    assert difference["recorded"] == "550 5.7.1 Unable", difference
    assert difference["decided"].startswith("250 2.1.5"), difference
    lines = file.read_text().splitlines()
    assert lines[difference["line"] - 1] == "S: 550 5.7.1 Unable", difference


def delivers(place):
    """With --deliver a message comes, without the replay's RSET."""
    place.up("policy", SESSIONS / "contract-example")
    status, found, said = replay(
        place, place.postfix.xclient, "--deliver",
        SESSIONS / "contract-example/printer.session")
    assert status == 0 and found["differences"] == [], (found, said)
    mta.wait_for("the message",
                 lambda: list(place.sink.folder.glob("*.eml")), seconds=20)
    file, = place.sink.folder.glob("*.eml")
    assert b"Organization-SCL: -1" in file.read_bytes(), file.read_text()


def no_xclient(place):
    """Where XCLIENT is not offered only this host can be a client."""
    place.up("policy", SESSIONS / "contract-example")
    status, found, said = replay(
        place, place.postfix.plain,
        SESSIONS / "contract-example/printer.session")
    assert status == 2 and found["not_played"] == 1, found
    assert "smtpd_authorized_xclient_hosts" in said, said
    file = place.top / "real.session"
    file.write_text("connect 127.0.0.1\nC: EHLO client.example\nS: 250\n"
                    "C: MAIL FROM:<a@contoso.com>\nS: 250\n"
                    "C: RCPT TO:<kate@fabrikam.com>\nS: 250\n")
    status, found, said = replay(place, place.postfix.plain, file)
    assert status == 0 and found["decisions"] == 3, (found, said)


def gone(place):
    """A server that is not there is said, and soon."""
    place.down()
    start = time.monotonic()
    status, _, said = replay(place, place.postfix.plain,
                             SESSIONS / "contract-example")
    assert status == 2 and "Connection refused" in said, said
    assert time.monotonic() - start < 20


def tests():
    for folder in ("contract-example", "recipients", "right-any-sender",
                   "block-list", "auth"):
        yield f"replay --via: {folder}", "policy", recordings(folder)
    yield "replay --via: differs", "policy", differs
    yield "replay --via: delivers", "policy", delivers
    yield "replay --via: no XCLIENT", "policy", no_xclient
    yield "replay --via: no server", "policy", gone
