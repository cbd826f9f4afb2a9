/* Every error the program can report, in one table.
 *
 * The table makes the enum, the names, the sentences and hints people read,
 * the numbers programs read and the reference page doc/errors.md. The number
 * of an error is its enum value; numbers are never reused.
 *
 * Domains: 100 node, 200 peer, 300 consensus, 400 governance and transactions,
 * 500 key, 600 main chain, 700 storage, 800 audit, 900 configuration; the
 * negative ones are those of JSON-RPC 2.0. */
#ifndef BCAI_BASE_ERROR_H
#define BCAI_BASE_ERROR_H

#include <stddef.h>

/* X(symbol, number, name, sentence, hint) */
#define ERROR_TABLE(X)                                                         \
	X(OK, 0, "ok", "it worked", "")                                        \
	/* JSON-RPC and its transport. */                                      \
	X(RPC_PARSE, -32700, "parse_error", "the line is not JSON",            \
	  "send one JSON object a line")                                       \
	X(RPC_REQUEST, -32600, "invalid_request",                              \
	  "the object is not a JSON-RPC 2.0 request",                          \
	  "it needs jsonrpc, method and, for an answer, id")                   \
	X(RPC_METHOD, -32601, "unknown_method", "there is no such method",     \
	  "rpc.methods lists them")                                            \
	X(RPC_PARAMS, -32602, "invalid_params",                                \
	  "a parameter is missing, unknown or of the wrong kind",              \
	  "the error's message names it")                                      \
	X(RPC_INTERNAL, -32603, "internal", "the node failed at this request", \
	  "the node's log says more; please report it")                        \
	X(RPC_TOO_LARGE, -32000, "request_too_large",                          \
	  "the request is longer than one line may be (1 MiB)",                \
	  "split it; lists are paged with limit and cursor")                   \
	X(RPC_FORBIDDEN, -32001, "forbidden", "this connection may only read", \
	  "use the operator's socket as a user of its group")                  \
	X(RPC_BUSY, -32002, "too_many_connections",                            \
	  "the node has as many connections as it takes",                      \
	  "close one, or try again shortly")                                   \
	X(RPC_SLOW_READER, -32003, "slow_reader",                              \
	  "events were produced faster than this reader took them",            \
	  "subscribe again with from_height; nothing is lost")                 \
	/* Node. */                                                            \
	X(NOT_READY, 100, "not_ready", "the node is not ready yet",            \
	  "wait until status says synced")                                     \
	X(SHUTTING_DOWN, 101, "shutting_down", "the node is stopping",         \
	  "try another node")                                                  \
	X(TIMEOUT, 102, "timeout", "no answer came in time",                   \
	  "it may still happen; ask again before you repeat it")               \
	X(NOT_FOUND, 103, "not_found", "there is no such thing here",          \
	  "check the number, hash or path")                                    \
	X(CHECK_FAILED, 104, "check_failed", "a check did not hold",           \
	  "the message says which")                                            \
	X(NO_MEMORY, 105, "no_memory", "a bounded buffer is full",             \
	  "try again when the node has less to do")                            \
	X(UNREACHABLE, 106, "daemon_unreachable",                              \
	  "the node's socket cannot be reached",                               \
	  "is bcai-govd running? --socket names another one")                  \
	X(ROOT_DIVERGED, 107, "state_root_diverged",                           \
	  "this node's state root differs from a quorum's",                    \
	  "the node stopped; keep the data and report it")                     \
	X(BUSY, 108, "busy", "the node's queue for this is full",              \
	  "try again after retry_after_ms")                                    \
	X(PROCESS_STATE, 109, "process_state",                                 \
	  "the process runs already, or does not run",                         \
	  "testnet status shows what runs")                                    \
	/* Peers. */                                                           \
	X(PEER_MALFORMED, 200, "peer_malformed",                               \
	  "a peer sent something that is not a message",                       \
	  "compare the versions of both")                                      \
	X(PEER_WRONG_NETWORK, 201, "peer_wrong_network",                       \
	  "the peer belongs to another network (another genesis)",             \
	  "compare the genesis hashes of both")                                \
	X(PEER_WRONG_VERSION, 202, "peer_wrong_version",                       \
	  "the peer runs a version this one does not speak with",              \
	  "upgrade the older of the two")                                      \
	X(PEER_BANNED, 203, "peer_banned", "the peer is banned",               \
	  "peer unban lifts it")                                               \
	X(PEER_UNKNOWN, 204, "peer_unknown", "there is no such peer",          \
	  "peers lists them")                                                  \
	X(PEER_IDENTITY, 205, "peer_identity",                                 \
	  "the sender named is not the peer that sent it",                     \
	  "it was refused; nothing needs doing")                               \
	X(PEER_ADDRESS, 206, "peer_address",                                   \
	  "the address is not PUBKEY@host:port",                               \
	  "64 hex digits, @, a host and a port")                               \
	X(PEER_DOWN, 207, "peer_down", "the peer is not connected",            \
	  "peers tells why")                                                   \
	/* Consensus. */                                                       \
	X(NOT_VALIDATOR, 300, "not_validator",                                 \
	  "the signer is not a validator of this epoch",                       \
	  "validators lists them")                                             \
	X(EQUIVOCATION, 301, "equivocation",                                   \
	  "a validator signed two conflicting messages",                       \
	  "evidence shows both")                                               \
	X(BAD_CERTIFICATE, 302, "bad_certificate",                             \
	  "the certificate does not carry a quorum of valid signatures",       \
	  "fetch it again, from another node")                                 \
	X(BAD_BLOCK, 303, "bad_block",                                         \
	  "the block does not follow from its parent",                         \
	  "it was refused; nothing needs doing")                               \
	X(STALE, 304, "stale", "the message is about what is already final",   \
	  "it was dropped; nothing needs doing")                               \
	X(SIGN_REFUSED, 305, "sign_refused",                                   \
	  "signing this would contradict what was signed before",              \
	  "another process may use this key: stop one of them")                \
	X(TOO_FAR, 306, "too_far", "the message is too far ahead",             \
	  "wait: a node catches up by itself")                                 \
	X(BAD_ELECTORATE, 307, "bad_electorate",                               \
	  "the set of validators is empty, too large, repeated or weightless", \
	  "mend the validators in the genesis")                                \
	X(BAD_EVIDENCE, 308, "bad_evidence",                                   \
	  "the evidence does not prove what it says",                          \
	  "it was refused; nothing needs doing")                               \
	/* Governance and transactions. */                                     \
	X(MALFORMED, 400, "malformed",                                         \
	  "the transaction is not encoded as the specification says",          \
	  "doc/spec/transactions.md has the exact bytes")                      \
	X(UNKNOWN_ACCOUNT, 401, "unknown_account",                             \
	  "the network has no such account",                                   \
	  "accounts come from the genesis; check the key")                     \
	X(BAD_SIGNATURE, 402, "bad_signature",                                 \
	  "the signature does not match the account",                          \
	  "sign for this network's genesis hash with the account's key")       \
	X(REPLAY, 403, "replay", "the nonce was used before",                  \
	  "voter show tells the next free nonce")                              \
	X(NONCE_TOO_FAR, 404, "nonce_too_far",                                 \
	  "the nonce is 64 or more above the account's base",                  \
	  "wait until earlier transactions are final")                         \
	X(EXPIRED, 405, "expired", "the transaction's validity has passed",    \
	  "sign it again with a later valid_until")                            \
	X(VALIDITY_TOO_LONG, 406, "validity_too_long",                         \
	  "valid_until is more than 24 h ahead",                               \
	  "use a shorter validity; check this machine's clock")                \
	X(TOO_LARGE, 407, "too_large", "a field is longer than it may be",     \
	  "the message names the field and its limit")                         \
	X(UNKNOWN_PROPOSAL, 408, "unknown_proposal",                           \
	  "there is no proposal with that number", "proposal list shows them") \
	X(NOT_VOTING, 409, "not_voting",                                       \
	  "the proposal is not open for votes now",                            \
	  "proposal show tells when voting starts and ends")                   \
	X(NOT_ELIGIBLE, 410, "not_eligible",                                   \
	  "the account may not do this: it has too little power",              \
	  "it needs the minimum stake, or some reputation")                    \
	X(BELOW_MINIMUM_STAKE, 411, "below_minimum_stake",                     \
	  "the account's stake is below the minimum for a proposal",           \
	  "params lists proposal.min_stake")                                   \
	X(TOO_MANY_OPEN, 412, "too_many_open",                                 \
	  "there are as many open proposals or drafts as there may be",        \
	  "wait until one ends, or cancel one")                                \
	X(ACTION_NOT_ALLOWED, 413, "action_not_allowed",                       \
	  "this type of proposal may not contain that action",                 \
	  "choose the type whose row allows it")                               \
	X(UNAUTHORISED, 414, "unauthorised",                                   \
	  "the account may not act on this object",                            \
	  "only the proposer may change or cancel a proposal")                 \
	X(WRONG_STATE, 415, "wrong_state",                                     \
	  "the proposal's state does not allow this",                          \
	  "proposal show tells its state")                                     \
	X(TOO_MANY_CHANGES, 416, "too_many_changes",                           \
	  "the ballot was replaced as often as it may be (16 times)",          \
	  "the last ballot stands")                                            \
	X(DUPLICATE_BALLOT, 417, "duplicate_ballot",                           \
	  "two ballots of the transaction are for one proposal",               \
	  "give one ballot a proposal")                                        \
	X(PARAMETER_BOUNDS, 418, "parameter_out_of_bounds",                    \
	  "the parameter is unknown or its value out of bounds",               \
	  "params lists names and bounds")                                     \
	X(RATE_LIMITED, 419, "rate_limited",                                   \
	  "the account or connection sends too much",                          \
	  "try again after retry_after_ms")                                    \
	X(ALREADY_KNOWN, 420, "already_known",                                 \
	  "this transaction was received before", "wait for its receipt")      \
	X(OLDER_BALLOT, 421, "older_ballot",                                   \
	  "a ballot with a higher nonce stands already",                       \
	  "sign another one to change it")                                     \
	X(TOO_MANY_DELEGATIONS, 422, "too_many_delegations",                   \
	  "the account has as many delegations as it may",                     \
	  "delegate list shows them; delegate clear ends some")                \
	X(UNKNOWN_DELEGATION, 423, "unknown_delegation",                       \
	  "the account has no such delegation",                                \
	  "delegate list shows them with their serials")                       \
	X(DELEGATION_RATE, 424, "delegation_rate_limited",                     \
	  "the account made as many delegations in this epoch as it may",      \
	  "wait for the next epoch; clearing is never limited")                \
	X(NOT_ENOUGH_STAKE, 430, "not_enough_stake",                           \
	  "the account has less free stake than that",                         \
	  "voter show tells what it holds and what is locked in deposits")     \
	X(UNKNOWN_ACT, 432, "unknown_act",                                     \
	  "the council has no act with that number",                           \
	  "council list shows them")                                           \
	X(TOO_MANY_ACCOUNTS, 431, "too_many_accounts",                         \
	  "the network has as many accounts as it may",                        \
	  "send to an account that exists")                                    \
	X(PARAMETER_COOLDOWN, 440, "parameter_cooldown",                       \
	  "the parameter was changed a short while ago",                       \
	  "params tells when; parameter.cooldown_ms is the wait")              \
	X(AWARD_CAP, 441, "award_cap",                                         \
	  "the epoch has no points left for that",                             \
	  "params lists the caps; propose it for a later epoch")               \
	X(UPGRADE, 442, "upgrade_not_possible",                                \
	  "the version is not a later one, or its height has passed",          \
	  "status tells the version and the height")                           \
	/* Keys. */                                                            \
	X(KEY_UNKNOWN, 500, "key_unknown", "there is no key with that name",   \
	  "key list shows them; --keys names another folder")                  \
	X(KEY_EXISTS, 501, "key_exists", "a key with that name exists",        \
	  "choose another name; keys are never overwritten")                   \
	X(KEY_PASSPHRASE, 502, "key_passphrase",                               \
	  "the passphrase does not open the key",                              \
	  "try again; a lost one cannot be recovered")                         \
	X(KEY_DAMAGED, 503, "key_damaged", "the key file is damaged",          \
	  "restore it from a backup")                                          \
	X(KEY_NO_PASSPHRASE, 504, "key_no_passphrase",                         \
	  "the key is encrypted and no passphrase was given",                  \
	  "use a terminal, --passphrase-file or BCAI_GOV_PASSPHRASE")          \
	X(KEY_PERMISSIONS, 505, "key_permissions",                             \
	  "others can read the key file", "chmod 600 it")                      \
	X(KEY_NAME, 506, "key_name",                                           \
	  "a key's name is letters, digits, dot, dash and underscore",         \
	  "choose such a name, at most 63 bytes")                              \
	/* Main chain. */                                                      \
	X(NO_MAIN_CHAIN, 600, "no_main_chain",                                 \
	  "this network has no main chain to execute the action on",           \
	  "propose actions that the network executes itself")                  \
	/* Storage. */                                                         \
	X(IO, 700, "io_error", "reading or writing a file failed",             \
	  "check the disk, its space and its permissions")                     \
	X(DATA_DAMAGED, 701, "data_damaged", "stored data is damaged",         \
	  "restore it from a backup, or remove it and join again")             \
	X(DATA_NEWER, 702, "data_newer",                                       \
	  "the data was written by a newer version",                           \
	  "install that version or a later one")                               \
	X(DATA_LOCKED, 703, "data_locked",                                     \
	  "another process uses the data directory", "stop it first")          \
	X(DATA_OTHER_NETWORK, 704, "data_other_network",                       \
	  "the data belongs to another network",                               \
	  "use another data directory or the right genesis")                   \
	X(DISK_FULL, 705, "disk_full", "the disk is full",                     \
	  "free some space; nothing acknowledged is lost")                     \
	X(DATA_OTHER_KEY, 706, "data_other_key",                               \
	  "the sign log belongs to another key",                               \
	  "each key has its own log; put this key's log back")                 \
	X(FILE_EXISTS, 707, "file_exists", "the file exists already",          \
	  "choose another name, or remove it yourself")                        \
	/* Audit. */                                                           \
	X(AUDIT_DAMAGED, 800, "audit_damaged",                                 \
	  "the audit log's chain of hashes is broken",                         \
	  "audit verify names the record")                                     \
	/* Configuration. */                                                   \
	X(CONFIG, 900, "config", "the configuration is not usable",            \
	  "the message names file, line and column")                           \
	X(GENESIS, 901, "genesis", "the genesis is not usable",                \
	  "the message names what is wrong")                                   \
	X(USAGE, 902, "usage", "the command's words are off",                  \
	  "--help explains the command")

enum err {
#define ERROR_ENUM(symbol, number, name, sentence, hint)                       \
	ERR_##symbol = (number),
	ERROR_TABLE(ERROR_ENUM)
#undef ERROR_ENUM
};

/* Context for people: which ballot, which field, which file. */
#define ERR_TEXT_BYTES 256
struct err_text {
	char text[ERR_TEXT_BYTES];
};

struct error_info {
	enum err code;
	const char *symbol;   /* "ERR_REPLAY" */
	const char *name;     /* "replay" */
	const char *sentence; /* what happened */
	const char *hint;     /* what to do; may be empty */
};

/* The table's row of `code`, or that of ERR_RPC_INTERNAL for a number that is
 * not in the table. Never NULL. */
const struct error_info *error_info(enum err code);
const char *error_name(enum err code);

/* The code with this number, or ERR_RPC_INTERNAL. */
enum err error_from_number(int number);

/* All rows, in the order of the table. */
const struct error_info *error_table(size_t *count);

/* Write the context and return `code`, so that a failing function can end in
 * one line. `text` may be NULL. */
enum err err_set(struct err_text *text, enum err code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define MUST_USE __attribute__((warn_unused_result))

#endif
