"""A TCP proxy on loopback that does to a connection what networks do.

    with Proxy("127.0.0.1", port) as p:      # the engine connects to p.port
        p.cut()                              # all connections end with a reset
        p.stall(); p.resume()                # bytes stop, connections stay
        p.down(); p.up()                     # new connections are reset too
        p.delay_ms = 50                      # one way
        p.cut_when(b"COMMIT", "request")     # the next request that holds it never arrives
        p.cut_when(b"COMMIT", "answer")      # it arrives, but what answers it does not
        p.gather_when(b"START_REPLICATION")  # the answer comes with what follows it, in one piece
"""
import socket
import struct
import threading
import time

GATHER_SECONDS = 0.5


class Proxy:
    def __init__(self, host, port, listen_port=0):
        self.target = (host, port)
        self.delay_ms = 0
        self.bytes_up = self.bytes_down = 0
        self.connections_made = 0
        self._open = threading.Event()
        self._open.set()
        self._down = False
        self._trigger = self._gather = None
        self.triggered = threading.Event()
        self._lock = threading.Lock()
        self._pairs = set()
        self._unanswered = set()
        self._gathering = set()
        self._server = socket.create_server(("127.0.0.1", listen_port))
        self.port = self._server.getsockname()[1]
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._closing = True
        self._server.close()
        self.resume()
        self.cut()

    # -- faults

    def cut(self):
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for s in pair:
                _reset(s)
        return len(pairs)

    def stall(self):
        self._open.clear()

    def resume(self):
        self._open.set()

    def down(self):
        self._down = True
        self.cut()

    def up(self):
        self._down = False

    def cut_when(self, text, direction):
        """Once: the next request that holds `text`: it, or the answer to it, is swallowed, and the
        connection cut."""
        assert direction in ("request", "answer")
        self.triggered.clear()
        self._trigger = (text, direction)

    def gather_when(self, text):
        """Once: the answer to the next request that holds `text` is kept back for a moment, and goes
        on together with what the server sent after it."""
        self._gather = text

    # -- traffic

    def _accept(self):
        while not self._closing:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self._down:
                _reset(client)
                continue
            try:
                server = socket.create_connection(self.target, timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
                self.connections_made += 1
            for a, b, direction in ((client, server, "request"), (server, client, "reply")):
                threading.Thread(target=self._pump, args=(a, b, direction, pair),
                                 daemon=True).start()

    def _pump(self, source, sink, direction, pair):
        before = b""
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if self.delay_ms:
                    time.sleep(self.delay_ms / 1000)
                self._open.wait()
                data += self._more(direction, before + data, source, pair)
                if self._swallow(direction, before + data, pair):
                    self._end(pair, reset=True)
                    self.triggered.set()
                    return
                before = data[-64:]
                sink.sendall(data)
                if direction == "request":
                    self.bytes_up += len(data)
                else:
                    self.bytes_down += len(data)
        except OSError:
            pass
        self._end(pair)

    def _more(self, direction, data, source, pair):
        if direction == "request":
            if self._gather and self._gather in data:
                self._gather = None
                self._gathering.add(pair)
            return b""
        if pair not in self._gathering:
            return b""
        self._gathering.discard(pair)
        time.sleep(GATHER_SECONDS)
        try:
            return source.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""

    def _swallow(self, direction, data, pair):
        if direction == "reply":
            return pair in self._unanswered
        trigger = self._trigger
        if not trigger or trigger[0] not in data:
            return False
        self._trigger = None
        if trigger[1] == "answer":   # noted before the request goes on, so no answer slips by
            self._unanswered.add(pair)
            return False
        return True

    def _end(self, pair, reset=False):
        with self._lock:
            self._pairs.discard(pair)
        for s in pair:
            if reset:
                _reset(s)
                continue
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


def _reset(s):
    """Close with RST, as a dead network path ends; shutdown wakes the thread that reads it."""
    try:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    s.close()
