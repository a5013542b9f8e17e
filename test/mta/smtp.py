# SPDX-License-Identifier: BSD-2-Clause
"""smtp - a small SMTP client that says exactly what it is told.

It can be another client by XCLIENT (Postfix) or by its source address
(Sendmail), and it keeps the dialogue. Standing apart from smtplib, it never
corrects, quotes or folds anything.
"""

import socket
import ssl


class Client:
    def __init__(self, port, client=None, source=None, timeout=30):
        self.lines = []
        self.talk = []
        bind = (source, 0) if source else None
        self.sock = socket.create_connection(("127.0.0.1", port), timeout,
                                             source_address=bind)
        self.file = self.sock.makefile("rb")
        self.banner = self.reply()
        if client:
            self.say("EHLO lab")
            address = f"IPV6:{client}" if ":" in client else client
            self.say(f"XCLIENT ADDR={address} PORT=40000 "
                     "DESTADDR=10.1.1.1 DESTPORT=25")
            self.talk.clear()

    def reply(self):
        text = []
        for _ in range(100):
            line = self.file.readline(4096).decode("latin-1").rstrip("\r\n")
            if not line:
                raise ConnectionError("the server hung up")
            text.append(line)
            if line[3:4] != "-":
                break
        self.lines = text
        return text[-1]

    def send(self, data):
        self.sock.sendall(data)

    def say(self, line):
        """One command; answers the last line of the reply."""
        self.send(line.encode("latin-1") + b"\r\n")
        answer = self.reply()
        self.talk.append((line, answer))
        return answer

    def starttls(self, certificate=None):
        """certificate: a file, with its key beside it as .key. Whom the
        server says to be is not asked. Answers the reply."""
        answer = self.say("STARTTLS")
        if answer.startswith("220"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if certificate:
                context.load_cert_chain(certificate,
                                        certificate.with_suffix(".key"))
            self.file.close()
            self.sock = context.wrap_socket(self.sock)
            self.file = self.sock.makefile("rb")
        return answer

    def mail(self, sender, recipients, message, helo="client.example"):
        """A whole transaction: the replies to MAIL, each RCPT, and DATA."""
        if helo:
            self.say(f"EHLO {helo}")
        out = [self.say(f"MAIL FROM:<{sender}>")]
        out += [self.say(f"RCPT TO:<{r}>") for r in recipients]
        answer = self.say("DATA")
        if answer.startswith("354"):
            self.send(message.replace("\n", "\r\n").encode() + b"\r\n.\r\n")
            answer = self.reply()
            self.talk.append((".", answer))
        return out + [answer]

    def close(self):
        try:
            self.send(b"QUIT\r\n")
            self.reply()
        except OSError:
            pass
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
