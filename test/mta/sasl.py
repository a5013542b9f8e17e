# SPDX-License-Identifier: BSD-2-Clause
"""sasl - says yes to every login, in the manner of Dovecot's auth service.

Postfix judges an XCLIENT LOGIN by the same code as an AUTH, which needs a
SASL service behind it. Any name with any password is right here; it is the
lab's, and nobody else can reach it.
"""

import base64
import socketserver
import threading


class Session(socketserver.StreamRequestHandler):
    timeout = 300

    def handle(self):
        try:
            self.wfile.write(b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\n"
                             b"SPID\t1\nCUID\t1\nCOOKIE\t0\nDONE\n")
            for line in self.rfile:
                word = line.decode("ascii", "replace").rstrip("\n").split("\t")
                if word[0] == "AUTH":
                    self.answer(word)
        except OSError:
            pass

    def answer(self, word):
        given = [w[5:] for w in word if w.startswith("resp=")]
        parts = base64.b64decode(given[0]).split(b"\0") if given else []
        if len(parts) == 3:
            self.wfile.write(b"OK\t%s\tuser=%s\n" % (word[1].encode(),
                                                     parts[1]))
        else:
            self.wfile.write(b"FAIL\t%s\n" % word[1].encode())


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path):
        super().__init__(str(path), Session)
        threading.Thread(target=self.serve_forever, args=(0.1,),
                         daemon=True).start()
