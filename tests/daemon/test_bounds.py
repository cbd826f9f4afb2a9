"""What a network and a node hold themselves to."""

import json
import os
import time

from lib import invariants
from lib.network import Failure, Rpc, wait_until


def test_bounds_interval(context):
    """Blocks are as far apart as the genesis says, whatever a node would
    like"""
    net = context.network(params=["consensus.interval_ms=300",
                                  "proposal.min_stake=0",
                                  "proposal.deposit=0"])
    for voter in ("henry_dao", "bob_dev", "alice_whale", "charlie_user",
                  "eve_researcher", "grace_investor"):
        net.propose(voter, title=f"By {voter}")
    top = net.nodes[0].height()
    times = [int(net.nodes[0].rpc("block.get", height=height)["time_ms"])
             for height in range(1, top + 1)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    if not gaps or min(gaps) < 250:
        raise Failure(f"blocks at {json.dumps(times)}: {gaps}")



def signed(net, number, voter, nonce, choice="for"):
    return net.nodes[0].cli("--dry-run", "vote", str(number), choice, "--as",
                            voter, "--nonce", str(nonce),
                            expect=0).data["raw"]


def voting(context, **options):
    net = context.network(params=["standard.voting_ms=7000000"], **options)
    number = net.propose("henry_dao")
    for node in net.nodes:
        net.wait_state(number, "voting", node)
    return net, number


def submit_together(node, raws):
    """Each answer: an error, or None for what was accepted."""
    with Rpc(node.socket) as connection:
        for raw in raws:
            connection.send("tx.submit", tx=raw, wait="accepted")
        answers = [connection.read_line() for _ in raws]
    answers.sort(key=lambda answer: answer["id"])
    return [answer.get("error") for answer in answers]


def test_bounds_account_rate(context):
    """An account that sends faster than it may is told when to go on, others
    do not feel it, and one nonce is waited for once"""
    net, number = voting(context, settings=["account_rate=3"])
    node = net.nodes[0]
    bob = [signed(net, number, "bob_dev", i) for i in range(5)]
    errors = submit_together(node, bob)
    names = [error and error["data"]["name"] for error in errors]
    if names != [None, None, None, "rate_limited", "rate_limited"]:
        raise Failure(f"five at three a second: {errors}")
    wait_ms = errors[3]["data"]["retry_after_ms"]
    if not 0 < wait_ms <= 400:
        raise Failure(f"to be tried again after {wait_ms} ms")
    node.cli("vote", str(number), "for", "--as", "alice_whale", expect=0)
    time.sleep(2 * wait_ms / 1000)
    if submit_together(node, [bob[3]]) != [None]:
        raise Failure("refused also after the time told")
    twice = [signed(net, number, "eve_researcher", 0, choice)
             for choice in ("for", "against")]
    errors = submit_together(node, twice)
    if sum(error is None for error in errors) != 1:
        raise Failure(f"two of one nonce: {errors}")


def test_bounds_connection_rate(context):
    """A connection that sends for many accounts faster than it may is told
    when to go on; another connection does not feel it, and what was refused
    is taken then"""
    net, number = voting(context, settings=["connection_rate=3"])
    node = net.nodes[0]
    voters = ["alice_whale", "bob_dev", "charlie_user", "diana_validator",
              "eve_researcher"]
    raws = [signed(net, number, voter, 0) for voter in voters]
    with Rpc(node.socket) as connection:
        for raw in raws:
            connection.send("tx.submit", tx=raw, wait="accepted")
        answers = sorted((connection.read_line() for _ in raws),
                         key=lambda answer: answer["id"])
        errors = [answer.get("error") for answer in answers]
        names = [error and error["data"]["name"] for error in errors]
        if names != [None, None, None, "rate_limited", "rate_limited"]:
            raise Failure(f"five at three a second: {errors}")
        wait_ms = errors[4]["data"]["retry_after_ms"]
        if not 0 < wait_ms <= 400:
            raise Failure(f"to be tried again after {wait_ms} ms")
        if submit_together(node, [raws[3]]) != [None]:
            raise Failure("another connection was refused")
        time.sleep(2 * wait_ms / 1000)
        connection.call("tx.submit", tx=raws[4], wait="accepted")
    wait_until("all five count", 20, lambda: len(node.rpc(
        "vote.list", proposal=number)["votes"]) == 5)


def test_bounds_another_validator(context):
    """What a validator cannot take, an observer hands to another one at
    once"""
    net, number = voting(context, observers=1)
    observer = net.nodes[4]
    for node in net.nodes[:3]:
        node.stop()
        with open(os.path.join(node.folder, "config.yaml"), "a") as file:
            file.write("account_rate: 1\n")
        node.start(ready=False)
    for node in net.nodes[:3]:
        node.wait_ready()
    wait_until("all are connected", 30, lambda: all(
        node.status()["peers"] >= 4 for node in net.nodes))
    raws = [signed(net, number, "bob_dev", i) for i in range(12)]
    since = time.monotonic()
    with Rpc(observer.socket) as connection:
        answers = connection.call_many(
            "tx.submit", [{"tx": raw} for raw in raws])
    took = time.monotonic() - since
    print(f"12 transactions took {took:.2f} s")
    if any(answer["result"]["name"] not in ("ok", "older_ballot")
           for answer in answers):
        raise Failure(f"{answers}")
    if took > 1.5:
        raise Failure(f"it took {took:.1f} s: the observer waited")


def test_bounds_slow_disk(context):
    """When less may wait for the disk than one batch brings, a node takes on
    less and goes on"""
    voters = [f"voter{i}" for i in range(30)]
    net = context.network(settings=["write_bytes=65536"],
                          params=["proposal.max_open=100",
                                  "proposal.min_stake=0",
                                  "proposal.deposit=0"],
                          voters=[(name, 1000, 1) for name in voters])
    path = os.path.join(context.folder, "long.txt")
    with open(path, "w") as file:
        file.write("why " * 4000)
    raws = [net.nodes[0].cli("--dry-run", "proposal", "submit", "--as", name,
                             "--type", "standard", "--title", "Long",
                             "--description-file", path,
                             expect=0).data["raw"] for name in voters]
    left = set(raws)
    with Rpc(net.nodes[0].socket) as connection:
        while left:
            asked = {connection.send("tx.submit", tx=raw): raw for raw in left}
            for _ in range(len(asked)):
                answer = connection.read_line()
                if "result" in answer:
                    left.discard(asked[answer["id"]])
                elif answer["error"]["data"]["name"] != "busy":
                    raise Failure(f"{answer}")
            time.sleep(0.2)
    if any(f"{node.rpc('proposal.list')}".count("'Long'") < 30
           for node in net.nodes):
        raise Failure("proposals are missing")
    invariants.same_history(net.nodes)
