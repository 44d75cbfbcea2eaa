"""The demo that ./demo.sh runs: two databases, Millrace between them, a factory, and the proof."""
import argparse
import contextlib
import os
import shutil
import signal
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
repo = os.path.dirname(os.path.dirname(here))
sys.path[:0] = [os.path.join(repo, "tests"), here]

import demo_events  # noqa: E402
import demo_tables  # noqa: E402
from demo_text import say  # noqa: E402
from harness import servers  # noqa: E402
from harness.engine import EngineFailed  # noqa: E402
from harness.servers import PASSWORD  # noqa: E402

PARTS = {"events": (demo_events, "Part 1: typed events between Odoo and ktg-mes"),
         "tables": (demo_tables, "Part 2: tables row by row, both ways")}


def arguments():
    p = argparse.ArgumentParser(prog="demo.sh", description=__doc__)
    p.add_argument("--exit", action="store_true", help="end after the proof: 0 all is so, 1 not")
    p.add_argument("--sabotage", action="store_true",
                   help="change a row of each part behind Millrace's back: must end with 1")
    p.add_argument("--seconds", type=float, default=10, help="how long each factory works")
    p.add_argument("--events", action="store_true", help="the first part alone")
    p.add_argument("--tables", action="store_true", help="the second part alone")
    args = p.parse_args()
    args.exit = args.exit or args.sabotage
    return args


def wait_for_ctrl_c():
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
    say("\ncleaning up")


def play(args, root, name, stack):
    part, text = PARTS[name]
    say(f"\n{text}\n")
    directory = os.path.join(root, name)
    os.mkdir(directory)
    os.chmod(directory, 0o755)      # the servers' accounts pass through
    good, world = part.play(args, directory, stack)
    say(f"{text}: {'all is as it must be' if good else 'NOT AS IT MUST BE'}")
    return good, (lambda: part.hint(world))


def play_all(args, root):
    """The first part's factory is what a person goes on with."""
    names = [n for n in PARTS if getattr(args, n)] or list(PARTS)
    results = []
    with contextlib.ExitStack() as kept:
        for i, name in enumerate(names):
            with contextlib.ExitStack() as stack:
                results.append(play(args, root, name, stack))
                if i == 0 and not args.exit:
                    kept.push(stack.pop_all())
        if not args.exit:
            results[0][1]()
            wait_for_ctrl_c()
    goods = [good for good, _ in results]
    if args.sabotage and any(goods):
        say("A SABOTAGE WAS NOT FOUND")
        return 2
    return 0 if all(goods) else 1


def main():
    args = arguments()
    os.environ.setdefault("MR_PASSWORD", PASSWORD)
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: sys.exit(130))
    root = servers.run_dir(1 << 30)
    try:
        return play_all(args, root)
    except KeyboardInterrupt:
        say("\ncleaning up")
        return 130
    except (EngineFailed, AssertionError, servers.ServerFailed, servers.ServerMissing) as e:
        say(f"\n{e}")
        return 1
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
