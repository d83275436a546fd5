"""Types at a program in a pseudo-terminal of 24 lines of 100 columns.

usage: terminal.py COMMAND ARGUMENT...; stdin has a JSON list of [keys, pattern]: after the keys are typed, what the program writes
must match the pattern within 20 seconds. Ends with 1 and tells what came instead.
"""
import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

steps = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
for keys, pattern in steps:
    os.write(terminal, keys.encode())
    written, end = b"", time.time() + 20
    while not re.search(pattern, written.decode("utf8", "replace"), re.S):
        if time.time() > end:
            sys.exit(f"after {keys!r} there is no {pattern!r} in {written.decode('utf8', 'replace')!r}")
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                written += os.read(terminal, 65536)
            except OSError:
                break
os.close(terminal)
