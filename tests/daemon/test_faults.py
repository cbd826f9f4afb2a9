"""Processes that die, hang, lose their data or come back."""

import os
import shutil
import signal
import subprocess
import time

from lib import invariants
from lib.load import Load
from lib.network import Failure, RpcError, wait_until
from test_join import Daemon, peer_address

PARAMS = ["standard.voting_ms=7000000", "proposal.max_open=100"]
# The last voter is kept for proving, at the end, that the network goes on.
VOTERS = [(f"voter{i}", 1000 + i, 1) for i in range(120)] + \
    [("proposer", 1000000, 10), ("witness", 5000, 5)]
# With three of four alive nothing stands still for longer, however busy the
# machine is.
STAND_S = 5


def start(context, proposals=1, **options):
    """A network with proposals open for a long time, and their numbers."""
    net = context.network(voters=VOTERS, params=PARAMS, **options)
    numbers = [net.propose("proposer") for _ in range(proposals)]
    for number in numbers:
        net.wait_state(number, "voting")
    return net, numbers


def load(net, numbers, first=0, count=120):
    names = [name for name, *_ in VOTERS[first:first + count]]
    return Load(net, names, numbers)


def settle(net, numbers, acknowledged):
    invariants.all_hold(net, "witness", numbers[0], acknowledged)
    invariants.same_state_root(net.alive)


def no_refusals(work):
    """Faults delay votes; they never make a good one be refused."""
    if work.refused:
        raise Failure(f"{len(work.refused)} refused, first: "
                      f"{work.refused[0]}")


def never_long(waits):
    """None of these times without anything final was long."""
    print(f"the longest wait was {max(waits):.1f} s")
    if max(waits) > STAND_S:
        raise Failure(f"three of four were alive and stood still for "
                      f"{max(waits):.1f} s")


def test_fault_kill_each(context):
    """kill -9 of each node in turn under load loses nothing acknowledged"""
    rounds = context.rounds(10, 200)
    net, numbers = start(context, proposals=15 if context.soak else 2)
    with load(net, numbers) as work:
        work.wait_acknowledged(5)
        for turn in range(rounds):
            node = net.nodes[turn % len(net.nodes)]
            node.kill()
            work.wait_acknowledged(3)
            node.start()
            invariants.height_everywhere(net.nodes)
    settle(net, numbers, work.acknowledged)
    no_refusals(work)
    print(f"{rounds} rounds, {len(work.acknowledged)} ballots kept")


def freeze(net, work, node, seconds):
    """Stop a node so long, and answer the longest time in which nothing
    became final through the others."""
    since = time.monotonic()
    node.signal(signal.SIGSTOP)
    node.alive = False
    time.sleep(seconds)
    longest = work.longest_wait(since, time.monotonic())
    node.signal(signal.SIGCONT)
    node.alive = True
    return longest


def test_fault_frozen(context):
    """Each node in turn frozen with SIGSTOP under load never makes the others
    wait for more than a few seconds, and catches up when it goes on"""
    net, numbers = start(context, proposals=40 if context.soak else 3)
    waits = []
    with Load(net, [name for name, *_ in VOTERS[:120]], numbers, threads=4,
              pinned=True) as work:
        for turn in range(context.rounds(4, 40)):
            node = net.nodes[turn % len(net.nodes)]
            work.wait_acknowledged(3)
            # Beyond 15 s the others give the connection up.
            waits.append(freeze(net, work, node,
                                20 if context.soak and turn % 5 == 4 else 4))
            invariants.height_everywhere(net.nodes)
    settle(net, numbers, work.acknowledged)
    no_refusals(work)
    never_long(waits)


def test_fault_frozen_in_a_row(context):
    """A node that has just thawed counts at once: the next may freeze while
    it is still catching up"""
    net, numbers = start(context, proposals=15 if context.soak else 3)
    waits = []
    with Load(net, [name for name, *_ in VOTERS[:120]], numbers, threads=4,
              pinned=True) as work:
        work.wait_acknowledged(3)
        for turn in range(context.rounds(8, 100)):
            node = net.nodes[turn % len(net.nodes)]
            waits.append(freeze(net, work, node, 1 + turn % 3))
    settle(net, numbers, work.acknowledged)
    no_refusals(work)
    never_long(waits)


