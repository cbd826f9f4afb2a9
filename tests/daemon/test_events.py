"""The stream of events: whatever is killed, what a watcher wrote down is what
the log says, each event once."""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

from lib.network import Failure, wait_until

VOTERS = ["alice_whale", "bob_dev", "charlie_user", "diana_validator",
          "eve_researcher", "frank_community", "grace_investor", "henry_dao"]
TYPES = ["block", "tx", "proposal", "ballot", "delegation", "transfer",
         "epoch", "alert", "deposit"]


class Watcher:
    """`bcai-gov watch`, writing to a file; begun again it goes on behind the
    last whole line there."""

    def __init__(self, net, node, types=()):
        self.net, self.node, self.types = net, node, list(types)
        self.path = os.path.join(net.folder, f"events{random.random()}")
        self.process = None
        open(self.path, "w").close()

    def lines(self):
        """Whole lines; one that ended because its node was not there when it
        began has said so."""
        with open(self.path) as file:
            whole = file.read().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if "error" not in line]

    def start(self):
        seen = self.lines()
        begin = "1"
        with open(self.path, "w") as file:
            file.writelines(json.dumps(event) + "\n" for event in seen)
        if seen:
            begin = f"{seen[-1]['height']}.{seen[-1]['position'] + 1}"
        out = open(self.path, "a")
        self.process = subprocess.Popen(
            [os.path.join(self.net.build, "bcai-gov"), "--socket",
             self.node.socket, "-o", "ndjson", "watch", *self.types,
             "--from", begin], stdout=out, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL)
        out.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self, seconds):
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)


def place(event):
    return int(event["height"]), event["position"]


def bare(event):
    return {name: value for name, value in event.items() if name != "seq"}


def no_gap_no_double(what, events):
    """Every block, and in it every position, once and in order."""
    height, position = 0, 0
    for event in events:
        if event["type"] == "block":
            height, position = height + 1, 0
        if place(event) != (height, position):
            raise Failure(f"{what}: {event} comes where {height}.{position} "
                          f"should")
        position += 1
    return height


def is_the_log(node, events, top):
    """Blocks, transactions and their results are those the node shows; what
    voters and proposers did follows from the transactions."""
    by_height = {}
    for event in events:
        by_height.setdefault(int(event["height"]), []).append(event)
    for height in range(1, top + 1):
        block = node.rpc("block.get", height=height)
        here = by_height[height]
        if here[0]["hash"] != block["hash"]:
            raise Failure(f"block {height}: {here[0]} is not {block}")
        told = [{"tx": e["tx"], "result": e["result"]} for e in here
                if e["type"] == "tx"]
        if told != block["txs"]:
            raise Failure(f"transactions of {height}: {told}, not "
                          f"{block['txs']}")


def act(net, dice, proposals):
    """Something of somebody, on a node that lives."""
    node = dice.choice(net.alive)
    voter = dice.choice(VOTERS)
    if not proposals or dice.random() < 0.1:
        done = node.cli("proposal", "submit", "--as", "henry_dao", "--title",
                        "Again", timeout=60)
        if done.code == 0:
            proposals.append(done.data["proposal"])
        return
    other = dice.choice([name for name in VOTERS if name != voter])
    if dice.random() < 0.2:
        node.cli("delegate", "set", other, "--as", voter, timeout=60)
        return
    if dice.random() < 0.1:
        node.cli("stake", "transfer", other, "1.5", "--as", voter, timeout=60)
        return
    node.cli("vote", str(dice.choice(proposals)),
             dice.choice(["for", "against", "abstain"]), "--as", voter,
             timeout=60)


def seed_of(context):
    seed = int(os.environ.get("DAEMON_SEED", random.randrange(1 << 30)))
    print(f"DAEMON_SEED={seed}")
    return random.Random(seed)


