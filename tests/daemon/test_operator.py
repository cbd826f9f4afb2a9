"""What an operator relies on: roles of the two sockets, the audit log, exit
codes, and offline checks."""

import json
import os
import signal
import subprocess

from lib.network import Failure, Rpc, RpcError, wait_until

PARAMS = ["standard.voting_ms=600000"]


def test_operator_read_only_socket(context):
    """The read-only socket answers questions and refuses acts"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    path = os.path.join(context.folder, "ro.sock")
    with open(os.path.join(node.folder, "config.yaml"), "a") as file:
        file.write(f"socket_ro: {path}\n")
    node.stop()
    node.start()
    with Rpc(path) as connection:
        if connection.call("node.status")["role"] != "validator":
            raise Failure("no status on the read-only socket")
        for method, params in [("node.stop", {}), ("tx.submit", {"tx": "00"}),
                               ("log.level", {"level": "debug"})]:
            try:
                connection.call(method, **params)
            except RpcError as error:
                if error.code != -32001:
                    raise Failure(f"{method}: {error}") from error
            else:
                raise Failure(f"{method} is allowed on the read-only socket")


def test_operator_audit(context):
    """Acts of the operator stand in the audit log, and a changed log does not
    verify"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    node.cli("log", "level", "debug", expect=0)
    node.cli("log", "level", "info", expect=0)
    entries = node.rpc("audit.tail")["entries"]
    if sum("log.level" in str(entry) for entry in entries) != 2:
        raise Failure(f"audit log: {entries}")
    path = os.path.join(node.folder, "audit.log")
    net.cli("audit", "verify", path, expect=0)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 1
    changed = os.path.join(context.folder, "changed.log")
    with open(changed, "wb") as file:
        file.write(data)
    net.cli("audit", "verify", changed, expect=6)


def test_operator_configuration(context):
    """An unknown key is fatal, with line, column and the nearest known key"""
    path = os.path.join(context.folder, "bad.yaml")
    with open(path, "w") as file:
        file.write("log_level: info\nlistn: 127.0.0.1:0\n")
    done = subprocess.run(
        [os.path.join(context.build, "bcai-govd"), "--config", path,
         "--check-config"], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=20)
    if done.returncode != 78:
        raise Failure(f"exit {done.returncode}: {done.stderr}")
    for part in ("listn", "listen", "line 2, column 1"):
        if part not in done.stderr:
            raise Failure(f"the message lacks {part}: {done.stderr}")


def test_operator_encrypted_key(context):
    """A node whose key is encrypted starts with the passphrase from a file or
    the environment, and without it says so and exits with 78"""
    folder = os.path.join(context.folder, "node")
    secret = os.path.join(context.folder, "passphrase")
    with open(secret, "w") as file:
        file.write("a long word\n")
    os.chmod(secret, 0o600)
    environment = {k: v for k, v in os.environ.items()
                   if k != "BCAI_GOV_PASSPHRASE"}

    def run(*words, **more):
        return subprocess.run(
            [os.path.join(context.build, words[0]), *words[1:]],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=30, env={**environment, **more}, start_new_session=True)

    made = run("bcai-gov", "--data-dir", folder, "init", "--chain-id", "one",
               "--encrypt", BCAI_GOV_PASSPHRASE="a long word")
    if made.returncode != 0:
        raise Failure(made.stderr)
    for what, more in (("no_passphrase", {}),
                       ("passphrase", {"BCAI_GOV_PASSPHRASE": "another"})):
        done = run("bcai-govd", "--data-dir", folder, **more)
        if done.returncode != 78 or "passphrase" not in done.stderr:
            raise Failure(f"{what}: {done.returncode} {done.stderr}")
    node = subprocess.Popen(
        [os.path.join(context.build, "bcai-govd"), "--data-dir", folder,
         "--set", f"passphrase_file={secret}"], stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=environment)
    try:
        ready = run("bcai-gov", "--data-dir", folder, "wait", "synced")
        if ready.returncode != 0:
            raise Failure(ready.stderr)
    finally:
        node.terminate()
        if node.wait(20) != 0:
            raise Failure(f"exit {node.returncode} after TERM")


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def with_header(log, at, change):
    """The sign log with another header, whose checksum is right."""
    head = bytearray(log[:76])
    head[at:at + len(change)] = change
    return bytes(head) + crc32c(head).to_bytes(4, "big") + log[80:]


