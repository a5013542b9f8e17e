# SPDX-License-Identifier: BSD-2-Clause
"""milter - the MTA's side of the milter and the policy protocol, for faults.

Says what it is told, also what no MTA would say, and repairs nothing. Every
wait is bounded.
"""

import socket
import struct

SECONDS = 20
NO_REPLY = {"C": 0x1000, "H": 0x2000, "M": 0x4000, "R": 0x8000}


class Closed(Exception):
    """The filter hung up."""


class Milter:
    def __init__(self, path, seconds=SECONDS):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(seconds)
        self.sock.connect(str(path))
        self.steps = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, command, data=b""):
        try:
            self.sock.sendall(struct.pack("!I", len(data) + 1) +
                              command.encode() + data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed from None

    def read(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.sock.recv(size - len(data))
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed
            data += part
        return data

    def packet(self):
        size, = struct.unpack("!I", self.read(4))
        assert 0 < size < 1 << 20, f"a packet of {size} bytes"
        data = self.read(size)
        return chr(data[0]), data[1:]

    def ask(self, command, data=b""):
        """The verdict: "c", or what the client would hear."""
        self.send(command, data)
        if self.steps & NO_REPLY.get(command, 0):
            return "c"
        answer, text = self.packet()
        return text.rstrip(b"\0").decode() if answer == "y" else answer

    def begin(self, client):
        """Up to HELO."""
        self.send("O", struct.pack("!III", 6, 0x1ff, 0x1fffff))
        command, data = self.packet()
        assert command == "O", command
        self.steps = struct.unpack("!I", data[8:12])[0]
        self.send("D", b"C{daemon_addr}\x0010.1.1.1\0{daemon_port}\x0025\0")
        self.ask("C", b"client\x004" + struct.pack("!H", 40000) +
                 client.encode() + b"\0")
        self.ask("H", b"client.example\0")
        return self

    def relay(self, recipient):
        """MAIL and RCPT; the first that is not accepted, or "c"."""
        answer = self.ask("M", b"<s@example.net>\0")
        if answer == "c":
            answer = self.ask("R", f"<{recipient}>".encode() + b"\0")
        return answer


def policy(path, client, recipient, seconds=SECONDS):
    """What the policy service says."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(seconds)
        sock.connect(str(path))
        sock.sendall("request=smtpd_access_policy\nprotocol_state=RCPT\n"
                     "sender=s@example.net\nhelo_name=client.example\n"
                     f"client_address={client}\nclient_port=40000\n"
                     "server_address=10.1.1.1\nserver_port=25\n"
                     f"recipient={recipient}\n\n".encode())
        with sock.makefile("rb") as answer:
            line = answer.readline(4096)
    if not line:
        raise Closed
    return line.decode().strip().removeprefix("action=")
