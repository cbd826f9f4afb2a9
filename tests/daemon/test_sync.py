"""Catching up from whoever has the blocks."""

from lib import invariants
from lib.network import wait_until

# Blocks without anything to decide, many a second.
QUICK = ["consensus.heartbeat_ms=15", "consensus.interval_ms=1"]


def test_sync_from_one_that_synced(context):
    """A node that caught up in runs serves one that needs other runs, and a
    receipt of any block"""
    net = context.network(observers=1, params=QUICK)
    first, late, observer = net.nodes[0], net.nodes[3], net.nodes[4]
    late.stop()
    wait_until("there are 40 blocks", 60, lambda: first.height() >= 40)
    wait_until("the observer has some", 10, lambda: observer.height() >= 30)
    observer.stop()
    tx = first.cli("proposal", "submit", "--as", "henry_dao", "--type",
                   "standard", "--title", "Old", expect=0).data["tx"]
    start = first.height()
    wait_until("there are 400 more", 120,
               lambda: first.height() >= start + 400)
    late.start(ready=False)
    wait_until("the late one has them", 30,
               lambda: late.height() >= start + 400)
    for node in net.nodes[:3]:
        node.stop()
    late.cli("receipt", "get", tx, expect=0)
    top = late.height()
    observer.start(ready=False)
    wait_until(f"the observer has {top}", 30,
               lambda: observer.height() >= top)
    invariants.same_history([late, observer])
    observer.cli("receipt", "get", tx, expect=0)
