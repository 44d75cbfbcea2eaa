"""./demo.sh in its shortest form: what it says is so, and what is changed behind its back is found."""
import os
import re
import subprocess

from harness.servers import REPO

DEMO = os.path.join(REPO, "examples", "factory", "demo.py")


def demo(*args):
    done = subprocess.run(["/usr/bin/python3", DEMO, *args], capture_output=True, text=True, timeout=170)
    return done.returncode, done.stdout + done.stderr


def test_the_demo_proves_what_it_says():
    code, out = demo("--exit", "--seconds", "2")
    assert code == 0, out
    assert "one transaction, 19 row changes in 9 tables" in out, out
    assert re.search(r"all \d+ claims are true", out) and "NOT TRUE" not in out, out
    assert "both sides are equal" in out, out


def test_a_change_behind_its_back_is_found_in_both_parts():
    code, out = demo("--sabotage", "--seconds", "2")
    assert code == 1, out
    assert "1 of them not true" in out and "WH/MO/00101 BOX-S: must be [('36', 'PCS')]" in out, out
    assert "lost 0, doubled 0, echoed 0, different 1" in out, out
