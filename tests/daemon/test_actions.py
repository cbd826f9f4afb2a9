"""Actions of proposals, as people write, read and try them."""

import json
import time

from lib import invariants, wallet
from lib.network import Failure, wait_until

HASH = "ab" * 32
ADDRESS = "0x" + "cd" * 20


def expect(what, got, want):
    if got != want:
        raise Failure(f"{what}: {got}, not {want}")


def submit(node, kind, *actions, words=(), expect=0):
    options = [word for action in actions for word in ("--action", action)]
    return node.cli("proposal", "submit", "--as", "henry_dao", "--type", kind,
                    "--title", "With actions", *options, *words,
                    expect=expect)


def test_actions_shown(context):
    """What a proposal will do is shown before it is signed, in the proposal
    and in its transaction; an amendment keeps what it does not change"""
    net = context.network()
    node = net.nodes[0]
    done = submit(node, "standard", "text Thank the auditors",
                  words=["--draft"]).data
    number = done["proposal"]
    shown = node.cli("proposal", "show", str(number), expect=0).data
    expect("actions", shown["actions"],
           [{"kind": "text", "text": "Thank the auditors",
             "words": "resolve: Thank the auditors"}])
    tx = node.cli("tx", "show", done["tx"], expect=0).data
    expect("actions of the transaction", tx["actions"], shown["actions"])
    node.cli("proposal", "amend", str(number), "--as", "henry_dao", "--title",
             "Another title", expect=0)
    for other in net.nodes:
        other.rpc("proposal.get", proposal=number)
    again = node.cli("proposal", "show", str(number), expect=0).data
    expect("title", again["title"], "Another title")
    expect("actions kept", again["actions"], shown["actions"])
    node.cli("proposal", "amend", str(number), "--as", "henry_dao",
             "--no-actions", expect=0)
    last = node.cli("proposal", "show", str(number), expect=0).data
    expect("actions taken out", last["actions"], [])
    if last["id"] == again["id"]:
        raise Failure("the id does not depend on the actions")
    invariants.same_state_root(net.nodes)


def test_actions_second_implementation(context):
    """What the command line signs for every kind of action, delegation and
    transfer is what an independent implementation of the specification
    signs, byte for byte; so are the ids of proposals"""
    net = context.network()
    node = net.nodes[0]
    genesis = bytes.fromhex(node.status()["genesis_hash"])
    seed = node.cli("--yes", "key", "export", "henry_dao", expect=0)
    key = wallet.Key(bytes.fromhex(seed.data["seed"]))
    bob = bytes.fromhex(node.cli("key", "show", "bob_dev",
                                 expect=0).data["public_key"])
    hash_, address = bytes.fromhex(HASH), bytes.fromhex(ADDRESS[2:])
    kinds = [
        (1, "text Thanks", wallet.action_text(b"Thanks")),
        (6, "parameter standard.quorum_bp=0",
         wallet.action_parameter(b"standard.quorum_bp", 0)),
        (1, "reputation bob_dev research 2.5",
         wallet.action_reputation(bob, 6, 2500)),
        (4, f"validators add {HASH} 300", wallet.action_validators(hash_, 300)),
        (4, f"validators remove {HASH}", wallet.action_validators(hash_, 0)),
        (4, f"council threshold=2 delayed=1 bob_dev,{HASH}",
         wallet.action_council([bob, hash_], 2, 1)),
        (4, "council none", wallet.action_council([], 0, 0)),
        (2, f"upgrade 2 {HASH} 120000",
         wallet.action_upgrade(2, hash_, 120000)),
        (5, f"transfer 1 coin {ADDRESS} 1{'0' * 21}",
         wallet.action_transfer(1, b"", address, 10 ** 21)),
        (5, f"transfer 31337 {ADDRESS} {ADDRESS} 255",
         wallet.action_transfer(31337, address, address, 255)),
        (5, f"call 1 {ADDRESS} 0x12345678 gas=90000 code={HASH} value=256",
         wallet.action_call(1, address, 256, b"\x12\x34\x56\x78", 90000,
                            hash_)),
        (4, "override 300", wallet.action_override(300)),
    ]
    names = ["standard", "technical", "emergency", "constitutional",
             "treasury", "parameter", "crosschain"]

    def compare(what, payload, *words):
        signed = node.cli(*words, "--as", "henry_dao", "--nonce", "7",
                          "--dry-run", expect=0).data
        body = wallet.tx_body(key.public, 7, payload,
                              int(signed["valid_until_ms"]))
        expect(what, signed["raw"],
               wallet.signed_tx(key, genesis, body).hex())

    for kind, spec, action in kinds:
        compare(spec, wallet.proposal(kind, b"Title", b"Two\nlines",
                                      actions=[action]),
                "proposal", "submit", "--type", names[kind - 1], "--title",
                "Title", "--description", "Two\nlines", "--action", spec)
    compare("delegate", wallet.delegate(1, bob), "delegate", "set", "bob_dev")
    compare("types", wallet.delegate(2, bob, [2, 6]), "delegate", "set",
            "bob_dev", "--types", "technical,parameter")
    compare("amount", wallet.delegate(3, bob, amount=1500000), "delegate",
            "set", "bob_dev", "--amount", "1.5")
    compare("opt out", wallet.delegate(2, types=[3]), "delegate", "set",
            "none", "--types", "emergency")
    compare("clear", wallet.undelegate(), "delegate", "clear", "--all")
    compare("transfer", wallet.transfer(bob, 2500000), "stake", "transfer",
            "bob_dev", "2.5")
    compare("veto", wallet.veto(300, b"It harms"), "proposal", "veto", "300",
            "--reason", "It harms")
    compare("act", wallet.council_act(
        b"Stop", [wallet.action_parameter(b"proposal.max_open", 1)],
        [wallet.action_parameter(b"proposal.max_open", 3)]),
            "council", "act", "--title", "Stop", "--action",
            "parameter proposal.max_open=1", "--revert",
            "parameter proposal.max_open=3")
    compare("approve", wallet.council_approve(5), "council", "approve", "5")

    actions = [wallet.action_text(b"One"), wallet.action_text(b"Two")]
    payload = wallet.proposal(1, b"Title", b"Text", actions=actions)
    until = int(time.time() * 1000) + 60000
    body = wallet.tx_body(key.public, 9, payload, until)
    answer = node.rpc("tx.submit",
                      tx=wallet.signed_tx(key, genesis, body).hex())
    shown = node.rpc("proposal.get", proposal=answer["proposal"])
    expect("id", shown["id"], wallet.proposal_id(
        genesis, key.public, 9, 1, b"Title", b"Text", actions).hex())
    expect("layout", shown["actions_layout"],
           (bytes([2]) + actions[0].layout + actions[1].layout).hex())


