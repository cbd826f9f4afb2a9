"""A proxy for every directed link between nodes, which can be cut.

A link that is cut is a black hole: its connections stay, nothing gets
through, and what was under way is delivered when it is healed, as TCP would
after a pause. `sever` also closes the connections.
"""

import selectors
import socket
import threading
import time

CHUNK = 1 << 16
BUFFER = 1 << 20


class Flow:
    """One direction of one connection."""

    def __init__(self, link, source, sink):
        self.link = link
        self.source = source
        self.sink = sink
        self.waiting = []  # (time it may go on, bytes)
        self.size = 0
        self.ended = False


class Link:
    """All connections that one node dials to another."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.cut = False
        self.delay = 0.0
        self.flows = []


class FaultProxy:
    def __init__(self):
        self.links = {}
        self.lock = threading.Lock()
        self.ending = False
        self.bytes = 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def add(self, name, target):
        """Open the link `name` to (host, port); answers its own port."""
        link = Link(target)
        self.links[name] = link
        return link.port

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()
        for link in self.links.values():
            self.close_flows(link)
            link.listener.close()

    def cut(self, names):
        with self.lock:
            for name in names:
                self.links[name].cut = True

    def heal(self):
        with self.lock:
            for link in self.links.values():
                link.cut = False
                link.delay = 0.0

    def delay(self, names, seconds):
        with self.lock:
            for name in names:
                self.links[name].delay = seconds

    def sever(self, names):
        with self.lock:
            for name in names:
                self.close_flows(self.links[name])

    @staticmethod
    def close_flows(link):
        for flow in link.flows:
            flow.source.close()
            flow.sink.close()
        link.flows = []

    def accept(self, link):
        try:
            near, _ = link.listener.accept()
        except OSError:
            return
        far = socket.socket()
        try:
            far.connect(link.target)
        except OSError:
            near.close()
            far.close()
            return
        for end in (near, far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.flows += [Flow(link, near, far), Flow(link, far, near)]

    def pump(self, flow, now):
        """Take what came, hand on what is due. False when it is over."""
        try:
            while flow.size < BUFFER and not flow.ended:
                data = flow.source.recv(CHUNK)
                if not data:
                    flow.ended = True
                    break
                flow.waiting.append((now + flow.link.delay, data))
                flow.size += len(data)
        except BlockingIOError:
            pass
        except OSError:
            return False
        try:
            while flow.waiting and flow.waiting[0][0] <= now:
                due, data = flow.waiting[0]
                sent = flow.sink.send(data)
                self.bytes += sent
                flow.size -= sent
                if sent < len(data):
                    flow.waiting[0] = (due, data[sent:])
                    break
                flow.waiting.pop(0)
        except BlockingIOError:
            pass
        except OSError:
            return False
        return not (flow.ended and not flow.waiting)

    def turn(self):
        now = time.monotonic()
        for link in self.links.values():
            if link.cut:
                continue
            self.accept(link)
            over = {id(end) for flow in link.flows
                    if not self.pump(flow, now)
                    for end in (flow.source, flow.sink)}
            for flow in link.flows:
                if id(flow.source) in over:
                    flow.source.close()
                    flow.sink.close()
            link.flows = [flow for flow in link.flows
                          if id(flow.source) not in over]

    def wait(self):
        """Until something can be read, or a millisecond when data waits."""
        selector = selectors.DefaultSelector()
        busy = False
        for link in self.links.values():
            if link.cut:
                continue
            selector.register(link.listener, selectors.EVENT_READ)
            for flow in link.flows:
                busy = busy or bool(flow.waiting)
                selector.register(flow.source, selectors.EVENT_READ)
        selector.select(0.001 if busy else 0.02)
        selector.close()

    def run(self):
        while not self.ending:
            with self.lock:
                self.turn()
                try:
                    self.wait()
                except (OSError, ValueError):
                    pass
