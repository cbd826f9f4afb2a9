/* The one table of what can be asked: the methods of the admin socket and the
 * words of the command line.
 *
 * It feeds the server's dispatch and checks, the command line's parser and
 * --help, the man pages, bash completion, doc/rpc.md and doc/errors.md. A
 * handler is named after its row: rpc_NODE_STATUS in the server, cmd_STATUS in
 * src/cli. This module holds no behaviour. */
#ifndef BCAI_ADMIN_COMMANDS_H
#define BCAI_ADMIN_COMMANDS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* --- Methods of the socket --- */

enum rpc_role {
	RPC_READ,
	RPC_OPERATE, /* refused on a read-only connection */
};

/* X(symbol, name, role, audited, what it does, what it answers) */
#define RPC_METHODS(X)                                                         \
	X(NODE_STATUS, "node.status", RPC_READ, false,                         \
	  "The node's place in the network and how far it is.",                \
	  "the object of `bcai-gov status`")                                   \
	X(NODE_HEALTH, "node.health", RPC_READ, false,                         \
	  "One row for each thing the node watches about itself.",             \
	  "{healthy, checks: [{name, ok, text}]}")                             \
	X(NODE_READY, "node.ready", RPC_READ, false,                           \
	  "Whether it can serve: synced, and in touch with a quorum.",         \
	  "{ready, text}")                                                     \
	X(NODE_STOP, "node.stop", RPC_OPERATE, true, "Begin an orderly stop.", \
	  "{stopping}")                                                        \
	X(LOG_LEVEL, "log.level", RPC_OPERATE, true,                           \
	  "Change what is logged until the next start.", "{level}")            \
	X(PEER_LIST, "peer.list", RPC_READ, false,                             \
	  "The peers in the address book and their connections.",              \
	  "{peers: [{node_id, address, connected, direction, role, version, "  \
	  "height, connected_ms, latency_us, banned_until_ms, bytes_in, "      \
	  "bytes_out}]}")                                                      \
	X(PEER_ADD, "peer.add", RPC_OPERATE, true,                             \
	  "Put a peer into the book and dial it.", "{}")                       \
	X(PEER_REMOVE, "peer.remove", RPC_OPERATE, true,                       \
	  "Forget a peer and close its connection.", "{}")                     \
	X(PEER_BAN, "peer.ban", RPC_OPERATE, true,                             \
	  "Refuse a peer for a while, or for good.", "{}")                     \
	X(PEER_UNBAN, "peer.unban", RPC_OPERATE, true, "Lift a ban.", "{}")    \
	X(VALIDATOR_LIST, "validator.list", RPC_READ, false,                   \
	  "The validators of this epoch, and with `pending` those that are "   \
	  "to "                                                                \
	  "be.",                                                               \
	  "{validators: [{node_id, weight, pending_weight, online, "           \
	  "last_signed_height, eth_address}]}")                                \
	X(EVIDENCE_LIST, "evidence.list", RPC_READ, false,                     \
	  "Proofs that a validator contradicted itself.",                      \
	  "{evidence: [{id, kind, signer, epoch, view, height}]}")             \
	X(PROPOSAL_LIST, "proposal.list", RPC_READ, false,                     \
	  "Proposals by state, type, proposer or whose vote is missing; the "  \
	  "newest first, or in another order.",                                \
	  "{proposals: […], cursor}")                                          \
	X(PROPOSAL_GET, "proposal.get", RPC_READ, false,                       \
	  "One proposal with its text and tally.",                             \
	  "the object of `bcai-gov proposal show`")                            \
	X(PROPOSAL_PREVIEW, "proposal.preview", RPC_READ, false,               \
	  "What actions would change if they were executed now.",              \
	  "{executable, error: {code, name, message, hint}, "                  \
	  "changes: [{what, from, to, when}]}")                                \
	X(TALLY_GET, "tally.get", RPC_READ, false,                             \
	  "How a proposal stands now.", "the object of `bcai-gov tally`")      \
	X(VOTE_LIST, "vote.list", RPC_READ, false,                             \
	  "Every ballot of a proposal that counts.",                           \
	  "{votes: [{account, choice, weight, stake, reputation, height, "     \
	  "position, nonce, changes, reason}], cursor}")                       \
	X(VOTER_GET, "voter.get", RPC_READ, false,                             \
	  "An account: its power and its next nonce.",                         \
	  "the object of `bcai-gov voter show`")                               \
	X(VOTER_BALLOTS, "voter.ballots", RPC_READ, false,                     \
	  "What an account voted, the newest proposal first.",                 \
	  "{ballots: [{proposal, type, state, choice, weight, height, "        \
	  "changes}], cursor}")                                                \
	X(DELEGATION_LIST, "delegation.list", RPC_READ, false,                 \
	  "The delegations that an account made, or those that lead to it.",   \
	  "{delegations: [{serial, kind, principal, target, types, amount, "   \
	  "expires_ms, expired, from_height}], cursor}")                       \
	X(VOTER_LIST, "voter.list", RPC_READ, false,                           \
	  "The accounts with most stake or reputation.",                       \
	  "{voters: [{account, stake, reputation, eligible, "                  \
	  "participation}]}")                                                  \
	X(PARAMS_LIST, "params.list", RPC_READ, false,                         \
	  "The parameters in force.",                                          \
	  "{params: [{name, value, unit, default, min, max, step, class, "     \
	  "pending, pending_from_ms, changed_ms, doc}]}")                      \
	X(COUNCIL_GET, "council.get", RPC_READ, false,                         \
	  "The emergency council.",                                            \
	  "{members: [account], threshold, threshold_delayed, acts}")          \
	X(COUNCIL_ACTS, "council.acts", RPC_READ, false,                       \
	  "The acts of the council, newest first.",                            \
	  "{acts: [{act, title, state, author, nonce, created_ms, due_ms, "    \
	  "approvals: [account], approvals_of_members, failure, "              \
	  "ratification, ratification_state, revert_failure}], cursor}")       \
	X(COUNCIL_ACT, "council.act", RPC_READ, false,                         \
	  "An act with what it does, and what undoes it.",                     \
	  "a row of council.acts, with actions and revert")                    \
	X(STATS_GET, "stats.get", RPC_READ, false,                             \
	  "Totals over accounts, proposals and ballots.",                      \
	  "{height, accounts, stake, reputation, treasury, deposits, "         \
	  "proposals, states: {…}, "                                         \
	  "types: {…}, ended: {votes, turnout_ppm, ballots, eligible}, "     \
	  "turnout: [{proposal, turnout_ppm, …}], ballots, …}; turnouts "  \
	  "are millionths of all weight")                                      \
	X(ALERT_LIST, "alert.list", RPC_READ, false,                           \
	  "What the detectors found, newest first; then validators that "      \
	  "contradicted themselves, as kind equivocation.",                    \
	  "{alerts: [{alert, kind, says, proposal, height, time_ms, delayed, " \
	  "accounts, figures: {name: value, …}}], cursor}")                    \
	X(TX_SUBMIT, "tx.submit", RPC_OPERATE, false,                          \
	  "Hand in a signed transaction and wait for what becomes of it. "     \
	  "Many may wait at once on one connection.",                          \
	  "{tx, height, index, result: {code, name}}; {tx} when only "         \
	  "accepted")                                                          \
	X(TX_GET, "tx.get", RPC_READ, false,                                   \
	  "A final transaction and its outcome.",                              \
	  "{tx, height, index, result: {code, name}, proposal, raw}")          \
	X(RECEIPT_GET, "receipt.get", RPC_READ, false,                         \
	  "The proof that a transaction is final, for checking offline.",      \
	  "{tx, receipt}")                                                     \
	X(BLOCK_GET, "block.get", RPC_READ, false, "A final block.",           \
	  "{height, hash, parent, epoch, view, time_ms, proposer, "            \
	  "payload_root, batches, txs: [{tx, result: {code, name}}]}")         \
	X(CHECKPOINT_GET, "checkpoint.get", RPC_READ, false,                   \
	  "A checkpoint and who signed it.",                                   \
	  "{height, block_hash, state_root, outcome_root, epoch, certified, "  \
	  "weight: {signed, total}, signatures: [{node_id, weight, "           \
	  "signature}]}")                                                      \
	X(DB_STATS, "db.stats", RPC_READ, false,                               \
	  "Figures of the store and of this socket.", "{name: value, …}")      \
	X(AUDIT_TAIL, "audit.tail", RPC_OPERATE, false,                        \
	  "The newest entries of the audit log.",                              \
	  "{entries: [{number, time_ms, uid, pid, method, params_hash, "       \
	  "result: {code, name}, hash}]}")                                     \
	X(EVENTS_SUBSCRIBE, "events.subscribe", RPC_READ, false,               \
	  "From now on this connection also gets `event` notifications, "      \
	  "{subscription, seq, event}; seq has no gaps. A reader that is too " \
	  "slow gets error -32003 with from_height, and the end.",             \
	  "{subscription, from_height}")                                       \
	X(EVENTS_UNSUBSCRIBE, "events.unsubscribe", RPC_READ, false,           \
	  "End a subscription.", "{}")                                         \
	X(RPC_LIST, "rpc.methods", RPC_READ, false, "This table.",             \
	  "{methods: [{name, role, doc, params, errors: [{code, name}]}], "    \
	  "errors: those of all methods}")

