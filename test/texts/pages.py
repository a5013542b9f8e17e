#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""pages - the examples of manual pages are true.

usage: pages.py CONNECTORCTL PAGE...

In a page, a comment before a display says what it is:

  .\\" policy    keys of a policy. It has to load without a warning; what a
                policy needs besides is added (version, a domain, a connector
                for everyone). The first one that has a version is the
                policy of the page's commands.
  .\\" output    commands, each after "$ ", and what they print. A line "..."
                stands for any lines.

A policy or a command outside of such a display is not looked at. Prints what
is not true and "N passed, N failed"; exit status 0 if all passed.
"""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

DISPLAY = re.compile(r'^\.\\" (policy|output)\n\.Bd [^\n]*\n(.*?)^\.Ed$',
                     re.M | re.S)
FRONTEND = """connectors:
  - name: Default Frontend
    remote_ip_ranges: ["0.0.0.0-255.255.255.255", "::/0"]
    permission_groups: [AnonymousUsers]
"""


def displayed(text):
    """As a reader sees it."""
    return (text.replace("\\\n", "").replace("\\e", "\\").replace("\\-", "-")
            .replace("\\&", "").replace("\\(dq", '"'))


def run(*words, folder):
    done = subprocess.run([str(w) for w in words], cwd=folder, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout


def whole(policy):
    if "version:" not in policy:
        policy = "version: 1\n" + policy
    if "accepted_domains:" not in policy:
        policy += "accepted_domains: [contoso.com]\n"
    if "connectors:" not in policy:
        policy += FRONTEND
    if "Default Frontend" not in policy:
        policy = policy.replace("connectors:\n", FRONTEND)
    if "end_marker:" not in policy:
        policy = "end_marker: true\n" + policy + "...\n"
    return policy


def policy_wrong(ctl, text, folder):
    (folder / "example.yaml").write_text(whole(text))
    status, said = run(ctl, "check", "--strict", "-p", "example.yaml",
                       folder=folder)
    return said if status else ""


def like(shown):
    """A pattern of what is shown; "..." is any lines."""
    parts = [re.escape(line.rstrip()) + r"[ ]*\n" if line.strip() != "..."
             else r"(?:.*\n)*?" for line in shown]
    return re.compile("".join(parts) + r"\Z")


def output_wrong(ctl, text, folder):
    """The first command whose output is not as shown."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, shown = re.match(r"((?:.*\\\n)*.*\n)([\s\S]*)\Z",
                                  part).groups()
        words = shlex.split(command.replace("\\\n", " "))
        if words[0] != "connectorctl":
            return f"not a command of ours: {command}"
        _, said = run(ctl, *words[1:], "-p", "policy.yaml", folder=folder)
        if said and not said.endswith("\n"):
            said += "\n"
        if not like(shown.splitlines()).match(said):
            return f"$ {command}prints\n{said}"
    return ""


def page_check(ctl, page, folder):
    passed = failed = 0
    chosen = False
    for kind, text in DISPLAY.findall(page.read_text()):
        text = displayed(text)
        if kind == "policy" and "version:" in text and not chosen:
            (folder / "policy.yaml").write_text(text)
            chosen = True
        look = policy_wrong if kind == "policy" else output_wrong
        wrong = look(ctl, text, folder)
        passed, failed = passed + (not wrong), failed + bool(wrong)
        if wrong:
            print(f"FAILED: {page.name}: {kind}\n{text}--\n{wrong}")
    if not passed + failed:
        print(f"FAILED: {page.name}: no examples")
        failed = 1
    return passed, failed


def main(ctl, pages):
    passed = failed = 0
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            one = page_check(pathlib.Path(ctl).resolve(), pathlib.Path(page),
                             pathlib.Path(folder))
        passed, failed = passed + one[0], failed + one[1]
    print(f"{passed} passed, {failed} failed")
    return failed or not passed


sys.exit(main(sys.argv[1], sys.argv[2:]))
