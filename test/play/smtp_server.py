#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""smtp_server - an MTA that believes everybody, for cli-replay.

usage: smtp_server.py ADDRESS LOG [OFFER]

Prints its port, serves one connection after the other and writes each command
to LOG. OFFER is a line of its reply to EHLO.
"""

import socketserver
import sys

ADDRESS, LOG = sys.argv[1:3]
OFFER = sys.argv[3] if len(sys.argv) > 3 else "8BITMIME"


class Session(socketserver.StreamRequestHandler):
    def reply(self, *lines):
        for line in lines[:-1]:
            self.wfile.write(f"250-{line}\r\n".encode())
        self.wfile.write(f"{lines[-1]}\r\n".encode())

    def handle(self):
        self.reply("220 mx")
        while line := self.rfile.readline().decode("latin-1").rstrip("\r\n"):
            with open(LOG, "a") as log:
                print(line, file=log)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self.reply("mx", OFFER, "250 SIZE")
            elif verb == "XCLIENT":
                self.reply("220 mx")
            elif "stranger@" in line:
                self.reply("550 5.7.1 <stranger@>: Recipient address "
                           "rejected: Unable to relay")
            elif verb == "DATA":
                self.reply("354 go on")
                while self.rfile.readline().strip() != b".":
                    pass
                self.reply("250 2.0.0 queued")
            else:
                self.reply("250 2.1.0 Ok")


socketserver.TCPServer.allow_reuse_address = True
with socketserver.TCPServer((ADDRESS, 0), Session) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
