"""A validator that breaks the rules on purpose: `byzantine` speaks with the
key of one that was killed. The other three go on, and agree."""

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import time

from lib import invariants
from lib.network import Failure, Rpc, wait_until

PARAMS = ["standard.voting_ms=7000000", "proposal.max_open=100"]
VOTERS = [(f"voter{i}", 1000 + i, 1) for i in range(8)] + \
    [("proposer", 1000000, 10), ("witness", 5000, 5)]
# Of a vote while the villain is at work, and a busy machine.
VOTE_S = 4


class Villain:
    """The validator of `node`, killed, in the hands of somebody else."""

    def __init__(self, context, net, node, attack, victims=None):
        if node.alive:
            node.kill()
        victims = victims or net.alive
        with open(os.path.join(node.folder, "genesis.json")) as file:
            keys = [v["key"] for v in json.load(file)["validators"]]
        self.words = [
            os.path.join(context.build, "tests", "daemon", "byzantine"),
            attack, node.folder, victims[0].status()["genesis_hash"],
            str(keys.index(node.node_id) if node.node_id in keys else 0)]
        self.words += [f"{v.node_id}@{v.p2p.split('@')[-1]}" for v in victims]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        said = []
        while "done\n" not in said:
            said.append(self.process.stdout.readline())
            if not said[-1]:
                self.process.wait()
                raise Failure(f"the villain ended: {said}")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def start(context, **options):
    net = context.network(voters=VOTERS, params=PARAMS, **options)
    number = net.propose("proposer")
    for node in net.nodes:
        net.wait_state(number, "voting", node)
    return net, number


def vote_times(net, number, voters=6):
    """The seconds that votes take, handed to each node in turn."""
    times = []
    for i in range(voters):
        node = net.alive[i % len(net.alive)]
        since = time.monotonic()
        result = node.cli("--timeout", "20", "vote", str(number),
                          random.choice(["for", "against"]),
                          "--as", f"voter{i}")
        if result.code != 0:
            raise Failure(f"{node.name}: a vote ends with exit {result.code}: "
                          f"{result.out}")
        times.append(time.monotonic() - since)
    print("votes took " + ", ".join(f"{t:.2f}" for t in times) + " s")
    return times


def still_well(net, number, voters=6):
    """Votes become final in time, and all agree."""
    slowest = max(vote_times(net, number, voters))
    if slowest > VOTE_S:
        raise Failure(f"a vote took {slowest:.1f} s")
    invariants.all_hold(net, "witness", number)
    invariants.same_state_root(net.alive)


def test_byzantine_twins(context):
    """Two batches of one sequence stop no leader, not even after a restart of
    all"""
    net, number = start(context)
    with Villain(context, net, net.nodes[3], "twins"):
        time.sleep(1)
        still_well(net, number)
        for node in net.alive:
            node.kill()
    for node in net.nodes[:3]:
        node.start(ready=False)
    for node in net.nodes[:3]:
        node.wait_ready()
    still_well(net, number)


def is_told_final(error):
    """It came when the others had made it final, and the node says so."""
    return "this very transaction is final" in error["message"] and \
        "with result ok" in error["message"]


def test_byzantine_copies(context):
    """One transaction handed to every node at once, eight of them together:
    each node tells the result, none a refusal"""
    net, number = start(context)
    chance = random.Random(7)
    told = 0
    for _ in range(12):
        signed = [net.nodes[0].cli(
            "--dry-run", "vote", str(number),
            chance.choice(["for", "against"]), "--as", f"voter{i}",
            expect=0).data for i in range(8)]
        connections = [Rpc(node.socket) for node in net.nodes]
        lines = []
        for _ in connections:
            chance.shuffle(signed)
            lines.append("".join(json.dumps({
                "jsonrpc": "2.0", "id": i, "method": "tx.submit",
                "params": {"tx": one["raw"], "wait": "finalized"}}) + "\n"
                for i, one in enumerate(signed)).encode())
        for connection, line in zip(connections, lines):
            connection.send_raw(line)
        for node, connection in zip(net.nodes, connections):
            for _ in signed:
                answer = connection.read_line()
                told += 1
                if "error" in answer and not is_told_final(answer["error"]):
                    raise Failure(f"{node.name}: {answer['error']}")
            connection.socket.close()
    print(f"{told} answers")
    invariants.same_history(net.nodes)


