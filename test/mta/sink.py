# SPDX-License-Identifier: BSD-2-Clause
"""sink - an SMTP server on loopback that keeps what it is given.

Each message becomes FOLDER/<X-Play-Id>.eml, or FOLDER/<number>.eml where it
has no such header, with the bytes as they were received and only dot
stuffing undone. A file appears complete or not at all, and before the
recipients of its message, which are in Sink.recipients by the same name, as
its sender is in Sink.senders.
A message that was begun before Sink.clear() is not kept: it belongs to the
test before.
"""

import os
import pathlib
import re
import socketserver
import threading

MAX_MESSAGE = 64 << 20


class Session(socketserver.StreamRequestHandler):
    timeout = 60

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def message(self):
        lines, size = [], 0
        while True:
            line = self.rfile.readline(MAX_MESSAGE)
            if not line:
                return None
            if line.rstrip(b"\r\n") == b".":
                return b"".join(lines)
            size += len(line)
            if size > MAX_MESSAGE:
                return None
            lines.append(line[1:] if line.startswith(b".") else line)

    def handle(self):
        try:
            self.talk()
        except (OSError, UnicodeError):
            pass

    def talk(self):
        recipients, epoch, sender = [], None, ""
        self.say("220 sink ESMTP")
        for _ in range(100000):
            line = self.rfile.readline(4096)
            verb = line[:4].upper()
            if not line or verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            if verb == b"DATA":
                self.say("354 go on")
                text = self.message()
                if text is None:
                    return
                self.server.keep(text, recipients, epoch, sender)
                recipients = []
                self.say("250 2.0.0 kept")
            else:
                if verb == b"MAIL":
                    recipients, epoch = [], self.server.epoch
                    sender = line[10:].decode("latin-1").strip()
                elif verb == b"RCPT":
                    recipients.append(line[8:].decode("latin-1").strip())
                self.say("250 2.0.0 ok" if verb != b"EHLO" else "250 sink")


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Session)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.server_address[1]
        self.count = self.epoch = 0
        self.recipients, self.senders = {}, {}
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.1,),
                         daemon=True).start()

    def keep(self, text, recipients, epoch, sender):
        header = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
        found = re.search(rb"^X-Play-Id:[ \t]*([\w.-]{1,200})\s*$", header,
                          re.M | re.I)
        with self.lock:
            if epoch != self.epoch:
                return
            self.count += 1
            name = found[1].decode() if found else str(self.count)
            part = self.folder / f".{self.count}.part"
            part.write_bytes(text)
            self.senders[name] = sender
            os.replace(part, self.folder / f"{name}.eml")
            self.recipients.setdefault(name, []).extend(recipients)

    def clear(self):
        with self.lock:
            self.epoch += 1
            self.recipients.clear()
            self.senders.clear()
            for path in self.folder.glob("*.eml"):
                path.unlink()

    def stop(self):
        self.shutdown()
        self.server_close()
