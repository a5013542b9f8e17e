# SPDX-License-Identifier: BSD-2-Clause
"""confined - connector-milter at work within what its unit allows.

usage: confined.py BUILD

systemd is not needed, only its list of groups of system calls. The unit is
read for what it allows, and the daemon is confined to that by the same means
of the kernel: no network, a file system that is read-only and from which
nothing runs but the unit's ExecPaths=, no capability, a filter of system
calls, of socket families and of memory that can be written and run. A call
that is refused ends the daemon, so that it cannot go unnoticed.

There it serves recorded sessions, the policy service and the control socket,
reloads, and ends.
Needs root and x86-64 or arm64. Exit status 0 if all of it went well.
"""

import os
import pathlib
import pwd
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

import seccomp

TOP = pathlib.Path(__file__).resolve().parents[2]
SESSIONS = TOP / "test/sessions/contract-example"
SECONDS = 20
PROT_WRITE, PROT_EXEC = 2, 4


def unit_read(path):
    """The settings of [Service]: every value of each, in their order."""
    text = path.read_text().replace("\\\n", " ")
    found = {}
    for line in re.sub(r"^#.*\n", "", text, flags=re.M).splitlines():
        key, sign, value = line.partition("=")
        if sign:
            found.setdefault(key, []).append(value.strip())
    return found


def calls_of(name, known={}):
    """The system calls of a name or of a @group."""
    if not name.startswith("@"):
        return {name}
    if name not in known:
        said = subprocess.run(["systemd-analyze", "syscall-filter", name],
                              stdout=subprocess.PIPE, text=True, check=True)
        names = [line.strip() for line in said.stdout.splitlines()[1:]]
        known[name] = set().union(*(calls_of(n) for n in names
                                    if n and not n.startswith("#")))
    return known[name]


def calls_allowed(lines):
    allowed = set(calls_of("@default"))
    for line in lines:
        drop = line.startswith("~")
        for name in line.lstrip("~").split():
            allowed = (allowed - calls_of(name) if drop
                       else allowed | calls_of(name))
    return allowed


def filter_make(unit, calls):
    made = seccomp.SyscallFilter(seccomp.KILL_PROCESS)
    families = unit["RestrictAddressFamilies"][-1].split()
    special = {"socket", "socketpair", "mmap", "mprotect"}
    for name in calls - special:
        try:
            made.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError, OSError):
            pass  # not a call of this machine
    for name in ("socket", "socketpair"):
        for family in families:
            made.add_rule(seccomp.ALLOW, name, seccomp.Arg(
                0, seccomp.EQ, getattr(socket, family)))
    both = PROT_WRITE | PROT_EXEC
    for value in (0, PROT_WRITE, PROT_EXEC):
        made.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(
            2, seccomp.MASKED_EQ, both, value))
    made.add_rule(seccomp.ALLOW, "mprotect", seccomp.Arg(
        2, seccomp.MASKED_EQ, PROT_EXEC, 0))
    return made


class Unit:
    """The settings, and the filter made of them."""

    def __init__(self, path):
        self.settings = unit_read(path)
        self.calls = calls_allowed(self.settings["SystemCallFilter"])
        self.filter = filter_make(self.settings, self.calls)


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)


def mounts_confine(unit, build, writable):
    """In a name space of our own. Nothing runs but what is in ExecPaths= and
    in the build, nothing is written but in one folder."""
    paths = " ".join(unit.settings["ExecPaths"]).split()
    folders = [p for p in (q.lstrip("-") for q in paths) if os.path.isdir(p)]
    mount("--make-rprivate", "/")
    for path in (build, writable, *folders):
        mount("--bind", path, path)
    mount("-o", "remount,bind,noexec,nosuid,nodev", writable)
    mount("-o", "remount,bind,ro,noexec,nosuid,nodev", "/")


def listener(path):
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    return made