def test_byzantine_poison(context):
    """A batch whose origin's signature does not hold at one node is fetched
    again there: nobody is slower for it"""
    net, number = start(context)
    with Villain(context, net, net.nodes[3], "poison"):
        time.sleep(1)
        times = vote_times(net, number, 8)
        if statistics.median(times) > 0.6:
            raise Failure(f"half of the votes took longer than "
                          f"{statistics.median(times):.2f} s")
        still_well(net, number)
    for words in "is not signed by it", "is not heard for":
        if not any(words in node.log() for node in net.alive):
            raise Failure(f"no node's log says that the villain {words}")


def test_byzantine_blocks(context):
    """2,100 blocks that nobody asked for keep no block out"""
    net, number = start(context)
    with Villain(context, net, net.nodes[3], "blocks"):
        time.sleep(1)
        still_well(net, number)


def certified(node):
    return int(node.rpc("checkpoint.get")["height"])


def test_byzantine_checkpoints(context):
    """Votes for checkpoints far ahead, forged or not, keep none from being
    certified"""
    net, number = start(context)
    with Villain(context, net, net.nodes[3], "checkpoints"):
        time.sleep(1)
        height = max(node.height() for node in net.alive)
        vote_times(net, number)
        # One is due with the first block that comes later than this.
        time.sleep(2)
        vote_times(net, number)
        for node in net.alive:
            wait_until(f"{node.name} has a checkpoint above {height}", 20,
                       lambda: certified(node) > height)
        still_well(net, number)


def test_byzantine_mangled(context):
    """A chain told with the batches' own sequences changed is refused, and
    what is fetched from others gives receipts"""
    net, number = start(context, observers=1)
    observer = net.nodes[4]
    observer.kill()
    vote_times(net, number)
    tx = net.nodes[0].cli("vote", str(number), "for", "--as", "witness",
                          expect=0).data["tx"]
    victims = [net.nodes[0], observer]
    with Villain(context, net, net.nodes[3], "mangle", victims):
        for node in net.nodes[:3]:
            node.signal(signal.SIGSTOP)
        observer.start(ready=False)
        wait_until("the observer asked the villain", 20,
                   lambda: observer.height() > 0 or
                   "bad_block" in observer.log())
        for node in net.nodes[:3]:
            node.signal(signal.SIGCONT)
        wait_until("the observer has the vote", 30,
                   lambda: observer.rpc("tx.get", tx=tx))
        observer.cli("receipt", "get", tx, "--file",
                     os.path.join(context.folder, "receipt"), expect=0)
        still_well(net, number)


def evidence(node):
    return [(e["kind"], e["signer"]) for e in
            node.rpc("evidence.list", limit=200)["evidence"]]


def test_byzantine_misname(context):
    """A leader's block that lists a batch under another sequence does not
    become final, and whoever joins later gets the whole chain"""
    net, number = start(context, observers=1)
    observer = net.nodes[4]
    observer.kill()
    with Villain(context, net, net.nodes[3], "misname"):
        still_well(net, number)
        refused = "the payload is not the header's"
        if any(refused in node.log() for node in net.alive):
            raise Failure("the villain's header does not match its payload")
    shutil.rmtree(os.path.join(observer.folder, "db"))
    observer.start()
    invariants.same_history(net.alive)


def test_byzantine_forgery(context):
    """A batch with a forged transaction inside is evidence against its origin,
    on every node, also on one that never got the batch or was away, and after
    a restart"""
    net, number = start(context, observers=1)
    wanted = [("invalid_batch", net.nodes[3].node_id)]
    net.nodes[2].kill()
    with Villain(context, net, net.nodes[3], "forgery", net.nodes[:2]):
        for node in net.alive:
            wait_until(f"{node.name} has the evidence", 10,
                       lambda: evidence(node) == wanted)
        net.nodes[2].start()
        for node in net.alive:
            wait_until(f"{node.name} has the evidence", 10,
                       lambda: evidence(node) == wanted)
        still_well(net, number)
    for node in net.nodes[:3]:
        found = node.rpc("alert.list", kind="equivocation")["alerts"]
        if [row["accounts"] for row in found] != [[wanted[0][1]]]:
            raise Failure(f"{node.name} alerts of {found}")
        node.stop()
        node.start()
        if evidence(node) != wanted:
            raise Failure(f"{node.name} kept {evidence(node)}")
    log = net.nodes[0].log()
    if log.count("EVIDENCE") != 1:
        raise Failure(f"told {log.count('EVIDENCE')} times")