enum rpc_method_id {
#define RPC_ENUM(symbol, name, role, audited, doc, result) RPC_##symbol,
	RPC_METHODS(RPC_ENUM)
#undef RPC_ENUM
		RPC_METHOD_COUNT
};

enum rpc_kind {
	RPC_STRING,
	RPC_NUMBER, /* a non-negative integer, or one in a string */
	RPC_HASH,   /* 64 hex digits */
	RPC_HEX,
	RPC_STRINGS, /* an array of strings */
	RPC_BOOL,
};

struct rpc_param {
	const char *name; /* NULL ends a list */
	enum rpc_kind kind;
	bool required;
	const char *doc;
};

struct rpc_method {
	const char *name;
	enum rpc_role role;
	bool audited;
	const char *doc;
	const char *result;
	const struct rpc_param *params; /* ended by a NULL name; never NULL */
	const enum err *errors; /* ended by ERR_OK; those of all apart */
};

const struct rpc_method *rpc_method(enum rpc_method_id id);
/* The errors that any method may answer with, ended by ERR_OK. */
const enum err *rpc_common_errors(void);
/* RPC_METHOD_COUNT when there is none. */
enum rpc_method_id rpc_method_find(const char *name, size_t size);
const char *rpc_kind_name(enum rpc_kind kind);

