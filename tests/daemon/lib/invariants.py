"""What must hold of a network after anything that was done to it."""

from lib.network import Failure, Rpc, RpcError, wait_until


def height_everywhere(nodes, seconds=40):
    """Wait until every node has the height that the first one to answer
    shows as the highest now; answers it."""
    target = max(node.height() for node in nodes)
    for node in nodes:
        wait_until(f"{node.name} reaches height {target}", seconds,
                   lambda: node.height() >= target)
    return target


def hashes(node, top):
    with Rpc(node.socket, timeout=60) as connection:
        blocks = connection.call_many(
            "block.get", [{"height": h} for h in range(1, top + 1)])
    return [(block["hash"], block["parent"]) for block in blocks]


def same_history(nodes, seconds=40):
    """No two nodes differ at a height, and each block names its parent."""
    top = height_everywhere(nodes, seconds)
    first = hashes(nodes[0], top)
    for h in range(1, top):
        if first[h][1] != first[h - 1][0]:
            raise Failure(f"{nodes[0].name}: block {h + 1} does not follow "
                          f"from block {h}")
    for node in nodes[1:]:
        for h, (mine, theirs) in enumerate(zip(first, hashes(node, top)), 1):
            if mine != theirs:
                raise Failure(f"{nodes[0].name} and {node.name} differ at "
                              f"height {h}: {mine[0]} and {theirs[0]}")
    return top


def acknowledged_kept(nodes, acknowledged):
    """Each (tx, height, index, code) told to a client stands on every node
    just so."""
    if not acknowledged:
        raise Failure("the load got no acknowledgement at all")
    for node in nodes:
        with Rpc(node.socket, timeout=60) as connection:
            try:
                found = connection.call_many(
                    "tx.get", [{"tx": tx} for tx, *_ in acknowledged])
            except RpcError as error:
                raise Failure(f"{node.name} lost an acknowledged "
                              f"transaction: {error}") from error
        for (tx, height, index, code), seen in zip(acknowledged, found):
            here = (int(seen["height"]), int(seen["index"]),
                    seen["result"]["code"])
            if here != (height, index, code):
                raise Failure(f"{node.name} has {tx} at {here}, the client "
                              f"was told {(height, index, code)}")


def goes_on(network, voter, proposal, choice="for"):
    """A vote handed to any live node becomes final on all of them."""
    for node in network.alive:
        answer = wait_until(
            f"{node.name} finalises a vote", 60,
            lambda: vote(node, voter, proposal, choice), pause=0.3)
        for other in network.alive:
            wait_until(f"{other.name} has the vote given to {node.name}", 30,
                       lambda: other.rpc("tx.get", tx=answer["tx"]))


def vote(node, voter, proposal, choice):
    result = node.cli("vote", str(proposal), choice, "--as", voter)
    if result.code == 0:
        return result.data
    raise Failure(f"vote: exit {result.code}: {result.out} {result.err}")


def same_state_root(nodes):
    """At rest, the nodes' state roots at one height are equal."""
    def equal():
        rows = {(s["state_height"], s["state_root"])
                for s in (node.status() for node in nodes)}
        return len(rows) == 1
    wait_until("all nodes show one state root", 30, equal, pause=0.2)


def all_hold(network, voter, proposal, acknowledged=None):
    """Everything at once, after the last fault was mended."""
    goes_on(network, voter, proposal)
    same_history(network.alive)
    if acknowledged is not None:
        acknowledged_kept(network.alive, acknowledged)
