"""Bad input through the command line and the socket: the stated error, and
the state as it was."""

import os
import random
import time

from lib import invariants, wallet
from lib.network import Failure, Rpc, RpcError, wait_until

VOTERS = [("proposer", 1000000, 10), ("anna", 1000, 5), ("boris", 2000, 0),
          ("poor", "0.000001", 0)]
# Without heartbeats nothing but a transaction makes a block, and so a root.
PARAMS = ["consensus.heartbeat_ms=3600000", "standard.voting_ms=600000", "constitutional.voting_ms=600000",
          "constitutional.delay_ms=600000", "emergency.voting_ms=2000",
          # The root covers the height: an idle network must make no block.
          "consensus.heartbeat_ms=3600000"]
REST_S = 1.5


class Desk:
    """A network with an open, a future and a closed proposal, and a key of
    ours that the second implementation signs with."""

    def __init__(self, context):
        self.net = context.network(voters=VOTERS, params=PARAMS)
        self.node = self.net.nodes[0]
        self.open = self.net.propose("proposer")
        self.future = self.net.propose("proposer", kind="constitutional")
        self.closed = self.net.propose("proposer", kind="emergency")
        self.net.wait_state(self.open, "voting")
        self.net.wait_state(self.closed, "rejected")
        self.genesis = bytes.fromhex(self.node.status()["genesis_hash"])
        self.key = wallet.Key(self.seed("anna"))
        table = self.node.rpc("rpc.methods")
        common = {row["code"] for row in table["errors"]}
        self.documented = {
            row["name"]: common | {e["code"] for e in row["errors"]}
            for row in table["methods"]}
        self.rested = self.rest()

    def seed(self, name):
        result = self.node.cli("--yes", "key", "export", name, expect=0)
        text = (result.data["seed"] if isinstance(result.data, dict)
                else result.out.strip())
        return bytes.fromhex(text)

    def state(self):
        """The state root; a transaction may not wait anywhere."""
        return wait_until("nothing waits", 20, lambda: (
            lambda s: s["mempool"] in (0, "0") and s["state_root"])(
                self.node.status()))

    def rest(self):
        """The state root when time changes it no more."""
        root, since = self.state(), time.monotonic()
        while time.monotonic() - since < REST_S:
            time.sleep(0.1)
            now = self.state()
            if now != root:
                root, since = now, time.monotonic()
        return root

    def unchanged(self, what):
        if self.state() != self.rested:
            raise Failure(f"{what} changed the state root")

    def signed(self, payload, nonce, valid_until_ms=None):
        body = wallet.tx_body(self.key.public, nonce, payload, valid_until_ms)
        return wallet.signed_tx(self.key, self.genesis, body).hex()

    def submit(self, raw):
        """The number of the error, or 0."""
        try:
            return self.node.rpc("tx.submit", tx=raw)["result"]["code"]
        except RpcError as error:
            return self.check_documented("tx.submit", error.code)

    def check_documented(self, method, code):
        """An error that the table of methods does not name is a mistake."""
        if code not in self.documented[method]:
            raise Failure(f"{method} answers {code}, which rpc.methods "
                          "does not tell")
        return code

    def nonce(self):
        return int(self.node.rpc("voter.get",
                                 account=self.key.public.hex())["nonce"])


def expect_code(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}: error {got}, not {wanted}")


def test_input_second_implementation(context):
    """A vote made by an independent implementation of the specification is
    accepted, counted, and verifies by its receipt"""
    desk = Desk(context)
    raw = desk.signed(wallet.vote([(desk.open, 1)]), desk.nonce())
    answer = desk.node.rpc("tx.submit", tx=raw)
    expect_code("vote", answer["result"]["code"], 0)
    body = bytes.fromhex(raw)
    found = desk.node.rpc("tx.get", tx=answer["tx"])
    if found["raw"] != body.hex():
        raise Failure("the network keeps other bytes than were signed")
    if desk.node.rpc("vote.list", proposal=desk.open)["votes"][0][
            "account"] != desk.key.public.hex():
        raise Failure("the ballot is not under our account")
    words = desk.node.cli("tx", "decode", raw, expect=0).out
    if desk.key.public.hex() not in words:
        raise Failure("tx decode does not name the account")


