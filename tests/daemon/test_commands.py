"""The command line as people and programs use it: the JSON that is promised,
tables, formats, what is shown before it is sent, and local networks."""

import json
import os
import pty
import subprocess
import time

from lib.network import Failure, Rpc, Skip, process_runs, wait_until

PARAMS = ["standard.voting_ms=600000", "emergency.delay_ms=600000"]

STATUS = ("version chain_id genesis_hash node_id role epoch view height "
          "block_hash block_time_ms state_root state_height synced "
          "sync_target peers validators voters proposals_open mempool")
SHOWN = ("proposal id type mechanism state reason title proposer submitted_ms "
         "voting_start_ms voting_end_ms execute_after_ms snapshot_height "
         "actions tally")
TALLY = "proposal state mechanism choices eligible quorum approval would_pass"
VOTER = ("account stake stake_mature reputation nonce delegations "
         "delegations_received participation")
VALIDATOR = "node_id weight online last_signed_height eth_address"


def has(what, value, members):
    missing = [m for m in members.split() if m not in value]
    if missing:
        raise Failure(f"{what} lacks {missing}: {value}")


def is_number_in_text(what, value, members):
    for member in members.split():
        if not (isinstance(value[member], str) and value[member].isdigit()):
            raise Failure(f"{what}.{member} is {value[member]!r}")


def plain(net, *words, code=0, terminal=False, environment=None):
    """What a person sees: stdout as text, without or with a terminal."""
    command = [os.path.join(net.build, "bcai-gov"), "--data-dir",
               net.nodes[0].folder, "--keys", net.keys, *words]
    environment = {**os.environ, **(environment or {})}
    if not terminal:
        done = subprocess.run(command, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60,
                              env=environment)
        if done.returncode != code:
            raise Failure(f"{words}: exit {done.returncode}: {done.stderr}")
        return done.stdout
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        raise Skip("no pseudo-terminal can be had here") from error
    done = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs,
                            stderr=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    text = b""
    while True:
        try:
            text += os.read(ours, 4096)
        except OSError:
            break
    os.close(ours)
    if done.wait(20) != code:
        raise Failure(f"{words}: exit {done.returncode}")
    return text.decode()


def test_commands_promised_json(context):
    """Every object that programs may rely on has the promised members, and
    numbers of 64 bits are strings"""
    net = context.network(validators=2, observers=1, params=PARAMS)
    node = net.nodes[0]
    has("testnet up", net.up, "dir chain_id nodes keys")
    for row in net.up["nodes"]:
        has("a node", row, "name role socket pid p2p node_id")
    if [n["role"] for n in net.up["nodes"]] != ["validator"] * 2 + [
            "observer"]:
        raise Failure(f"roles: {net.up['nodes']}")
    made = node.cli("proposal", "submit", "--as", "henry_dao", "--title", "T",
                    expect=0).data
    has("proposal submit", made, "proposal id tx height")
    net.wait_state(made["proposal"], "voting")
    voted = node.cli("vote", "1", "for", "--as", "bob_dev", expect=0).data
    has("vote", voted, "tx height index result")
    if voted["result"] != {"code": 0, "name": "ok"}:
        raise Failure(f"result: {voted}")
    refused = node.cli("vote", "77", "for", "--as", "bob_dev", expect=1).data
    has("a refusal", refused["error"], "code name message hint")
    status = node.cli("status", expect=0).data
    has("status", status, STATUS)
    is_number_in_text("status", status, "epoch view height block_time_ms "
                      "state_height sync_target")
    shown = node.cli("proposal", "show", "1", expect=0).data
    has("proposal show", shown, SHOWN)
    is_number_in_text("proposal", shown, "submitted_ms voting_start_ms "
                      "voting_end_ms snapshot_height")
    tally = node.cli("tally", "1", "--explain", expect=0).data
    for what in (tally, shown["tally"]):
        has("tally", what, TALLY)
        for choice in ("for", "against", "abstain"):
            has(choice, what["choices"][choice],
                "weight direct delegated voters")
            is_number_in_text(choice, what["choices"][choice],
                              "weight direct delegated")
        has("eligible", what["eligible"], "weight voters")
        has("quorum", what["quorum"], "required reached met")
        has("approval", what["approval"], "threshold_bp met")
    voter = node.cli("voter", "show", "bob_dev", expect=0).data
    has("voter show", voter, VOTER)
    has("received", voter["delegations_received"], "count weight")
    has("participation", voter["participation"], "voted eligible")
    is_number_in_text("voter", voter, "stake stake_mature reputation nonce")
    for row in node.cli("validators", expect=0).data:
        has("validators", row, VALIDATOR)
    for entry in node.cli("peers", expect=0).data:
        if entry["connected"] and entry["version"] != status["version"]:
            raise Failure(f"a peer of unknown version: {entry}")


