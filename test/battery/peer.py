# SPDX-License-Identifier: BSD-2-Clause
"""peer - the MTA's side of the milter protocol, as little as RCPT needs.

Answers are those that an SMTP client would hear: "250" where the filter says
go on, else its reply.
"""

import socket
import struct

NO_REPLY = {"C": 0x1000, "H": 0x2000}  # SMFIP_NR_CONN, SMFIP_NR_HELO
ALL_STEPS = 0x1fffff


class Peer:
    def __init__(self, path, client, timeout=20):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(str(path))
        self.file = self.sock.makefile("rb")
        answer = self.ask("O", struct.pack(">III", 6, 0x1ff, ALL_STEPS))
        self.steps = struct.unpack(">III", answer[1][:12])[2]
        self.macros("C", "{daemon_addr}", "10.1.1.1", "{daemon_port}", "25")
        self.tell("C", b"client.example\0" + b"4" +
                  struct.pack(">H", 40000) + client.encode() + b"\0")
        self.tell("H", b"client.example\0")

    def send(self, command, data):
        self.sock.sendall(struct.pack(">I", len(data) + 1) +
                          command.encode() + data)

    def ask(self, command, data):
        self.send(command, data)
        size = self.file.read(4)
        if len(size) < 4:
            raise ConnectionError("the filter hung up")
        text = self.file.read(struct.unpack(">I", size)[0])
        return chr(text[0]), text[1:]

    def tell(self, command, data):
        """Where the filter may have said that it does not answer."""
        if self.steps & NO_REPLY[command]:
            self.send(command, data)
        elif self.ask(command, data)[0] != "c":
            raise ConnectionError(f"{command} was not taken")

    def macros(self, command, *pairs):
        self.send("D", command.encode() +
                  b"".join(p.encode() + b"\0" for p in pairs))

    def say(self, command, argument):
        """M or R, with the bytes of an argument."""
        verdict, text = self.ask(command, argument + b"\0")
        if verdict == "y":
            return text.rstrip(b"\0").decode("latin-1")
        return {"c": "250", "r": "550", "t": "451"}.get(verdict, verdict)

    def reset(self):
        self.send("A", b"")

    def close(self):
        self.send("Q", b"")
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
