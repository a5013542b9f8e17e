#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""run - the tests on live MTAs.

usage: run.py [--all] [--only WORD] [--verbose] BUILD

Every folder of test/sessions is played through the three wirings; relay.py
runs the relay battery, incidents.py what befell others, kills.py what befalls
the daemon; cases.py, limits.py, certificates.py, doctor.py, headers.py,
reload.py and via.py add what recordings cannot say; --all does more of some.
One line a test, and the log of the failed ones. Ends with "N passed, N
failed"; the exit status is 0 if all passed, 1 if not, 2 if the lab could not
be set up. Needs root, for chroot.
"""

import argparse
import os
import re
import subprocess
import sys
import time
import traceback

import cases
import certificates
import doctor
import headers
import incidents
import kills
import lab
import limits
import mta
import mailboxes
import relay
import reload
import via

SESSIONS = mta.TOP / "test/sessions"


def play(place, wiring, folder, mapping):
    """Plays a folder; answers its closing line and the count of decisions.
    AssertionError on any difference."""
    files = sorted(str(f) for f in folder.glob("*.session"))
    command = [str(place.play), "--delivered", str(place.sink.folder)]
    if wiring == "sendmail":
        command += ["--smtp", f"127.0.0.1:{place.sendmail.port}", "--source"]
        command += mapping.options(folder)
    else:
        command += ["--smtp", f"127.0.0.1:{place.postfix.xclient}",
                    "--xclient"]
    if wiring != "policy":
        command += ["--mta-refuses"]
    done = subprocess.run(command + files, text=True, timeout=300,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines() or [""]
    found = re.fullmatch(r"(\d+) sessions?, (\d+) decisions?, (\d+) "
                         r"differences?, (\d+) not playable", lines[-1])
    assert found, f"no closing line (exit {done.returncode}):\n{done.stdout}"
    assert done.returncode == 0 and found[3] == "0", done.stdout
    return lines[-1], int(found[2])


def silent(place, wiring, folder, mapping):
    """With the daemon stopped no client of the recordings gets through."""
    place.filter.stop()
    clients = lab.clients_of(folder)
    assert clients, "no client to try"
    tried = 0
    for client in clients:
        if mapping:
            client = mapping.address(client)
            if not client.startswith("127."):
                continue
        cases.nobody_relays(place, wiring, client)
        tried += 1
    return f"{tried} clients"


def folder_tests(folder):
    """One test a wiring: the recordings, then the same without the filter.
    What no recording can show there is said, not passed; a folder whose
    mailboxes MTAs judge by themselves says so in its file not-on-mta."""
    reason = folder / "not-on-mta"

    def test(wiring):
        def run(place):
            if reason.exists():
                return reason.read_text().strip(), False
            try:
                mapping = place.up(wiring, folder)
            except lab.NoTable as why:
                return str(why), False
            closing, decisions = play(place, wiring, folder, mapping)
            note = silent(place, wiring, folder, mapping)
            return (f"{closing}; daemon stopped: {note}", decisions > 0)
        return run
    for wiring in lab.WIRINGS:
        yield f"sessions/{folder.name}, {wiring}", wiring, test(wiring)


def all_tests():
    for folder in sorted(p for p in SESSIONS.iterdir() if p.is_dir()):
        if any(folder.glob("*.session")):
            yield from folder_tests(folder)
    yield from cases.tests()
    yield from limits.tests()
    yield from certificates.tests()
    yield from doctor.tests()
    yield from incidents.tests()
    yield from headers.tests()
    yield from relay.tests()
    yield from mailboxes.tests()
    yield from reload.tests()
    yield from kills.tests()
    yield from via.tests()


def run_one(place, name, wiring, test, verbose):
    """True, False, or None where nothing could be played."""
    start = time.monotonic()
    note, shown = "", True
    try:
        answer = test(place)
        if isinstance(answer, tuple):
            note, shown = answer
        failed = None
    except Exception as error:
        failed = (f"{error}" if isinstance(error, AssertionError)
                  else traceback.format_exc())
    seconds = time.monotonic() - start
    word = "FAILED" if failed else "ok    " if shown else "none  "
    print(f"{word} {name} ({seconds:.1f} s) {note}", flush=True)
    if failed:
        print(re.sub("^", "    ", failed + "\n" + place.said(wiring),
                     flags=re.M), flush=True)
    elif verbose:
        print(place.said(wiring), flush=True)
    try:
        place.down()
    except Exception:
        print(traceback.format_exc(), flush=True)
        return False
    return None if not shown and not failed else not failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    option = parser.parse_args()
    if os.geteuid() != 0:
        print("the private MTAs need root, for chroot", file=sys.stderr)
        return 2
    lab.end_on_signals()
    try:
        place = lab.Lab(option.build)
    except Exception:
        traceback.print_exc()
        return 2
    results = []
    place.all = option.all
    with place:
        for name, wiring, test in all_tests():
            if option.only in name:
                results.append(run_one(place, name, wiring, test,
                                       option.verbose))
    if results.count(None):
        print(f"{results.count(None)} not playable on that wiring, "
              "counted neither way")
    passed, failed = results.count(True), results.count(False)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
