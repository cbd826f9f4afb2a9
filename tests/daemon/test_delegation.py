"""Delegating on a real network: made, replaced, limited, ended and shown."""

import json
import math
import os
import shutil
import subprocess

from lib import invariants
from lib.network import Failure, process_runs, wait_until

PARAMS = ["standard.voting_ms=600000", "technical.voting_ms=600000"]


def expect(what, value, wanted):
    if value != wanted:
        raise Failure(f"{what}: {value}, not {wanted}")


def people(node, *names):
    return [node.cli("voter", "show", name, expect=0).data["account"]
            for name in names]


def edges(node, name, *more):
    """(serial, kind, target or principal, types, amount) of each."""
    rows = node.cli("delegate", "list", name, *more, expect=0).data
    other = "principal" if more else "target"
    return [(row["serial"], row["kind"], row[other], row["types"],
             row["amount"]) for row in rows]


def test_delegation_commands(context):
    """Full, conditional, limited and expiring delegations, an opt-out, and
    clearing one or all: each command says what it did and every node shows
    the same"""
    net = context.network(validators=2, observers=1, params=PARAMS)
    node = net.nodes[0]
    bob, diana, henry, frank = people(node, "bob_dev", "diana_validator",
                                      "henry_dao", "frank_community")

    def sets(*words):
        done = node.cli("delegate", "set", *words, expect=0).data
        expect("result", done["result"], {"code": 0, "name": "ok"})
        return done
    sets("bob_dev", "--as", "alice_whale", "--types", "technical,parameter",
         "--expires", "30d")
    sets("henry_dao", "--as", "frank_community")
    sets("diana_validator", "--as", "charlie_user", "--amount", "30000.5",
         "--expires", "14d")
    last = sets("none", "--as", "frank_community", "--types", "emergency")
    for each in net.nodes:
        net_height = int(last["height"])
        node.cli("wait", "height", str(net_height))
        each.cli("wait", "height", str(net_height), expect=0)
        expect("alice's", edges(each, "alice_whale"),
               [(1, "conditional", bob, ["technical", "parameter"], None)])
        expect("frank's", edges(each, "frank_community"),
               [(1, "full", henry, [], None),
                (2, "conditional", None, ["emergency"], None)])
        expect("charlie's", edges(each, "charlie_user"),
               [(1, "limited", diana, [], "30000500000")])
        expect("henry's", edges(each, "henry_dao", "--received"),
               [(1, "full", frank, [], None)])
    row = node.cli("delegate", "list", "alice_whale").data[0]
    days = (int(row["expires_ms"]) - int(node.status()["now_ms"])) / 86400000
    if not 29.9 < days <= 30:
        raise Failure(f"expires in {days} days")
    expect("expired", row["expired"], False)
    shown = node.cli("voter", "show", "diana_validator", expect=0).data
    expect("diana received", shown["delegations_received"],
           {"count": 1, "weight": "30000500000"})
    shown = node.cli("voter", "show", "henry_dao", expect=0).data
    expect("henry received", shown["delegations_received"],
           {"count": 1, "weight": "25000000000"})
    shown = node.cli("voter", "show", "frank_community", expect=0).data
    expect("frank's profile", [row["serial"] for row in shown["delegations"]],
           [1, 2])
    # One in the place of another; what is left of types is made anew.
    sets("diana_validator", "--as", "alice_whale", "--types", "technical")
    expect("alice's", edges(node, "alice_whale"),
           [(2, "conditional", bob, ["parameter"], None),
            (3, "conditional", diana, ["technical"], None)])
    sets("bob_dev", "--as", "frank_community")
    expect("frank's", edges(node, "frank_community"),
           [(2, "conditional", None, ["emergency"], None),
            (3, "full", bob, [], None)])
    node.cli("delegate", "clear", "3", "2", "--as", "alice_whale", expect=0)
    expect("alice's", edges(node, "alice_whale"), [])
    node.cli("delegate", "clear", "--all", "--as", "frank_community",
             expect=0)
    expect("frank's", edges(node, "frank_community"), [])
    expect("bob's", edges(node, "bob_dev", "--received"), [])
    refused = node.cli("delegate", "clear", "9", "--as", "charlie_user",
                       expect=1).data["error"]
    expect("one that is not there", refused["name"], "unknown_delegation")
    refused = node.cli("delegate", "set", "bob_dev", "--as", "bob_dev",
                       expect=1).data["error"]
    expect("to oneself", refused["name"], "malformed")


