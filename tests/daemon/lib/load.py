"""Voters who vote without pause, whatever happens to the nodes, and remember
what they were told."""

import random
import threading
import time

from lib.network import wait_until


class Load:
    """`threads` clients, each with voters of its own, send ballots through
    whatever node answers; or each through a node of its own when `pinned`, so
    that one which hangs holds up its own clients only. `acknowledged` is what
    a node called final, `times` when it did."""

    def __init__(self, network, voters, proposals, threads=3, pinned=False):
        self.network = network
        self.proposals = proposals
        self.pinned = pinned
        self.acknowledged = []
        self.times = []
        self.refused = []
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.threads = [
            threading.Thread(target=self.run, args=(voters[i::threads], i))
            for i in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def run(self, voters, number):
        chance = random.Random(number)
        # A ballot may be changed 16 times, so the load ends by itself.
        for proposal in self.proposals:
            for _ in range(16):
                for voter in voters:
                    if self.ending.is_set():
                        return
                    self.vote(voter, proposal, chance, number)

    def pick(self, chance, number):
        """A live node, or None when the one of this client is not."""
        nodes = self.network.nodes
        node = nodes[number % len(nodes)] if self.pinned else \
            chance.choice(nodes)
        return node if node.alive else None

    def vote(self, voter, proposal, chance, number):
        node = self.pick(chance, number)
        while node is None and not self.ending.is_set():
            time.sleep(0.02)
            node = self.pick(chance, number)
        if node is None:
            return
        choice = chance.choice(["for", "against", "abstain"])
        result = node.cli("--timeout", "10", "vote", str(proposal), choice,
                          "--as", voter, timeout=60)
        with self.lock:
            if result.code == 0:
                self.times.append(time.monotonic())
                self.acknowledged.append((
                    result.data["tx"], int(result.data["height"]),
                    int(result.data["index"]),
                    result.data["result"]["code"]))
            elif result.code == 1:
                # A node that is stopping says so; that is no verdict.
                if result.data["error"]["name"] != "shutting_down":
                    self.refused.append((voter, result.out))
            elif result.code not in (2, 6, 7):
                self.refused.append((voter, f"exit {result.code}: "
                                     f"{result.out} {result.err}"))

    def longest_wait(self, since, until):
        """The longest time between two ballots becoming final."""
        times = [since] + [t for t in list(self.times) if since < t < until] \
            + [until]
        return max(b - a for a, b in zip(times, times[1:]))

    def wait_acknowledged(self, more, seconds=60):
        """Until `more` further ballots are final."""
        target = len(self.acknowledged) + more
        wait_until(f"{more} more ballots are final", seconds,
                   lambda: len(self.acknowledged) >= target)
