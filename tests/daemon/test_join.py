"""Nodes that come from outside: join, other networks, borrowed keys."""

import re
import os
import shutil
import subprocess

from lib import invariants
from lib.network import Failure, Rpc, process_runs, wait_until

PARAMS = ["standard.voting_ms=600000"]


class Daemon:
    """A bcai-govd of our own beside a test network."""

    def __init__(self, context, folder, *settings):
        self.folder = folder
        self.socket = os.path.join(folder, "admin.sock")
        self.log = open(folder + ".log", "w+")
        words = [os.path.join(context.build, "bcai-govd"), "--data-dir",
                 folder, "--set", "listen=127.0.0.1:0"]
        for setting in settings:
            words += ["--set", setting]
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def rpc(self, method, **params):
        with Rpc(self.socket) as connection:
            return connection.call(method, **params)

    def text(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()


def peer_address(node):
    return node.p2p if "@" in node.p2p else f"{node.node_id}@{node.p2p}"


def test_join_and_follow(context):
    """join fetches and checks the genesis from a peer, and the new node
    follows the network from its first block"""
    net = context.network(params=PARAMS)
    number = net.propose("henry_dao")
    net.wait_state(number, "voting")
    for i, voter in enumerate(["bob_dev", "eve_researcher", "alice_whale"]):
        net.nodes[i].cli("vote", str(number), "for", "--as", voter, expect=0)
    genesis_hash = net.nodes[0].status()["genesis_hash"]
    folder = os.path.join(context.folder, "guest")
    wrong = net.cli("--data-dir", os.path.join(context.folder, "wrong"),
                    "join", peer_address(net.nodes[0]), "--genesis-hash",
                    "00" * 32)
    if wrong.code == 0:
        raise Failure("join took a genesis of another hash")
    net.cli("--data-dir", folder, "join", peer_address(net.nodes[0]),
            "--genesis-hash", genesis_hash, expect=0)
    with Daemon(context, folder) as guest:
        target = net.nodes[0].height()
        wait_until("the guest is at the network's height", 30, lambda: int(
            guest.rpc("node.status")["height"]) >= target)
        if guest.rpc("node.status")["role"] != "observer":
            raise Failure("a node that is no validator calls itself one")
        for height in range(1, target + 1):
            mine = guest.rpc("block.get", height=height)["hash"]
            theirs = net.nodes[2].rpc("block.get", height=height)["hash"]
            if mine != theirs:
                raise Failure(f"the guest differs at height {height}")
        tally = guest.rpc("tally.get", proposal=number)
        if int(tally["choices"]["for"]["voters"]) != 3:
            raise Failure(f"the guest's tally: {tally}")


def test_join_other_network(context):
    """A node of another network is turned away in words that say so"""
    net = context.network(params=PARAMS)
    other = context.network(params=PARAMS, validators=1)
    result = other.nodes[0].cli("peer", "add", peer_address(net.nodes[0]))
    if result.code not in (0, 1):
        raise Failure(f"peer add: exit {result.code}: {result.out}")

    def told():
        log = other.nodes[0].log() + net.nodes[0].log()
        return re.search("runs network [0-9a-f]+, we run [0-9a-f]+", log)
    wait_until("a log says that the networks differ", 20, told)
    if any(p["connected"] and p["node_id"] == other.nodes[0].node_id
           for p in net.nodes[0].rpc("peer.list")["peers"]):
        raise Failure("the stranger counts as connected")


def test_join_borrowed_key(context):
    """A validator's key used by a second process never leads to two blocks
    at a height, and the guard says what it saw"""
    net = context.network(voters=[("proposer", 1000000, 1),
                                  ("witness", 1000, 1)], params=PARAMS)
    number = net.propose("proposer")
    net.wait_state(number, "voting")
    victim = net.nodes[3]
    folder = os.path.join(context.folder, "twin")
    shutil.copytree(victim.folder, folder, symlinks=True,
                    ignore=lambda _, names: [
                        n for n in names if n.endswith(".sock") or
                        n in ("LOCK", "db", "sign.log", "audit.log")])
    with Daemon(context, folder, "bootstrap=" +
                peer_address(net.nodes[0])) as twin:
        for _ in range(5):
            result = net.nodes[0].cli("vote", str(number), "for", "--as",
                                      "witness")
            if result.code != 0:
                raise Failure(f"vote: {result.out} {result.err}")
        code = twin.process.poll()
        print(f"the twin's exit code: {code}")
        if code not in (None, 20):
            raise Failure(f"the twin ended with {code}: {twin.text()[-800:]}")
    if not process_runs(victim.pid):
        # The rightful owner may have stopped itself: it saw its key at work.
        print("the owner's guard stopped it")
        victim.alive = False
    invariants.same_history(net.alive)
    evidence = net.nodes[0].rpc("evidence.list")["evidence"]
    if evidence:
        raise Failure(f"the twin signed a contradiction: {evidence}")
