# SPDX-License-Identifier: BSD-2-Clause
"""mta - starts and stops a private Postfix and a private Sendmail.

Each runs chrooted into a copy of its image, listens on loopback only, asks
no DNS, and hands all mail to a sink. The lines that wire it to the filter
are those of contrib/, read from there: what is documented is what is tested.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import image
import sasl

TOP = pathlib.Path(__file__).resolve().parents[2]
CONTRIB = TOP / "contrib"
SOCKETS = "var/spool/postfix/connector-milter"
START_SECONDS = 20
STOP_SECONDS = 15


def free_port(address="127.0.0.1"):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, 0))
        return sock.getsockname()[1]


def wait_for(what, ready, process=None, seconds=START_SECONDS):
    """Until ready() is true; RuntimeError if it does not come true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process and process.poll() is not None:
            raise RuntimeError(f"{what}: ended with {process.returncode}")
        if ready():
            return
        time.sleep(0.01)
    raise RuntimeError(f"{what}: not within {seconds} seconds")


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def stop_group(process, first=signal.SIGTERM, nudge=lambda: None):
    """Ends a process that leads a group, and whatever it left behind."""
    if process.poll() is None:
        process.send_signal(first)
        end = time.monotonic() + STOP_SECONDS
        while process.poll() is None and time.monotonic() < end:
            nudge()
            time.sleep(0.01)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(STOP_SECONDS)


class SyslogFile:
    """/dev/log of a private root, written to a file."""

    def __init__(self, path, file):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        os.chmod(path, 0o666)
        self.file = open(file, "ab", buffering=0)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                line = self.sock.recv(8192)
            except OSError:
                return
            self.file.write(line.rstrip(b"\0\n") + b"\n")


