"""The sign log over a long time: it stays short and forgets nothing needed."""

import os
import random
import shutil
import threading
import time

from lib import invariants
from lib.load import Load
from lib.network import Failure, wait_until
from test_faults import VOTERS, settle, start

CUT_BYTES = 512 * 1024  # As in src/node/drive.c.
# The cut comes within a second, and at most so much is written in one.
SLACK_BYTES = 384 * 1024


class Watch:
    """The sizes of all sign logs while a test runs."""

    def __init__(self, net):
        self.nodes = net.nodes
        self.last = [0] * len(self.nodes)
        self.most = [0] * len(self.nodes)
        self.cuts = [0] * len(self.nodes)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def run(self):
        while not self.ending.wait(0.02):
            for i, node in enumerate(self.nodes):
                size = os.path.getsize(
                    os.path.join(node.folder, "keys", "sign.log"))
                self.cuts[i] += size < self.last[i] / 2
                self.most[i] = max(self.most[i], size)
                self.last[i] = size


def signs(node):
    wait_until(f"{node.name} signs", 30, lambda: node.status()["signing"])


def test_sign_log_stays_short(context):
    """The sign log stays short under load, whatever moment around a cut a
    node is killed at, and what is left of it keeps everybody honest"""
    seed = int(os.environ.get("BCAI_SEED", time.time()))
    print(f"seed {seed} (BCAI_SEED sets it)")
    chance = random.Random(seed)
    rounds = context.rounds(2, 40)
    net, numbers = start(context, proposals=60 if context.soak else 5)
    names = [name for name, *_ in VOTERS[:120]]
    with Watch(net) as watch, \
            Load(net, names, numbers, threads=4, pinned=True) as work:
        for turn in range(rounds):
            victim = turn % len(net.nodes)
            node = net.nodes[victim]
            wait_until(f"{node.name} has a long sign log", 90,
                       lambda: watch.last[victim] > CUT_BYTES)
            time.sleep(chance.random() * 1.1)
            node.kill()
            node.start()
            wait_until(f"{node.name} has cut its sign log", 10,
                       lambda: watch.last[victim] < CUT_BYTES / 2)
    print(f"{len(work.acknowledged)} ballots, cuts {watch.cuts}, longest logs "
          f"{[size // 1024 for size in watch.most]} KiB")
    if max(watch.most) > CUT_BYTES + SLACK_BYTES or min(watch.cuts) < 1:
        raise Failure("a sign log was not kept short")
    settle(net, numbers, work.acknowledged)
    remember_nothing_else(net, numbers, work.acknowledged)
    for node in net.alive:
        if node.rpc("evidence.list")["evidence"]:
            raise Failure("somebody contradicted itself")


def remember_nothing_else(net, numbers, acknowledged):
    """With its database gone, a node knows what it signed from the cut log
    alone; then its vote is needed."""
    victim = net.nodes[3]
    victim.kill()
    shutil.rmtree(os.path.join(victim.folder, "db"))
    victim.start()
    invariants.height_everywhere(net.nodes)
    signs(victim)
    net.nodes[0].kill()
    invariants.all_hold(net, "witness", numbers[1], acknowledged)