def test_actions_refused(context):
    """An action outside its type's row is refused with the types that may,
    one for a main chain because there is none, and a word that cannot be
    read with the form that it takes"""
    net = context.network()
    node = net.nodes[1]
    cases = [
        ("standard", "parameter proposal.max_open=5", 1,
         "action_not_allowed", "emergency or parameter"),
        ("treasury", f"transfer 1 coin {ADDRESS} 1000", 1,
         "no_main_chain", "transfer"),
        ("technical", f"call 1 {ADDRESS} 0x12345678 gas=5 code={HASH}", 1,
         "no_main_chain", "call"),
        ("parameter", "parameter proposal.max_opem=5", 3, "usage",
         "there is no parameter"),
        ("standard", "dance", 3, "usage", "an action is text"),
    ]
    for kind, action, code, name, says in cases:
        result = submit(node, kind, action, expect=code)
        error = result.data["error"]
        expect(action, error["name"], name)
        if says not in error["message"] or not error["hint"]:
            raise Failure(f"{action}: {error}")


def test_actions_dry_run(context):
    """--dry-run tells what would change, from what, to what and when, or why
    it could not, and sends nothing"""
    net = context.network()
    node = net.nodes[2]
    preview = submit(node, "parameter", "parameter standard.quorum_bp=1500",
                     words=["--dry-run"]).data["preview"]
    expect("preview", preview, {
        "executable": True, "error": None,
        "changes": [{"what": "standard.quorum_bp (bp)", "from": "1000",
                     "to": "1500", "when": "next epoch"}]})
    preview = submit(node, "parameter", "parameter standard.quorum_bp=2001",
                     words=["--dry-run"]).data["preview"]
    expect("executable", preview["executable"], False)
    expect("error", preview["error"]["name"], "parameter_out_of_bounds")
    planned = node.cli("validators", "--pending", expect=0).data
    if len(planned) != 4 or any(row["weight"] != row["pending_weight"]
                                for row in planned):
        raise Failure(f"validators: {planned}")
    protocol = node.status()["protocol"]
    expect("protocol", protocol, {"version": 1, "needed": None, "build": None,
                                  "from_height": None, "ready": True})
    expect("proposals", node.cli("proposal", "list", expect=0).data, [])


def test_actions_council(context):
    """The genesis names the council, and every node shows it"""
    net = context.network(council="threshold=3 delayed=2 alice_whale,bob_dev,"
                                  "grace_investor")
    for node in net.nodes:
        council = node.cli("council", "show", expect=0).data
        names = {"alice_whale", "bob_dev", "grace_investor"}
        keys = sorted(net.cli("key", "show", name, expect=0).data["public_key"] for name in names)
        expect("council", council, {"members": keys, "threshold": 3,
                                    "threshold_delayed": 2, "acts": 0})
    invariants.same_state_root(net.nodes)