def test_commands_formats(context):
    """Tables, ndjson and tsv say the same; colour is for terminals without
    NO_COLOR; nothing but results is on stdout"""
    net = context.network(validators=1, params=PARAMS)
    for i in range(3):
        net.propose("henry_dao", title=f"back\\slash {i}")
    rows = [json.loads(line) for line in plain(
        net, "proposal", "list", "-o", "ndjson").splitlines()]
    lines = plain(net, "proposal", "list", "-o", "tsv").splitlines()
    head = lines[0].split("\t")
    if len(rows) != 3 or len(lines) != 4:
        raise Failure(f"{rows} {lines}")
    for row, line in zip(rows, lines[1:]):
        fields = dict(zip(head, line.split("\t")))
        if fields["title"] != row["title"].replace("\\", "\\\\"):
            raise Failure(f"{fields} is not {row}")
    table = plain(net, "proposal", "list").splitlines()
    if len(table) != 4 or any(line != line.rstrip() for line in table):
        raise Failure(f"the table is {table}")
    if "\033" in plain(net, "doctor"):
        raise Failure("colour without a terminal")
    if "\033[32m" not in plain(net, "doctor", terminal=True):
        raise Failure("no colour on a terminal")
    if "\033" in plain(net, "doctor", terminal=True,
                       environment={"NO_COLOR": "1"}):
        raise Failure("colour in spite of NO_COLOR")
    if plain(net, "proposal", "show", "99", code=5):
        raise Failure("an error on stdout")


def test_commands_status_tells_what_waits(context):
    """status names the proposals that wait for a voter's ballot"""
    net = context.network(validators=1, params=PARAMS)
    first, second = net.propose("henry_dao"), net.propose("bob_dev")
    net.wait_state(first, "voting")
    net.wait_state(second, "voting")
    net.nodes[0].cli("vote", str(first), "for", "--as", "bob_dev", expect=0)
    text = plain(net, "status", "--as", "bob_dev")
    if f"you have not voted on 1: #{second} (closes in " not in text:
        raise Failure(text)
    if "node0 " not in text or "weight 100 of 100" not in text:
        raise Failure(text)
    net.nodes[0].cli("vote", str(second), "for", "--as", "bob_dev", expect=0)
    if "nothing waits for your vote" not in plain(net, "status", "--as",
                                                  "bob_dev"):
        raise Failure("something still waits")
    left = net.nodes[0].cli("proposal", "list", "--not-voted", "henry_dao",
                            expect=0).data
    if [p["proposal"] for p in left] != [second, first]:
        raise Failure(f"open to henry: {left}")


def at_rest(node):
    """The status once nothing makes a block any more."""
    def still():
        before = node.status()
        time.sleep(1.5)
        after = node.status()
        return after["height"] == before["height"] and after
    return wait_until("no more blocks", 20, still)


def test_commands_dry_run(context):
    """--dry-run sends nothing, whatever the command"""
    net = context.network(validators=1, params=PARAMS +
                          ["consensus.heartbeat_ms=3600000"])
    node = net.nodes[0]
    net.wait_state(net.propose("henry_dao"), "voting")
    before = at_rest(node)
    signed = node.cli("vote", "1", "for", "--as", "bob_dev", "--dry-run",
                      expect=0).data
    raw = signed["raw"]
    node.cli("proposal", "submit", "--as", "bob_dev", "--title", "x",
             "--dry-run", expect=0)
    node.cli("tx", "submit", raw, "--dry-run", expect=0)
    asked = node.cli("stop", "--dry-run", expect=0).data
    if asked != {"method": "node.stop", "params": {}}:
        raise Failure(f"stop would ask {asked}")
    node.cli("log", "level", "debug", "--dry-run", expect=0)
    node.cli("key", "new", "other", "--dry-run", expect=3)
    after = at_rest(node)
    if (after["state_root"], after["height"]) != (
            before["state_root"], before["height"]):
        raise Failure("a dry run changed the state")
    if node.rpc("audit.tail")["entries"]:
        raise Failure("a dry run stands in the audit log")
    sent = node.cli("tx", "submit", raw, expect=0).data
    if sent["tx"] != signed["tx"]:
        raise Failure(f"{sent} is not what was shown: {signed}")


