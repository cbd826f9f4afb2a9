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


def proposal(kind, title, description=b"", draft=False):
    return field_bytes(10, field_number(1, kind) + field_number(2, draft) +
                       field_bytes(3, title) + field_bytes(4, description),
                       True)


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
