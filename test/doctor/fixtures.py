# SPDX-License-Identifier: BSD-2-Clause
"""fixtures - installations for doctor, good ones and broken ones, as data.

A base is one of the wirings of contrib/ on top of what Debian writes:

  policy    Postfix, policy delegation and milter
  cidr      Postfix, exported cidr table and milter
  sendmail  Sendmail, exported access map and milter

A case (cases/NAME) changes a base, a line each:

  base NAME              which one
  append FILE TEXT       a line more
  replace FILE OLD => NEW  the text stands there once
  create FILE TEXT       a new file
  remove FILE
  mode FILE OCTAL
  old FILE               its time is long ago
  close FILE             nobody listens at this socket any more
  options TEXT           of the command line
  default NAME VALUE     of another version of Postfix
  no-postconf            Postfix's programs are not there
  expect LINE            exactly these lines are printed, less the root
  near ID                the case nearly makes this finding, and does not
  exit N                 1, or 0 without expect

Files are below the root; backslash-n and backslash-t in texts are what they
are in C. policy.yaml is the policy. Both the tests that only read files and
those on live MTAs apply the same changes; on live MTAs the numbers of lines
are not compared.
"""

import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import sysconfig

HERE = pathlib.Path(__file__).resolve().parent
MULTIARCH = sysconfig.get_config_var("MULTIARCH")
CONTRIB = HERE.parents[1] / "contrib"
SOCKETS = {"policy": "var/spool/postfix/connector-milter",
           "cidr": "var/spool/postfix/connector-milter",
           "sendmail": "run/connector-milter"}


class Case:
    def __init__(self, path):
        self.name = path.name
        self.base, self.changes, self.expected = None, [], []
        self.near, self.defaults, self.postconf = [], [], True
        self.options, self.status = [], None
        for line in path.read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            word, _, rest = line.partition(" ")
            if word == "base":
                self.base = rest
            elif word == "expect":
                self.expected.append(rest)
            elif word == "near":
                self.near.append(rest)
            elif word == "default":
                self.defaults.append(rest.split(" ", 1))
            elif word == "no-postconf":
                self.postconf = False
            elif word == "exit":
                self.status = int(rest)
            elif word == "options":
                self.options += shlex.split(rest)
            else:
                self.changes.append((word, *rest.split(" ", 1)))
        if self.status is None:
            self.status = 1 if self.expected else 0
        assert self.base in SOCKETS, f"{path}: no base"
        assert not set(self.near) & set(map(id_of, self.expected)), path


def cases():
    return [Case(p) for p in sorted((HERE / "cases").iterdir())]


def text_of(word):
    return word.replace("\\n", "\n").replace("\\t", "\t")


def listen(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen(64)
    return sock


def apply(changes, root, sockets=None):
    """Makes the changes of a case to a tree."""
    for change in changes:
        word, name, text = (*change, "")[:3]
        path = pathlib.Path(root) / name
        if word == "append":
            path.write_text(path.read_text().rstrip("\n") + "\n" +
                            text_of(text) + "\n")
        elif word == "replace":
            old, new = (text_of(t) for t in text.split(" => ", 1))
            whole = path.read_text()
            assert whole.count(old) == 1, f"{name}: {old}: {whole.count(old)}"
            path.write_text(whole.replace(old, new))
        elif word == "create":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(text) + "\n")
        elif word == "remove":
            path.unlink()
        elif word == "mode":
            path.chmod(int(text, 8))
        elif word == "old":
            os.utime(path, (1, 1))
        elif word == "close":
            sockets.pop(name).close()
        else:
            raise ValueError(word)