FRIENDS = ("alice_whale", "bob_dev", "diana_validator", "eve_researcher",
           "grace_investor", "henry_dao")


def pass_it(net, number, state="executed"):
    """All vote for it; wait until it is that far."""
    net.wait_state(number, "voting")
    alive = net.alive
    for i, voter in enumerate(FRIENDS):
        alive[i % len(alive)].cli("vote", str(number), "for", "--as", voter,
                                  expect=0)
    net.wait_state(number, state, seconds=60)
    return net.nodes[0].cli("proposal", "show", str(number), expect=0).data


def param(node, name):
    rows = node.cli("params", expect=0).data
    return next(row for row in rows if row["name"] == name)


def test_actions_executed(context):
    """A parameter that a proposal sets is pending when it is executed and in
    force from the next epoch, on every node, also on one that was down"""
    net = context.network(params=["parameter.voting_ms=4000",
                                  "epoch.length_ms=6000"])
    net.nodes[3].kill()
    node = net.nodes[1]
    done = submit(node, "parameter", "parameter standard.quorum_bp=1500",
                  "parameter proposal.deposit=5000000000").data
    shown = pass_it(net, done["proposal"])
    expect("reason", shown["reason"], "")
    wait_until("the values are in force", 30, lambda: (
        param(node, "standard.quorum_bp")["value"] == "1500" and
        param(node, "proposal.deposit")["value"] == "5000000000"))
    row = param(node, "standard.quorum_bp")
    expect("pending", (row["pending"], row["pending_from_ms"]), (None, None))
    if not row["changed_ms"]:
        raise Failure(f"nothing tells when it changed: {row}")
    told = node.cli("watch", "parameter", "--from", "1",
                    "--count", "2", expect=0).out.splitlines()
    expect("what the stream tells", [(json.loads(line)["name"],
                                      json.loads(line)["value"])
                                     for line in told],
           [("proposal.deposit", "5000000000"),
            ("standard.quorum_bp", "1500")])
    net.nodes[3].start()
    wait_until("the one that was down has it", 30, lambda: param(
        net.nodes[3], "standard.quorum_bp")["value"] == "1500")
    invariants.same_state_root(net.nodes)


def test_actions_all_or_none(context):
    """What can no longer be executed fails as a whole: the award beside a
    step that has become too large is not made"""
    net = context.network(params=["parameter.voting_ms=4000",
                                  "constitutional.voting_ms=16000",
                                  "constitutional.delay_ms=1000",
                                  "epoch.length_ms=5000",
                                  "reputation.kept_bp=10000"])
    node = net.nodes[0]
    key = node.cli("key", "show", "bob_dev", expect=0).data["public_key"]
    before = node.rpc("voter.get", account=key)["reputation"]
    late = submit(node, "constitutional", "reputation bob_dev research 5",
                  "parameter standard.quorum_bp=300").data["proposal"]
    early = submit(node, "parameter",
                   "parameter standard.quorum_bp=2000").data["proposal"]
    pass_it(net, early)
    shown = pass_it(net, late, "execution-failed")
    if "parameter" not in shown["reason"]:
        raise Failure(f"reason: {shown['reason']}")
    expect("reputation", node.rpc("voter.get", account=key)["reputation"],
           before)
    expect("quorum", param(node, "standard.quorum_bp")["value"], "2000")
    invariants.same_state_root(net.nodes)


def test_actions_upgrade(context):
    """A version that the network decides on is told loudly by nodes that lack
    it, and its proposer has earned ten points"""
    net = context.network(params=["technical.voting_ms=4000",
                                  "constitutional.voting_ms=4000",
                                  "reputation.kept_bp=10000"])
    node = net.nodes[2]
    henry = node.cli("key", "show", "henry_dao", expect=0).data["public_key"]
    before = int(node.rpc("voter.get", account=henry)["reputation"])
    number = submit(node, "technical",
                    f"upgrade 2 {HASH} 1000000").data["proposal"]
    pass_it(net, number)
    after = int(node.rpc("voter.get", account=henry)["reputation"])
    expect("points", after - before, 10000)
    for each in net.nodes:
        each.rpc("proposal.get", proposal=number)
        protocol = wait_until("the version is known", 10, lambda: (
            lambda p: p if p["needed"] else None)(each.status()["protocol"]))
        expect("protocol", protocol, {
            "version": 1, "needed": 2, "from_height": "1000000",
            "build": HASH, "ready": False})
        wait_until("the log says so", 10,
                   lambda: "UPGRADE NEEDED" in each.log())
        each.cli("health", expect=6)
    pass_it(net, submit(node, "constitutional",
                        f"validators add {HASH} 7").data["proposal"])
    rows = node.cli("validators", "--pending", expect=0).data
    expect("planned", [row["pending_weight"] for row in rows
                       if row["node_id"] == HASH], ["7"])
    expect("validators", len(node.cli("validators", expect=0).data), 4)
