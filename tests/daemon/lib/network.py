"""A network of real processes, driven the way a person would: through
`bcai-gov testnet` and the nodes' sockets.

Every process started here is ended by its own id, whatever happens.
"""

import collections
import json
import os
import signal
import socket
import subprocess
import time


class Failure(AssertionError):
    """What a test found wrong, in one sentence."""


class Skip(Exception):
    """Why a test cannot run on this machine."""


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('code')} {error.get('message')}")
        self.code = error.get("code")
        self.data = error.get("data") or {}


Result = collections.namedtuple("Result", "code out err data")


def wait_until(what, seconds, test, pause=0.05):
    """Call `test` until it answers something true; its value is the result.
    Errors of a node that is not there yet count as not yet."""
    end = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = test()
            if value:
                return value
        except (OSError, RpcError, Failure, ValueError) as error:
            last = error
        if time.monotonic() > end:
            raise Failure(f"not within {seconds} s: {what}"
                          + (f" (last: {last})" if last else ""))
        time.sleep(pause)


class Rpc:
    """One connection to a node's socket: JSON-RPC, one object a line."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.buffer = b""
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_raw(self, data):
        self.socket.sendall(data)

    def read_line(self):
        while b"\n" not in self.buffer:
            chunk = self.socket.recv(1 << 16)
            if not chunk:
                raise ConnectionError("the node closed the connection")
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def send(self, method, **params):
        self.number += 1
        self.send_raw(json.dumps({
            "jsonrpc": "2.0", "id": self.number, "method": method,
            "params": params}).encode() + b"\n")
        return self.number

    def receive(self):
        """The next answer's result; notifications are passed over."""
        while True:
            answer = self.read_line()
            if "id" not in answer:
                continue
            if "error" in answer:
                raise RpcError(answer["error"])
            return answer["result"]

    def call(self, method, **params):
        self.send(method, **params)
        return self.receive()

    def call_many(self, method, list_of_params, window=200):
        """Ask in a pipeline; answers in the order of the questions."""
        answers = {}
        first = self.number + 1
        sent = 0
        while len(answers) < len(list_of_params):
            while sent < len(list_of_params) and sent - len(answers) < window:
                self.send(method, **list_of_params[sent])
                sent += 1
            answer = self.read_line()
            if "id" in answer:
                if "error" in answer:
                    raise RpcError(answer["error"])
                answers[answer["id"] - first] = answer["result"]
        return [answers[i] for i in range(len(list_of_params))]


class Node:
    def __init__(self, network, index, row):
        self.network = network
        self.index = index
        self.alive = True
        self.name = row["name"]
        self.role = row["role"]
        self.socket = row["socket"]
        self.pid = row["pid"]
        self.p2p = row["p2p"]
        self.node_id = row["node_id"]

    @property
    def folder(self):
        return os.path.dirname(self.socket)

    def rpc(self, method, **params):
        with Rpc(self.socket) as connection:
            return connection.call(method, **params)

    def status(self):
        return self.rpc("node.status")

    def height(self):
        return int(self.status()["height"])

    def cli(self, *words, **options):
        return self.network.cli("--socket", self.socket, *words, **options)

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """kill -9, and wait until the process is gone."""
        self.signal(signal.SIGKILL)
        self.alive = False
        self.wait_gone(10)

    def stop(self):
        self.signal(signal.SIGTERM)
        self.alive = False
        self.wait_gone(30)

    def wait_gone(self, seconds):
        wait_until(f"{self.name} (pid {self.pid}) is gone", seconds,
                   lambda: not process_runs(self.pid))

    def start(self, ready=True, environment=None):
        """Start it again on its data, as a new process."""
        result = self.network.cli("testnet", "start", str(self.index),
                                  "--dir", self.network.folder, expect=0,
                                  environment=environment)
        self.pid = result.data["pid"]
        self.alive = True
        if ready:
            self.wait_ready()

    def wait_ready(self, seconds=30):
        wait_until(f"{self.name} is ready", seconds,
                   lambda: self.rpc("node.ready")["ready"])

    def log(self):
        path = os.path.join(self.folder, "log")
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as file:
            return file.read()


def task_runs(pid, task):
    try:
        with open(f"/proc/{pid}/task/{task}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def process_runs(pid):
    """False for a process that ended, reaped or not. The first thread may be
    gone while another one still holds the files."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return False
    return any(task_runs(pid, task) for task in tasks)


class Network:
    """Four validators and their voters, unless told otherwise."""

    def __init__(self, build, folder, validators=4, observers=0, voters=None,
                 fast=True, params=(), settings=(), council=None):
        self.build = build
        self.folder = folder
        self.nodes = []
        words = ["testnet", "up", "--dir", folder,
                 "--validators", str(validators),
                 "--observers", str(observers)]
        if fast:
            words.append("--fast")
        if voters:
            path = folder + ".voters.csv"
            with open(path, "w") as file:
                file.write("name,stake,reputation\n")
                for name, stake, reputation in voters:
                    file.write(f"{name},{stake},{reputation}\n")
            words += ["--voters", path]
        for param in params:
            words += ["--param", param]
        if council:
            words += ["--council", council]
        for setting in settings:
            words += ["--set", setting]
        self.up = self.cli(*words, expect=0, timeout=120).data
        self.keys = self.up["keys"]
        self.chain_id = self.up["chain_id"]
        self.nodes = [Node(self, i, row)
                      for i, row in enumerate(self.up["nodes"])]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.down()

    def down(self):
        """End every node by its own pid, also those that are stopped."""
        for node in self.nodes:
            if process_runs(node.pid):
                try:
                    node.signal(signal.SIGCONT)
                    node.signal(signal.SIGTERM)
                except ProcessLookupError:
                    pass
        for node in self.nodes:
            try:
                node.wait_gone(15)
            except Failure:
                node.signal(signal.SIGKILL)

    def cli(self, *words, expect=None, timeout=60, stdin=None, environment=None):
        """Run bcai-gov with JSON output. `expect` is the exit code that must
        come, or None when any may."""
        command = [os.path.join(self.build, "bcai-gov"), "-o", "json"]
        if hasattr(self, "keys"):
            command += ["--keys", self.keys]
        command += words
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True,
            timeout=timeout, env={**os.environ, **(environment or {})},
            **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        try:
            data = json.loads(done.stdout) if done.stdout.strip() else None
        except ValueError:
            data = None
        if expect is not None and done.returncode != expect:
            raise Failure(f"{' '.join(command[3:])}: exit {done.returncode}, "
                          f"not {expect}: {done.stdout} {done.stderr}")
        return Result(done.returncode, done.stdout, done.stderr, data)

    @property
    def alive(self):
        return [node for node in self.nodes if node.alive]

    def propose(self, as_key, node=None, kind="standard", title="A proposal",
                **options):
        """Submit a proposal and answer its number."""
        node = node or self.alive[0]
        result = node.cli("proposal", "submit", "--as", as_key, "--type", kind,
                          "--title", title, expect=0, **options)
        return result.data["proposal"]

    def wait_state(self, proposal, state, node=None, seconds=30):
        """On one node, or on every one that is alive: a ballot may go to any
        of them, and one that is a block behind would refuse it."""
        shown = None
        for each in [node] if node else self.alive:
            shown = wait_until(
                f"proposal {proposal} is {state} on {each.name}", seconds,
                lambda: next((p for p in [each.rpc("proposal.get",
                                                   proposal=proposal)]
                              if p["state"] == state), None))
        return shown
