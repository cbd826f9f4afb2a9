"""Voters who vote without pause, whatever happens to the nodes, and remember
what they were told."""

import random
import threading
import time

from lib.network import wait_until


class Load:
    """`threads` clients, each with voters of its own, send ballots through
    whatever node answers. `acknowledged` is what a node called final."""

    def __init__(self, network, voters, proposals, threads=3):
        self.network = network
        self.proposals = proposals
        self.acknowledged = []
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
                    self.vote(voter, proposal, chance)

    def vote(self, voter, proposal, chance):
        node = chance.choice(self.network.nodes)
        if not node.alive:
            time.sleep(0.02)
            return
        choice = chance.choice(["for", "against", "abstain"])
        result = node.cli("--timeout", "10", "vote", str(proposal), choice,
                          "--as", voter, timeout=60)
        with self.lock:
            if result.code == 0:
                self.acknowledged.append((
                    result.data["tx"], int(result.data["height"]),
                    int(result.data["index"]),
                    result.data["result"]["code"]))
            elif result.code == 1:
                self.refused.append((voter, result.out))
            elif result.code not in (2, 6, 7):
                self.refused.append((voter, f"exit {result.code}: "
                                     f"{result.out} {result.err}"))

    def wait_acknowledged(self, more, seconds=60):
        """Until `more` further ballots are final."""
        target = len(self.acknowledged) + more
        wait_until(f"{more} more ballots are final", seconds,
                   lambda: len(self.acknowledged) >= target)
