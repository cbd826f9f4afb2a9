"""One state root, however a node came by its state."""

import os
import random

from lib import invariants
from lib.network import Failure, wait_until

VOTERS = ["alice_whale", "bob_dev", "charlie_user", "diana_validator",
          "eve_researcher", "frank_community", "grace_investor", "henry_dao"]
PARAMS = ["standard.delay_ms=500", "parameter.delay_ms=500",
          "standard.voting_ms=4000", "parameter.voting_ms=4000",
          "parameter.timelock_ms=1000", "epoch.length_ms=3000",
          "stake.maturity_ms=2000", "proposal.max_open=100",
          "proposal.deposit=100000000"]


def something(dice, node, opened):
    """A transaction of some kind; many are refused, which is as good."""
    voter, other = dice.sample(VOTERS, 2)
    what = dice.randrange(11)
    if what == 0:
        made = node.cli("proposal", "submit", "--as", voter, "--title", "It",
                        *dice.choice([[], ["--type", "parameter", "--action",
                                           "parameter proposal.max_open="
                                           f"{dice.randrange(96, 105)}"]]))
        if made.code == 0:
            opened.append(made.data["proposal"])
    elif what == 1:
        node.cli("stake", "transfer", other, str(dice.randrange(1, 9000)),
                 "--as", voter)
    elif what == 2:
        node.cli("delegate", "set", other, "--as", voter,
                 *dice.choice([[], ["--types", "standard"],
                               ["--amount", str(dice.randrange(1, 5000))],
                               ["--expires", "5s"]]))
    elif what == 3:
        node.cli("delegate", "clear", "--all", "--as", voter)
    elif opened:
        node.cli("vote", str(dice.choice(opened[-3:])),
                 dice.choice(["for", "against", "abstain"]), "--as", voter)


def test_roots_of_every_way(context):
    """After votes, delegations, transfers, deposits, executed actions and
    turns of the epoch, a node that was killed and started again, one that
    caught up from nothing, and a replay of the stored history have the state
    root of the one that saw it happen"""
    seed = int(os.environ.get("DAEMON_SEED", random.randrange(1 << 30)))
    print(f"DAEMON_SEED={seed}")
    dice = random.Random(seed)
    net = context.network(validators=4, observers=1, params=PARAMS)
    late, restarted = net.nodes[4], net.nodes[3]
    late.kill()
    opened = []
    for step in range(context.rounds(120, 1200)):
        something(dice, dice.choice(net.nodes[:3]), opened)
        if step % 20 == 10:
            restarted.kill()
            restarted.start()
    for number in opened:
        wait_until(f"proposal {number} is decided", 30, lambda: (
            net.nodes[0].rpc("proposal.get", proposal=number)["ended_ms"]))
    late.start()
    invariants.height_everywhere(net.nodes)
    invariants.same_state_root(net.nodes)
    stats = net.nodes[0].cli("stats", expect=0).data
    print(f"{len(opened)} proposals, {stats['ballots']} ballots, epoch "
          f"{stats['epoch']}")
    if int(stats["ballots"]) == 0 or not opened:
        raise Failure(f"little happened: {stats}")
    late.stop()
    checked = net.cli("--data-dir", late.folder, "db", "check", expect=0).data
    if int(checked["blocks"]) < 20:
        raise Failure(f"{checked}")
