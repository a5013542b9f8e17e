#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bare - the package on a bare Debian 12, beside Postfix, under systemd.

usage: bare.py DEB

Makes a Debian 12 in a folder of its own with debootstrap and this host's
apt sources, installs Postfix and the package there, boots it in name spaces
of its own (boot), and does what the README says: the lines in main.cf, a
policy, a reload. Then mail is sent as hosts that may relay and as others, the
service is killed, stopped, and given a broken policy, and the package is
purged. Needs root and Debian's archive. Prints a line for each case and ends
with "N passed, N failed"; exit status 0 if all passed.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "test/mta"))

import smtp  # noqa: E402

CGROUPS = [pathlib.Path("/sys/fs/cgroup") / n
           for n in ("systemd", "unified", "")]
RELAY, STRANGER = "192.168.5.10", "203.0.113.9"
OURS, FOREIGN = "kate@contoso.com", "kate@fabrikam.com"
UNITS = ("connector-milter.socket", "connector-milter.service")
POLICY = "etc/connector-milter/policy.yaml"
CHROOT = "var/spool/postfix/connector-milter"


def run(*words, seconds=300, check=True, **more):
    done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=seconds, **more)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stdout}")
    return done


def until(what, ready, seconds=30):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"not in {seconds} seconds: {what}")
        time.sleep(0.1)


def archive():
    """Where this host has its packages from."""
    said = run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)",
               "Created-By: Packages").stdout
    return next(line.split()[0] for line in said.splitlines()
                if line.endswith(" bookworm"))


class Bare:
    """A Debian in a folder, off or booted."""

    def __init__(self, root):
        self.root = root
        self.booted = None
        self.init = 0

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def make(self, deb):
        run("debootstrap", "--variant=minbase", "bookworm", self.root,
            archive(), seconds=900)
        shutil.copytree("/etc/apt/apt.conf.d",
                        self.root / "etc/apt/apt.conf.d", dirs_exist_ok=True)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", self.root / "etc")
        shutil.copy(deb, self.root / "root/package.deb")
        # No service starts where nothing is booted.
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n").chmod(0o755)
        self.write("root/install", "\n".join((
            "set -e",
            "mount -t proc proc /proc",
            "echo postfix postfix/main_mailer_type select Internet Site |"
            " debconf-set-selections",
            "echo postfix postfix/mailname string mx1.contoso.com |"
            " debconf-set-selections",
            "apt-get -q update",
            "apt-get -q -y install --no-install-recommends"
            " postfix /root/package.deb\n")))
        run("unshare", "--mount", "--pid", "--fork", "--kill-child",
            "chroot", self.root, "sh", "/root/install", seconds=600,
            env={"PATH": os.environ["PATH"],
                 "DEBIAN_FRONTEND": "noninteractive"})
        (self.root / "usr/sbin/policy-rc.d").unlink()
        # There is no console.
        (self.root / "etc/systemd/system/console-getty.service").symlink_to(
            "/dev/null")

    def groups(self):
        return [g / self.root.name for g in CGROUPS
                if (g / "cgroup.procs").exists()]

    def boot(self):
        def enter():
            for group in self.groups():
                group.mkdir()
                (group / "cgroup.procs").write_text(str(os.getpid()))
        self.booted = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts",
             "--cgroup", "--fork", "--kill-child",
             TOP / "test/package/boot", self.root],
            stdin=subprocess.DEVNULL, preexec_fn=enter)
        children = pathlib.Path(
            f"/proc/{self.booted.pid}/task/{self.booted.pid}/children")
        until("the first process", lambda: children.read_text().strip())
        self.init = int(children.read_text())
        until("systemd", lambda: self.run(
            "systemctl", "is-system-running", check=False).stdout.strip()
            in ("running", "degraded"))
        self.enter("--net", "ip", "link", "set", "lo", "up")

    def end(self):
        if not self.booted:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.init, signal.SIGKILL)
        self.booted.wait(30)
        for group in self.groups():
            for folder, _, _ in os.walk(group, topdown=False):
                until(f"{folder} is empty", lambda: not rmdir_fails(folder))

    def enter(self, *words, **more):
        """A program of this host, in some of its name spaces."""
        return run("nsenter", "-t", self.init, *words, **more)

    def run(self, *words, **more):
        return self.enter("--mount", "--pid", "--net", "--uts", "--ipc",
                          "--cgroup", "--root", "--wd", *words, seconds=60,
                          **more)

    def mail(self, client, recipient):
        """The reply to RCPT, or to what was refused before."""
        return self.enter("--net", sys.executable, __file__, "--mail",
                          client, recipient, seconds=60).stdout.strip()

    def expect(self, client, recipient, reply):
        got = self.mail(client, recipient)
        assert re.match(reply, got), f"{client} to {recipient}: {got}"


