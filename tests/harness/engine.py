"""The engine under test: its config, its process, what it says.

    engine = Engine(directory, {"systems": {...}, "links": [...]})
    engine.start(); engine.wait_state("streaming"); ... engine.stop()

The binary is $MILLRACE_BIN (build/millrace); with crash points $MILLRACE_CRASH_BIN
(build-crash/millrace). A config given as a dict is written as JSON, which is YAML.
"""
import json
import os
import re
import signal
import subprocess
import time

from .servers import PASSWORD, REPO, USER, die_with_parent

STOP_SECONDS = 40


def binary(crash=False):
    if crash:
        return os.environ.get("MILLRACE_CRASH_BIN", f"{REPO}/build-crash/millrace")
    return os.environ.get("MILLRACE_BIN", f"{REPO}/build/millrace")


def system(side, port=None, host="127.0.0.1", user=USER, **more):
    """The config of a side; `port`: of a proxy before it."""
    port = port or side.server.port
    role = {"user": user, "password_env": "MR_PASSWORD"}
    if side.family == "postgres":
        where = {"postgresql": f"host={host} port={port} dbname={side.database}"}
    else:
        where = {side.server.engine: {"host": host, "port": port, "database": side.database}}
    return {**where, "capture": role, "apply": role, "zone": side.zone, **more}


def _slow():
    """Sanitizer builds are slower: their waits are longer."""
    return float(os.environ.get("MILLRACE_PATIENCE", "1"))


def _position_in(text):
    found = re.search(r"(?:transaction ending at|at position|transaction ends at) (\S+?)[:;,]? ",
                      text + " ")
    return found.group(1) if found else None


class EngineFailed(AssertionError):
    pass


