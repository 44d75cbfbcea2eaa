"""The example of typed events, proved by a model of what Millrace will do with it."""
import os
import subprocess

from harness.servers import REPO


def test_the_factory_example_is_proved():
    path = os.path.join(REPO, "examples", "factory", "events", "prove.py")
    done = subprocess.run(["/usr/bin/python3", path], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
