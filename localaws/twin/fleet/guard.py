"""Becomes another program that ends with the process that started it."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the starting process is gone")
    try:
        os.execvpe(program[0], program, os.environ)
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")
