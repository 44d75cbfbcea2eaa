"""Where and with what it was measured."""
import hashlib
import os
import platform
import shutil
import subprocess

from harness.engine import binary
from harness.servers import REPO


def machine(directory):
    return {"cpu": _cpu_name(), "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "kernel": platform.release(), "data": _filesystem(directory)}


def versions():
    found = {"millrace": _output([binary(), "--version"]), "commit": _commit()}
    for program in ("mariadb-binlog", "pg_recvlogical", "pgloader"):
        if shutil.which(program):
            found[program] = _output([program, "--version"]).partition("\n")[0]
    return found


def program(name):
    """A program of benchmarks/, as it was built."""
    return os.path.join(os.environ["MILLRACE_BUILD"], "benchmarks", name)


def engine_id():
    """Results belong to one engine: to these very bytes."""
    with open(binary(), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()[:12]


def _cpu_name():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _filesystem(directory):
    done = _output(["df", "--output=fstype,source", directory])
    return f"{directory} ({' '.join(done.splitlines()[-1].split())})"


def _commit():
    done = _output(["git", "-C", REPO, "describe", "--always", "--dirty"])
    return done or "unknown"


def _output(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