/* --- Words of the command line --- */

#define CLI_GROUPS(X)                                                          \
	X(SETUP, "Set-up")                                                     \
	X(NODE, "Node")                                                        \
	X(PEERS, "Peers")                                                      \
	X(GOVERNANCE, "Governance")                                            \
	X(PROOF, "Proof")                                                      \
	X(CONSENSUS, "Consensus")                                              \
	X(KEYS, "Keys")                                                        \
	X(DATA, "Data")                                                        \
	X(STREAM, "Stream and tools")                                          \
	X(MEASURE, "Replay and load")

enum cli_group {
#define CLI_GROUP_ENUM(symbol, title) CLI_GROUP_##symbol,
	CLI_GROUPS(CLI_GROUP_ENUM)
#undef CLI_GROUP_ENUM
		CLI_GROUP_COUNT
};

/* X(symbol, words, group, fewest, most arguments, arguments, what it does) */
#define CLI_MANY 1000
#define CLI_COMMANDS(X)                                                        \
	X(INIT, "init", SETUP, 0, 0, "",                                       \
	  "make a data directory: node key, genesis and configuration")        \
	X(JOIN, "join", SETUP, 1, CLI_MANY, "PUBKEY@HOST:PORT…",               \
	  "fetch the genesis from peers, check it, make a data directory")     \
	X(DOCTOR, "doctor", SETUP, 0, 0, "",                                   \
	  "check keys, permissions, configuration, clock, disk and peers")     \
	X(CONFIG_CHECK, "config check", SETUP, 0, 1, "[FILE]",                 \
	  "check a configuration file")                                        \
	X(CONFIG_SHOW, "config show", SETUP, 0, 1, "[FILE]",                   \
	  "show each setting and where its value comes from")                  \
	X(TESTNET_UP, "testnet up", SETUP, 0, 0, "",                           \
	  "make and start a network of local nodes")                           \
	X(TESTNET_DOWN, "testnet down", SETUP, 0, 0, "",                       \
	  "stop the nodes of a local network")                                 \
	X(TESTNET_STATUS, "testnet status", SETUP, 0, 0, "",                   \
	  "what the nodes of a local network do")                              \
	X(TESTNET_KILL, "testnet kill", SETUP, 1, 1, "N",                      \
	  "kill -9 node N of a local network")                                 \
	X(TESTNET_START, "testnet start", SETUP, 0, 1, "[N]",                  \
	  "start node N of a local network again, or all that are down")       \
	X(TESTNET_LOGS, "testnet logs", SETUP, 0, 1, "[N]",                    \
	  "show the log of node N, or of all")                                 \
	X(STATUS, "status", NODE, 0, 0, "", "where the node stands")           \
	X(HEALTH, "health", NODE, 0, 0, "",                                    \
	  "whether the node is well; exit 6 when not")                         \
	X(READY, "ready", NODE, 0, 0, "",                                      \
	  "whether the node can serve; exit 6 when not")                       \
	X(WAIT, "wait", NODE, 1, 3,                                            \
	  "height N | synced | proposal NUMBER STATE",                         \
	  "wait until the node, or a proposal, is that far")                   \
	X(STOP, "stop", NODE, 0, 0, "", "stop the node in an orderly way")     \
	X(VERSION, "version", NODE, 0, 0, "", "this program's version")        \
	X(LOG_LEVEL, "log level", NODE, 1, 1, "LEVEL|SUBSYSTEM=LEVEL",         \
	  "change what the node logs: error, warn, info or debug")             \
	X(PEERS, "peers", PEERS, 0, 0, "", "list the peers")                   \
	X(PEER_ADD, "peer add", PEERS, 1, 1, "PUBKEY@HOST:PORT",               \
	  "add a peer and dial it")                                            \
	X(PEER_REMOVE, "peer remove", PEERS, 1, 1, "PUBKEY", "forget a peer")  \
	X(PEER_BAN, "peer ban", PEERS, 1, 1, "PUBKEY", "refuse a peer")        \
	X(PEER_UNBAN, "peer unban", PEERS, 1, 1, "PUBKEY", "lift a ban")       \
	X(PROPOSAL_LIST, "proposal list", GOVERNANCE, 0, 0, "",                \
	  "list proposals, newest first unless sorted otherwise")              \
	X(PROPOSAL_SHOW, "proposal show", GOVERNANCE, 1, 1, "NUMBER",          \
	  "show a proposal with its text and tally")                           \
	X(PROPOSAL_SUBMIT, "proposal submit", GOVERNANCE, 0, 0, "",            \
	  "submit a proposal, or keep it as a draft")                          \
	X(PROPOSAL_PUBLISH, "proposal publish", GOVERNANCE, 1, 1, "NUMBER",    \
	  "submit a draft")                                                    \
	X(PROPOSAL_AMEND, "proposal amend", GOVERNANCE, 1, 1, "NUMBER",        \
	  "replace the texts of a draft")                                      \
	X(PROPOSAL_CANCEL, "proposal cancel", GOVERNANCE, 1, 1, "NUMBER",      \
	  "cancel a proposal that is not yet voted on")                        \
	X(PROPOSAL_VETO, "proposal veto", GOVERNANCE, 1, 1, "NUMBER",          \
	  "as a member of the council, keep a proposal from being executed")   \
	X(VOTE, "vote", GOVERNANCE, 2, 256,                                    \
	  "NUMBER for|against|abstain [NUMBER CHOICE]…",                       \
	  "cast ballots; several go in one signed transaction")                \
	X(VOTE_LIST, "vote list", GOVERNANCE, 1, 1, "NUMBER",                  \
	  "every ballot of a proposal that counts")                            \
	X(DELEGATE_SET, "delegate set", GOVERNANCE, 1, 1, "KEY|PUBKEY|none",   \
	  "let another account vote for this one, or for some types nobody")   \
	X(DELEGATE_CLEAR, "delegate clear", GOVERNANCE, 0, CLI_MANY,           \
	  "[SERIAL…]", "end delegations")                                      \
	X(DELEGATE_LIST, "delegate list", GOVERNANCE, 0, 1, "[KEY|PUBKEY]",    \
	  "the delegations an account made, or received")                      \
	X(STAKE_TRANSFER, "stake transfer", GOVERNANCE, 2, 2,                  \
	  "KEY|PUBKEY TOKENS", "send stake to another account, or a new one")  \
	X(TALLY, "tally", GOVERNANCE, 1, 1, "NUMBER", "how a proposal stands") \
	X(VOTER_SHOW, "voter show", GOVERNANCE, 1, 1, "KEY|PUBKEY",            \
	  "an account's power, nonce, participation and what it did last")     \
	X(VOTER_BALLOTS, "voter ballots", GOVERNANCE, 1, 1, "KEY|PUBKEY",      \
	  "what an account voted, newest proposal first")                      \
	X(VOTER_LIST, "voter list", GOVERNANCE, 0, 0, "",                      \
	  "the accounts with most stake or reputation")                        \
	X(PARAMS, "params", GOVERNANCE, 0, 0, "",                              \
	  "the parameters in force, with their bounds")                        \
	X(COUNCIL_SHOW, "council show", GOVERNANCE, 0, 1, "[ACT]",             \
	  "who sits in the emergency council, and how many must agree; or an " \
	  "act")                                                               \
	X(COUNCIL_LIST, "council list", GOVERNANCE, 0, 0, "",                  \
	  "the acts of the council, newest first")                             \
	X(COUNCIL_ACT, "council act", GOVERNANCE, 0, 0, "",                    \
	  "as a member, propose what the council should do, and approve it")   \
	X(COUNCIL_APPROVE, "council approve", GOVERNANCE, 1, 1, "ACT",         \
	  "as a member, agree to an act")                                      \
	X(STATS, "stats", GOVERNANCE, 0, 0, "",                                \
	  "totals of accounts, proposals and ballots, and turnouts")           \
	X(ALERTS, "alerts", GOVERNANCE, 0, 0, "",                              \
	  "what the detectors found, newest first")                            \
	X(RECEIPT_GET, "receipt get", PROOF, 1, 1, "TX",                       \
	  "fetch the proof that a transaction is final, as soon as there is "  \
	  "one")                                                               \
	X(RECEIPT_VERIFY, "receipt verify", PROOF, 1, 1, "FILE|-",             \
	  "check such a proof offline; exit 6 when it does not hold")          \
	X(BLOCK, "block", PROOF, 1, 1, "HEIGHT|latest", "show a final block")  \
	X(TX_SHOW, "tx show", PROOF, 1, 1, "TX",                               \
	  "show a final transaction and its outcome")                          \
	X(TX_DECODE, "tx decode", PROOF, 1, 1, "HEX|FILE|-",                   \
	  "say in words what a signed transaction does; offline")              \
	X(TX_SUBMIT, "tx submit", PROOF, 1, 1, "HEX|FILE|-",                   \
	  "hand in a transaction signed elsewhere")                            \
	X(CHECKPOINT, "checkpoint", PROOF, 0, 1, "[HEIGHT]",                   \
	  "show a checkpoint and who signed it")                               \
	X(AUDIT_TAIL, "audit tail", PROOF, 0, 0, "",                           \
	  "the newest entries of the audit log")                               \
	X(AUDIT_VERIFY, "audit verify", PROOF, 0, 1, "[FILE]",                 \
	  "check the audit log's chain of hashes; offline")                    \
	X(VALIDATORS, "validators", CONSENSUS, 0, 0, "",                       \
	  "list the validators of this epoch")                                 \
	X(EVIDENCE, "evidence", CONSENSUS, 0, 0, "",                           \
	  "proofs that a validator contradicted itself")                       \
	X(KEY_NEW, "key new", KEYS, 1, 1, "NAME", "make a key")                \
	X(KEY_SHOW, "key show", KEYS, 1, 1, "NAME", "show a public key")       \
	X(KEY_LIST, "key list", KEYS, 0, 0, "", "list the keys")               \
	X(KEY_PASSWD, "key passwd", KEYS, 1, 1, "NAME",                        \
	  "change or remove a key's passphrase")                               \
	X(KEY_EXPORT, "key export", KEYS, 1, 1, "NAME",                        \
	  "write a key's secret seed to stdout; asks first")                   \
	X(DB_CHECK, "db check", DATA, 0, 0, "",                                \
	  "replay all stored data from the genesis on; the node must not run") \
	X(DB_STATS, "db stats", DATA, 0, 0, "", "figures of the store")        \
	X(WATCH, "watch", STREAM, 0, CLI_MANY, "[TYPE…]",                      \
	  "print events as they happen")                                       \
	X(COMPLETION, "completion bash", STREAM, 0, 0, "",                     \
	  "print the completion script for bash")                              \
	X(REPLAY, "replay", MEASURE, 1, 1, "FILE.csv",                         \
	  "run a recorded election through a network and compare the sums")    \
	X(LOAD, "load", MEASURE, 0, 0, "",                                     \
	  "send many transactions and measure the way to finality")

