"""The council: acts that the voters ratify or undo, vetoes and what
overrides them."""

import json

from lib import invariants
from lib.network import Failure, wait_until

VOTERS = ("alice_whale", "bob_dev", "diana_validator", "eve_researcher",
          "grace_investor", "henry_dao")
COUNCIL = "threshold=3 delayed=2 alice_whale,bob_dev,grace_investor"


def expect(what, got, want):
    if got != want:
        raise Failure(f"{what}: {got}, not {want}")


def param(node, name):
    rows = node.cli("params", expect=0).data
    return next(row["value"] for row in rows if row["name"] == name)


def key_of(node, name):
    return node.cli("key", "show", name, expect=0).data["public_key"]


def act(node, author, title, action, revert, words=(), expect=0):
    return node.cli("council", "act", "--as", author, "--title", title,
                    "--action", action, "--revert", revert, *words,
                    expect=expect)


def show_act(node, number):
    return node.cli("council", "show", str(number), expect=0).data


def wait_act(node, number, state):
    return wait_until(f"act {number} is {state}", 30, lambda: (
        lambda a: a if a["state"] == state else None)(show_act(node, number)))


def proposal(node, number):
    return node.cli("proposal", "show", str(number), expect=0).data


def refused(result, name):
    expect("refusal", result.data["error"]["name"], name)


def vote_all(net, number, choice="for"):
    """An emergency vote ends as soon as it is decided."""
    net.wait_state(number, "voting")
    for i, voter in enumerate(VOTERS):
        result = net.alive[i % len(net.alive)].cli(
            "vote", str(number), choice, "--as", voter)
        if result.code != 0:
            expect("type", proposal(net.nodes[0], number)["type"],
                   "emergency")
            refused(result, "not_voting")
            return


def submit(node, kind, action):
    return node.cli("proposal", "submit", "--as", "henry_dao", "--type", kind,
                    "--title", "With an action", "--action", action,
                    expect=0).data["proposal"]


def test_council_acts(context):
    """An act that all three members approve is done at once, one that two
    approve after the delay; the voters ratify one, and reject the other,
    which undoes it, on every node, also on one that was down"""
    net = context.network(council=COUNCIL,
                          params=["council.delay_ms=3000",
                                  "emergency.voting_ms=6000"])
    net.nodes[3].kill()
    node = net.nodes[0]
    stake, growth = "account.min_stake", "proposal.deposit_growth_bp"
    was = {name: int(param(node, name)) for name in (stake, growth)}
    first = (f"parameter {stake}={was[stake] + 1000000}",
             f"parameter {stake}={was[stake]}")
    second = (f"parameter {growth}={was[growth] + 100}",
              f"parameter {growth}={was[growth]}")

    refused(act(node, "henry_dao", "Stop", *first, expect=1), "unauthorised")
    dry = act(node, "bob_dev", "Stop", *first, words=["--dry-run"]).data
    expect("dry run", dry["preview"]["executable"], True)
    expect("nothing was sent", node.cli("council", "list", expect=0).data, [])

    refused(node.cli("council", "show", "1", expect=5), "unknown_act")
    made = act(node, "bob_dev", "Dearer accounts", *first).data
    expect("its number", made["act"], 1)
    shown = show_act(node, 1)
    expect("one approval", (shown["state"], shown["approvals"]),
           ("open", [key_of(node, "bob_dev")]))
    refused(node.cli("council", "approve", "1", "--as", "bob_dev", expect=1),
            "wrong_state")
    refused(node.cli("council", "approve", "2", "--as", "bob_dev", expect=1),
            "unknown_act")
    node.cli("council", "approve", "1", "--as", "alice_whale", expect=0)
    expect("two approvals", show_act(node, 1)["state"], "delayed")
    expect("not done yet", int(param(node, stake)), was[stake])
    net.nodes[1].cli("council", "approve", "1", "--as", "grace_investor",
                     expect=0)
    shown = show_act(net.nodes[1], 1)
    expect("three approvals", shown["state"], "done")
    expect("done at once", int(param(net.nodes[1], stake)),
           was[stake] + 1000000)

    made = act(node, "grace_investor", "Dearer deposits", *second).data
    expect("its number", made["act"], 2)
    node.cli("council", "approve", "2", "--as", "bob_dev", expect=0)
    delayed = show_act(node, 2)
    expect("the other", delayed["state"], "delayed")
    expect("not done yet", int(param(node, growth)), was[growth])
    done = wait_act(node, 2, "done")
    expect("done", int(param(node, growth)), was[growth] + 100)

    vote_all(net, shown["ratification"], "against")
    vote_all(net, done["ratification"], "for")
    ballot = proposal(node, shown["ratification"])
    expect("what is voted on", (ballot["ratifies"], ballot["title"],
                                ballot["type"]),
           (1, "Ratify act 1 of the council", "emergency"))
    net.wait_state(shown["ratification"], "rejected")
    net.wait_state(done["ratification"], "passed")
    expect("undone", int(param(node, stake)), was[stake])
    expect("ratified", int(param(node, growth)), was[growth] + 100)
    rows = node.cli("council", "list", expect=0).data
    expect("acts", [(row["act"], row["ratification_state"],
                     row["revert_failure"]) for row in rows],
           [(2, "passed", None), (1, "rejected", None)])
    net.nodes[3].start()
    wait_until("the one that was down knows it", 30, lambda: (
        int(param(net.nodes[3], stake)) == was[stake] and
        int(param(net.nodes[3], growth)) == was[growth] + 100))
    invariants.same_state_root(net.nodes)