def test_delegation_words(context):
    """What does not go together is told before anything is signed, and a dry
    run sends nothing"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    for words in (["set", "none"], ["set", "none", "--amount", "5"],
                  ["set", "bob_dev", "--types", "dancing"],
                  ["set", "bob_dev", "--types", ""],
                  ["set", "bob_dev", "--types", "technical,"],
                  ["set", "bob_dev", "--amount", "0"],
                  ["set", "bob_dev", "--amount", "-1"],
                  ["set", "bob_dev", "--amount", "1.0000001"],
                  ["set", "bob_dev", "--expires", "30"],
                  ["set", "bob_dev", "--expires", "0d"],
                  ["set", "bob_dev", "--expires", "99999999999d"],
                  ["set", "bob_dev", "--types", "technical", "--amount", "1"],
                  ["clear"], ["clear", "1", "--all"], ["clear", "one"]):
        result = node.cli("delegate", *words, "--as", "alice_whale", expect=3)
        expect(f"{words}", result.data["error"]["name"], "usage")
    dry = node.cli("--dry-run", "delegate", "set", "bob_dev", "--types",
                   "technical", "--expires", "2h", "--as", "alice_whale",
                   expect=0).data
    bob, = people(node, "bob_dev")
    expect("dry run", (dry["kind"], dry["delegation"], dry["target"],
                       dry["types"]),
           ("delegate set", "conditional", bob, ["technical"]))
    dry = node.cli("--dry-run", "delegate", "clear", "5", "2", "--as",
                   "alice_whale", expect=0).data
    expect("dry run", (dry["kind"], dry["serials"]),
           ("delegate clear", [2, 5]))
    expect("alice's", edges(node, "alice_whale"), [])
    # Without a name it is the only key there is.
    node.cli("delegate", "list", expect=3)
    alone = os.path.join(context.folder, "alone")
    os.mkdir(alone)
    shutil.copy(os.path.join(net.keys, "bob_dev.key"), alone)
    node.cli("delegate", "set", "alice_whale", "--as", "bob_dev", expect=0)
    done = subprocess.run(
        [os.path.join(net.build, "bcai-gov"), "-o", "json", "--socket",
         node.socket, "--keys", alone, "delegate", "list"],
        capture_output=True, text=True, timeout=20, check=True)
    expect("bob's", [row["principal"] for row in json.loads(done.stdout)],
           [bob])


def quadratic(tokens):
    return math.isqrt(tokens * 10**6 << 40)


def split(node, number, choice):
    """(own, delegated, voters) of a choice; they add up to its weight."""
    row = node.cli("tally", str(number), expect=0).data["choices"][choice]
    own, delegated = int(row["direct"]), int(row["delegated"])
    expect("the sum", own + delegated, int(row["weight"]))
    return own, delegated, int(row["voters"])


def vote(net, node, number, name, choice):
    """On this node; then every node that runs has it."""
    done = node.cli("vote", str(number), choice, "--as", name, expect=0).data
    for each in net.nodes:
        if process_runs(each.pid):
            wait_until(f"{each.name} has height {done['height']}", 20,
                       lambda: each.height() >= int(done["height"]))


def test_delegated_votes_count(context):
    """A delegate carries who has not voted, a ballot takes it back, what is
    delegated too late does not count, and a node that was killed in between
    tells the same"""
    net = context.network(validators=4, params=[
        "standard.voting_ms=600000", "standard.delay_ms=3000",
        "epoch.length_ms=86400000", "reputation.kept_bp=10000"])
    node, killed = net.nodes[0], net.nodes[3]
    alice, bob, charlie = (quadratic(tokens)
                           for tokens in (5000000, 100000, 50000))
    limited = charlie * 3 // 5  # 30,000 of 50,000
    diana, frank = quadratic(200000), quadratic(25000)

    def sets(*words):
        node.cli("delegate", "set", *words, expect=0)
    sets("bob_dev", "--as", "alice_whale", "--types", "standard")
    sets("diana_validator", "--as", "charlie_user", "--amount", "30000")
    sets("bob_dev", "--as", "diana_validator")
    number = net.propose("henry_dao")
    net.wait_state(number, "voting")
    sets("grace_investor", "--as", "frank_community")  # too late to matter

    vote(net, node, number, "bob_dev", "for")
    for each in net.nodes:
        expect("bob carries three", split(each, number, "for"),
               (bob, alice + diana + limited, 1))
    killed.kill()
    vote(net, node, number, "diana_validator", "against")
    expect("diana took hers", split(node, number, "for"), (bob, alice, 1))
    expect("and charlie's", split(node, number, "against"),
           (diana, limited, 1))
    vote(net, node, number, "grace_investor", "abstain")
    expect("grace carries nobody", split(node, number, "abstain")[1:], (0, 1))
    killed.start()
    vote(net, killed, number, "alice_whale", "abstain")
    vote(net, killed, number, "frank_community", "for")
    for each in net.nodes:
        expect("for", split(each, number, "for"), (bob + frank, 0, 2))
        expect("against", split(each, number, "against"),
               (diana, limited, 1))
    # A ballot that is replaced moves what it carries.
    vote(net, node, number, "diana_validator", "for")
    for each in net.nodes:
        expect("for", split(each, number, "for"),
               (bob + frank + diana, limited, 3))
        expect("against", split(each, number, "against"), (0, 0, 0))
    invariants.same_history(net.nodes)
    invariants.same_state_root(net.nodes)
