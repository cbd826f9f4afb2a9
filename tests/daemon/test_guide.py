"""The guide for people: every command in it is run, and what it prints is
what the page shows.

GUIDE_WRITE=1 writes what was printed into the page instead."""

import os
import re
import subprocess
import threading

from lib.network import Failure

# What differs from one run to the next.
VOLATILE = [
    (r"\b[0-9a-f]{32,}\b", "HEX"),
    (r"\b[0-9a-f]{4,12}…[0-9a-f]{2,4}\b", "HEX"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC", "TIME"),
    (r"\(?\d[\d.]* (d|h|min|s|ms)( \d+ (h|min|s))?( ago)?\)?", "DURATION"),
    (r"\b(height|position|block|nonce|epoch) +[\d,]+", r"\1 NUMBER"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r" +", " "),
]


def settled(text):
    for pattern, word in VOLATILE:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.strip().splitlines()]


def blocks_of(page):
    """(prose before, [(command, output)]) for every console block."""
    parts = re.split(r"^```console\n(.*?)^```\n", page, flags=re.S | re.M)
    for prose, block in zip(parts[::2], parts[1::2]):
        steps = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append([line[2:], ""])
            elif line.startswith("> "):
                steps[-1][0] += "\n" + line[2:]
            else:
                steps[-1][1] += line + "\n"
        yield prose, steps
    yield parts[-1], []


class Shell:
    """One shell for the whole page, so that what is exported stays."""

    MARK = "--- done with "

    def __init__(self, folder, build):
        self.process = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, cwd=folder,
            env={**os.environ, "PATH": build + ":" + os.environ["PATH"],
                 "LC_ALL": "C.UTF-8"})

    def run(self, command):
        self.process.stdin.write(f"{command}\necho '{self.MARK}'$?\n")
        self.process.stdin.flush()
        late = threading.Timer(60, self.process.kill)
        late.start()
        try:
            return self.read(command)
        finally:
            late.cancel()

    def read(self, command):
        output = ""
        for line in self.process.stdout:
            if self.MARK in line:
                before, code = line.split(self.MARK)
                return output + before, int(code)
            output += line
        raise Failure(f"the shell ended at {command}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def step_text(command, output):
    return "$ " + command.replace("\n", "\n> ") + "\n" + output


def follow(context, name):
    path = os.path.join(context.source, "doc", "guide", name)
    with open(path, encoding="utf-8") as file:
        page = file.read()
    written, wrong = "", []
    shell = Shell(context.folder, context.build)
    try:
        for prose, steps in blocks_of(page):
            written += prose
            for i, (command, shown) in enumerate(steps):
                output, code = shell.run(command)
                output = output.replace(context.folder, "/home/you")
                written += ("```console\n" if i == 0 else "") + \
                    step_text(command, output) + \
                    ("```\n" if i == len(steps) - 1 else "")
                if settled(shown) != settled(output):
                    wrong.append(f"$ {command}\n{output}(exit {code}) "
                                 f"but the page shows\n{shown}")
    finally:
        shell.close()
        subprocess.run([os.path.join(context.build, "bcai-gov"), "testnet",
                        "down", "--dir", "tour"], cwd=context.folder,
                       check=False, capture_output=True)
    if os.environ.get("GUIDE_WRITE"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(written)
    elif wrong:
        raise Failure("\n".join(wrong))


def test_guide_tour(context):
    """The tour prints what its page shows"""
    follow(context, "tour.md")
