"""Lists of proposals, ballots and accounts, and totals, as a node tells them:
each is compared with the same list made here from all rows."""

import json
import os
import subprocess

from lib.network import Failure, RpcError, wait_until

PARAMS = ["standard.voting_ms=600000", "technical.voting_ms=3000",
          "standard.delay_ms=0", "technical.delay_ms=0",
          "emergency.delay_ms=600000", "proposal.max_open=100",
          "proposal.deposit=0"]


def pages(node, method, member, limit, **params):
    """All rows, a page at a time."""
    rows, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = node.rpc(method, limit=limit, **params, **more)
        if len(page[member]) > limit:
            raise Failure(f"{len(page[member])} rows for {limit}")
        rows += page[member]
        cursor = page["cursor"]
        if not cursor:
            return rows


def numbers(rows):
    return [row["proposal"] for row in rows]


def expect(what, value, wanted):
    if value != wanted:
        raise Failure(f"{what}: {value}, not {wanted}")


def history(context):
    """Proposals of three types and in five states, with ballots."""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    for i in range(4):
        net.propose("henry_dao", title=f"Standard {i}")
    for i in range(3):
        net.propose("grace_investor", kind="technical", title=f"Tech {i}")
    net.propose("alice_whale", kind="emergency", title="Not yet")
    node.cli("proposal", "submit", "--as", "henry_dao", "--title", "Draft",
             "--draft", expect=0)
    for number in (4, 5):
        net.wait_state(number, "voting")
    node.cli("vote", "1", "for", "3", "against", "5", "for", "--as",
             "bob_dev", expect=0)
    node.cli("vote", "3", "for", "2", "abstain", "--as", "alice_whale",
             expect=0)
    node.cli("vote", "3", "against", "--as", "alice_whale", expect=0)
    for number, state in ((5, "passed"), (6, "rejected"), (7, "rejected")):
        net.wait_state(number, state)
    return net, node


def test_lists_proposals(context):
    """Proposals by state, type, proposer and missing vote, in four orders,
    by pages of any size, are those of all rows sorted and chosen"""
    net, node = history(context)
    rows = pages(node, "proposal.list", "proposals", 100)
    expect("all", numbers(rows), list(range(9, 0, -1)))

    def some(**wanted):
        return [row["proposal"] for row in rows
                if all(row[name] == value for name, value in wanted.items())]
    keys = {name: node.rpc("proposal.get", proposal=n)["proposer"]
            for name, n in (("henry", 1), ("grace", 5))}
    for limit in (1, 2, 100):
        for wanted in ({"state": "voting"}, {"state": "draft"},
                       {"type": "technical"}, {"proposer": keys["henry"]},
                       {"proposer": keys["henry"], "state": "voting"},
                       {"proposer": keys["grace"], "type": "standard"},
                       {"type": "technical", "state": "rejected"}):
            shown = pages(node, "proposal.list", "proposals", limit, **wanted)
            expect(f"{wanted} by {limit}", numbers(shown), some(**wanted))
        shown = pages(node, "proposal.list", "proposals", limit, state="open")
        expect("open", numbers(shown), [8, 4, 3, 2, 1])
        bob = node.cli("voter", "show", "bob_dev").data["account"]
        shown = pages(node, "proposal.list", "proposals", limit,
                      not_voted_by=bob)
        expect("not voted by bob", numbers(shown), [4, 2])
        shown = pages(node, "proposal.list", "proposals", limit,
                      not_voted_by=bob, state="rejected")
        expect("rejected and not voted on", shown, [])
        for sort, member in (("submitted", "submitted_ms"),
                             ("closing", "voting_end_ms")):
            keyed = sorted(((int(row[member]), row["proposal"])
                            for row in rows if row[member]), reverse=True)
            shown = pages(node, "proposal.list", "proposals", limit, sort=sort)
            expect(sort, numbers(shown), [n for _, n in keyed])
            shown = pages(node, "proposal.list", "proposals", limit, sort=sort,
                          ascending=True)
            expect(f"{sort} upwards", numbers(shown),
                   [n for _, n in reversed(keyed)])
        # The square roots of 5,000,000 and 100,000 tokens, and of both.
        shown = pages(node, "proposal.list", "proposals", limit,
                      sort="turnout", type="standard")
        expect("turnout", numbers(shown), [3, 2, 1, 4])
    by_words = node.cli("proposal", "list", "--open", "--type", "standard",
                        "--sort", "turnout", "--limit", "2", expect=0).data
    expect("the command", numbers(by_words), [3, 2])
    by_words = node.cli("proposal", "list", "--proposer", "henry_dao",
                        "--ascending", expect=0).data
    expect("the command", numbers(by_words), [1, 2, 3, 4, 9])
    for wrong in ({"sort": "beauty"}, {"type": "none"}, {"state": "none"},
                  {"cursor": "7"}, {"cursor": "7.x"}, {"ascending": "yes"},
                  {"proposer": keys["henry"], "sort": "turnout"}):
        try:
            node.rpc("proposal.list", **wrong)
        except RpcError as error:
            expect(f"{wrong}", error.code, -32602)
        else:
            raise Failure(f"{wrong} was taken")