def test_input_transactions(context):
    """Each wrong transaction gets its own error and changes nothing"""
    desk = Desk(context)
    nonce = desk.nonce()
    vote = wallet.vote([(desk.open, 1)])
    good = desk.signed(vote, nonce)
    flipped = bytearray(bytes.fromhex(good))
    flipped[-1] ^= 1
    stranger = wallet.Key()
    unknown = wallet.signed_tx(stranger, desk.genesis, wallet.tx_body(
        stranger.public, 0, vote)).hex()
    elsewhere = wallet.signed_tx(desk.key, bytes(32), wallet.tx_body(
        desk.key.public, nonce, vote)).hex()
    now = int(time.time() * 1000)
    cases = [
        ("unknown account", unknown, 401),
        ("bad signature", flipped.hex(), 402),
        ("signed for another network", elsewhere, 402),
        ("nonce too far", desk.signed(vote, nonce + 64), 404),
        ("expired", desk.signed(vote, nonce, now - 60_000), 405),
        ("valid for too long",
         desk.signed(vote, nonce, now + 25 * 3600 * 1000), 406),
        ("title too long",
         desk.signed(wallet.proposal(1, b"t" * 201), nonce), 407),
        ("description too long", desk.signed(wallet.proposal(
            1, b"title", b"d" * (16 * 1024 + 1)), nonce), 407),
        ("reason too long", desk.signed(wallet.vote(
            [(desk.open, 1, b"r" * 1025)]), nonce), 407),
        ("129 ballots", desk.signed(wallet.vote(
            [(i + 1, 1) for i in range(129)]), nonce), 407),
        ("unknown proposal", desk.signed(wallet.vote([(999, 1)]), nonce), 408),
        ("vote before the period",
         desk.signed(wallet.vote([(desk.future, 1)]), nonce), 409),
        ("vote after the period",
         desk.signed(wallet.vote([(desk.closed, 1)]), nonce), 409),
        ("proposal without the stake",
         desk.signed(wallet.proposal(1, b"title"), nonce), 411),
        ("somebody else's proposal cancelled", desk.signed(
            wallet.field_bytes(13, wallet.field_number(1, desk.future)),
            nonce), 414),
        ("two ballots for one proposal", desk.signed(
            wallet.vote([(desk.open, 1), (desk.open, 2)]), nonce), 417),
        ("nothing", "", 400),
        ("a trailing byte", good + "00", 400),
        ("cut short", good[:-2], 400),
        ("an unknown choice",
         desk.signed(wallet.vote([(desk.open, 4)]), nonce), 400),
        ("a title that is not UTF-8",
         desk.signed(wallet.proposal(1, b"\xff\xfe"), nonce), 400),
        ("an unknown field", desk.signed(
            vote + wallet.field_number(99, 1), nonce), 400),
        ("a number that is not minimal", desk.signed(
            wallet.field_bytes(14, wallet.field_bytes(
                1, b"\x08" + bytes([desk.open | 128, 0]) + b"\x10\x01")),
            nonce), 400),
    ]
    for what, raw, code in cases:
        expect_code(what, desk.submit(raw), code)
        desk.unchanged(what)
    expect_code("the good one", desk.submit(good), 0)
    desk.rested = desk.rest()
    expect_code("the same again", desk.submit(good), 403)
    expect_code("its nonce again",
                desk.submit(desk.signed(wallet.vote([(desk.open, 2)]),
                                        nonce)), 403)
    desk.unchanged("a replay")
    invariants.same_history(desk.net.nodes)


def test_input_command_line(context):
    """The command line tells refusals by exit code, number and name"""
    desk = Desk(context)
    cases = [
        (["vote", "999", "for", "--as", "anna"], 1, 408, "unknown_proposal"),
        (["vote", str(desk.future), "for", "--as", "anna"], 1, 409,
         "not_voting"),
        (["vote", str(desk.closed), "for", "--as", "anna"], 1, 409,
         "not_voting"),
        (["vote", str(desk.open), "for", "--as", "poor"], 1, 410,
         "not_eligible"),
        (["vote", str(desk.open), "for", "--as", "anna", "--nonce", "500"],
         1, 404, "nonce_too_far"),
        (["vote", str(desk.open), "for", "--as", "nobody"], 5, 500,
         "key_unknown"),
        (["proposal", "submit", "--as", "anna", "--type", "standard",
          "--title", "too poor"], 1, 411, "below_minimum_stake"),
        (["proposal", "show", "999"], 5, None, None),
        (["tx", "show", "00" * 32], 5, 103, "not_found"),
        (["vote", str(desk.open), "perhaps", "--as", "anna"], 3, None, None),
        (["no-such-command"], 3, None, None),
        (["status", "--no-such-option"], 3, None, None),
    ]
    for words, code, number, name in cases:
        result = desk.node.cli(*words)
        what = " ".join(words)
        expect_code(f"exit of {what}", result.code, code)
        if number is not None:
            error = (result.data or {}).get("error", {})
            if (error.get("code"), error.get("name")) != (number, name) or \
                    not error.get("message") or "hint" not in error:
                raise Failure(f"{what}: {result.out} {result.err}")
        desk.unchanged(what)
    result = desk.net.cli("--socket", "/nonexistent/admin.sock", "status")
    expect_code("exit without a daemon", result.code, 2)


def read_error(connection):
    answer = connection.read_line()
    if "error" not in answer:
        raise Failure(f"an answer instead of an error: {answer}")
    return answer["error"]["code"]