def test_fault_liar(context):
    """A validator that claims blocks nobody has keeps no other from voting"""
    net, numbers = start(context)
    liar = net.nodes[3]
    liar.stop()
    words = [os.path.join(context.build, "tests", "daemon", "liar"),
             liar.folder, net.nodes[0].status()["genesis_hash"], "1000000"]
    words += [f"{node.node_id}@{node.p2p.split('@')[-1]}"
              for node in net.nodes[:3]]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        said = []
        while said.count("up\n") < 3:
            said.append(process.stdout.readline())
            if not said[-1]:
                raise Failure(f"the liar is not connected: {said}")
        time.sleep(1)
        with load(net, numbers) as work:
            since = time.monotonic()
            work.wait_acknowledged(60)
            longest = work.longest_wait(since, time.monotonic())
        settle(net, numbers, work.acknowledged)
    finally:
        process.kill()
        process.wait()
    no_refusals(work)
    never_long([longest])


def test_fault_restart_all(context):
    """All nodes killed at once come back with everything acknowledged"""
    net, numbers = start(context)
    acknowledged = []
    for turn in range(2):
        with load(net, numbers, turn * 60, 60) as work:
            work.wait_acknowledged(20)
            for node in net.nodes:
                node.signal(signal.SIGKILL)
                node.alive = False
            for node in net.nodes:
                node.wait_gone(10)
        acknowledged += work.acknowledged
        for node in net.nodes:
            node.start(ready=False)
        for node in net.nodes:
            node.wait_ready()
    settle(net, numbers, acknowledged)


def is_final(net, tx):
    try:
        return net.nodes[0].rpc("tx.get", tx=tx)["height"]
    except RpcError:
        return None


def test_fault_accepted(context):
    """What was said to be accepted becomes final, though every node is killed
    in the moment of saying so"""
    net, numbers = start(context)
    accepted = []
    for index, (voter, *_) in enumerate(VOTERS[:40]):
        node = net.nodes[index % len(net.nodes)]
        answer = node.cli("--wait", "accepted", "vote", str(numbers[0]),
                          "for", "--as", voter)
        if answer.code != 0:
            raise Failure(f"vote: {answer.out} {answer.err}")
        accepted.append(answer.data["tx"])
        if index % 10 != 9:
            continue
        for node in net.nodes:
            node.signal(signal.SIGKILL)
            node.alive = False
        for node in net.nodes:
            node.wait_gone(10)
        for node in net.nodes:
            node.start(ready=False)
        for node in net.nodes:
            node.wait_ready()
    for tx in accepted:
        wait_until(f"{tx} is final", 30, lambda tx=tx: is_final(net, tx))
    invariants.same_history(net.nodes)


def test_fault_stop_in_order(context):
    """Nodes stopped with TERM exit cleanly and come back where they were"""
    net, numbers = start(context)
    with load(net, numbers) as work:
        work.wait_acknowledged(10)
    before = invariants.same_history(net.nodes)
    for node in net.nodes:
        node.stop()
    for node in net.nodes:
        node.start(ready=False)
    for node in net.nodes:
        node.wait_ready()
        if node.height() < before:
            raise Failure(f"{node.name} came back at {node.height()}, "
                          f"was at {before}")
        signed = [v["last_signed_height"] for v in
                  node.rpc("validator.list")["validators"]]
        if sum(int(height) >= before for height in signed) < 3:
            raise Failure(f"{node.name} forgot who signed: {signed}")
    settle(net, numbers, work.acknowledged)


def test_fault_data_removed(context):
    """A node whose database was removed, with key and sign log kept, fetches
    everything again from the others"""
    net, numbers = start(context)
    with load(net, numbers) as work:
        work.wait_acknowledged(10)
        victim = net.nodes[2]
        victim.kill()
        shutil.rmtree(os.path.join(victim.folder, "db"))
        work.wait_acknowledged(5)
        victim.start()
        invariants.height_everywhere(net.nodes)
    settle(net, numbers, work.acknowledged)


