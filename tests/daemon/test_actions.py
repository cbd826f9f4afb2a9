"""Actions of proposals, as people write, read and try them."""

from lib import invariants
from lib.network import Failure

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
                                    "threshold_delayed": 2})
    invariants.same_state_root(net.nodes)
