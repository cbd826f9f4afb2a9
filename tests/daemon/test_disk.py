"""A disk that is full."""

import os
import shutil
import subprocess
import time

from lib import invariants
from lib.load import Load
from lib.network import Failure, Skip, process_runs, wait_until

VOTERS = [(f"voter{i}", 1000 + i, 1) for i in range(60)] + \
    [("proposer", 1000000, 10), ("witness", 5000, 5)]


class SmallDisk:
    """A tmpfs of some megabytes in place of a stopped node's folder."""

    def __init__(self, folder, megabytes):
        self.folder = folder
        copy = folder + ".copy"
        shutil.copytree(folder, copy, symlinks=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700",
             "tmpfs", folder], capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(copy)
            raise Skip(f"cannot mount a small disk: {done.stderr.strip()}")
        shutil.copytree(copy, folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(copy)

    def fill(self):
        path = os.path.join(self.folder, "filler")
        with open(path, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass
        return path

    def unmount(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


def test_disk_full(context):
    """A node whose disk is full stops or waits, never signs or tells what it
    could not write, and comes back when there is space"""
    if os.geteuid() != 0:
        raise Skip("mounting a small disk needs root")
    net = context.network(voters=VOTERS, params=["standard.voting_ms=7000000"])
    number = net.propose("proposer")
    net.wait_state(number, "voting")
    victim = net.nodes[3]
    victim.stop()
    for name in os.listdir(victim.folder):
        path = os.path.join(victim.folder, name)
        if not os.path.isfile(path) and not os.path.isdir(path):
            os.remove(path)  # sockets cannot be copied
    disk = SmallDisk(victim.folder, 64)
    try:
        victim.start()
        with Load(net, [v[0] for v in VOTERS[:60]], [number]) as work:
            work.wait_acknowledged(10)
            filler = disk.fill()
            work.wait_acknowledged(100, 90)
            time.sleep(1)
        os.remove(filler)
        if process_runs(victim.pid):
            print("the node kept running on the full disk")
            victim.kill()
        else:
            print("the node stopped on the full disk")
        victim.start()
        invariants.height_everywhere(net.nodes)
        invariants.all_hold(net, "witness", number, work.acknowledged)
        invariants.same_state_root(net.nodes)
        wait_until("the node on the small disk signs again", 30, lambda: any(
            row["node_id"] == victim.node_id and row["online"]
            for row in net.nodes[0].rpc("validator.list")["validators"]))
    finally:
        net.down()
        disk.unmount()
    if os.path.ismount(victim.folder):
        raise Failure("the small disk is still mounted")