def export(ctl, root, form):
    done = subprocess.run(
        [ctl, "export", form, "-p", root / "policy.yaml"], timeout=20,
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stdout
    return done.stdout


class Tree:
    """A base below a folder, with sockets that somebody listens at."""

    def __init__(self, ctl, base, root):
        self.root = root = pathlib.Path(root)
        self.account = (1, 1) if os.geteuid() == 0 else (os.getuid(),
                                                         os.getgid())
        self.sockets = {}
        self.copy("policy.yaml", "policy.yaml")
        self.write("etc/passwd", "root:x:0:0:::\n" + "".join(
            f"{u}:x:{self.account[0]}:{self.account[1]}:::\n"
            for u in ("postfix", "smmta")))
        self.write("etc/group", "root:x:0:\n")
        self.write("proc/net/route",
                   "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\t"
                   "Mask\tMTU\tWindow\tIRTT\n"
                   "eth0\t00000000\t0101010A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                   "eth0\t0001010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                   "br0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n")
        self.write("proc/net/fib_trie",
                   "Local:\n     |-- 10.1.1.25\n        /32 host LOCAL\n"
                   "     |-- 172.18.0.100\n        /32 host LOCAL\n")
        (root / "sys/class/net/br0/bridge").mkdir(parents=True)
        for name in ("milter", "policy"):
            if base != "sendmail" or name == "milter":
                self.listen(f"{SOCKETS[base]}/{name}.sock")
        (self.sendmail if base == "sendmail" else self.postfix)(ctl, base)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def copy(self, name, source):
        self.write(name, (HERE / "base" / source).read_text())

    def listen(self, name):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o750)
        self.sockets[name] = listen(path)
        path.chmod(0o660)
        if os.geteuid() == 0:
            os.chown(path, 65534, self.account[1])
            os.chown(path.parent, 65534, self.account[1])

    def postfix(self, ctl, base):
        snippet = CONTRIB / f"postfix/main.cf.{base}"
        self.copy("etc/postfix/main.cf", "main.cf")
        self.copy("etc/postfix/master.cf", "master.cf")
        for name, source in (("main.cf", snippet), ("master.cf", CONTRIB /
                                                    "postfix/master.cf.example")):
            with open(self.root / "etc/postfix" / name, "a") as file:
                file.write(source.read_text())
        self.write("etc/postfix/connector-milter.cidr",
                   export(ctl, self.root, "postfix-cidr"))

    def sendmail(self, ctl, base):
        self.copy("etc/mail/sendmail.cf", "sendmail.cf")
        (self.root / SOCKETS[base]).chmod(0o755)
        self.write("etc/mail/access", "To:contoso.com\tRELAY\n" +
                   export(ctl, self.root, "sendmail-access"))
        self.write("etc/mail/access.db", "")

    def close(self):
        for sock in self.sockets.values():
            sock.close()


FINDING = re.compile(r"^(?:(\S+?)(?::\d+)?(?::\d+)?: )?"
                     r"(?:error|warning|note): .* \[(D-[A-Z0-9-]+)\]$", re.M)


def id_of(line):
    return FINDING.match(line)[2]


def postfix_tools():
    """The folder of an unpacked Postfix; see test/mta/image.py."""
    sys.path.insert(0, str(HERE.parents[0] / "mta"))
    import image
    return image.postfix(HERE.parents[1] / "build/mta")


def wrappers(tools, folder, case=None):
    """A folder for PATH with postconf and postmap of an unpacked Postfix."""
    libraries = ":".join(f"{tools}/{f}" for f in (
        "usr/lib/postfix", "usr/lib", f"usr/lib/{MULTIARCH}",
        f"lib/{MULTIARCH}"))
    folder.mkdir()
    # postmap insists on accounts of Postfix, which the host may not have.
    (folder / "main.cf").write_text("mail_owner = daemon\n"
                                    "setgid_group = mail\n")
    for name in ("postconf", "postmap"):
        lines = [f"run() {{ LD_LIBRARY_PATH={libraries} "
                 f'{tools}/usr/sbin/{name} "$@"; }}']
        if case and not case.postconf:
            lines.append("exit 127")
        if name == "postmap":
            lines.append(f"shift 2; set -- -c {folder} \"$@\"")
        else:
            for key, value in case.defaults if case else ():
                lines.append(f'case "$*" in *"-dh {key}") '
                             f'echo "{value}"; exit;; esac')
                lines.append(f'grep -q "^{key} *=" "$2/main.cf" || case "$*" in '
                             '*-x) out=$(run "$@") || exit; '
                             "printf '%s\\n' \"$out\" | "
                             f'sed "s/^{key} = .*/{key} = {value}/"; exit;; '
                             "esac")
        path = folder / name
        path.write_text("\n".join(["#!/bin/sh", *lines, 'run "$@"', ""]))
        path.chmod(0o755)
    return folder


def run(ctl, root, policy, path, options=()):
    """Exit status, findings as lines without the root, and all output."""
    done = subprocess.run(
        [ctl, "doctor", "--root", root, "-p", policy, *options], timeout=120,
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"})
    said = done.stdout.replace(f"{root}/", "").replace(str(root), "")
    if not said.startswith("{"):
        return done.returncode, [m[0] for m in FINDING.finditer(said)], said
    found = []
    for f in json.loads(said)["findings"]:
        place = [str(f[k]) for k in ("file", "line", "column") if f[k]]
        found.append(": ".join([*([":".join(place)] if place else []),
                                f["severity"],
                                f"{f['message']} [{f['id']}]"]))
    return done.returncode, found, said


def agrees(found, expected):
    """The same findings in the same files; lines may differ."""
    def names(lines):
        return sorted((m[2], (m[1] or "").rpartition("/")[2])
                      for m in map(FINDING.match, lines))
    return names(found) == names(expected)