def rmdir_fails(folder):
    try:
        os.rmdir(folder)
    except OSError:
        return True
    return False


def mail(client, recipient):
    """Runs within the network of the Debian."""
    with smtp.Client(25, client=client) as session:
        for line in ("EHLO client.example", "MAIL FROM:<a@contoso.com>",
                     f"RCPT TO:<{recipient}>"):
            answer = session.say(line)
            if not answer.startswith("2"):
                break
    return answer


def installed(bare):
    """All is there, with its owners, and both units run."""
    def owner(path):
        return bare.run("stat", "-c", "%a %U %G", f"/{path}").stdout.strip()
    assert owner(CHROOT) == "750 root postfix", owner(CHROOT)
    for name in ("milter", "policy"):
        got = owner(f"{CHROOT}/{name}.sock")
        assert got == "660 root postfix", got
    assert owner(POLICY) == "644 root root", owner(POLICY)
    for unit in (*UNITS, "postfix@-.service"):
        bare.run("systemctl", "is-active", unit)


def sandboxed(bare):
    """The walls that the kernel tells of."""
    pid = bare.run("systemctl", "show", "-P", "MainPID",
                   UNITS[1]).stdout.strip()
    status = dict(line.split(":\t", 1) for line in bare.run(
        "cat", f"/proc/{pid}/status").stdout.splitlines())
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert "0" not in status["Uid"].split(), status["Uid"]
    places = [bare.run("readlink", f"/proc/{p}/ns/net").stdout
              for p in (pid, 1)]
    assert places[0] != places[1], "the network is the host's"
    mounts = bare.run("cat", f"/proc/{pid}/mountinfo").stdout
    root = next(line.split() for line in mounts.splitlines()
                if line.split()[4] == "/")
    assert {"ro", "nosuid", "noexec"} <= set(root[5].split(",")), root


def readme(bare):
    """The README's lines: main.cf, the policy, the two reloads."""
    bare.run("postconf", "-X", "smtpd_relay_restrictions")
    bare.run("postconf", "-e", "relay_domains=contoso.com",
             "smtpd_authorized_xclient_hosts=127.0.0.1",
             "relay_transport=discard:", "default_transport=discard:")
    lines = re.search(r"^    cat (?:.*\\\n)*.*main\.cf$",
                      (TOP / "README").read_text(), re.MULTILINE).group()
    bare.run("sh", "-c", lines)
    path = bare.root / POLICY
    # The domains are comments there, the relay connector is not enabled.
    text = path.read_text().replace(
        "#  - fabrikam.com", "  - mx1.contoso.com").replace(
        "#  - contoso.com", "  - contoso.com").replace(
        "    enabled: false\n", "")
    path.write_text(text)
    bare.run("connectorctl", "check", "--strict")
    bare.run("systemctl", "reload", "connector-milter")
    bare.run("postfix", "reload")
    until("the new policy", lambda: bare.mail(RELAY, FOREIGN)[:3] == "250")
    served(bare)


def served(bare):
    """Who may relay relays, and nobody else."""
    bare.expect(RELAY, FOREIGN, "250 ")
    bare.expect(STRANGER, FOREIGN, "550 5.7.1 .*Unable to relay$")
    bare.expect(STRANGER, OURS, "250 ")


def doctor(bare):
    """The README's lines leave nothing open."""
    done = bare.run("connectorctl", "doctor", check=False)
    assert done.returncode == 0, done.stdout


def killed(bare):
    """A service that dies is started again, and mail waits for it."""
    for _ in range(3):
        bare.run("systemctl", "kill", "--signal=KILL", UNITS[1])
        served(bare)


