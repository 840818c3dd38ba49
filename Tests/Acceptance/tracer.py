"""Which files a process names to the kernel, by strace."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

# A path argument, with the folder of the descriptor before it, if there is one.
_ARGUMENT = re.compile(rb'(?:(?:\d+|AT_FDCWD)<((?:[^<>\\]|\\.)*)>(?:\([^)]*\))?, )?"((?:[^"\\]|\\.)*)"(\.\.\.)?')
_CALL = re.compile(rb"^\d+ +(\w+)\((.*)$")
_RESULT = re.compile(rb"= \d+<((?:[^<>\\]|\\.)*)>")


def is_possible():
    """Whether a process may be traced here."""
    with tempfile.NamedTemporaryFile() as output:
        command = ["strace", "-f", "--seccomp-bpf", "-o", output.name, "-e", "trace=%file", "true"]
        try:
            return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0 and os.path.getsize(output.name) > 0
        except OSError:
            return False


def wrapper(folder, output):
    """A program that runs the server under strace. -D: the process started is the server, not strace."""
    script = Path(folder) / "traced"
    script.write_text(
        f'#!/bin/sh\nexec strace -D -f --seccomp-bpf -qq -y -s 9000 -o "{output}" -e trace=%file "$TRACED_BINARY" "$@"\n')
    script.chmod(0o755)
    return str(script)


def _text(quoted):
    return quoted.decode("latin-1").encode("latin-1").decode("unicode_escape").encode("latin-1")


def paths(lines):
    """Every (call, absolute path) of these lines: what was named, without `.` and `..`, and what was opened."""
    for line in lines:
        call = _CALL.match(line)
        if not call or call.group(1) == b"execve":
            continue
        for folder, name, cut in _ARGUMENT.findall(call.group(2)):
            if cut:
                raise RuntimeError("strace cut a path")
            name = _text(name)
            if not name.startswith(b"/"):
                name = (_text(folder) or b"?") + b"/" + name
            yield call.group(1).decode(), os.path.normpath(name)
        result = _RESULT.search(line)
        if result:
            yield call.group(1).decode(), os.path.normpath(_text(result.group(1)).removesuffix(b" (deleted)"))