def test_lists_accounts(context):
    """What an account voted, the accounts with most, and the totals are those
    of all ballots, also after a restart"""
    net, node = history(context)
    for _ in range(2):
        alice = node.cli("voter", "show", "alice_whale", expect=0).data
        shown = pages(node, "voter.ballots", "ballots", 1,
                      account=alice["account"])
        expect("alice's ballots",
               [(row["proposal"], row["choice"], row["changes"])
                for row in shown], [(3, "against", 1), (2, "abstain", 0)])
        expect("the same in her profile", alice["ballots"], shown)
        expect("her proposals", numbers(alice["proposals"]), [8])
        expect("participation", alice["participation"],
               {"voted": 2, "eligible": 7})
        rows = node.cli("voter", "ballots", "bob_dev", expect=0).data
        expect("bob's ballots", numbers(rows), [5, 3, 1])
        most = node.cli("voter", "list", "--limit", "3", expect=0).data
        expect("most stake", [row["stake"] for row in most],
               ["5000000000000", "1000000000000", "200000000000"])
        most = node.rpc("voter.list", by="reputation", limit=2)["voters"]
        expect("most reputation", [row["reputation"] for row in most],
               ["92000", "85000"])
        stats = node.cli("stats", expect=0).data
        expect("states", {name: count for name, count in
                          stats["states"].items() if count},
               {"draft": 1, "submitted": 1, "voting": 4, "passed": 1,
                "rejected": 2})
        expect("standard", (stats["types"]["standard"]["proposals"],
                            stats["types"]["standard"]["mechanism"],
                            stats["types"]["standard"]["states"]["voting"]),
               (5, "quadratic", 4))
        expect("ballots", stats["ballots"], "5")
        voters = stats["voters"]
        expect("ended", (stats["ended"]["votes"], stats["ended"]["ballots"],
                         stats["ended"]["eligible"]),
               (3, "1", str(3 * voters)))
        expect("turnout", [(row["proposal"], row["ballots"])
                           for row in stats["turnout"]],
               [(7, 0), (6, 0), (5, 1)])
        mean = sum(row["turnout_ppm"] for row in stats["turnout"]) // 3
        expect("mean turnout", stats["ended"]["turnout_ppm"], mean)
        node.kill()
        node.start()


def test_lists_stake(context):
    """Stake sent to another account leaves at once, counts after it matured,
    and is shown as it stands on the way; a new account is made by it"""
    net = context.network(validators=2, params=PARAMS + [
        "stake.maturity_ms=4000"])
    node = net.nodes[0]

    def stake(name):
        shown = node.cli("voter", "show", name, expect=0).data
        return (shown["stake"], shown["stake_mature"],
                [lot["amount"] for lot in shown["lots"]])
    before = net.propose("henry_dao", title="Before Ivan came")
    net.wait_state(before, "voting")
    node.cli("key", "new", "ivan", expect=0)
    node.cli("stake", "transfer", "ivan", "100.5", "--as", "grace_investor",
             expect=0)
    expect("what grace has left", stake("grace_investor"),
           ("999899500000", "999899500000", []))
    expect("what ivan got", stake("ivan"), ("100500000", "0", ["100500000"]))
    shown = node.cli("voter", "show", "ivan", expect=0).data
    expect("ivan may vote", shown["eligible"], False)
    for words, name in ((["ivan", "1000000000"], "not_enough_stake"),
                        (["grace_investor", "1"], "malformed")):
        refused = node.cli("stake", "transfer", *words, "--as",
                           "grace_investor", expect=1).data["error"]
        expect(f"{words}", refused["name"], name)
    for words in (["ivan", "0"], ["ivan", "1.0000001"], ["ivan", "x"]):
        node.cli("stake", "transfer", *words, "--as", "grace_investor",
                 expect=3)
    wait_until("ivan's stake matured", 30, lambda: node.cli(
        "voter", "show", "ivan").data["eligible"])
    expect("ivan later", stake("ivan"), ("100500000", "100500000", []))
    net.wait_state(net.propose("henry_dao", title="After"), "voting")
    for name, eligible in (("ivan", 1), ("bob_dev", 2)):
        shown = node.cli("voter", "show", name, expect=0).data
        expect(f"what {name} could vote on", shown["participation"],
               {"voted": 0, "eligible": eligible})
    most = node.rpc("voter.list", limit=2)["voters"]
    expect("the order by stake", most[1]["stake"], "999899500000")
    events = [json.loads(line) for line in subprocess.run(
        [os.path.join(net.build, "bcai-gov"), "--socket", node.socket, "-o",
         "ndjson", "watch", "transfer", "--from", "1", "--count", "1"],
        capture_output=True, text=True, timeout=30, check=True
    ).stdout.splitlines()]
    expect("the event", events[0]["amount"], "100500000")