def test_commands_wait_and_watch(context):
    """wait ends when it is so, fails when it can no longer be, and times out
    with where things stand; watch ends after its time or count"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    number = str(net.propose("henry_dao"))
    node.cli("wait", "proposal", number, "voting", expect=0)
    node.cli("wait", "proposal", number, "submitted", expect=6)
    node.cli("wait", "proposal", number, "dancing", expect=3)
    node.cli("wait", "proposal", "99", "voting", expect=5)
    late = node.cli("wait", "height", "9999999", "--timeout", "1", expect=7)
    if "the node is at height" not in late.data["error"]["message"]:
        raise Failure(f"{late}")
    node.cli("wait", "synced", expect=0)
    events = [json.loads(line) for line in node.cli(
        "watch", "proposal", "--from", "1", "--count", "2",
        expect=0).out.splitlines()]
    if [(e["type"], e["state"], e["seq"]) for e in events] != [
            ("proposal", "submitted", 1), ("proposal", "voting", 2)]:
        raise Failure(f"events: {events}")
    node.cli("watch", "evidence", "--timeout", "1", expect=7)
    node.cli("watch", "nonsense", expect=3)


def test_commands_watch_peers(context):
    """watch tells when a peer goes and when it is back"""
    net = context.network(validators=4, params=PARAMS)
    wait_until("all three peers are up", 10,
               lambda: int(net.nodes[0].rpc("node.status")["peers"]) == 3)
    with Rpc(net.nodes[0].socket) as connection:
        connection.call("events.subscribe", types=["peer"])
        net.nodes[2].kill()
        net.nodes[2].start()
        seen = []
        while len(seen) < 2:
            event = connection.read_line()["params"]["event"]
            if event["node_id"] == net.nodes[2].node_id and \
                    seen[-1:] != [event["what"]]:
                seen.append(event["what"])
    if seen != ["down", "up"]:
        raise Failure(f"events: {seen}")


def test_commands_receipt_through_a_pipe(context):
    """What receipt get prints is what receipt verify reads, and it says what
    was signed"""
    net = context.network(validators=1, params=PARAMS)
    net.wait_state(net.propose("henry_dao"), "voting")
    tx = net.nodes[0].cli("vote", "1", "against", "--as", "bob_dev",
                          expect=0).data["tx"]
    genesis = os.path.join(net.nodes[0].folder, "genesis.json")
    for words in ([], ["-o", "json"], ["-o", "ndjson"]):
        receipt = plain(net, "receipt", "get", tx, *words)
        checked = net.cli("receipt", "verify", "-", "--genesis", genesis,
                          stdin=receipt, expect=0).data
        if checked["content"]["ballots"][0]["choice"] != "against":
            raise Failure(f"{checked}")


def test_commands_local_network(context):
    """A local network goes down, comes up again with its state, and what a
    failed start left is out of the way"""
    net = context.network(validators=2, params=PARAMS)
    net.wait_state(net.propose("henry_dao"), "voting")
    again = net.cli("testnet", "up", "--dir", net.folder, expect=1)
    if again.data["error"]["name"] != "file_exists":
        raise Failure(f"{again}")
    net.cli("testnet", "start", "1", "--dir", net.folder, expect=1)
    net.cli("testnet", "kill", "1", "--dir", net.folder, expect=0)
    net.cli("testnet", "kill", "1", "--dir", net.folder, expect=1)
    net.cli("testnet", "down", "--dir", net.folder, expect=0)
    started = net.cli("testnet", "start", "--dir", net.folder, expect=0).data
    for node, row in zip(net.nodes, started):
        node.pid = row["pid"]
    if len(started) != 2 or not process_runs(net.nodes[1].pid):
        raise Failure(f"started {started}")
    net.nodes[0].wait_ready()
    if net.nodes[0].rpc("tally.get", proposal=1)["state"] != "voting":
        raise Failure("the proposal is gone")
    other = os.path.join(context.folder, "other")
    twice = os.path.join(context.folder, "twice.csv")
    with open(twice, "w") as file:
        file.write("name,stake,reputation\nann,1,1\nann,2,2\n")
    failed = net.cli("testnet", "up", "--dir", other, "--voters", twice,
                     expect=6)
    if "ann" not in failed.data["error"]["message"]:
        raise Failure(f"{failed}")
    failed = net.cli("testnet", "up", "--dir", other, "--set", "listn=1",
                     expect=6)
    if "listen" not in failed.data["error"]["message"]:
        raise Failure(f"{failed}")
    if os.path.exists(other):
        raise Failure(f"{other} was left behind")