class Mta:
    """What the two have in common."""

    name = None

    def __init__(self, cache, root, sink):
        self.root = pathlib.Path(root)
        self.sink = sink
        self.process = None
        self.log = self.root / "var/log/mail.log"
        self.output = self.root / "var/log/output"
        image.copy(getattr(image, self.name)(pathlib.Path(cache)), self.root)
        self.sockets = self.root / SOCKETS
        self.sockets.mkdir(parents=True, exist_ok=True)
        self.sockets.chmod(0o755)
        self.syslog = SyslogFile(self.root / "dev/log", self.log)

    def command(self, *words):
        return ["chroot", str(self.root), *map(str, words)]

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        # Postfix waits until a file that it reads is two seconds old.
        past = time.time() - 10
        os.utime(path, (past, past))

    def launch(self, *words):
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen(
                self.command(*words), stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, start_new_session=True, cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin", "LANG": "C"})

    def stop(self):
        if self.process:
            stop_group(self.process)
            self.process = None

    def said(self, count=30):
        text = b"".join(p.read_bytes() for p in (self.output, self.log)
                        if p.exists())
        return "\n".join(text.decode("latin-1").splitlines()[-count:])


POSTFIX_MAIN = """\
compatibility_level = 3.6
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
maillog_file = /var/log/mail.log
myhostname = mx1.contoso.com
inet_interfaces = loopback-only
mydestination = {local}
relay_domains = {relay}
relay_transport = relay
local_transport = smtp
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:{sink}
transport_maps = inline:{{ {{ * = :[127.0.0.1]:{sink} }} }}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
local_header_rewrite_clients =
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
header_size_limit = 200000
in_flow_delay = 0
"""

POSTFIX_MASTER = """\
127.0.0.1:{plain} inet n - y - - smtpd
127.0.0.1:{xclient} inet n - y - - smtpd
    -o smtpd_authorized_xclient_hosts=127.0.0.0/8
pickup unix n - n 60 1 pickup
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - y - - trivial-rewrite
bounce unix - - y - 0 bounce
defer unix - - y - 0 bounce
trace unix - - y - 0 bounce
verify unix - - y - 1 verify
flush unix n - y 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - y - - smtp
error unix - - y - - error
retry unix - - y - - error
anvil unix - - y - 1 anvil
scache unix - - y - 1 scache
tlsmgr unix - - y 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

POSTFIX_QUEUES = ("active bounce corrupt defer deferred flush hold incoming "
                  "private saved trace").split()


def last_words(main):
    """main.cf without what a later line sets again: each process warns of
    that, and when many do at once postlogd waits for itself for ever."""
    seen, kept = set(), []
    for entry in reversed(re.split(r"^(?=[^\s#])", main, flags=re.M)):
        name = entry.partition("=")[0].strip()
        if name not in seen:
            kept.append(entry)
        seen.add(name)
    return "".join(reversed(kept))


def drop_files(*folders):
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                path.unlink()


# Where Postfix keeps mail and what it says of it.
POSTFIX_MAIL = ("active", "bounce", "corrupt", "defer", "deferred", "flush",
                "hold", "incoming", "maildrop", "saved", "trace")


class Postfix(Mta):
    name = "postfix"

    def __init__(self, cache, root, sink):
        super().__init__(cache, root, sink)
        self.plain = free_port()
        self.xclient = free_port()
        self.reinject = free_port()
        os.chown(self.sockets, image.NOBODY_ID, image.MTA_ID)
        self.sockets.chmod(0o750)
        spool = self.root / "var/spool/postfix"
        for queue, mode, group in (
                *((q, 0o700, 0) for q in POSTFIX_QUEUES),
                ("public", 0o710, image.DROP_ID),
                ("maildrop", 0o730, image.DROP_ID)):
            path = spool / queue
            path.mkdir(parents=True, exist_ok=True)
            os.chown(path, image.MTA_ID, group)
            path.chmod(mode)
        (spool / "pid").mkdir()
        self.sasl = sasl.Server(spool / "private/auth")
        (spool / "private/auth").chmod(0o666)
        data = self.root / "var/lib/postfix"
        data.mkdir(parents=True, exist_ok=True)
        os.chown(data, image.MTA_ID, image.MTA_ID)

    def start(self, snippets, relay=(), local=(), table="", more=""):
        """snippets: files of contrib/postfix; table: the exported cidr
        table; more: further lines for main.cf."""
        main = POSTFIX_MAIN.format(relay=", ".join(relay), sink=self.sink.port,
                                   local=", ".join(local))
        for name in snippets:
            main += (CONTRIB / "postfix" / name).read_text()
        self.write("etc/postfix/main.cf", last_words(main + more))
        master = POSTFIX_MASTER.format(plain=self.plain, xclient=self.xclient)
        master += (CONTRIB / "postfix/master.cf.example").read_text().replace(
            "127.0.0.1:10026", f"127.0.0.1:{self.reinject}")
        self.write("etc/postfix/master.cf", master)
        self.write("etc/postfix/stamp_header_checks",
                   (CONTRIB / "postfix/stamp_header_checks").read_text())
        self.write("etc/postfix/connector-milter.cidr", table)
        self.run()

    def forget(self):
        """Drops what is queued; while stopped."""
        spool = self.root / "var/spool/postfix"
        drop_files(*(spool / q for q in POSTFIX_MAIL))

    def run(self):
        """With the configuration as it is."""
        self.launch("/usr/lib/postfix/sbin/master", "-d")
        wait_for("Postfix", lambda: all(map(listening, (
            self.plain, self.xclient, self.reinject))), self.process)


SENDMAIL_MC = """\
divert(-1)
define(`_CF_DIR_', `%(cf)s/')
include(`%(cf)s/m4/cf.m4')
divert(0)
OSTYPE(`linux')
define(`confDOMAIN_NAME', `mx1.contoso.com')
define(`confTRUSTED_USER', `smmta')
define(`confRUN_AS_USER', `smmta')
define(`confDEF_USER_ID', `smmta:smmta')
define(`QUEUE_DIR', `/var/spool/mqueue')
define(`confPID_FILE', `/var/run/sendmail.pid')
define(`STATUS_FILE', `/var/run/statistics')
define(`HELP_FILE', `/dev/null')
define(`ALIAS_FILE', `/etc/mail/aliases')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confTO_IDENT', `0')
define(`confDELIVERY_MODE', `background')
define(`confSERVICE_SWITCH_FILE', `/etc/service.switch')
define(`confBAD_RCPT_THROTTLE', `0')
define(`confQUEUE_LA', `1000')
define(`confREFUSE_LA', `1000')
define(`confMAX_HEADERS_LENGTH', `200000')
define(`confCONNECTION_RATE_THROTTLE', `0')
FEATURE(`no_default_msa')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port=%(port)d')
define(`SMART_HOST', `esmtp:[127.0.0.1]')
define(`ESMTP_MAILER_ARGS', `TCP $h %(sink)d')
%(snippet)s
%(more)s
MAILER(`local')
MAILER(`smtp')
"""

# Bare names are local to Sendmail, and would be unknown.
SENDMAIL_ALIASES = """\
postmaster postmaster@contoso.com
kate kate@contoso.com
@ @
"""


class Sendmail(Mta):
    name = "sendmail"

    def __init__(self, cache, root, sink):
        super().__init__(cache, root, sink)
        self.port = free_port()
        self.sockets = self.root / "run/connector-milter"
        self.sockets.mkdir(parents=True, exist_ok=True)
        queue = self.root / "var/spool/mqueue"
        queue.mkdir(parents=True, exist_ok=True)
        os.chown(queue, image.MTA_ID, image.MTA_ID)
        queue.chmod(0o700)
        os.chown(self.root / "var/run", image.MTA_ID, image.MTA_ID)
        (self.root / "etc/mail").mkdir(exist_ok=True)

    def start(self, table="", accepted=(), more=""):
        """table: the exported access map; accepted: domains to accept; more:
        further lines for sendmail.mc."""
        snippet = (CONTRIB / "sendmail/connector-milter.mc").read_text()
        self.write("etc/service.switch", "hosts files\naliases files\n")
        self.write("etc/mail/lab.mc", SENDMAIL_MC % {
            "cf": self.root / "usr/share/sendmail/cf", "port": self.port,
            "sink": self.sink.port, "snippet": snippet, "more": more})
        self.write("etc/mail/sendmail.cf", image.run(
            self.root / "usr/bin/m4", self.root / "etc/mail/lab.mc"))
        self.makemap("aliases", SENDMAIL_ALIASES)
        table += "".join(f"To:{d}\tRELAY\n" for d in accepted)
        self.write("etc/mail/access", table)
        self.makemap("access", table)
        self.run()

    def forget(self):
        """Drops what is queued; while stopped."""
        drop_files(self.root / "var/spool/mqueue")

    def run(self):
        """With the configuration as it is."""
        self.launch("/usr/libexec/sendmail/sendmail", "-C",
                    "/etc/mail/sendmail.cf", "-bD", "-q1m")
        wait_for("Sendmail", lambda: listening(self.port), self.process)

    def makemap(self, name, text):
        done = subprocess.run(
            self.command("/usr/libexec/sendmail/makemap", "-C",
                         "/etc/mail/sendmail.cf", "hash", f"/etc/mail/{name}"),
            input=text, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60)
        if done.returncode:
            raise RuntimeError(f"makemap {name}: {done.stdout}")


class Filter:
    """The daemon, with its sockets inside the root of an MTA."""

    def __init__(self, program, mta, policy, log):
        self.program = str(program)
        self.milter = mta.sockets / "milter.sock"
        self.policy = mta.sockets / "policy.sock"
        self.control = mta.sockets / "control.sock"
        self.file = policy
        self.log = pathlib.Path(log)
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-f", "-p", str(self.file), "-u", "nobody",
                 "-s", f"unix:{self.milter}",
                 "--policy-socket", f"unix:{self.policy}",
                 "--control", f"unix:{self.control}",
                 "--socket-mode", "0660", "--socket-group", "daemon",
                 "--log", "stderr"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        wait_for("connector-milter",
                 lambda: answers(self.milter) and answers(self.policy),
                 self.process)

    def said_since(self, size):
        with open(self.log, encoding="latin-1") as log:
            log.seek(size)
            return log.read()

    def said(self, count=30):
        lines = self.log.read_text("latin-1").splitlines()
        return "\n".join(lines[-count:])

    def stop(self, how=signal.SIGTERM):
        """libmilter looks whether it shall stop each five seconds, or when
        somebody connects."""
        if self.process:
            process, self.process = self.process, None
            stop_group(process, how, lambda: answers(self.milter))
            if how == signal.SIGTERM and process.returncode != 0:
                raise RuntimeError("connector-milter ended with "
                                   f"{process.returncode}")


def answers(path):
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(str(path))
            return True
        except OSError:
            return False