def test_council_veto(context):
    """Two of three members stop a proposal that has passed; a constitutional
    one overrides them, and it is executed; the same veto is not possible
    twice"""
    net = context.network(council=COUNCIL,
                          params=["parameter.voting_ms=4000",
                                  "parameter.timelock_ms=6000",
                                  "constitutional.voting_ms=4000",
                                  "epoch.length_ms=4000"])
    node = net.nodes[0]
    number = submit(node, "parameter", "parameter standard.quorum_bp=1500")

    def veto(member, code=0, words=()):
        return net.nodes[2].cli("proposal", "veto", str(number), "--as",
                                member, "--reason", "It harms", *words,
                                expect=code)

    refused(veto("henry_dao", 1), "unauthorised")
    veto("bob_dev")
    refused(veto("bob_dev", 1), "wrong_state")
    vote_all(net, number)
    net.wait_state(number, "queued")
    vetoes = proposal(node, number)["vetoes"]
    expect("one veto", (vetoes["accounts"], vetoes["of_members"],
                        vetoes["needed"], vetoes["last_reason"]),
           ([key_of(node, "bob_dev")], 1, 2, "It harms"))
    veto("alice_whale")
    net.wait_state(number, "cancelled")
    shown = proposal(node, number)
    expect("reason", shown["reason"], "vetoed by the council")
    expect("vetoes", shown["vetoes"]["of_members"], 2)

    above = submit(node, "constitutional", f"override {number}")
    refused(node.cli("proposal", "veto", str(above), "--as", "bob_dev",
                     "--reason", "No", expect=1), "wrong_state")
    vote_all(net, above)
    net.wait_state(above, "executed")
    net.wait_state(number, "queued")
    refused(veto("grace_investor", 1), "wrong_state")
    net.wait_state(number, "executed")
    shown = proposal(node, number)
    expect("overridden", shown["vetoes"]["overridden"], True)
    wait_until("the value is in force", 20, lambda: param(
        node, "standard.quorum_bp") == "1500")
    told = node.cli("watch", "veto", "--from", "1", "--count", "2",
                    expect=0).out.splitlines()
    expect("what the stream tells", [json.loads(line)["account"]
                                     for line in told],
           [key_of(node, "bob_dev"), key_of(node, "alice_whale")])
    invariants.same_state_root(net.nodes)
