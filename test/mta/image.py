# SPDX-License-Identifier: BSD-2-Clause
"""image - a Postfix and a Sendmail in folders of their own.

Debian's two packages conflict, and a test has no business with an MTA that
is installed. So their packages are downloaded and unpacked, never installed,
into one folder each that is complete enough to chroot into: the MTA, the
libraries it needs, accounts, /etc/hosts, no DNS. What the host already has
(libc and the like) is copied from the host. A folder is built once and then
copied for each run.

It refuses to install anything, and to run a package's maintainer scripts.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

# Numbers of accounts inside a folder. The MTA runs under the host's number
# for "daemon", so that the host can name it as the group of a socket.
MTA_ID = 1
DROP_ID = 8
NOBODY_ID = 65534

SKIP = ("usr/share/doc", "usr/share/man", "usr/share/locale",
        "usr/share/lintian", "usr/share/bug", "usr/share/bash-completion")


class ImageError(Exception):
    """A package could not be had or does not do."""


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, **more)
    if done.returncode:
        raise ImageError(f"{' '.join(map(str, command))}: {done.stdout}")
    return done.stdout


def merge(source, root):
    """Copies a tree; a symbolic link to a folder in root is followed."""
    for folder, folders, files in os.walk(source):
        here = os.path.relpath(folder, source)
        if here.startswith(SKIP):
            folders.clear()
            continue
        target = root / here
        target.mkdir(parents=True, exist_ok=True)
        links = [f for f in folders if os.path.islink(f"{folder}/{f}")]
        for name in files + links:
            to = target / name
            if to.is_symlink() or to.exists():
                continue
            shutil.copy2(f"{folder}/{name}", to, follow_symlinks=False)


def installed(package):
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.startswith("installed")


def download(packages, folder):
    """The .deb files of the packages; asks apt for fresh lists once."""
    option = ("-o", "APT::Sandbox::User=root")
    try:
        run("apt-get", *option, "-q", "download", *packages, cwd=folder)
    except ImageError:
        run("apt-get", "-q", "update")
        run("apt-get", *option, "-q", "download", *packages, cwd=folder)
    return [next(folder.glob(f"{p}_*.deb")) for p in packages]


def libraries_wanted(debs):
    text = ",".join(run("dpkg-deb", "-f", d, "Pre-Depends", "Depends")
                    for d in debs)
    return sorted({name for name in re.findall(r"\blib[a-z0-9.+-]+", text)
                   if not installed(name)})


def linked(root, files):
    """What the loader finds for files of root: the paths, and the missing."""
    where = sorted({str(p.parent) for p in root.rglob("*.so*")})
    out = ""
    for file in files:
        out += subprocess.run(
            ["ldd", str(file)], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LD_LIBRARY_PATH": ":".join(where)}).stdout
    missing = set(re.findall(r"^\s*(\S+) => not found", out, re.M))
    found = set(re.findall(r"(?:=>\s|^\s*)(/\S+) \(0x", out, re.M))
    return found, missing


def elves(root):
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def add_libraries(root, debs, folder):
    for _ in range(6):
        found, missing = linked(root, elves(root))
        if not missing:
            break
        more = [p for p in libraries_wanted(debs)
                if not list(folder.glob(f"{p}_*.deb"))]
        if not more:
            raise ImageError(f"no package brings {sorted(missing)}")
        fresh = download(more, folder)
        debs = debs + fresh
        unpack(fresh, root)
    for library in found:
        to = root / library.lstrip("/")
        if library.startswith(str(root)) or to.exists():
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library, to)


def unpack(debs, root):
    for deb in debs:
        with tempfile.TemporaryDirectory() as stage:
            run("dpkg-deb", "-x", deb, stage)
            merge(pathlib.Path(stage), root)


def add_system(root):
    """The little of /etc and /dev that a mail system asks for."""
    text = {
        "passwd": "root:x:0:0:root:/:/bin/false\n"
                  f"nobody:x:{NOBODY_ID}:{NOBODY_ID}:nobody:/:/bin/false\n"
                  f"postfix:x:{MTA_ID}:{MTA_ID}:postfix:/:/bin/false\n"
                  f"smmta:x:{MTA_ID}:{MTA_ID}:sendmail:/:/bin/false\n",
        "group": f"root:x:0:\nnogroup:x:{NOBODY_ID}:\n"
                 f"postfix:x:{MTA_ID}:\nsmmta:x:{MTA_ID}:\n"
                 f"postdrop:x:{DROP_ID}:\n",
        "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n"
                         "services: files\nprotocols: files\naliases: files\n",
        "host.conf": "multi on\n",
        "services": "smtp 25/tcp mail\nsubmission 587/tcp\n",
        "resolv.conf": "# no DNS here\n",
    }
    (root / "etc").mkdir(parents=True, exist_ok=True)
    for name, lines in text.items():
        (root / "etc" / name).write_text(lines)
    for name in ("dev", "tmp", "var/log", "var/run", "run"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)


def build(name, packages, cache):
    """The folder of one MTA; made if it is not there."""
    root = cache / name
    if root.is_dir():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="new-") as work:
        fresh = pathlib.Path(work) / "root"
        for part in ("bin", "lib", "lib64", "sbin"):
            (fresh / "usr" / part).mkdir(parents=True)
            (fresh / part).symlink_to(f"usr/{part}")
        folder = pathlib.Path(work) / "debs"
        folder.mkdir()
        debs = download(packages, folder)
        unpack(debs, fresh)
        add_libraries(fresh, debs, folder)
        add_system(fresh)
        fresh.chmod(0o755)
        try:
            fresh.rename(root)
        except OSError:
            if not root.is_dir():
                raise
    return root


def postfix(cache):
    return build("postfix", ["postfix"], cache)


def sendmail(cache):
    return build("sendmail", ["sendmail-bin", "sendmail-base", "sendmail-cf",
                              "m4"], cache)


def copy(image, root):
    """A copy to run in, with device files where that is allowed."""
    run("cp", "-a", "--reflink=auto", f"{image}/.", root)
    for name, minor in (("null", 3), ("zero", 5), ("urandom", 9)):
        path = root / "dev" / name
        try:
            os.mknod(path, 0o020666, os.makedev(1, minor))
            path.chmod(0o666)
            os.close(os.open(path, os.O_RDONLY))
        except OSError:
            # No right to make one, or a file system without devices.
            path.unlink(missing_ok=True)
            path.touch(0o666)