def test_operator_exit_codes(context):
    """The daemon says by its exit code what a supervisor must not try again:
    21 damage, 22 a newer version, 78 a log of another key or network"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    net.wait_state(net.propose("henry_dao"), "voting")
    node.stop()
    path = os.path.join(node.folder, "keys", "sign.log")
    with open(path, "rb") as file:
        log = file.read()
    if with_header(log, 8, log[8:12]) != log:
        raise Failure("this is not the header that the test knows")
    flipped = bytearray(log)
    flipped[len(log) // 2] ^= 1
    cases = [("a flipped bit", bytes(flipped), 21),
             ("a newer version", with_header(log, 8, b"\0\0\0\2"), 22),
             ("another network", with_header(log, 12, bytes(32)), 78),
             ("another key", with_header(log, 44, bytes(32)), 78)]
    for what, data, code in cases:
        with open(path, "wb") as file:
            file.write(data)
        done = subprocess.run(
            [os.path.join(context.build, "bcai-govd"), "--data-dir",
             node.folder], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=20)
        if done.returncode != code or "cannot start" not in done.stderr:
            raise Failure(f"{what}: exit {done.returncode}: {done.stderr}")
        with open(path, "rb") as file:
            if file.read() != data:
                raise Failure(f"{what}: the sign log was changed")
    with open(path, "wb") as file:
        file.write(log)
    node.start()


def test_operator_hup(context):
    """HUP reads the configuration again and opens the log anew; what cannot
    change while it runs, or is wrong, is said and does no harm"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    log = os.path.join(context.folder, "node.log")
    config = os.path.join(node.folder, "config.yaml")
    with open(config, "a") as file:
        file.write(f"log_file: {log}\n")
    node.stop()
    node.start()

    def reload(expect):
        os.rename(log, log + ".old")
        node.signal(signal.SIGHUP)

        def said():
            with open(log) as file:
                text = file.read()
            return expect in text and text
        return wait_until(f"the new log says {expect!r}", 10, said)

    reload("reloaded")
    with open(config, "a") as file:
        file.write("log_format: json\npool_bytes: 2000000\n")
    line = json.loads(reload("pool_bytes").splitlines()[-1])
    if (line["level"], line["subsystem"], line["node"]) != (
            "warn", "node", "node0"):
        raise Failure(f"a line of the log is {line}")
    with open(config, "a") as file:
        file.write("log_levl: debug\n")
    if "log_level" not in reload("not reloaded"):
        raise Failure("no suggestion in the log")
    net.wait_state(net.propose("henry_dao"), "voting")


def test_operator_db_check(context):
    """db check reads a stopped node's data and finds a flipped byte"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    net.wait_state(net.propose("henry_dao"), "voting")
    running = net.cli("--data-dir", node.folder, "db", "check")
    if running.code == 0:
        raise Failure("db check opened the data of a running node")
    status = node.status()
    node.stop()
    found = net.cli("--data-dir", node.folder, "db", "check", expect=0).data
    if int(found["blocks"]) < int(status["height"]) or int(
            found["final_height"]) != int(found["blocks"]):
        raise Failure(f"{found} at {status}")
    if found["transactions"] != "1":
        raise Failure(f"{found}")
    flipped = False
    for name in sorted(os.listdir(os.path.join(node.folder, "db"))):
        path = os.path.join(node.folder, "db", name)
        if name.endswith((".log", ".ldb")) and os.path.getsize(path) > 400:
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 3)
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 255]))
            flipped = True
    if not flipped:
        raise Failure("no data file to damage")
    result = net.cli("--data-dir", node.folder, "db", "check")
    if result.code == 0:
        raise Failure("db check did not see the damage")


def test_operator_stop(context):
    """stop ends a node in order: it stands in the audit log, and the node
    starts again where it was"""
    net = context.network(validators=1, params=PARAMS)
    node = net.nodes[0]
    net.wait_state(net.propose("henry_dao"), "voting")
    height = node.height()
    node.cli("stop", expect=0)
    node.wait_gone(15)
    path = os.path.join(node.folder, "audit.log")
    with open(path, "rb") as file:
        if b"node.stop" not in file.read():
            raise Failure("the stop is not in the audit log")
    node.start()
    if node.height() < height:
        raise Failure(f"came back at {node.height()}, was at {height}")
