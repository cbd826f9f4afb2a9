"""Who has no business on the peers' port changes nothing and stops nobody."""

import os
import random
import resource
import select
import socket
import time

from lib import invariants
from lib.network import Failure, wait_until

VOTERS = [("proposer", 1000000, 10), ("witness", 5000, 5)]
PARAMS = ["standard.voting_ms=600000"]
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00"


def start(context):
    net = context.network(voters=VOTERS, params=PARAMS)
    number = net.propose("proposer")
    net.wait_state(number, "voting")
    return net, number


def address(node):
    host, port = node.p2p.split("@")[-1].rsplit(":", 1)
    return host, int(port)


def dial(node):
    return socket.create_connection(address(node), timeout=5)


def still_well(net, number, peers):
    """The validators are still linked with each other and finalise votes."""
    invariants.goes_on(net, "witness", number)
    invariants.same_history(net.nodes)
    for node in net.nodes:
        now = {p["node_id"] for p in node.rpc("peer.list")["peers"]
               if p["connected"]}
        if not peers[node.name] <= now:
            raise Failure(f"{node.name} lost peers")


def linked(net):
    ids = {node.node_id for node in net.nodes}

    def all_linked():
        for node in net.nodes:
            now = {p["node_id"] for p in node.rpc("peer.list")["peers"]
                   if p["connected"]}
            if not ids - {node.node_id} <= now:
                return False
        return True
    wait_until("the validators are linked", 20, all_linked)
    return {node.name: ids - {node.node_id} for node in net.nodes}


def test_stranger_garbage(context):
    """Raw garbage on the peers' port harms nobody"""
    net, number = start(context)
    peers = linked(net)
    seed = int(os.environ.get("DAEMON_SEED", str(random.getrandbits(32))))
    print(f"DAEMON_SEED={seed}")
    chance = random.Random(seed)
    for turn in range(200):
        node = chance.choice(net.nodes)
        with dial(node) as connection:
            try:
                if turn % 3 == 0:
                    connection.sendall(GREETING)
                connection.sendall(chance.randbytes(chance.randrange(1, 4096)))
            except OSError:
                pass
    still_well(net, number, peers)


def test_stranger_null_mechanism(context):
    """A ZeroMQ peer without encryption is not let in"""
    net, number = start(context)
    peers = linked(net)
    greeting = (b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0")
                + b"\0" + bytes(31))
    ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
    frame = b"\x04" + bytes([len(ready)]) + ready
    message = b"\x00\x05hello"
    for node in net.nodes:
        with dial(node) as connection:
            connection.sendall(greeting + frame + message)
            connection.settimeout(10)
            closed = False
            end = time.monotonic() + 10
            while time.monotonic() < end:
                try:
                    if connection.recv(4096) == b"":
                        closed = True
                        break
                except OSError:
                    closed = True
                    break
            if not closed:
                raise Failure(f"{node.name} keeps a connection without CURVE")
    still_well(net, number, peers)


def test_stranger_half_open(context):
    """10,000 half-open connections keep no validator from its work"""
    net, number = start(context)
    peers = linked(net)
    wanted = 10_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    open_now = []
    refused = 0
    try:
        for turn in range(wanted):
            if len(open_now) >= min(hard - 200, 9000):
                open_now.pop(0).close()
            node = net.nodes[turn % len(net.nodes)]
            connection = socket.socket()
            connection.setblocking(False)
            # Several source addresses: one has too few ports for all.
            connection.bind((f"127.0.{1 + turn % 4}.1", 0))
            try:
                connection.connect(address(node))
            except BlockingIOError:
                pass
            except OSError:
                refused += 1
            open_now.append(connection)
        select.select([], open_now[-1:], [], 1)
        invariants.goes_on(net, "witness", number)
    finally:
        for connection in open_now:
            connection.close()
    print(f"{wanted} connections tried, {refused} refused at once")
    still_well(net, number, peers)
