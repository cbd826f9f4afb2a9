"""One fault after the other, drawn by a seed, with never more than one node of
four in trouble."""

import os
import random
import shutil
import signal
import time

from lib import invariants
from lib.load import Load
from lib.network import Failure
from test_faults import STAND_S, no_refusals
from test_partition import VOTERS, boot, finish, start


class Chaos:
    """What can happen to a node, and how it ends. Each answers what mends
    it."""

    def __init__(self, net, proxy, cables, chance):
        self.net = net
        self.proxy = proxy
        self.cables = cables
        self.chance = chance

    def killed(self, node):
        node.kill()
        return node.start

    def frozen(self, node):
        node.signal(signal.SIGSTOP)
        node.alive = False

        def thaw():
            node.signal(signal.SIGCONT)
            node.alive = True
        return thaw

    def cut_off(self, node):
        """Its links are dead, or only those it dials, or it hears nobody."""
        others = [n.index for n in self.net.nodes if n is not node]
        links = self.chance.choice([
            self.cables.between([node.index], others),
            [(node.index, other) for other in others],
            [(other, node.index) for other in others]])
        self.proxy.cut(links)
        node.alive = False

        def heal():
            self.proxy.heal()
            node.alive = True
        return heal

    def slow(self, node):
        others = [n.index for n in self.net.nodes if n is not node]
        self.proxy.delay(self.cables.between([node.index], others),
                         self.chance.choice([0.02, 0.1, 0.4]))
        return self.proxy.heal

    def severed(self, node):
        others = [n.index for n in self.net.nodes if n is not node]
        self.proxy.sever(self.cables.between([node.index], others))
        return lambda: None

    def forgetful(self, node):
        node.kill()
        shutil.rmtree(os.path.join(node.folder, "db"))
        return node.start

    def stopped(self, node):
        node.stop()
        return node.start

    def any_fault(self):
        return self.chance.choice([
            self.killed, self.frozen, self.cut_off, self.slow, self.severed,
            self.forgetful, self.stopped])


def test_chaos(context):
    """Any fault after any other, one node at a time, loses nothing, and the
    three others never wait long"""
    seed = int(os.environ.get("DAEMON_SEED", time.time()))
    print(f"DAEMON_SEED={seed}")
    chance = random.Random(seed)
    net, proxy, cables = start(context, ["proposal.max_open=100"])
    waits = [0]  # Only of faults that hit a whole network.
    told = []
    whole = True
    with proxy:
        numbers = [boot(net)]
        numbers += [net.propose("proposer")
                    for _ in range(40 if context.soak else 2)]
        for number in numbers:
            net.wait_state(number, "voting")
        chaos = Chaos(net, proxy, cables, chance)
        with Load(net, [v[0] for v in VOTERS[:60]], numbers, threads=4,
                  pinned=True) as work:
            work.wait_acknowledged(5)
            for _ in range(context.rounds(8, 100)):
                node = chance.choice(net.nodes)
                fault = chaos.any_fault()
                told.append(f"{fault.__name__} {node.name}")
                since = time.monotonic()
                mend = fault(node)
                time.sleep(chance.uniform(0.1, 3))
                waits.append(work.longest_wait(since, time.monotonic())
                             if whole else 0)
                mend()
                whole = chance.random() < 0.7
                if whole:
                    invariants.height_everywhere(net.nodes)
        finish(net, proxy, numbers[0], work.acknowledged)
    print(f"{len(work.acknowledged)} ballots; the longest wait was "
          f"{max(waits):.1f} s; {', '.join(told[:20])}")
    # Who asks a node that is just stopping is sent elsewhere.
    work.refused = [r for r in work.refused if "shutting_down" not in r[1]]
    no_refusals(work)
    for node in net.nodes:
        if node.rpc("evidence.list")["evidence"]:
            raise Failure("somebody contradicted itself")
    if max(waits) > STAND_S:
        raise Failure(f"three of four stood still: "
                      f"{told[:waits.index(max(waits))]}")