class Engine:
    def __init__(self, directory, config, crash=False, env=None, name="millrace"):
        self.dir = str(directory)
        os.makedirs(self.dir, exist_ok=True)
        self.path = os.path.join(self.dir, f"{name}.yaml")
        self.log_path = os.path.join(self.dir, f"{name}.log")
        self.crash = crash
        self.env = {"MR_PASSWORD": PASSWORD, **(env or {})}
        self.process = None
        self.config = None
        self.write(config)

    def write(self, config):
        self.config = config
        with open(self.path, "w") as f:
            if isinstance(config, str):
                f.write(config)
            else:
                json.dump({"millrace": 1, **config}, f, indent=1, ensure_ascii=False)

    @property
    def links(self):
        """Names of the links, as the engine makes them."""
        names = []
        for l in self.config["links"]:
            if "between" in l:
                a, b = l["between"]
                names += [f"{a}-{b}", f"{b}-{a}"]
            else:
                names.append(l["name"])
        return names

    # -- the process

    def start(self, env=None):
        assert not self.running(), "already running"
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [binary(self.crash), "run", "-c", self.path], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, env={**os.environ, **self.env, **(env or {})},
            start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL))
        log.close()
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds=STOP_SECONDS, expect=0):
        """SIGTERM: drains. Its exit code must be `expect`."""
        if not self.running():
            return self.process.returncode if self.process else None
        self.process.terminate()
        try:
            code = self.process.wait(seconds * _slow())
        except subprocess.TimeoutExpired:
            self.dump_stacks()
            self.kill()
            raise EngineFailed(f"does not stop within {seconds} s of SIGTERM\n" + self.tail())
        if expect is not None and code != expect:
            raise EngineFailed(f"ended with {code} instead of {expect}\n" + self.tail())
        self.check_log()
        return code

    def kill(self):
        if self.running():
            self.process.kill()
        if self.process:
            self.process.wait(30)

    def wait_end(self, seconds=30):
        """Waits for the process to end by itself; its exit code (-9 after a crash point)."""
        try:
            return self.process.wait(seconds * _slow())
        except subprocess.TimeoutExpired:
            raise EngineFailed(f"still runs after {seconds} s\n" + self.tail()) from None

    def close(self):
        """For the end of a test: an orderly stop where it can, a kill where not; then the log."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS * _slow())
            except subprocess.TimeoutExpired:
                self.dump_stacks()
                self.kill()
                raise EngineFailed("does not stop\n" + self.tail())
        self.check_log()

    def dump_stacks(self):
        """Where the threads are, into the log, where gdb is at hand."""
        try:
            done = subprocess.run(["gdb", "-p", str(self.process.pid), "-batch", "-ex",
                                   "thread apply all bt 12"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, timeout=60)
            with open(self.log_path, "ab") as f:
                f.write(done.stdout)
        except (OSError, subprocess.TimeoutExpired):
            pass

    def rss(self):
        """Bytes of resident memory now, and at most so far."""
        values = {}
        with open(f"/proc/{self.process.pid}/status") as f:
            for line in f:
                if line.startswith(("VmRSS", "VmHWM")):
                    values[line[:5]] = int(line.split()[1]) * 1024
        return values["VmRSS"], values["VmHWM"]

    # -- commands

    def command(self, *args, seconds=60, input=None, env=None):
        """Runs `millrace ARGS -c FILE`; the finished process, with text out and err."""
        return subprocess.run(
            [binary(self.crash), *args, "-c", self.path], input=input, text=True,
            stdin=subprocess.DEVNULL if input is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds * _slow(),
            env={**os.environ, **self.env, **(env or {})})

    def status(self):
        """{link: what status --json says of it}, or None while the socket is not there yet."""
        done = self.command("status", "--json")
        if done.returncode:
            return None
        try:
            return {l["name"]: l for l in json.loads(done.stdout)["links"]}
        except (ValueError, KeyError) as e:
            raise EngineFailed(f"status --json: {e}: {done.stdout!r}") from e

    def wait_state(self, state, link=None, seconds=30, may_fail=False):
        """Until the link (default: every link) is in the state (or one of the states)."""
        states = {state} if isinstance(state, str) else set(state)
        end = time.monotonic() + seconds * _slow()
        seen = None
        while time.monotonic() < end:
            if not self.running():
                raise EngineFailed(f"ended with {self.process.returncode}\n" + self.tail())
            seen = self.status()
            if seen:
                links = [seen[link]] if link else list(seen.values())
                if all(l["state"] in states for l in links):
                    return seen
                broken = [l for l in links if l["state"] in ("failed", "stopped")]
                if broken and not may_fail and not states & {"failed", "stopped"}:
                    raise EngineFailed(f"{broken[0]}\n" + self.tail())
            time.sleep(0.05)
        raise EngineFailed(f"{link or 'links'} not {states} after {seconds} s: {seen}\n"
                           + self.tail())

    def wait_streaming(self, link=None, seconds=30):
        return self.wait_state("streaming", link, seconds)

    def wait_failed(self, link=None, seconds=30):
        """Until the link has failed; its error as {"code", "text", "position"}. A process whose
        links have all failed ends: then the log tells."""
        end = time.monotonic() + seconds * _slow()
        link = link or self.links[0]
        while time.monotonic() < end:
            if not self.running():
                return self._failure_in_log(link)
            status = (self.status() or {}).get(link)
            if status and status["state"] == "failed":
                error = status["last_error"]
                return {"code": error["code"], "text": error["text"],
                        "position": error.get("position") or _position_in(error["text"])}
            time.sleep(0.05)
        raise EngineFailed(f"{link} does not fail: {self.status()}\n" + self.tail())

    def _failure_in_log(self, link):
        lines = [l for l in self.log().splitlines() if f" error link={link} " in l]
        if not lines:
            raise EngineFailed(f"ended with {self.process.returncode}, saying nothing\n"
                               + self.tail())
        text = re.search(r'msg=("(?:[^"\\]|\\.)*"|\S+)', lines[-1]).group(1)
        return {"code": re.search(r"error=(\w+)", lines[-1]).group(1), "text": text,
                "position": (re.search(r' position="([^"]*)"', lines[-1]).group(1)
                             or _position_in(text))}

    def failed_links(self):
        """By the log's last word on each."""
        last = dict(re.findall(r" link=(\S+) state=(\w+)", self.log()))
        return [name for name, state in last.items() if state == "failed"]

    def wait_log(self, pattern, seconds=30, since=0):
        end = time.monotonic() + seconds * _slow()
        while time.monotonic() < end:
            found = re.search(pattern, self.log()[since:])
            if found:
                return found
            if not self.running():
                break
            time.sleep(0.05)
        raise EngineFailed(f"no {pattern!r} in the log\n" + self.tail())

    # -- the log

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=60):
        text = self.log().splitlines()[-lines:]
        return f"--- {self.log_path}\n" + "\n".join(text) + "\n---"

    def check_log(self):
        """What no log may hold, whatever the test is about."""
        text = self.log()
        for bad in ("AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:",
                    "Assertion `"):
            if bad in text:
                at = text.index(bad)
                raise EngineFailed(f"{bad} in the log:\n" + text[max(0, at - 500):at + 6000])
        assert PASSWORD not in text, "a password is in the log"


def unmarked_end(engine):
    """The file's size now: for wait_log(since=...)."""
    return len(engine.log())