def test_fault_young_data_removed(context):
    """The database is removed while the sign log still tells which blocks were
    agreed on: what was in them comes from the others"""
    net, numbers = start(context)
    for turn in range(context.rounds(10, 100)):
        victim = net.nodes[turn % len(net.nodes)]
        other = net.nodes[(turn + 1) % len(net.nodes)]
        victim.kill()
        shutil.rmtree(os.path.join(victim.folder, "db"))
        victim.start(ready=False)
        # The next block shows that all before it are final.
        other.cli("vote", str(numbers[0]), "for", "--as", f"voter{turn}",
                  expect=0)
        victim.wait_ready()
    settle(net, numbers, None)


def test_fault_directory_removed(context):
    """A node whose whole data directory was removed joins anew with its key
    from a backup: it gets everything that was acknowledged, and does not
    sign, for nobody knows what it signed before"""
    net, numbers = start(context)
    victim = net.nodes[1]
    keys = os.path.join(victim.folder, "keys")
    backup = os.path.join(context.folder, "node.key")
    with load(net, numbers) as work:
        work.wait_acknowledged(10)
        shutil.copy2(os.path.join(keys, "node.key"), backup)
        victim.kill()
        shutil.rmtree(victim.folder)
        work.wait_acknowledged(20)
    os.makedirs(keys, 0o700)
    shutil.copy2(backup, keys)
    net.cli("--data-dir", victim.folder, "join", peer_address(net.nodes[0]),
            "--genesis-hash", net.nodes[0].status()["genesis_hash"], expect=0)
    with Daemon(context, victim.folder):
        status = wait_until("the node tells why it does not sign", 30,
                            lambda: (lambda s: s if s.get("note") else None)
                            (victim.status()))
        if status["signing"] or "sign" not in status["note"]:
            raise Failure(f"signing {status['signing']}: {status['note']}")
        victim.alive = True
        settle(net, numbers, work.acknowledged)
        victim.alive = False


def test_fault_one_absent(context):
    """With one of four absent for good the network goes on"""
    net, numbers = start(context)
    net.nodes[3].kill()
    with load(net, numbers) as work:
        work.wait_acknowledged(60)
    settle(net, numbers, work.acknowledged)
    no_refusals(work)


def test_fault_two_absent(context):
    """With two of four absent nothing becomes final, and when one is back
    the network goes on by itself"""
    net, numbers = start(context)
    net.nodes[2].kill()
    net.nodes[3].kill()
    time.sleep(1)
    height = net.nodes[0].height()
    result = net.nodes[0].cli("--timeout", "4", "vote", str(numbers[0]), "for",
                              "--as", "voter0")
    if result.code != 7:
        raise Failure(f"a vote without a quorum: exit {result.code}, "
                      f"{result.out}")
    if net.nodes[0].height() > height:
        raise Failure("a block became final without a quorum")
    net.nodes[3].start(ready=False)
    wait_until("the vote that waited becomes final", 30,
               lambda: int(net.nodes[0].rpc(
                   "tally.get", proposal=numbers[0])
                   ["choices"]["for"]["voters"]) == 1)
    settle(net, numbers, None)


def test_fault_sign_log_removed(context):
    """A node whose sign log is gone while its key is not new follows as an
    observer and says so"""
    net, numbers = start(context)
    with load(net, numbers) as work:
        work.wait_acknowledged(10)
    victim = net.nodes[1]
    victim.stop()
    os.remove(os.path.join(victim.folder, "keys", "sign.log"))
    victim.start(ready=False)
    status = wait_until("the node tells why it does not sign", 30,
                        lambda: (lambda s: s if s.get("note") else None)
                        (victim.status()))
    if "sign" not in status["note"]:
        raise Failure(f"note: {status['note']}")
    invariants.all_hold(net, "witness", numbers[0], work.acknowledged)


def test_fault_locked(context):
    """A second daemon on the same data directory exits with 23"""
    net, _ = start(context, validators=1)
    done = subprocess.run(
        [os.path.join(context.build, "bcai-govd"), "--data-dir",
         net.nodes[0].folder, "--set", "listen=127.0.0.1:0"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    if done.returncode != 23:
        raise Failure(f"exit {done.returncode}: {done.stderr}")
    net.nodes[0].status()
