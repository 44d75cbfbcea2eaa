"""The events that links carry, as `millrace events` tells them: a line of CloudEvents JSON each."""
import collections
import json
import subprocess
import threading
import time

from harness.engine import binary
from harness.servers import die_with_parent

OPS = {"CREATE": "created", "UPDATE": "changed", "DELETE": "gone"}


class Event:
    def __init__(self, text):
        e = json.loads(text)
        self.flow, self.link = e["mapping"], {"/erp": "dispatch", "/mes": "feedback"}[e["source"]]
        self.key = e["subject"].split("/", 1)[1]
        self.type, self.op, self.outcome = e["type"], OPS[e["op"]], e["outcome"]
        self.why = e.get("why") or ""

    @property
    def told(self):
        return self.flow, self.key, self.op, self.outcome

    @property
    def is_probe(self):
        """The harness's own object, that tells when all before it has passed."""
        return self.key.split(":")[0] == "PROBE"


class Stream:
    """Listens on a thread. `all` is what came since, without probes; `next` what is not looked at."""

    def __init__(self, engine):
        self.all, self.next, self.probes = [], collections.deque(), collections.Counter()
        self.process = subprocess.Popen(
            [binary(), "events", "-c", engine.path], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent(15),
            start_new_session=True)
        said = self.process.stderr.readline()
        if "listening" not in said:
            raise AssertionError(f"millrace events: {said.strip()}")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for text in self.process.stdout:
            e = Event(text)
            if e.is_probe:
                self.probes[e.link, e.flow] += 1
            else:
                self.all.append(e)
                self.next.append(e)

    def take(self, wanted, seconds=30):
        """What comes, until all that is wanted (flow, key, op, outcome) has come, or time is up."""
        left, taken = collections.Counter(wanted), []
        end = time.monotonic() + seconds
        while +left and time.monotonic() < end:
            if not self.next:
                time.sleep(0.005)
                continue
            taken.append(self.next.popleft())
            left[taken[-1].told] -= 1
        return taken

    def settle(self, factory, seconds=60):
        """Until all that was committed before is written, or held, and told."""
        ends = [("dispatch", "MaterialDefinition"), ("feedback", "JobResponse")]
        before = [self.probes[e] for e in ends]
        factory.settle(seconds=seconds)
        end = time.monotonic() + 10
        while any(self.probes[e] == n for e, n in zip(ends, before)) and time.monotonic() < end:
            time.sleep(0.005)

    def close(self):
        self.process.kill()
        self.process.wait()

    # -- sums

    def counts(self, since=0):
        """{flow: Counter of created, changed, gone, again}. An object that is made once more is one
        that Millrace asked for again, because somebody else changed what it had written."""
        there, sums = set(), collections.defaultdict(collections.Counter)
        for i, e in enumerate(self.all):
            op = "again" if e.op == "created" and (e.flow, e.key) in there else e.op
            (there.discard if op == "gone" else there.add)((e.flow, e.key))
            if i >= since:
                sums[e.flow][op] += 1
        return sums