def broken(bare):
    """A bad policy: the old one stays, a start takes the last good one, and
    fails where there is none; then nobody relays."""
    path = bare.root / POLICY
    good = path.read_text()
    path.write_text(good.replace("principal: anonymous", "principal: anybody"))
    done = bare.run("systemctl", "reload", "connector-milter", check=False)
    assert done.returncode, "it says that it reloaded a bad policy"
    served(bare)
    bare.run("systemctl", "restart", "connector-milter")
    served(bare)
    done = bare.run("connectorctl", "status", check=False)
    assert done.returncode == 1 and "LAST GOOD" in done.stdout, done.stdout
    bare.run("systemctl", "stop", "connector-milter")
    for kept in (bare.root / "var/lib/connector-milter").iterdir():
        kept.unlink()
    done = bare.run("systemctl", "restart", "connector-milter", check=False)
    assert done.returncode, "it started with a bad policy"
    assert bare.mail(RELAY, FOREIGN)[:1] == "4", "a bad policy relays"
    path.write_text(good)
    bare.run("systemctl", "restart", "connector-milter")
    served(bare)


def stopped(bare):
    """Without it nobody relays, and nobody is refused for good."""
    bare.run("systemctl", "stop", *UNITS)
    for client in (RELAY, STRANGER):
        assert bare.mail(client, FOREIGN)[:1] == "4", client
    bare.run("systemctl", "start", "connector-milter")
    served(bare)


def beside_sendmail(bare):
    """The drop-ins for Sendmail: its socket, and no policy service."""
    bare.run("groupadd", "--system", "smmta")
    bare.run("systemctl", "stop", *UNITS)
    drop_ins = []
    for unit in UNITS:
        kind = unit.rpartition(".")[2]
        drop_ins.append(bare.write(
            f"etc/systemd/system/{unit}.d/sendmail.conf",
            (TOP / f"contrib/sendmail/connector-milter.{kind}.conf")
            .read_text()))
    bare.run("systemctl", "daemon-reload")
    bare.run("systemctl", "start", UNITS[1])
    got = bare.run("stat", "-c", "%F %a %U %G",
                   "/run/connector-milter/milter.sock").stdout.strip()
    assert got == "socket 660 root smmta", got
    left = bare.run("ls", f"/{CHROOT}").stdout
    assert not left, left
    bare.run("connectorctl", "status")
    bare.run("systemctl", "stop", *UNITS)
    for drop_in in drop_ins:
        shutil.rmtree(drop_in.parent)
    bare.run("systemctl", "daemon-reload")
    bare.run("systemctl", "start", UNITS[1])
    served(bare)


def purged(bare):
    """Nothing stays but the user."""
    bare.run("dpkg", "--purge", "connector-milter")
    left = bare.run("find", "/etc", "/usr", "/var", "/run", "-xdev", "-name",
                    "*connector*milter*", "-not", "-path", "/var/log/*",
                    "-not", "-path", "/var/cache/*").stdout
    assert not left, left


def postfix_later(bare):
    """Installed first, it waits; Postfix that comes later starts it."""
    bare.run("dpkg", "--purge", "postfix")
    bare.run("delgroup", "postfix", check=False)
    bare.run("dpkg", "--install", "/root/package.deb")
    done = bare.run("systemctl", "is-active", UNITS[1], check=False)
    assert done.returncode, "it runs without Postfix"
    deb = next((bare.root / "var/cache/apt/archives").glob("postfix_*.deb"))
    bare.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install",
             f"/var/cache/apt/archives/{deb.name}")
    installed(bare)


CASES = (installed, sandboxed, readme, doctor, killed, broken, stopped,
         beside_sendmail, purged, postfix_later)


def main(deb):
    failed = 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="bare-", dir="/var/tmp") as folder:
        bare = Bare(pathlib.Path(folder))
        os.chmod(folder, 0o755)
        bare.make(deb)
        try:
            bare.boot()
            for case in CASES:
                try:
                    case(bare)
                    print(f"ok     {case.__name__}: {case.__doc__}")
                except (AssertionError, RuntimeError,
                        subprocess.TimeoutExpired) as error:
                    failed += 1
                    print(f"FAILED {case.__name__}: {error}")
                    print(bare.run("journalctl", "--no-pager", "-n", "15",
                                   check=False).stdout)
        finally:
            bare.end()
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    if sys.argv[1] == "--mail":
        print(mail(*sys.argv[2:]))
    else:
        sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
