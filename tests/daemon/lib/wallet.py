"""A second implementation of signing, written from doc/spec/transactions.md
alone: it shares no code with the project, so that what both agree on is what
the specification says. Also makes what the command line refuses to make."""

import hashlib
import os
import time

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def recover_x(y):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return x if x % 2 == 0 else P - x


BASE_X = recover_x(BASE_Y)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def encode_point(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Key:
    def __init__(self, seed=None):
        self.seed = seed or os.urandom(32)
        digest = hashlib.sha512(self.seed).digest()
        scalar = int.from_bytes(digest[:32], "little")
        self.scalar = scalar & ((1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.public = encode_point(multiply(self.scalar, BASE))

    def sign(self, message):
        r = int.from_bytes(
            hashlib.sha512(self.prefix + message).digest(), "little") % ORDER
        point = encode_point(multiply(r, BASE))
        k = int.from_bytes(hashlib.sha512(
            point + self.public + message).digest(), "little") % ORDER
        return point + ((r + k * self.scalar) % ORDER).to_bytes(32, "little")


def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field_number(tag, value):
    return number(tag << 3) + number(value) if value else b""


def field_bytes(tag, data, always=False):
    if not data and not always:
        return b""
    return number(tag << 3 | 2) + number(len(data)) + data


def ballot(proposal, choice, reason=b""):
    return (field_number(1, proposal) + field_number(2, choice) +
            field_bytes(3, reason))


def vote(ballots):
    """The payload field of a vote; ballots are (proposal, choice) pairs."""
    inner = b"".join(field_bytes(1, ballot(*b), True) for b in ballots)
    return field_bytes(14, inner, True)


def proposal(kind, title, description=b"", draft=False, actions=()):
    return field_bytes(10, field_number(1, kind) + field_number(2, draft) +
                       field_bytes(3, title) + field_bytes(4, description) +
                       b"".join(field_bytes(5, action.message, True)
                                for action in actions), True)


def delegate(kind, target=b"", types=(), amount=0, expires_ms=0):
    return field_bytes(15, field_number(1, kind) + field_bytes(2, target) +
                       field_bytes(3, b"".join(map(number, types))) +
                       field_number(4, amount) + field_number(5, expires_ms),
                       True)


def undelegate(serials=()):
    return field_bytes(16, field_bytes(1, b"".join(map(number, serials))),
                       True)


def transfer(to, amount):
    return field_bytes(17, field_bytes(1, to) + field_number(2, amount), True)


def veto(number_of, reason):
    return field_bytes(18, field_number(1, number_of) + field_bytes(2, reason),
                       True)


def council_act(title, actions, revert):
    return field_bytes(19, field_bytes(1, title) +
                       b"".join(field_bytes(2, action.message, True)
                                for action in actions) +
                       b"".join(field_bytes(3, action.message, True)
                                for action in revert), True)


def council_approve(act):
    return field_bytes(20, field_number(1, act), True)


def amount_bytes(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def blob(data):
    return len(data).to_bytes(4, "big") + data


def fixed(value, size=8):
    return value.to_bytes(size, "big")


class Action:
    """The message that is signed, and the layout that is hashed."""

    def __init__(self, kind, layout, *fields):
        inner = b"".join(fields)
        self.message = field_bytes(kind, inner, True)
        self.layout = bytes([kind]) + layout


def action_text(text):
    return Action(1, blob(text), field_bytes(1, text))


def action_parameter(key, value):
    return Action(2, blob(key) + fixed(value), field_bytes(1, key),
                  field_number(2, value))


def action_reputation(account, kind, points):
    return Action(3, account + bytes([kind]) + fixed(points),
                  field_bytes(1, account), field_number(2, kind),
                  field_number(3, points))


def action_validators(key, weight):
    return Action(4, key + fixed(weight), field_bytes(1, key),
                  field_number(2, weight))


def action_council(members, threshold, delayed):
    members = sorted(members)
    return Action(5, bytes([len(members)]) + b"".join(members) +
                  bytes([threshold, delayed]),
                  b"".join(field_bytes(1, member) for member in members),
                  field_number(2, threshold), field_number(3, delayed))


def action_upgrade(version, build, height):
    return Action(6, fixed(version, 4) + build + fixed(height),
                  field_number(1, version), field_bytes(2, build),
                  field_number(3, height))


def action_transfer(chain, token, to, amount):
    return Action(7, fixed(chain) + (b"\1" + token if token else b"\0") + to +
                  fixed(amount, 32), field_number(1, chain),
                  field_bytes(2, token), field_bytes(3, to),
                  field_bytes(4, amount_bytes(amount)))


def action_call(chain, target, value, data, gas, code_hash):
    return Action(8, fixed(chain) + target + fixed(value, 32) + blob(data) +
                  fixed(gas) + code_hash, field_number(1, chain),
                  field_bytes(2, target), field_bytes(3, amount_bytes(value)),
                  field_bytes(4, data), field_number(5, gas),
                  field_bytes(6, code_hash))


def action_override(number_of):
    return Action(9, fixed(number_of, 4), field_number(1, number_of))


def keyed(domain, data):
    return hashlib.blake2b(data, digest_size=32, key=domain).digest()


def proposal_id(genesis_hash, proposer, nonce, kind, title, description=b"",
                actions=()):
    """doc/spec/governance.md, 7 and 11."""
    done = keyed(b"bcai-gov/actions/1", bytes([len(actions)]) +
                 b"".join(action.layout for action in actions))
    text = keyed(b"bcai-gov/text/1", blob(title) + blob(description))
    return keyed(b"bcai-gov/proposal/1", genesis_hash + proposer +
                 fixed(nonce) + bytes([kind]) + done + text)


def tx_body(account, nonce, payload, valid_until_ms=None):
    if valid_until_ms is None:
        valid_until_ms = int(time.time() * 1000) + 600_000
    return (field_bytes(1, account) + field_number(2, nonce) +
            field_number(3, valid_until_ms) + payload)


def tx_id(genesis_hash, body):
    return hashlib.blake2b(genesis_hash + body, digest_size=32,
                           key=b"bcai-gov/tx/1").digest()


def signed_tx(key, genesis_hash, body):
    signature = key.sign(tx_id(genesis_hash, body))
    return field_bytes(1, body) + field_bytes(2, signature)
