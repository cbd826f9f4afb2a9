"""What a network and a node hold themselves to."""

import json

from lib.network import Failure


def test_bounds_interval(context):
    """Blocks are as far apart as the genesis says, whatever a node would
    like"""
    net = context.network(params=["consensus.interval_ms=300",
                                  "proposal.min_stake=0"])
    for voter in ("henry_dao", "bob_dev", "alice_whale", "charlie_user",
                  "eve_researcher", "grace_investor"):
        net.propose(voter, title=f"By {voter}")
    top = net.nodes[0].height()
    times = [int(net.nodes[0].rpc("block.get", height=height)["time_ms"])
             for height in range(1, top + 1)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    if not gaps or min(gaps) < 250:
        raise Failure(f"blocks at {json.dumps(times)}: {gaps}")
