"""What the detectors find, as every node tells it: in lists, as events, and
after a restart."""

import os
import subprocess

from lib.network import Failure, RpcError, wait_until

PARAMS = ["emergency.voting_ms=1500", "proposal.max_open=100",
          "detect.flood_account=128", "detect.flood_all=128"]


def expect(what, value, wanted):
    if value != wanted:
        raise Failure(f"{what}: {value}, not {wanted}")


def hold(net, *voters):
    """A vote in which these take part, to its end."""
    number = net.propose("henry_dao", kind="emergency")
    net.wait_state(number, "voting")
    for voter in voters:
        net.nodes[0].cli("vote", str(number), "for", "--as", voter, expect=0)
    node = net.nodes[0]
    wait_until(f"proposal {number} has ended", 20,
               lambda: node.rpc("proposal.get", proposal=number)["state"] in
               ("passed", "rejected"))
    return number


def alerts(node, **filters):
    return node.rpc("alert.list", **filters)["alerts"]


def test_alerts_surge(context):
    """A newcomer with a third of what is cast is named by every node in the
    same block, in lists, tables and the stream, and still after a restart"""
    net = context.network(params=PARAMS)
    node = net.nodes[0]
    for _ in range(3):
        hold(net, "diana_validator", "eve_researcher")
    expect("before", alerts(node), [])
    number = hold(net, "diana_validator", "bob_dev")
    wait_until("there is an alert", 10, lambda: alerts(node))
    alert = alerts(node)[0]
    bob = node.cli("voter", "show", "bob_dev", expect=0).data["account"]
    expect("kind", alert["kind"], "power-surge")
    expect("proposal", alert["proposal"], number)
    expect("accounts", alert["accounts"], [bob])
    expect("prolonged", alert["delayed"], True)
    expect("share", alert["figures"]["share_bp"], "3333")
    expect("cast", alert["figures"]["weight_cast"], "300000000000")
    for other in net.nodes[1:]:
        wait_until(f"{other.name} has it", 10,
                   lambda: alerts(other) == [alert])
    by_words = node.cli("alerts", "--kind", "power-surge", "--proposal",
                        str(number), expect=0).data
    expect("the command", by_words, [alert])
    table = subprocess.run(
        [os.path.join(context.build, "bcai-gov"), "--keys", net.keys,
         "--socket", node.socket, "-o", "table", "alerts"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=20).stdout
    for word in ("power-surge", "bob_dev", "share 33.3%"):
        if word not in table:
            raise Failure(f"no {word} in: {table}")
    told = node.cli("watch", "alert", "--from", "1",
                    "--count", "1", expect=0).data
    expect("event", [told[name] for name in
                     ("type", "alert", "kind", "proposal", "account",
                      "height")],
           ["alert", 1, "power-surge", number, bob, alert["height"]])
    height = int(alert["height"])
    expect("from its height", alerts(node, from_height=height), [alert])
    expect("after it", alerts(node, from_height=height + 1), [])
    expect("another kind", alerts(node, kind="late-swing"), [])
    expect("another proposal", alerts(node, proposal=1), [])
    for wrong, code in (({"kind": "beauty"}, -32602), ({"proposal": 99}, 408)):
        try:
            alerts(node, **wrong)
        except RpcError as error:
            expect(f"{wrong}", error.code, code)
        else:
            raise Failure(f"{wrong} is taken")
    node.stop()
    node.start()
    expect("after a restart", alerts(node), [alert])
    hold(net, "diana_validator", "bob_dev")
    expect("now it has a history", alerts(node), [alert])


def test_alerts_pages(context):
    """Alerts come newest first, by pages of any size"""
    net = context.network(validators=1, params=PARAMS + [
        "detect.history=1", "detect.history_min=1"])
    node = net.nodes[0]
    pairs = (("bob_dev",), ("eve_researcher",))
    for i in range(5):
        hold(net, *pairs[i % 2])
    wait_until("there are four", 10, lambda: len(alerts(node)) == 4)
    rows = alerts(node)
    expect("newest first", [row["alert"] for row in rows], [4, 3, 2, 1])
    for limit in (1, 2, 3, 4, 5):
        shown, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = node.rpc("alert.list", limit=limit, **more)
            shown += page["alerts"]
            cursor = page["cursor"]
            if not cursor:
                break
        expect(f"by {limit}", shown, rows)


def test_alerts_payload(context):
    """A proposal that sets another parameter than its title names, and a
    title that reads like another account's, are told when they are handed
    in; a draft that is amended is told once"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]

    def submit(key, title, *words):
        return node.cli("proposal", "submit", "--as", key, "--type",
                        "parameter", "--title", title, "--action",
                        "parameter standard.quorum_bp=1200", *words,
                        expect=0).data["proposal"]

    submit("henry_dao", "Raise standard.quorum_bp to 12%")
    expect("what agrees", alerts(node), [])
    number = submit("grace_investor", "Raise treasury.quorum_bp to 12%",
                    "--draft")
    found = alerts(node, kind="payload")
    expect("payload", [(row["proposal"], row["finding"]) for row in found],
           [(number, "not what the text names")])
    node.cli("proposal", "amend", str(number), "--as", "grace_investor",
             "--title", "Raise emergency.quorum_bp to 12%", expect=0)
    node.stop()
    node.start()
    node.cli("proposal", "amend", str(number), "--as", "grace_investor",
             "--title", "Raise crosschain.quorum_bp to 12%", expect=0)
    expect("once", alerts(node), found)
    number = submit("grace_investor", "RAISE STANDARD.QU0RUM-BP T0 l2 %")
    found = alerts(node, kind="look-alike")
    expect("look-alike", [(row["proposal"], row["figures"]["other"])
                          for row in found], [(number, "1")])
