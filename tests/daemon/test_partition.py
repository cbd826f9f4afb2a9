"""Networks that fall apart and grow together, through the fault proxy."""

import os
import socket
import time

from lib import invariants
from lib.faultproxy import FaultProxy
from lib.load import Load
from lib.network import Failure, wait_until

PARAMS = ["standard.voting_ms=7000000"]
VOTERS = [(f"voter{i}", 1000 + i, 1) for i in range(60)] + \
    [("proposer", 1000000, 10), ("witness", 5000, 5)]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Cables:
    """A test network whose every link runs through the proxy. A node tells
    others an address where nobody listens, so that no link goes around."""

    def __init__(self, net, proxy):
        self.net = net
        self.proxy = proxy
        for node in net.nodes:
            node.stop()
        ports = [free_port() for _ in net.nodes]
        for near in net.nodes:
            peers = []
            for far in net.nodes:
                if near is far:
                    continue
                port = proxy.add((near.index, far.index),
                                 ("127.0.0.1", ports[far.index]))
                peers.append(f"{far.node_id}@127.0.0.1:{port}")
            self.configure(near, ports[near.index], peers)

    @staticmethod
    def configure(node, port, peers):
        """Replace the node's own addresses in its configuration."""
        path = os.path.join(node.folder, "config.yaml")
        kept = []
        with open(path) as file:
            in_list = False
            for line in file:
                if line.startswith(("listen:", "advertise:", "bootstrap:")):
                    in_list = line.startswith("bootstrap:")
                elif not (in_list and line.startswith((" ", "-"))):
                    in_list = False
                    kept.append(line)
        with open(path, "w") as file:
            file.writelines(kept)
            file.write(f"listen: 127.0.0.1:{port}\n")
            file.write("advertise: 127.0.0.1:9\nbootstrap:\n")
            for peer in peers:
                file.write(f"  - {peer}\n")
        book = os.path.join(node.folder, "peers.json")
        if os.path.exists(book):
            os.remove(book)

    def between(self, one, other):
        return [(a, b) for a in one for b in other] + \
            [(b, a) for a in one for b in other]

    def part(self, *groups):
        """Only nodes of one group hear each other."""
        self.proxy.heal()
        for i, one in enumerate(groups):
            for other in groups[i + 1:]:
                self.proxy.cut(self.between(one, other))


def start(context, params=()):
    net = context.network(voters=VOTERS, params=PARAMS + list(params))
    proxy = FaultProxy()
    cables = Cables(net, proxy)
    return net, proxy, cables


def boot(net):
    for node in net.nodes:
        node.start(ready=False)
    for node in net.nodes:
        node.wait_ready()
    number = net.propose("proposer")
    net.wait_state(number, "voting")
    return number


def finish(net, proxy, number, acknowledged):
    if proxy.bytes == 0:
        raise Failure("nothing went through the proxy")
    proxy.heal()
    invariants.all_hold(net, "witness", number, acknowledged)
    invariants.same_state_root(net.nodes)


def test_partition_minority(context):
    """A node cut off finalises nothing, the three others go on, and after the
    heal it has what they have"""
    net, proxy, cables = start(context)
    with proxy:
        number = boot(net)
        cables.part([0, 1, 2], [3])
        time.sleep(1)
        alone = net.nodes[3].height()
        net.nodes[3].alive = False
        with Load(net, [v[0] for v in VOTERS[:60]], [number]) as work:
            work.wait_acknowledged(30)
        net.nodes[3].alive = True
        if net.nodes[3].height() != alone:
            raise Failure("the node cut off went on alone")
        finish(net, proxy, number, work.acknowledged)


def test_partition_halves(context):
    """Two halves both stand still, and the network goes on after the heal"""
    net, proxy, cables = start(context)
    with proxy:
        number = boot(net)
        cables.part([0, 1], [2, 3])
        time.sleep(1)
        heights = [node.height() for node in net.nodes]
        for node, voter in ((net.nodes[0], "voter0"), (net.nodes[3],
                                                       "voter1")):
            result = node.cli("--timeout", "3", "vote", str(number), "for",
                              "--as", voter)
            if result.code != 7:
                raise Failure(f"a vote in one half: exit {result.code} "
                              f"{result.out}")
        if heights != [node.height() for node in net.nodes]:
            raise Failure("a half finalised a block")
        proxy.heal()
        wait_until("both votes that waited are counted", 40, lambda: int(
            net.nodes[1].rpc("tally.get", proposal=number)
            ["choices"]["for"]["voters"]) == 2)
        finish(net, proxy, number, None)


def test_partition_moving(context):
    """Partitions that move every few seconds under load, with slow links in
    between, lose nothing"""
    net, proxy, cables = start(context)
    rounds = [([0, 1, 2], [3]), ([0, 1, 3], [2]), ([0, 2], [1, 3]),
              ([1, 2, 3], [0]), ([0], [1], [2], [3]), ([0, 2, 3], [1])]
    with proxy:
        number = boot(net)
        with Load(net, [v[0] for v in VOTERS[:60]], [number]) as work:
            work.wait_acknowledged(5)
            for groups in rounds * (10 if context.soak else 1):
                cables.part(*groups)
                proxy.delay([(0, 1), (2, 3)], 0.05)
                time.sleep(2)
                proxy.sever([(1, 0), (3, 1)])
                time.sleep(0.5)
            proxy.heal()
            work.wait_acknowledged(10)
        finish(net, proxy, number, work.acknowledged)