def test_byzantine_confessions(context):
    """Two hundred pieces of evidence that a validator made against itself are
    kept as far as they tell something, and harm nobody"""
    net, number = start(context)
    with Villain(context, net, net.nodes[3], "confessions"):
        for node in net.alive:
            wait_until(f"{node.name} has evidence", 10,
                       lambda: len(evidence(node)) >= 50)
        still_well(net, number)
        for node in net.alive:
            if len(evidence(node)) != 64:
                raise Failure(f"{node.name} keeps {len(evidence(node))}")
    net.nodes[0].stop()
    net.nodes[0].start()
    if len(evidence(net.nodes[0])) != 64:
        raise Failure("evidence was lost with a restart")


def test_byzantine_refusals(context):
    """A validator that invents refusals is believed neither by another one nor
    by an observer"""
    net, number = start(context, observers=1)
    observer = net.nodes[4]
    with Villain(context, net, net.nodes[3], "refusals", net.nodes[:3] +
                 [observer]):
        for i in range(8):
            node = observer if i % 2 else net.nodes[i // 2 % 3]
            result = node.cli("--timeout", "20", "vote", str(number), "for",
                              "--as", f"voter{i}")
            if result.code != 0:
                raise Failure(f"{node.name}: {result.out}")
        invariants.all_hold(net, "witness", number)


def test_byzantine_refusals_of_many(context):
    """What validators of more than f weight give as their reason, an observer
    tells its client"""
    net, number = start(context, observers=1)
    observer = net.nodes[4]
    liars = net.nodes[2:4]
    for node in liars:
        node.kill()
    with Villain(context, net, liars[0], "refusals", [observer]), \
            Villain(context, net, liars[1], "refusals", [observer]):
        result = observer.cli("--timeout", "25", "vote", str(number), "for",
                              "--as", "voter1")
        if result.code == 0 or result.data["error"]["name"] != "not_voting":
            raise Failure(f"two of four refused: {result.out}")


def ticks(pid):
    """Hundredths of a second of processor time."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def cost(node, seconds):
    """The share of a core that it takes for so long."""
    before, since = ticks(node.pid), time.monotonic()
    time.sleep(seconds)
    return (ticks(node.pid) - before) / 100 / (time.monotonic() - since)


def test_byzantine_questions(context):
    """A stranger that asks for the chain without end gets its share and no
    more"""
    net, number = start(context, observers=1)
    vote_times(net, number)
    with Villain(context, net, net.nodes[4], "questions", net.nodes[:1]):
        share = cost(net.nodes[0], 4)
        print(f"it costs {share:.2f} of a core")
        if share > 0.25:
            raise Failure(f"a stranger's questions cost {share:.2f} cores")
        still_well(net, number)


def test_byzantine_votes(context):
    """Thousands of votes a second with bad signatures cost a validator little,
    and slow nobody down"""
    net, number = start(context)
    with Villain(context, net, net.nodes[3], "votes"):
        share = cost(net.nodes[0], 4)
        print(f"they cost {share:.2f} of a core")
        if share > 0.3:
            raise Failure(f"bad votes cost {share:.2f} cores")
        still_well(net, number)


def test_byzantine_heights(context):
    """A stranger that claims the highest of heights stops no validator, and no
    observer takes it for the truth"""
    net, number = start(context, observers=2)
    stranger = net.nodes[4]
    stranger.stop()
    words = [os.path.join(context.build, "tests", "daemon", "liar"),
             stranger.folder, net.nodes[0].status()["genesis_hash"],
             str(2**64 - 1)]
    words += [f"{node.node_id}@{node.p2p.split('@')[-1]}"
              for node in net.alive]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        time.sleep(3)
        still_well(net, number)
        for node in net.alive:
            status = node.status()
            if not status["synced"] or int(status["sync_target"]) > 2**32:
                raise Failure(f"{node.name}: {status}")
        for node in net.nodes[:4]:
            if not node.status()["signing"]:
                raise Failure(f"{node.name} does not sign")
    finally:
        process.kill()
        process.wait()
