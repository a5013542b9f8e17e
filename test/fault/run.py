#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""run - what becomes of mail when something fails.

usage: run.py [--all] [--only WORD] BUILD

Does to a daemon what section 6 of doc/SECURITY lists as F1 to F43, and
asks all the while: who may not relay does not, the others are served or heard
no answer or 4xx, and when it is over all is as before. --all does more of it.
What a build cannot show is said, and counted neither way. Ends with "N
passed, N failed"; the exit status is 0 if all passed, 77 without root.
"""

import argparse
import contextlib
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

import milter
from daemon import (Daemon, OUTSIDE, POLICY, PRINTER, REFUSED, STRANGER,
                    USER, become_user)


NOT_ROOT = 77


class NotHere(Exception):
    """This build or machine cannot show it."""


def never_granted(answer):
    """What a stranger may hear of a foreign recipient: without memory
    libmilter forgets the words of a refusal."""
    assert answer in (REFUSED, "r", "t") or answer.startswith("4"), \
        f"a stranger: {answer}"


def sanitized(daemon):
    return b"__asan_init" in daemon.program.read_bytes() or \
        b"__tsan_init" in daemon.program.read_bytes()


# ---- Peers -----------------------------------------------------------------

def odd_packet(dice):
    """Not a macro packet with an odd number of texts: see odd_macros."""
    data = dice.randbytes(dice.choice((0, 1, 7, 60, 1000)))
    command = dice.choice("CHMRTLNBEAQUK~\0") if dice.random() < .8 else "O"
    size = dice.choice((len(data) + 1,) * 6 + (0, 1, 65536, 1 << 31,
                                               (1 << 32) - 1))
    return struct.pack("!I", size) + command.encode() + data


def odd_packets(daemon, more):
    """F1: malformed, too long, too short, in the wrong order."""
    dice = random.Random(1)
    daemon.start()
    sent, first = 0, 0
    while sent < (100000 if more else 2000):
        with milter.Milter(daemon.milter) as peer, \
                contextlib.suppress(milter.Closed, OSError):
            if dice.random() < .7:
                peer.begin(STRANGER)
            for _ in range(dice.randrange(1, 6)):
                sent += 1
                peer.sock.sendall(odd_packet(dice))
        if sent % 50 == 0:
            assert daemon.relays(STRANGER, OUTSIDE) == REFUSED
        if not first and sent > 500:
            first = daemon.state("VmRSS")
    daemon.right()
    grown = daemon.state("VmRSS") - first
    assert sanitized(daemon) or grown < 4096, f"{grown} KiB more"
    return f"{sent} packets, {grown} KiB more"


def odd_macros(daemon, more):
    """F1: macro packets with an odd number of texts, the one kind that
    libmilter does not always survive. Nobody is let through, and the next
    start serves."""
    dice = random.Random(3)
    daemon.start()
    ended = 0
    for _ in range(2000 if more else 50):
        said = ""
        with contextlib.suppress(milter.Closed, OSError), \
                daemon.session(STRANGER) as peer:
            for command in b"MR":
                texts = [dice.randbytes(dice.randrange(40)).replace(b"\0", b"")
                         for _ in range(dice.choice((1, 3, 5, 31)))]
                peer.send("D", bytes([command]) + b"\0".join(texts) + b"\0")
            said = peer.relay(OUTSIDE)
        assert said == "" or said[:1] in "45t", said
        if not said:
            time.sleep(0.05)
        if daemon.process.poll() is not None:
            ended += 1
            daemon.start()
    daemon.right()
    return f"ended the process {ended} times"


def stalled_peers(daemon, more):
    """F2, F3: hundreds begin a packet and say no more. libmilter lets one
    that comes in the same moment wait for the next event, so that an MTA may
    have to try again."""
    del more
    daemon.start()
    before = daemon.descriptors()
    peers = []
    try:
        for _ in range(500):
            peers.append(milter.Milter(daemon.milter))
            peers[-1].sock.sendall(b"\0\0")
        for _ in range(5):
            daemon.recovered()
    finally:
        for peer in peers:
            peer.sock.close()
    daemon.wait("closed them", lambda: daemon.descriptors() <= before)
    daemon.recovered()


def deaf_peers(daemon, more):
    """F4: they send on and never read an answer."""
    del more
    daemon.start()
    mail = struct.pack("!I", 19) + b"M<s@example.net>\0\0\0"
    peers = []
    for _ in range(8):
        peer = daemon.session(STRANGER)
        peers.append(peer)
        peer.sock.settimeout(0.2)
        with contextlib.suppress(OSError):
            peer.sock.sendall(mail * 20000)
    daemon.right()
    for peer in peers:
        peer.sock.close()
    daemon.right()


def many_sessions(daemon, more):
    """F5: thousands are open, and each is right."""
    count = 10000 if more else 1000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < count * 2:
        raise NotHere(f"{most} descriptors at most")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    daemon.start()
    size = daemon.state("VmRSS")
    peers = [daemon.session(PRINTER if i % 2 else STRANGER)
             for i in range(count)]
    for i, peer in enumerate(peers):
        said = peer.relay(OUTSIDE)
        assert said == ("c" if i % 2 else REFUSED), said
    each = (daemon.state("VmRSS") - size) / count
    threads = daemon.state("Threads")
    assert threads < 64, f"{threads} threads"
    for peer in peers:
        peer.sock.close()
    daemon.right()
    return f"{count} sessions, {each:.1f} KiB each, {threads} threads"


# ---- What a process is made of ---------------------------------------------

def no_descriptors(daemon, more):
    """F6: more connections than it may have descriptors."""
    del more

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    daemon.start(before=limit)
    peers = []
    for _ in range(120):
        peers.append(milter.Milter(daemon.milter, 0.3))
    for peer in peers[:100:10]:
        with contextlib.suppress(OSError, milter.Closed):
            never_granted(peer.begin(STRANGER).relay(OUTSIDE))
    for peer in peers:
        peer.sock.close()
    daemon.recovered()
    assert daemon.ask(verb="reload")["result"] == "good"


def no_threads(daemon, more):
    """F7: the kernel gives it hardly more threads than it starts with."""
    del more
    daemon.start()
    most = daemon.state("Threads") + 2
    daemon.end()
    daemon.start(before=lambda: resource.setrlimit(resource.RLIMIT_NPROC,
                                                   (most, most)))
    peers = [milter.Milter(daemon.milter, 0.3) for _ in range(12)]
    answers = 0
    for peer in peers:
        with contextlib.suppress(OSError, milter.Closed):
            never_granted(peer.begin(STRANGER).relay(OUTSIDE))
            answers += 1
    assert daemon.state("Threads") <= most
    for peer in peers:
        peer.sock.close()
    daemon.recovered()
    return f"{most} threads; {answers} of 12 were answered"


def no_memory(daemon, more):
    """F8: the kernel gives it no more memory; see also test_memory. The
    process may end by that, and is started again."""
    if sanitized(daemon):
        raise NotHere("a sanitizer does not live with that")
    daemon.start()
    most = (daemon.state("VmSize") << 10) + (1 << 20)
    daemon.end()
    daemon.start(before=lambda: resource.setrlimit(resource.RLIMIT_AS,
                                                   (most, most)))
    answers, peers = 0, []
    for i in range(400 if more else 100):
        with contextlib.suppress(OSError, milter.Closed):
            peers.append(daemon.session(STRANGER, 0.1))
            never_granted(peers[-1].relay(OUTSIDE))
            peers[-1].send("L", b"X-Large\0" + b"x" * 60000 + b"\0")
            answers += 1
        if i % 20 == 0:
            with contextlib.suppress(OSError, milter.Closed, ValueError):
                daemon.ask(verb="reload")
    for peer in peers:
        peer.sock.close()
    ended = daemon.process.poll()
    if ended is not None:
        daemon.start()
    daemon.recovered()
    return f"{answers} were answered; " + (
        "it went on" if ended is None else f"it ended with {ended}")


def stopped(daemon, more):
    """F12: no answer, and then the right one."""
    del more
    daemon.start()
    with daemon.session(STRANGER) as peer:
        daemon.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, daemon.process.pid, os.WSTOPPED)
        peer.sock.settimeout(0.5)
        try:
            raise AssertionError(f"answered {peer.relay(OUTSIDE)}")
        except TimeoutError:
            pass
        daemon.process.send_signal(signal.SIGCONT)
        peer.sock.settimeout(20)
        assert peer.packet()[0] == "c"
        assert peer.ask("R", b"<kate@fabrikam.com>\0") == REFUSED
    daemon.right()


def signals(daemon, more):
    """F9, F13: a thousand SIGUSR1, and signals that nobody should send."""
    del more
    daemon.start()
    with daemon.session(STRANGER) as stranger, \
            daemon.session(PRINTER) as printer:
        for i in range(1000):
            daemon.process.send_signal(signal.SIGUSR1)
            if i % 100 == 0:
                assert stranger.relay(OUTSIDE) == REFUSED
                assert printer.relay(OUTSIDE) == "c"
        for number in ("PIPE ALRM VTALRM PROF CHLD URG WINCH CONT USR2 IO "
                       "PWR XFSZ").split():
            daemon.process.send_signal(getattr(signal, f"SIG{number}"))
            time.sleep(0.01)
            assert daemon.process.poll() is None, number
            assert stranger.relay(OUTSIDE) == REFUSED, number
    daemon.right()
    daemon.end()


# ---- Files -----------------------------------------------------------------

def replace(path, make):
    """What is at the path becomes something else."""
    path.unlink()
    make(path)


def policy_files(daemon, more):
    """F15 to F18: what is there instead of the policy, or of a file of it,
    is refused, and what was there stays."""
    del more
    daemon.start()
    elsewhere = daemon.folder / "elsewhere"

    def huge(path):
        with open(path, "w") as file:
            file.truncate(1 << 30)

    def link(path):
        path.symlink_to(elsewhere)

    bad = {
        "empty": lambda p: p.write_text(""),
        "unreadable": lambda p: (p.write_text(POLICY), p.chmod(0)),
        "a stranger's": lambda p: (p.write_text(POLICY),
                                   os.chown(p, USER + 1, USER)),
        "writable by all": lambda p: (p.write_text(POLICY), p.chmod(0o666)),
        "a folder": lambda p: p.mkdir(),
        "a FIFO": os.mkfifo,
        "endless": lambda p: p.symlink_to("/dev/zero"),
        "a link to itself": lambda p: p.symlink_to(p),
        "a link to nothing": link,
        "huge": huge,
        "cut": lambda p: p.write_text(POLICY[:-60]),
        "gone": lambda p: None,
    }
    for what, make in bad.items():
        for path in (daemon.policy, daemon.hosts):
            if what in ("cut", "empty") and path == daemon.hosts:
                continue
            replace(path, make)
            answer = daemon.ask(verb="reload")
            assert answer["result"] == "bad", f"{what}: {answer}"
            assert answer["findings"], what
            daemon.right()
            daemon.restore()
    assert daemon.ask(verb="reload")["result"] == "good"
    return f"{len(bad) * 2 - 2} files"


def rename_loop(daemon, more):
    """F14: who reads while others rename gets the one or the other."""
    other = "# the other one\n" + POLICY
    daemon.start()
    ids = set()
    for text in (POLICY, other):
        daemon.write(daemon.policy, text)
        ids.add(daemon.ask(verb="reload")["new"])
    assert len(ids) == 2, ids
    done = threading.Event()

    def rename():
        while not done.is_set():
            for text in (POLICY, other):
                daemon.write(daemon.policy, text)

    renamer = threading.Thread(target=rename)
    renamer.start()
    seen = set()
    try:
        for i in range(20000):
            if i > (5000 if more else 200) and seen == ids:
                break
            answer = daemon.ask(verb="reload")
            assert answer["result"] == "good", answer
            seen.add(answer["new"])
    finally:
        done.set()
        renamer.join()
    daemon.restore()
    daemon.right()
    assert seen == ids, f"{seen}, not {ids}"


# ---- The log ---------------------------------------------------------------

def log_full(daemon, more):
    """F25: no room for a line."""
    del more
    with open("/dev/full", "w") as full:
        daemon.start(out=full)
    for _ in range(200):
        daemon.right()
    assert daemon.ask(verb="status")["log"]["dropped"] > 0
    daemon.end()


def log_blocked(daemon, more):
    """F26: nobody reads it. (A /dev/log that blocks: test_logging.)"""
    del more
    reader, writer = os.pipe()
    try:
        daemon.start(out=writer)
        start = time.monotonic()
        for _ in range(700):
            daemon.right()
        each = (time.monotonic() - start) / 2800
        assert daemon.ask(verb="status")["log"]["dropped"] > 0
        daemon.end()
    finally:
        os.close(reader)
        os.close(writer)
    return f"{each * 1000:.2f} ms a session"


def record_full(daemon, more):
    """F25: no room for recordings."""
    del more
    place = daemon.folder / "records"
    place.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o",
                        f"size=64k,mode=700,uid={USER}", "none", str(place)],
                       check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise NotHere(error.stderr.decode().strip()) from None
    try:
        daemon.start("--record", str(place))
        for _ in range(200):
            daemon.right()
        daemon.end()
        assert sum(f.stat().st_size for f in place.iterdir()) > 32768
    finally:
        daemon.kill()
        subprocess.run(["umount", str(place)], check=True)


def outputs_closed(daemon, more):
    """F27: its standard streams are closed, and no line of the log gets
    into what has their numbers then."""
    del more

    def close():
        for fd in range(3):
            os.close(fd)
    daemon.start("--log", "stderr", before=close)
    for _ in range(50):
        daemon.right()
    for fd in range(3):
        kind = os.readlink(f"/proc/{daemon.process.pid}/fd/{fd}")
        assert kind == "/dev/null", f"{fd} is {kind}"
    daemon.end()


# ---- The machine -----------------------------------------------------------

def port_taken(daemon, more):
    """F24: somebody has the port of the metrics. It does not start, rather
    than run unseen."""
    del more
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [str(daemon.program), *daemon.arguments(daemon.folder),
             "--metrics", f"127.0.0.1:{port}"], preexec_fn=become_user,
            capture_output=True, text=True, timeout=20)
    assert done.returncode == 1, done.stderr
    assert str(port) in done.stderr, done.stderr
    daemon.start("--metrics", f"127.0.0.1:{port}")
    daemon.right()


def empty_root(daemon, more):
    """F38: no /proc, no /dev, no /etc."""
    del more
    if sanitized(daemon):
        raise NotHere("a sanitizer needs /proc")
    said = subprocess.run(["ldd", str(daemon.program)], check=True,
                          capture_output=True, text=True).stdout
    files = [word for word in said.split() if word.startswith("/")]
    for path in [*files, str(daemon.program)]:
        place = daemon.folder / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(open(path, "rb").read())
        place.chmod(0o755)
    daemon.arguments = lambda folder: Daemon.arguments(daemon, "")
    daemon.start(before=lambda: os.chroot(daemon.folder))
    daemon.right()
    assert daemon.ask(verb="reload")["result"] == "good"
    daemon.end()


def starved(daemon, more):
    """F29: many want the processor that it has; it only takes longer."""
    del more
    cpu = {min(os.sched_getaffinity(0))}
    busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"],
                             preexec_fn=lambda: os.sched_setaffinity(0, cpu))
            for _ in range(8)]
    try:
        daemon.start(before=lambda: os.sched_setaffinity(0, cpu))
        daemon.right()
    finally:
        for process in busy:
            process.kill()
            process.wait()


def soak(daemon, more):
    """Minutes of everything that ends well: nothing grows."""
    if not more:
        raise NotHere("--all")
    daemon.start()
    dice, sessions, marks = random.Random(2), 0, []
    end = time.monotonic() + 240
    while time.monotonic() < end:
        client, want = dice.choice(((STRANGER, REFUSED), (PRINTER, "c")))
        with daemon.session(client) as peer:
            assert peer.relay(OUTSIDE) == want
            if want == "c" and dice.random() < .5:
                peer.send("L", b"Subject\0x\0")
        sessions += 1
        if sessions % 500 == 0:
            assert daemon.ask(verb="reload")["result"] == "good"
            daemon.right()
            marks.append((daemon.state("VmRSS"), daemon.descriptors(),
                          daemon.state("Threads")))
    early, late = marks[len(marks) // 4], marks[-1]
    assert late[0] < early[0] * 1.02 + 512, f"{early} then {late}"
    assert late[1] <= early[1] + 2 and late[2] <= early[2] + 2, marks
    return f"{sessions} sessions, {len(marks)} reloads, {early} then {late}"


TESTS = (odd_packets, odd_macros, stalled_peers, deaf_peers, many_sessions,
         no_descriptors, no_threads, no_memory, stopped, signals,
         policy_files, rename_loop, log_full, log_blocked, record_full,
         outputs_closed, port_taken, empty_root, starved, soak)


def run_one(test, build, more):
    """True, False, or None where nothing was shown."""
    start = time.monotonic()
    word, note, result = "ok", "", True
    try:
        with Daemon(build) as daemon:
            try:
                note = test(daemon, more) or ""
            except NotHere as why:
                word, note, result = "none", str(why), None
            except Exception:
                word, result = "FAILED", False
                note = f"\n{traceback.format_exc()}{daemon.said()}"
            if "Sanitizer" in daemon.said() and test is not odd_macros:
                word, note, result = "FAILED", daemon.said(), False
    except Exception:
        word, result, note = "FAILED", False, traceback.format_exc()
    seconds = time.monotonic() - start
    print(f"{word:6} {test.__name__} ({seconds:.1f} s) {note}", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    option = parser.parse_args()
    if os.geteuid() != 0:
        print("other users, limits and mounts need root", file=sys.stderr)
        return NOT_ROOT
    results = [run_one(test, option.build, option.all) for test in TESTS
               if option.only in test.__name__]
    passed, failed = results.count(True), results.count(False)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
