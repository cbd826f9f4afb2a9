"""What tally --explain says of delegated votes: every number of it, worked out
by hand from eight accounts."""

import time

from lib.network import Failure, wait_until


def expect(what, value, wanted):
    if value != wanted:
        raise Failure(f"{what}: {value}, not {wanted}")


def people(node, *names):
    return [node.cli("voter", "show", name, expect=0).data["account"]
            for name in names]


STAKES = [("alice", 1000, 0), ("bob", 100, 0), ("carol", 50, 0),
          ("dave", 400, 0), ("erin", 300, 0), ("frank", 200, 0),
          ("grace", 600, 0), ("henry", 700, 0)]
PARAMS = ["proposal.min_stake=0", "proposal.deposit=0",
          "emergency.voting_ms=600000",
          "technical.mechanism=1", "technical.delay_ms=0",
          "technical.voting_ms=600000"]


def sums(node, number):
    """Tokens for, against and abstaining: (direct, delegated) of each."""
    tally = node.rpc("tally.get", proposal=number)
    return tally, [tuple(int(tally["choices"][choice][part]) // 1000000
                         for part in ("direct", "delegated"))
                   for choice in ("for", "against", "abstain")]


def test_delegation_tally(context):
    """What is delegated in full, for types, up to an amount, through others,
    for a time or not at all counts as it should, comes home to who votes
    itself, and is the same on every node and after kill -9"""
    net = context.network(voters=STAKES, params=PARAMS)
    node = net.nodes[0]
    names = dict(zip(people(node, *(name for name, *_ in STAKES)),
                     (name for name, *_ in STAKES)))

    def sets(*words):
        node.cli("delegate", "set", *words, expect=0)
    sets("bob", "--as", "alice")
    sets("carol", "--as", "bob")
    sets("carol", "--amount", "150", "--as", "dave")
    sets("carol", "--types", "technical", "--as", "erin")
    sets("carol", "--as", "frank")
    sets("none", "--types", "emergency", "--as", "frank")
    sets("carol", "--expires", "1s", "--as", "grace")
    sets("carol", "--expires", "20s", "--as", "henry")
    time.sleep(1.1)
    number = net.propose("grace", kind="emergency")
    net.wait_state(number, "voting")

    def shows(wanted, waits, carriers):
        for each in net.alive:
            tally, found = wait_until("it is counted", 20, lambda: next(
                iter(t for t in [sums(each, number)] if t[1] == wanted), None))
            expect("not voted", [(names[row["account"]],
                                  int(row["weight"]) // 1000000)
                                 for row in tally["not_voted"]], waits)
            expect("who carries", [(names[row["account"]],
                                    int(row["carried"]) // 1000000)
                                   for row in tally["carriers"]], carriers)
            expect("all there is", tally["eligible"],
                   {"weight": "3350000000", "voters": 8})

    def votes(name, choice):
        node.cli("vote", str(number), choice, "--as", name, expect=0)
    votes("carol", "for")
    rest = [("grace", 600), ("erin", 300), ("dave", 250), ("frank", 200)]
    shows([(50, 1000 + 100 + 150 + 700), (0, 0), (0, 0)], rest,
          [("carol", 1950)])
    votes("bob", "against")
    shows([(50, 850), (100, 1000), (0, 0)], rest,
          [("bob", 1000), ("carol", 850)])
    votes("alice", "abstain")
    shows([(50, 850), (100, 0), (1000, 0)], rest, [("carol", 850)])
    votes("dave", "for")
    del rest[2]
    shows([(450, 700), (100, 0), (1000, 0)], rest, [("carol", 700)])
    votes("carol", "against")
    shows([(400, 0), (150, 700), (1000, 0)], rest, [("carol", 700)])
    net.nodes[3].kill()
    net.nodes[3].start()
    shows([(400, 0), (150, 700), (1000, 0)], rest, [("carol", 700)])
    # Another type: frank's opt-out is not for it, erin's delegation is.
    # Nothing changes what the open vote saw.
    node.cli("delegate", "clear", "--all", "--as", "henry", expect=0)
    number, before = net.propose("grace", kind="technical"), number
    net.wait_state(number, "voting")
    votes("carol", "for")
    shows([(50, 1000 + 100 + 150 + 300 + 200), (0, 0), (0, 0)],
          [("henry", 700), ("grace", 600), ("dave", 250)],
          [("carol", 1750)])
    number = before
    shows([(400, 0), (150, 700), (1000, 0)], rest, [("carol", 700)])
