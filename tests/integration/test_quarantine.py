"""What is held in millrace.held, and the commands that show it."""
import os
import subprocess

import pytest

from harness.engine import binary
from harness.servers import PASSWORD, USER

targets = pytest.mark.parametrize("target", ["pg", "maria", "mysql"])


@targets
def test_what_is_held_comes_back_as_it_was(world, target):
    """100,000 held events: in, through, changed, out, within seconds each."""
    side = world.side(target)
    if side.family == "postgres":
        where = ["postgres", f"host=127.0.0.1 port={side.server.port} dbname={side.database}"]
    else:
        where = [side.server.engine, f"127.0.0.1:{side.server.port}"]
    program = os.path.join(os.path.dirname(binary()), "tests", "servers", "held_on_server")
    done = subprocess.run([program, *where, side.database], capture_output=True, text=True,
                          timeout=150, env={**os.environ, "MR_USER": USER,
                                            "MR_PASSWORD": PASSWORD})
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
