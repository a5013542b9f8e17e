#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""signature - signs a message by DKIM, or verifies it; asks no DNS.

usage: signature.py sign|verify KEY

Reads the message. sign writes it with its signature, over all its fields,
canonicalized as simply as there is. verify exits 0 if it holds, else 1. KEY
is a private key in PEM.
"""

import base64
import subprocess
import sys

import dkim


def record(key):
    """What DNS would say of the key."""
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout",
                             "-outform", "DER"], check=True, timeout=60,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL).stdout
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("sign", "verify"):
        print(__doc__.split("\n")[2], file=sys.stderr)
        return 2
    verb, key = sys.argv[1:]
    message = sys.stdin.buffer.read()
    if verb == "verify":
        text = record(key)
        return 0 if dkim.verify(message,
                                dnsfunc=lambda name, timeout=5: text) else 1
    names = [line.split(b":", 1)[0]
             for line in message.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
             if line[:1] not in b" \t"]
    with open(key, "rb") as file:
        sys.stdout.buffer.write(dkim.sign(
            message, b"test", b"example.net", file.read(),
            canonicalize=(b"simple", b"simple"), include_headers=names) +
            message)
    return 0


if __name__ == "__main__":
    sys.exit(main())
