"""Clocks that jump."""

import os
import struct
import time

from lib import invariants
from lib.load import Load
from lib.network import Failure, wait_until
from test_faults import VOTERS, never_long, no_refusals, settle, start


class Clock:
    """The clock of the day of nodes that are started with it."""

    def __init__(self, context):
        self.path = os.path.join(context.folder, "clock")
        self.set(0)
        self.environment = {
            "BCAI_CLOCK_FILE": self.path,
            "LD_PRELOAD": os.path.join(context.build, "tests", "daemon",
                                       "clockstep.so")}

    def set(self, seconds):
        """Jump to so many seconds beside the right time."""
        flags = os.O_WRONLY | os.O_CREAT
        file = os.open(self.path, flags, 0o600)
        os.pwrite(file, struct.pack("=q", int(seconds * 1000)), 0)
        os.close(file)


def test_clock_steps(context):
    """A validator whose clock jumps ahead or back stops nobody and signs
    nothing wrong, and with the right time it counts again"""
    net, numbers = start(context, proposals=3)
    clock = Clock(context)
    victim = net.nodes[3]
    victim.stop()
    victim.start(environment=clock.environment)
    waits = []
    with Load(net, [name for name, *_ in VOTERS[:120]], numbers, threads=4,
              pinned=True) as work:
        for seconds in (3600, -3600, 5, -5):
            work.wait_acknowledged(5)
            since = time.monotonic()
            clock.set(seconds)
            shown = int(victim.status()["now_ms"]) / 1000 - time.time()
            if abs(shown - seconds) > 2:
                raise Failure(f"its clock is {shown} s off, not {seconds}")
            time.sleep(4)
            waits.append(work.longest_wait(since, time.monotonic()))
            invariants.height_everywhere(net.nodes)
            clock.set(0)
    never_long(waits)
    settle(net, numbers, work.acknowledged)
    # A ballot that took its validity from a clock an hour behind has expired.
    work.refused = [(voter, text) for voter, text in work.refused
                    if '"expired"' not in text]
    no_refusals(work)
    for node in net.nodes:
        if node.rpc("evidence.list")["evidence"]:
            raise Failure("somebody contradicted itself")
    net.nodes[0].kill()  # Now all three others are needed.
    invariants.goes_on(net, "witness", numbers[1])


def test_clock_idle(context):
    """A node that is an hour ahead neither moves block time nor makes an idle
    network end a vote before its time"""
    net, numbers = start(context)
    clock = Clock(context)
    victim = net.nodes[3]
    victim.stop()
    victim.start(environment=clock.environment)
    number = net.propose("proposer", title="Ends in time")
    net.wait_state(number, "voting")
    clock.set(7200)
    time.sleep(6)
    for node in net.nodes[:3]:
        ahead = int(node.status()["block_time_ms"]) / 1000 - time.time()
        if ahead > 2:
            raise Failure(f"block time is {ahead:.1f} s ahead")
        state = node.rpc("proposal.get", proposal=number)["state"]
        if state != "voting":
            raise Failure(f"the vote has ended: {state}")
    clock.set(0)
    settle(net, numbers, None)
    wait_until("the node with the right time is ready", 30,
               lambda: victim.rpc("node.ready")["ready"])
