"""The path of a vote through four processes."""

import json
import os

from lib import invariants
from lib.network import Failure, wait_until

LONG = ["standard.voting_ms=600000"]


def test_vote_end_to_end(context):
    """A proposal submitted on one node and voted on over all four passes,
    and every node tells the same tally, state and history"""
    net = context.network(params=["standard.voting_ms=6000"])
    number = net.propose("henry_dao", net.nodes[0])
    net.wait_state(number, "voting")
    choices = {"alice_whale": "for", "bob_dev": "for", "charlie_user": "for",
               "eve_researcher": "for", "diana_validator": "abstain",
               "grace_investor": "against"}
    acknowledged = []
    for i, (voter, choice) in enumerate(choices.items()):
        data = net.nodes[i % 4].cli("vote", str(number), choice, "--as",
                                    voter, expect=0).data
        if data["result"] != {"code": 0, "name": "ok"}:
            raise Failure(f"vote of {voter}: {data}")
        acknowledged.append((data["tx"], int(data["height"]),
                             int(data["index"]), 0))
    top = max(height for _, height, _, _ in acknowledged)
    tallies = []
    for node in net.nodes:
        wait_until(f"{node.name} has height {top}", 10,
                   lambda: node.height() >= top)
        tallies.append(node.cli("tally", str(number), expect=0).data)
    if any(tally["choices"] != tallies[0]["choices"] for tally in tallies):
        raise Failure(f"tallies differ: {tallies}")
    voters = {c: tallies[0]["choices"][c]["voters"] for c in
              ("for", "against", "abstain")}
    if {c: int(v) for c, v in voters.items()} != \
            {"for": 4, "against": 1, "abstain": 1}:
        raise Failure(f"voters by choice: {voters}")
    for node in net.nodes:
        net.wait_state(number, "passed", node)
    invariants.same_history(net.nodes)
    invariants.acknowledged_kept(net.nodes, acknowledged)
    invariants.same_state_root(net.nodes)


def test_vote_receipt(context):
    """A receipt from one node verifies offline with nothing but the genesis,
    and a changed one does not"""
    net = context.network(params=LONG)
    number = net.propose("henry_dao")
    net.wait_state(number, "voting")
    tx = net.nodes[1].cli("vote", str(number), "for", "--as", "bob_dev",
                          expect=0).data["tx"]
    path = os.path.join(context.folder, "receipt.json")

    def fetch():
        return net.nodes[2].cli("receipt", "get", tx, "--file",
                                path).code == 0
    wait_until("a receipt can be had", 30, fetch, pause=0.3)
    genesis = os.path.join(net.nodes[0].folder, "genesis.json")
    net.down()
    words = ["receipt", "verify", path, "--genesis", genesis]
    net.cli(*words, expect=0)
    with open(path) as file:
        receipt = json.load(file)
    proof = receipt["receipt"]
    for place in range(0, len(proof), max(1, len(proof) // 40)):
        digit = "0" if proof[place] != "0" else "1"
        changed = dict(receipt, receipt=proof[:place] + digit +
                       proof[place + 1:])
        with open(path, "w") as file:
            json.dump(changed, file)
        result = net.cli(*words)
        if result.code != 6:
            raise Failure(f"with digit {place} of {len(proof)} changed: exit "
                          f"{result.code} {result.out}")
    other = ("0" if tx[0] != "0" else "1") + tx[1:]
    with open(path, "w") as file:
        json.dump(dict(receipt, tx=other), file)
    net.cli(*words, expect=6)


def test_vote_observer(context):
    """An observer follows, forwards a vote and shows its receipt"""
    net = context.network(observers=1, params=LONG)
    observer = net.nodes[4]
    if observer.role != "observer":
        raise Failure(f"{observer.name} is {observer.role}")
    observer.wait_ready()
    number = net.propose("henry_dao", net.nodes[0])
    net.wait_state(number, "voting", observer)
    data = observer.cli("vote", str(number), "for", "--as", "bob_dev",
                        expect=0).data
    for node in net.nodes:
        wait_until(f"{node.name} has the observer's vote", 20,
                   lambda: node.rpc("tx.get", tx=data["tx"]))
    invariants.same_history(net.nodes)


def test_vote_several(context):
    """Ballots for two proposals in one transaction count both"""
    net = context.network(params=LONG)
    first = net.propose("henry_dao")
    second = net.propose("grace_investor", title="Another")
    net.wait_state(first, "voting")
    net.wait_state(second, "voting")
    net.nodes[3].cli("vote", str(first), "for", str(second), "against",
                     "--as", "bob_dev", expect=0)
    for number, choice in ((first, "for"), (second, "against")):
        rows = net.nodes[3].rpc("vote.list", proposal=number)["votes"]
        if [row["choice"] for row in rows] != [choice]:
            raise Failure(f"ballots of {number}: {rows}")