def command_of(unit, program, policy, control):
    """ExecStart=, of this build, with this policy, and a log to be read."""
    words = shlex.split(unit.settings["ExecStart"][-1])
    return [str(program), *words[1:], "-p", str(policy), "--log", "stderr",
            "--control", f"unix:{control}"]


def confined(unit, sockets, log, words):
    """A child with the sockets at 3 and 4, and no way back."""
    child = os.fork()
    if child:
        return child
    try:
        user = pwd.getpwnam("nobody")
        held = [os.dup(s.fileno()) for s in sockets]
        held = [os.dup2(fd, 10 + i) for i, fd in enumerate(held)]
        for number, fd in enumerate(held):
            os.dup2(fd, 3 + number)
        os.dup2(log.fileno(), 2)
        os.closerange(5, 64)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        unit.filter.load()
        os.execv(words[0], words)
    except OSError as error:
        os.write(2, f"{words[0]}: {error}\n".encode())
    os._exit(99)


def status_within(child, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise RuntimeError("it does not end")


def said(log, text, seconds=SECONDS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if text in log.read_text():
            return
        time.sleep(0.02)
    raise RuntimeError(f"it does not say: {text}")


def ask(path, **attributes):
    request = "".join(f"{k}={v}\n" for k, v in attributes.items())
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS)
        client.connect(str(path))
        client.sendall(f"request=smtpd_access_policy\n{request}\n".encode())
        return client.recv(4096).decode().strip()


def serve(build, unit, place):
    sockets = [listener(place / n) for n in ("milter.sock", "policy.sock")]
    file = place / "log"
    user = pwd.getpwnam("nobody")
    (place / "own").mkdir()
    os.chown(place / "own", user.pw_uid, user.pw_gid)
    with file.open("w") as log:
        child = confined(unit, sockets, log, command_of(
            unit, build / "milter/connector-milter",
            SESSIONS / "policy.yaml", place / "own/control.sock"))
    for one in sockets:
        one.close()
    try:
        said(file, "message=ready")
        played = subprocess.run(
            [build / "test/play/play", "--milter",
             f"unix:{place}/milter.sock", *sorted(SESSIONS.glob("*.session"))],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=60)
        assert played.returncode == 0, played.stdout
        answer = ask(place / "policy.sock", protocol_state="RCPT",
                     client_address="192.168.6.12", server_address="10.1.1.1",
                     server_port="25", sender="a@contoso.com",
                     recipient="kate@fabrikam.com")
        assert answer.startswith("action=550 5.7.1"), answer
        reloaded = subprocess.run(
            [build / "ctl/connectorctl", "reload", "--control",
             place / "own/control.sock"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60)
        assert reloaded.returncode == 0, reloaded.stdout
        os.kill(child, signal.SIGTERM)
        status = status_within(child, SECONDS)
        assert status == 0, f"it ended with status {status:#x}"
    except BaseException:
        print(*file.read_text().splitlines()[-9:], sep="\n")
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        raise
    return played.stdout.splitlines()[-1]


def refused(unit, place):
    """The walls are there: a shell does not run."""
    with (place / "shell").open("w") as log:
        status = status_within(confined(
            unit, [], log, ["/bin/sh", "-c", "exit 0"]), SECONDS)
    assert os.waitstatus_to_exitcode(status) == 99, "a shell runs"
    assert "/bin/sh: [Errno 13]" in (place / "shell").read_text()


def inside(build, place):
    unit = Unit(build / "contrib/systemd/connector-milter.service")
    mounts_confine(unit, build, place)
    refused(unit, place)
    print(f"within {len(unit.calls)} system calls: "
          f"{serve(build, unit, place)}")


def main():
    paths = [pathlib.Path(p).resolve() for p in sys.argv[1:3]]
    if len(paths) == 2:
        inside(*paths)
        return 0
    with tempfile.TemporaryDirectory(prefix="confined-") as place:
        os.chmod(place, 0o755)
        return subprocess.run(
            ["unshare", "--mount", "--net", sys.executable, __file__,
             *map(str, paths), place], timeout=300).returncode


sys.exit(main())
