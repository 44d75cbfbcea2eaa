"""What a running engine says of itself, asked on its socket: far cheaper than `millrace status`."""
import json
import socket
import time


def ask(engine):
    """{link: status}, or None where the socket is not there (yet)."""
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(engine.path + ".sock")
            s.sendall(b'{"command":"status"}\n')
            answer = b""
            while piece := s.recv(65536):
                answer += piece
    except OSError:
        return None
    return {l["name"]: l for l in json.loads(answer)["links"]}


def wait_rows(engine, link, rows, seconds=1800, every=0.005):
    """Until the link has written that many rows since the process started; the moment."""
    end = time.monotonic() + seconds
    while True:
        said = ask(engine)
        if said and said[link]["rows"] >= rows:
            return time.monotonic()
        if not engine.running() or time.monotonic() > end:
            raise AssertionError(f"{link} does not come to {rows} rows: {said}\n{engine.tail()}")
        if said and said[link]["state"] == "failed":
            raise AssertionError(f"{said}\n{engine.tail()}")
        time.sleep(every)