enum cli_command_id {
#define CLI_ENUM(symbol, words, group, fewest, most, arguments, doc)           \
	CLI_##symbol,
	CLI_COMMANDS(CLI_ENUM)
#undef CLI_ENUM
		CLI_COMMAND_COUNT
};

struct cli_option {
	const char *name;  /* without dashes; NULL ends a list */
	const char *value; /* what stands for the value; NULL: a flag */
	bool many;	   /* may be repeated */
	const char *doc;
};

struct cli_command {
	const char *words;
	enum cli_group group;
	int arguments_min;
	int arguments_max;
	const char *arguments;
	const char *doc;
	const struct cli_option *options; /* ended by a NULL name */
};

const struct cli_command *cli_command(enum cli_command_id id);
const struct cli_option *cli_global_options(void);
const char *cli_group_title(enum cli_group group);

/* The exit codes of the command line. */
#define CLI_EXITS(X)                                                           \
	X(OK, 0, "it worked")                                                  \
	X(REFUSED, 1, "refused by the network or the node")                    \
	X(UNREACHABLE, 2, "the daemon cannot be reached")                      \
	X(USAGE, 3, "the command's words are off")                             \
	X(FORBIDDEN, 4, "not permitted")                                       \
	X(NOT_FOUND, 5, "there is no such thing")                              \
	X(CHECK_FAILED, 6, "a check failed, or the node is not ready")         \
	X(TIMEOUT, 7, "timed out")

enum cli_exit {
#define CLI_EXIT_ENUM(symbol, number, doc) CLI_EXIT_##symbol = (number),
	CLI_EXITS(CLI_EXIT_ENUM)
#undef CLI_EXIT_ENUM
};

#endif
