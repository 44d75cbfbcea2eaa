"""A path of so many milliseconds to a server: bench_delay_proxy, which delays and does not throttle.
(harness.proxy sleeps between two pieces: it would.)

    path = Path(bench, server)          # path.port stays the same
    path.set(20)                        # round trip in ms; connections end
"""
import os
import subprocess

from harness.servers import REPO, die_with_parent, free_port


class Path:
    def __init__(self, bench, server):
        self.server, self.port, self.process = server, free_port(), None
        bench.defer(self.close)

    def set(self, round_trip_ms):
        self.close()
        program = os.path.join(os.environ.get("MILLRACE_BUILD", f"{REPO}/build"), "benchmarks",
                               "bench_delay_proxy")
        self.process = subprocess.Popen(
            [program, str(self.port), str(self.server.port), str(int(round_trip_ms * 500))],
            stdout=subprocess.PIPE, preexec_fn=die_with_parent(9))
        assert self.process.stdout.readline() == b"ready\n", "the delay proxy does not start"

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None
