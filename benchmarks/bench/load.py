"""millrace-load, started from a scenario."""
import json
import os
import subprocess
import tempfile

from harness.servers import PASSWORD, REPO, USER, die_with_parent

from .scenario import Failed

SCHEMES = {"postgresql": "postgresql", "mariadb": "mariadb", "mysql": "mysql"}


def url(side, port=None):
    return (f"{SCHEMES[side.server.engine]}://{USER}@127.0.0.1:{port or side.server.port}"
            f"/{side.database}")


def command(source, target=None, **options):
    """The words of the command; options as on its command line, _ for -, True for a flag."""
    program = os.path.join(os.environ.get("MILLRACE_BUILD", f"{REPO}/build"), "millrace-load")
    words = [program, "--source", url(source)]
    if target:
        words += ["--target", url(target)]
    for name, value in options.items():
        word = "--" + name.replace("_", "-")
        if value is True:
            words.append(word)
        elif value not in (None, False):
            words.append(f"{word}={value}")
    return words


def environment():
    return {**os.environ, "LOAD_SOURCE_PASSWORD": PASSWORD, "LOAD_TARGET_PASSWORD": PASSWORD}


def start(source, target=None, **options):
    return subprocess.Popen(command(source, target, **options), env=environment(),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=die_with_parent(9))


def load(source, target=None, **options):
    """Runs it to its end; the JSON that it wrote."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
        process = start(source, target, json=out.name, **options)
        _, error = process.communicate()
        if process.returncode:
            raise Failed(f"millrace-load ended with {process.returncode}: {error}")
        return json.load(out)


def prepare(source, target=None, **options):
    words = command(source, target, prepare=True, replace=True, **options)
    done = subprocess.run(words, env=environment(), stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"millrace-load --prepare: {done.stderr}")


def tables(n=1):
    return [f"load_{i + 1}" for i in range(n)] + ["load_probe"]