def test_input_unknown_things(context):
    """What is asked for and does not exist gets the error that the method
    documents"""
    desk = Desk(context)
    nobody, nothing = "ab" * 32, "00" * 32
    cases = [
        ("peer.remove", {"node_id": nobody}, 204),
        ("peer.ban", {"node_id": nobody, "for_ms": 1}, 204),
        ("peer.unban", {"node_id": nobody}, 204),
        ("peer.add", {"address": "nowhere"}, 206),
        ("proposal.list", {"not_voted_by": nobody}, 401),
        ("proposal.list", {"state": "dancing"}, -32602),
        ("proposal.get", {"proposal": 999}, 408),
        ("tally.get", {"proposal": 0}, 408),
        ("vote.list", {"proposal": 999}, 408),
        ("vote.list", {"proposal": desk.open, "cursor": "x"}, -32602),
        ("vote.list", {"proposal": desk.open, "limit": 1001}, -32602),
        ("voter.get", {"account": nobody}, 401),
        ("tx.get", {"tx": nothing}, 103),
        ("receipt.get", {"tx": nothing}, 103),
        ("block.get", {"height": 10**9}, 103),
        ("checkpoint.get", {"height": 10**9}, 103),
        ("audit.tail", {"count": 0}, -32602),
        ("log.level", {"level": "loud"}, -32602),
        ("events.subscribe", {"types": ["dance"]}, -32602),
        ("events.unsubscribe", {"subscription": 7}, 103),
    ]
    for method, params, wanted in cases:
        try:
            desk.node.rpc(method, **params)
            code = 0
        except RpcError as error:
            code = desk.check_documented(method, error.code)
            if not error.data.get("hint") or "name" not in error.data:
                raise Failure(f"{method}: no name and hint: {error.data}")
        expect_code(f"{method} {params}", code, wanted)
    desk.unchanged("what does not exist")


def test_input_socket(context):
    """Malformed lines on the socket get the standard errors and harm
    nobody else"""
    desk = Desk(context)
    lines = [
        (b"this is not JSON", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1", -32700),
        (b"\xff\xfe\x00", -32700),
        (b"[" * 5000, -32700),
        (b"[]", -32600),
        (b"42", -32600),
        (b"{}", -32600),
        (b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"node.status\"}", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", -32601),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.get\"}", -32602),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.get\","
         b"\"params\":{\"tx\":7}}", -32602),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\","
         b"\"params\":{\"colour\":\"red\"}}", -32602),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"proposal.get\","
         b"\"params\":{\"proposal\":9999999999999}}", 408),
        # No 64-bit integer holds it: the reader of JSON gives up.
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"proposal.get\","
         b"\"params\":{\"proposal\":99999999999999999999}}", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx.submit\","
         b"\"params\":{\"tx\":\"xyz\"}}", -32602),
    ]
    for line, code in lines:
        with Rpc(desk.node.socket) as connection:
            connection.send_raw(line + b"\n")
            expect_code(f"{line[:60]!r}", read_error(connection), code)
    desk.unchanged("malformed lines")


def test_input_long_lines(context):
    """A line of more than 1 MiB is refused, half a line holds nobody up, and
    a connection that vanishes in the middle is forgotten"""
    desk = Desk(context)
    with Rpc(desk.node.socket) as connection:
        try:
            connection.send_raw(b"x" * (1 << 20) + b"xx\n")
            expect_code("1 MiB line", read_error(connection), -32000)
        except (BrokenPipeError, ConnectionError):
            pass  # closed before all of it was sent: refused as well
    halves = [Rpc(desk.node.socket) for _ in range(20)]
    for half in halves:
        half.send_raw(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.sta")
    if not desk.node.status()["height"]:
        raise Failure("no answer beside half lines")
    for half in halves[:10]:
        half.__exit__()
    for half in halves[10:]:
        half.send_raw(b"tus\"}\n")
        if "result" not in half.read_line():
            raise Failure("half a line and its rest are not a request")
        half.__exit__()
    desk.unchanged("long and half lines")


def test_input_noise(context):
    """Random bytes and random edits of good requests never stop a node"""
    desk = Desk(context)
    seed = int(os.environ.get("DAEMON_SEED", str(random.getrandbits(32))))
    print(f"DAEMON_SEED={seed}")
    chance = random.Random(seed)
    good = [b'{"jsonrpc":"2.0","id":1,"method":"proposal.list","params":'
            b'{"limit":3}}', b'{"jsonrpc":"2.0","id":"a","method":'
            b'"vote.list","params":{"proposal":1,"cursor":"x"}}',
            b'{"jsonrpc":"2.0","id":null,"method":"block.get"}']
    for _ in range(300 if not context.soak else 20000):
        line = bytearray(chance.choice(good))
        for _ in range(chance.randrange(1, 5)):
            line[chance.randrange(len(line))] = chance.randrange(256)
        if chance.random() < 0.2:
            line = bytearray(chance.randbytes(chance.randrange(200)))
        with Rpc(desk.node.socket) as connection:
            connection.send_raw(bytes(line) + b"\n")
            if chance.random() < 0.5:
                connection.socket.settimeout(0.02)
                try:
                    connection.read_line()
                except (OSError, ValueError):
                    pass
    desk.unchanged("noise")
    invariants.goes_on(desk.net, "boris", desk.open)
