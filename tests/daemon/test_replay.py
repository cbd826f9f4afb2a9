"""Recorded elections through a network: the sums come out as in the file."""

import collections
import csv
import json
import os
import subprocess

from lib.network import Failure, Skip

CHOICES = {"1": "for", "2": "against", "3": "abstain"}


def sums_of(path):
    sums = collections.defaultdict(lambda: collections.Counter())
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            sums[int(row["bip"])][CHOICES[row["choice"]]] += int(row["vp"])
            sums[int(row["bip"])]["ballots"] += 1
    return sums


def replay(context, path, *words, limit=200):
    """Run it, and compare what it prints with our own sums of the file.
    The rows."""
    command = [os.path.join(context.build, "bcai-gov"), "-o", "json",
               "replay", path, "--dir", os.path.join(context.folder, "net"),
               *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=limit)
    if done.returncode != 0:
        raise Failure(f"exit {done.returncode}: {done.stdout[-2000:]} "
                      f"{done.stderr[-2000:]}")
    rows = json.loads(done.stdout)["proposals"]
    wanted = sums_of(path)
    if len(rows) != len(wanted):
        raise Failure(f"{len(rows)} proposals, the file has {len(wanted)}")
    for row in rows:
        sums = wanted[int(row["bip"])]
        for key in ("ballots", "for", "against", "abstain"):
            if int(row["network"][key]) != sums[key]:
                raise Failure(f"proposal {row['bip']}: {key} "
                              f"{row['network'][key]}, "
                              f"the file adds up to {sums[key]}")
        if row["equal"] is not True:
            raise Failure(f"proposal {row['bip']} is not called equal")
    print(f"{sum(s['ballots'] for s in wanted.values())} ballots")
    return rows


def recorded(context):
    path = context.source.parent / "shared" / "data" / \
        "beanstalk_bip_votes.csv"
    if not path.exists():
        raise Skip("no recorded votes at ../shared/data")
    return str(path)


def test_replay_recorded(context):
    """Twenty real proposals with 1,296 ballots come out exactly as recorded,
    each voter with its own history; the detectors name the attack among them,
    BIP-18, as a power surge, and nothing else"""
    rows = replay(context, recorded(context))
    for row in rows:
        found = [alert["kind"] for alert in row["alerts"]]
        if found != (["power-surge"] if row["bip"] == "18" else []):
            raise Failure(f"BIP-{row['bip']}: {found}")
    figures = rows[18]["alerts"][0]["figures"]
    if figures["share_bp"] != "9983":
        raise Failure(f"{figures}")


def test_replay_independent(context):
    """The same with an account for each ballot and all votes at once"""
    rows = replay(context, recorded(context), "--independent")
    if any(row["alerts"] for row in rows):
        raise Failure("alerts without any history")


def test_replay_sample(context):
    """A sample election with all three choices comes out as generated"""
    path = os.path.join(context.folder, "sample.csv")
    with open(path, "w") as file:
        subprocess.run([str(context.source / "scripts" / "sample-election"),
                        "42", "4", "30"], stdout=file, check=True)
    replay(context, path)


def test_replay_running_network(context):
    """An election goes twice through a network that runs already, made with
    the voters and parameters that replay tells"""
    path = os.path.join(context.folder, "sample.csv")
    voters = os.path.join(context.folder, "voters.csv")
    network = os.path.join(context.folder, "running")
    with open(path, "w") as file:
        subprocess.run([str(context.source / "scripts" / "sample-election"),
                        "7", "3", "12"], stdout=file, check=True)

    def cli(*words):
        done = subprocess.run(
            [os.path.join(context.build, "bcai-gov"), "-o", "json", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=120)
        if done.returncode != 0:
            raise Failure(f"{words}: {done.stdout} {done.stderr}")
        return json.loads(done.stdout)

    told = cli("replay", path, "--voters-file", voters)
    params = [word for param in told["params"] for word in ("--param", param)]
    cli("testnet", "up", "--dir", network, "--voters", voters, *params)
    try:
        for _ in range(2):
            report = cli("replay", path, "--network", network)
            if not all(row["equal"] for row in report["proposals"]):
                raise Failure(f"{report}")
    finally:
        cli("testnet", "down", "--dir", network)