def test_events_killed(context):
    """A node and the watchers on it are killed at drawn moments; what they
    wrote down has no gap and no double, is the log, and is what a node that
    was never killed tells"""
    net = context.network(params=["standard.voting_ms=4000",
                                  "proposal.max_open=1000",
                                  "consensus.interval_ms=100"])
    dice = seed_of(context)
    victim = net.nodes[1]
    watchers = [Watcher(net, victim, TYPES), Watcher(net, victim, TYPES),
                Watcher(net, victim, ["ballot", "delegation", "transfer"])]
    for watcher in watchers:
        watcher.start()
    proposals = [net.propose("grace_investor", net.nodes[0])]
    net.wait_state(proposals[0], "voting", net.nodes[0])
    net.nodes[0].cli("vote", str(proposals[0]), "for", "--as", "alice_whale",
                     expect=0)
    net.nodes[0].cli("delegate", "set", "bob_dev", "--as", "alice_whale",
                     expect=0)
    net.nodes[0].cli("stake", "transfer", "bob_dev", "2", "--as",
                     "alice_whale", expect=0)
    for _ in range(context.rounds(6, 200)):
        for _ in range(dice.randrange(4)):
            act(net, dice, proposals)
        watcher = dice.choice(watchers)
        what = dice.choice(["node", "watcher", "both", "pause"])
        if what in ("node", "both"):
            victim.kill()
        if what in ("watcher", "both"):
            watcher.kill()
        if what == "pause":
            watcher.pause(0.3)
        for _ in range(dice.randrange(3)):
            act(net, dice, proposals)
        time.sleep(dice.random() * 0.5)
        if not victim.alive:
            victim.start(ready=dice.random() < 0.5)
        wait_until("the socket is there", 30, victim.status)
        for each in watchers:
            if each.process.poll() is not None:
                each.start()
    for number in proposals:
        net.wait_state(number, "passed" if net.nodes[0].rpc(
            "tally.get", proposal=number)["would_pass"] else "rejected")
    top = max(node.height() for node in net.nodes)
    reference = Watcher(net, net.nodes[0], TYPES)
    reference.start()
    for watcher in [reference, *watchers[:2]]:
        wait_until("the watchers saw it all", 30, lambda: any(
            int(event["height"]) >= top for event in watcher.lines()))
    time.sleep(0.5)
    for watcher in [reference, *watchers]:
        watcher.kill()

    def upto(watcher):
        return [bare(event) for event in watcher.lines()
                if int(event["height"]) <= top]
    told = upto(reference)
    no_gap_no_double("a node never killed", told)
    is_the_log(net.nodes[2], told, top)
    missing = set(TYPES) - {event["type"] for event in told}
    if not missing <= {"deposit", "parameter", "epoch", "alert"}:
        raise Failure(f"there was no {missing}")
    for watcher in watchers:
        wanted = [event for event in told if event["type"] in watcher.types]
        if upto(watcher) != wanted:
            raise Failure(f"{watcher.types}: {len(upto(watcher))} events, "
                          f"{len(wanted)} in the log")
    states = {}
    for event in told:
        if event["type"] == "proposal":
            states[event["proposal"]] = event["state"]
    for number, state in states.items():
        shown = net.nodes[3].rpc("proposal.get", proposal=number)["state"]
        if shown != state:
            raise Failure(f"{number} is {shown}, the stream says {state}")


def test_events_one_run(context):
    """One watcher outlives its node: it goes on by itself, and the numbers of
    what it prints have no gap"""
    net = context.network(params=["standard.voting_ms=600000",
                                  "consensus.interval_ms=100"])
    victim = net.nodes[1]
    watcher = Watcher(net, victim, TYPES)
    watcher.start()
    number = net.propose("henry_dao", net.nodes[0])
    net.wait_state(number, "voting")
    for i, voter in enumerate(VOTERS[:6]):
        if i % 2 == 0:
            victim.kill()
        net.nodes[0].cli("vote", str(number), "for", "--as", voter, expect=0)
        if i % 2 == 1:
            victim.start()
    wait_until("six ballots were seen", 30, lambda: sum(
        event["type"] == "ballot" for event in watcher.lines()) == 6)
    watcher.kill()
    events = watcher.lines()
    no_gap_no_double("one run", events)
    if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
        raise Failure(f"numbers: {[event['seq'] for event in events]}")
    if not all(event["tx"] for event in events if event["type"] == "ballot"):
        raise Failure("a ballot without its transaction")


class Pretender(threading.Thread):
    """A node's socket that answers subscriptions as it was told to: for each
    connection the events to tell, and how it breaks off."""

    def __init__(self, path, script):
        super().__init__(daemon=True)
        self.script = script
        self.asked = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(path)
        self.socket.listen()

    def run(self):
        for places, from_height in self.script:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rw") as file:
                request = json.loads(file.readline())
                self.asked.append(request["params"])
                lines = [{"id": request["id"], "result": {
                    "subscription": 1, "from_height": "5"}}]
                for seq, place_ in enumerate(places, 1):
                    event = {"type": "checkpoint", "height": "3"} \
                        if place_ is None else \
                        {"type": "block", "height": str(place_[0]),
                         "position": place_[1]}
                    lines.append({"method": "event", "params": {
                        "subscription": 1, "seq": seq, "event": event}})
                if from_height:
                    lines.append({"id": None, "error": {
                        "code": -32003, "message": "too slow",
                        "data": {"name": "slow_reader", "hint": "",
                                 "from_height": str(from_height)}}})
                for line in lines:
                    file.write(json.dumps({"jsonrpc": "2.0", **line}) + "\n")
                file.flush()


def test_events_broken_off(context):
    """Wherever a node breaks a stream off, before the first event, within a
    block or with the height where to go on, the next subscription begins
    behind what was shown"""
    path = os.path.join(context.folder, "pretender.sock")
    pretender = Pretender(path, [
        ([], None), ([(5, 0), (5, 1), (6, 0)], 6), ([(6, 1), None], 9),
        ([(9, 0), (9, 1)], None), ([(10, 0)], None)])
    pretender.start()
    done = subprocess.run(
        [os.path.join(context.build, "bcai-gov"), "--socket", path, "-o",
         "ndjson", "watch", "--count", "8"], capture_output=True, text=True,
        timeout=30, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    shown = [(int(event["height"]), event.get("position"), event["seq"])
             for event in events]
    wanted = [(5, 0, 1), (5, 1, 2), (6, 0, 3), (6, 1, 4), (3, None, 5),
              (9, 0, 6), (9, 1, 7), (10, 0, 8)]
    if shown != wanted:
        raise Failure(f"shown: {shown}")
    asked = [(int(params.get("from_height", 0)),
              int(params.get("from_position", 0)))
             for params in pretender.asked]
    if asked != [(0, 0), (5, 0), (6, 1), (9, 0), (9, 2)]:
        raise Failure(f"asked: {asked}")
