#include "admin/commands.h"

#include "base/assert.h"
#include "governance/detect.h"

#include <string.h>

/* --- Methods --- */

#define PARAMS_END                                                             \
	{                                                                      \
		NULL, RPC_STRING, false, NULL                                  \
	}

static const struct rpc_param NONE[] = {PARAMS_END};
static const struct rpc_param LOG_PARAMS[] = {
	{"level", RPC_STRING, true, "a level, or subsystem=level"}, PARAMS_END};
static const struct rpc_param ADDRESS_PARAMS[] = {
	{"address", RPC_STRING, true, "PUBKEY@host:port"}, PARAMS_END};
static const struct rpc_param NODE_PARAMS[] = {
	{"node_id", RPC_HASH, true, "the peer's public key"}, PARAMS_END};
static const struct rpc_param BAN_PARAMS[] = {
	{"node_id", RPC_HASH, true, "the peer's public key"},
	{"for_ms", RPC_NUMBER, false, "how long; absent: for good"},
	PARAMS_END};
static const struct rpc_param PAGE_PARAMS[] = {
	{"limit", RPC_NUMBER, false, "most entries, 1 to 200; 100"},
	{"cursor", RPC_STRING, false, "where the last page ended"},
	PARAMS_END};
static const struct rpc_param PROPOSALS_PARAMS[] = {
	{"state", RPC_STRING, false,
	 "only proposals in this state; open: submitted or voting"},
	{"type", RPC_STRING, false, "only proposals of this type"},
	{"proposer", RPC_HASH, false, "only this account's, by number"},
	{"not_voted_by", RPC_HASH, false,
	 "only those open to this account's vote that it has not voted on"},
	{"sort", RPC_STRING, false,
	 "number (the default), or submitted, closing, turnout: then only "
	 "proposals that have it; the largest first"},
	{"ascending", RPC_BOOL, false, "the smallest first"},
	{"limit", RPC_NUMBER, false, "most entries, 1 to 200; 100"},
	{"cursor", RPC_STRING, false, "where the last page ended"},
	PARAMS_END};
static const struct rpc_param PROPOSAL_PARAMS[] = {
	{"proposal", RPC_NUMBER, true, "its number"}, PARAMS_END};
static const struct rpc_param PREVIEW_PARAMS[] = {
	{"proposal", RPC_NUMBER, false, "a proposal's own actions"},
	{"type", RPC_STRING, false, "or those of a proposal of this type"},
	{"actions", RPC_HEX, false, "in the layout of the specification"},
	PARAMS_END};
static const struct rpc_param VALIDATORS_PARAMS[] = {
	{"pending", RPC_BOOL, false, "those that are to be, too"}, PARAMS_END};
static const struct rpc_param VOTES_PARAMS[] = {
	{"proposal", RPC_NUMBER, true, "its number"},
	{"limit", RPC_NUMBER, false, "most entries, 1 to 200; 100"},
	{"cursor", RPC_STRING, false, "where the last page ended"},
	PARAMS_END};
static const struct rpc_param BALLOTS_PARAMS[] = {
	{"account", RPC_HASH, true, "its public key"},
	{"limit", RPC_NUMBER, false, "most entries, 1 to 200; 100"},
	{"cursor", RPC_STRING, false, "where the last page ended"},
	PARAMS_END};
static const struct rpc_param DELEGATIONS_PARAMS[] = {
	{"account", RPC_HASH, true, "its public key"},
	{"received", RPC_BOOL, false, "those that lead to it"},
	{"limit", RPC_NUMBER, false, "most entries received, 1 to 200; 100"},
	{"cursor", RPC_STRING, false, "where the last page ended"},
	PARAMS_END};
static const struct rpc_param VOTERS_PARAMS[] = {
	{"by", RPC_STRING, false, "stake (the default) or reputation"},
	{"limit", RPC_NUMBER, false, "most entries, 1 to 200; 100"},
	PARAMS_END};
#define ALERT_KIND(symbol, number, name, ...) name ", "
static const struct rpc_param ALERTS_PARAMS[] = {
	{"kind", RPC_STRING, false,
	 "only this kind: " DETECTORS(ALERT_KIND) "equivocation"},
	{"proposal", RPC_NUMBER, false, "only those about this proposal"},
	{"from_height", RPC_NUMBER, false, "only those of this block or later"},
	{"limit", RPC_NUMBER, false, "most entries, 1 to 200; 100"},
	{"cursor", RPC_STRING, false, "where the last page ended"},
	PARAMS_END};
static const struct rpc_param ACT_PARAMS[] = {
	{"act", RPC_NUMBER, true, "its number"}, PARAMS_END};
static const struct rpc_param ACCOUNT_PARAMS[] = {
	{"account", RPC_HASH, true, "its public key"}, PARAMS_END};
static const struct rpc_param SUBMIT_PARAMS[] = {
	{"tx", RPC_HEX, true, "the SignedTx"},
	{"wait", RPC_STRING, false,
	 "accepted: it outlasts a crash; or finalized (the default)"},
	{"timeout_ms", RPC_NUMBER, false,
	 "answer error 102 after that long; 30000, at most 600000"},
	PARAMS_END};
static const struct rpc_param TX_PARAMS[] = {{"tx", RPC_HASH, true, "its id"},
					     PARAMS_END};
static const struct rpc_param HEIGHT_PARAMS[] = {
	{"height", RPC_NUMBER, false, "absent or 0: the latest"}, PARAMS_END};
static const struct rpc_param COUNT_PARAMS[] = {
	{"count", RPC_NUMBER, false, "how many, 1 to 1000; 20"}, PARAMS_END};
static const struct rpc_param EVENTS_PARAMS[] = {
	{"types", RPC_STRINGS, false,
	 "block, tx, proposal, ballot, delegation, transfer, deposit, veto, "
	 "act, epoch, "
	 "parameter, reputation, setting, alert, checkpoint, peer, evidence; "
	 "absent: all"},
	{"from_height", RPC_NUMBER, false,
	 "begin with the events of that block; absent: with the next one"},
	{"from_position", RPC_NUMBER, false,
	 "and in it with the event at that position"},
	PARAMS_END};
static const struct rpc_param SUBSCRIPTION_PARAMS[] = {
	{"subscription", RPC_NUMBER, true, "what subscribe answered"},
	PARAMS_END};

static const struct rpc_param *const METHOD_PARAMS[RPC_METHOD_COUNT] = {
	[RPC_LOG_LEVEL] = LOG_PARAMS,
	[RPC_PEER_LIST] = PAGE_PARAMS,
	[RPC_PEER_ADD] = ADDRESS_PARAMS,
	[RPC_PEER_REMOVE] = NODE_PARAMS,
	[RPC_PEER_BAN] = BAN_PARAMS,
	[RPC_PEER_UNBAN] = NODE_PARAMS,
	[RPC_EVIDENCE_LIST] = PAGE_PARAMS,
	[RPC_PROPOSAL_LIST] = PROPOSALS_PARAMS,
	[RPC_PROPOSAL_GET] = PROPOSAL_PARAMS,
	[RPC_PROPOSAL_PREVIEW] = PREVIEW_PARAMS,
	[RPC_VALIDATOR_LIST] = VALIDATORS_PARAMS,
	[RPC_TALLY_GET] = PROPOSAL_PARAMS,
	[RPC_VOTE_LIST] = VOTES_PARAMS,
	[RPC_VOTER_GET] = ACCOUNT_PARAMS,
	[RPC_VOTER_BALLOTS] = BALLOTS_PARAMS,
	[RPC_DELEGATION_LIST] = DELEGATIONS_PARAMS,
	[RPC_VOTER_LIST] = VOTERS_PARAMS,
	[RPC_ALERT_LIST] = ALERTS_PARAMS,
	[RPC_COUNCIL_ACTS] = PAGE_PARAMS,
	[RPC_COUNCIL_ACT] = ACT_PARAMS,
	[RPC_TX_SUBMIT] = SUBMIT_PARAMS,
	[RPC_TX_GET] = TX_PARAMS,
	[RPC_RECEIPT_GET] = TX_PARAMS,
	[RPC_BLOCK_GET] = HEIGHT_PARAMS,
	[RPC_CHECKPOINT_GET] = HEIGHT_PARAMS,
	[RPC_AUDIT_TAIL] = COUNT_PARAMS,
	[RPC_EVENTS_SUBSCRIBE] = EVENTS_PARAMS,
	[RPC_EVENTS_UNSUBSCRIBE] = SUBSCRIPTION_PARAMS,
};

/* --- What they may refuse with --- */

static const enum err *method_errors(enum rpc_method_id id)
{
	static const enum err NO_ERRORS[] = {ERR_OK};
	static const enum err SUBMIT_ERRORS[] = {ERR_MALFORMED,
						 ERR_TOO_LARGE,
						 ERR_EXPIRED,
						 ERR_VALIDITY_TOO_LONG,
						 ERR_BAD_SIGNATURE,
						 ERR_UNKNOWN_ACCOUNT,
						 ERR_REPLAY,
						 ERR_NONCE_TOO_FAR,
						 ERR_UNKNOWN_PROPOSAL,
						 ERR_UNKNOWN_ACT,
						 ERR_NOT_VOTING,
						 ERR_NOT_ELIGIBLE,
						 ERR_BELOW_MINIMUM_STAKE,
						 ERR_TOO_MANY_OPEN,
						 ERR_UNAUTHORISED,
						 ERR_WRONG_STATE,
						 ERR_TOO_MANY_CHANGES,
						 ERR_DUPLICATE_BALLOT,
						 ERR_TOO_MANY_DELEGATIONS,
						 ERR_UNKNOWN_DELEGATION,
						 ERR_NOT_ENOUGH_STAKE,
						 ERR_TOO_MANY_ACCOUNTS,
						 ERR_OLDER_BALLOT,
						 ERR_ACTION_NOT_ALLOWED,
						 ERR_PARAMETER_BOUNDS,
						 ERR_PARAMETER_COOLDOWN,
						 ERR_AWARD_CAP,
						 ERR_UPGRADE,
						 ERR_NOT_VALIDATOR,
						 ERR_BAD_ELECTORATE,
						 ERR_NO_MAIN_CHAIN,
						 ERR_NOT_READY,
						 ERR_TIMEOUT,
						 ERR_BUSY,
						 ERR_RATE_LIMITED,
						 ERR_OK};
	static const enum err PROPOSAL_ERRORS[] = {ERR_UNKNOWN_PROPOSAL,
						   ERR_OK};
	static const enum err ACCOUNT_ERRORS[] = {ERR_UNKNOWN_ACCOUNT, ERR_OK};
	static const enum err ACT_ERRORS[] = {ERR_UNKNOWN_ACT, ERR_OK};
	static const enum err PEER_ERRORS[] = {ERR_PEER_UNKNOWN, ERR_OK};
	static const enum err ADDRESS_ERRORS[] = {ERR_PEER_ADDRESS,
						  ERR_PEER_BANNED, ERR_OK};
	static const enum err STORED_ERRORS[] = {ERR_NOT_FOUND,
						 ERR_DATA_DAMAGED, ERR_OK};
	static const enum err RECEIPT_ERRORS[] = {ERR_NOT_FOUND, ERR_NOT_READY,
						  ERR_DATA_DAMAGED, ERR_OK};
	static const enum err AUDIT_ERRORS[] = {ERR_AUDIT_DAMAGED, ERR_IO,
						ERR_OK};
	static const enum err SUBSCRIBE_ERRORS[] = {
		ERR_BUSY, ERR_RPC_SLOW_READER, ERR_OK};
	static const enum err SUBSCRIPTION_ERRORS[] = {ERR_NOT_FOUND, ERR_OK};
	static const enum err *const ERRORS[RPC_METHOD_COUNT] = {
		[RPC_PEER_ADD] = ADDRESS_ERRORS,
		[RPC_PEER_REMOVE] = PEER_ERRORS,
		[RPC_PEER_BAN] = PEER_ERRORS,
		[RPC_PEER_UNBAN] = PEER_ERRORS,
		[RPC_PROPOSAL_LIST] = ACCOUNT_ERRORS,
		[RPC_PROPOSAL_GET] = PROPOSAL_ERRORS,
		[RPC_PROPOSAL_PREVIEW] = PROPOSAL_ERRORS,
		[RPC_TALLY_GET] = PROPOSAL_ERRORS,
		[RPC_VOTE_LIST] = PROPOSAL_ERRORS,
		[RPC_ALERT_LIST] = PROPOSAL_ERRORS,
		[RPC_COUNCIL_ACT] = ACT_ERRORS,
		[RPC_VOTER_GET] = ACCOUNT_ERRORS,
		[RPC_VOTER_BALLOTS] = ACCOUNT_ERRORS,
		[RPC_DELEGATION_LIST] = ACCOUNT_ERRORS,
		[RPC_TX_SUBMIT] = SUBMIT_ERRORS,
		[RPC_TX_GET] = STORED_ERRORS,
		[RPC_RECEIPT_GET] = RECEIPT_ERRORS,
		[RPC_BLOCK_GET] = STORED_ERRORS,
		[RPC_CHECKPOINT_GET] = STORED_ERRORS,
		[RPC_AUDIT_TAIL] = AUDIT_ERRORS,
		[RPC_EVENTS_SUBSCRIBE] = SUBSCRIBE_ERRORS,
		[RPC_EVENTS_UNSUBSCRIBE] = SUBSCRIPTION_ERRORS,
	};

	return ERRORS[id] ? ERRORS[id] : NO_ERRORS;
}

const enum err *rpc_common_errors(void)
{
	static const enum err COMMON[] = {ERR_RPC_PARSE,     ERR_RPC_REQUEST,
					  ERR_RPC_METHOD,    ERR_RPC_PARAMS,
					  ERR_RPC_INTERNAL,  ERR_RPC_TOO_LARGE,
					  ERR_RPC_FORBIDDEN, ERR_RPC_BUSY,
					  ERR_SHUTTING_DOWN, ERR_OK};

	return COMMON;
}

static struct rpc_method methods[RPC_METHOD_COUNT] = {
#define RPC_ROW(symbol, name, role, audited, doc, result)                      \
	[RPC_##symbol] = {name, role, audited, doc, result, NULL, NULL},
	RPC_METHODS(RPC_ROW)
#undef RPC_ROW
};

const struct rpc_method *rpc_method(enum rpc_method_id id)
{
	struct rpc_method *m;

	assert(id < RPC_METHOD_COUNT);
	m = &methods[id];
	if (!m->params)
		m->params = METHOD_PARAMS[id] ? METHOD_PARAMS[id] : NONE;
	if (!m->errors)
		m->errors = method_errors(id);
	return m;
}

enum rpc_method_id rpc_method_find(const char *name, size_t size)
{
	for (int i = 0; i < RPC_METHOD_COUNT; i++) {
		if (strlen(methods[i].name) == size &&
		    memcmp(methods[i].name, name, size) == 0)
			return (enum rpc_method_id)i;
	}
	return RPC_METHOD_COUNT;
}

const char *rpc_kind_name(enum rpc_kind kind)
{
	switch (kind) {
	case RPC_STRING:
		return "string";
	case RPC_NUMBER:
		return "number";
	case RPC_HASH:
		return "hash";
	case RPC_HEX:
		return "hex";
	case RPC_STRINGS:
		return "strings";
	case RPC_BOOL:
		return "boolean";
	}
	return "";
}

/* --- Command line --- */

#define OPTIONS_END                                                            \
	{                                                                      \
		NULL, NULL, false, NULL                                        \
	}
#define OPTION_AS                                                              \
	{                                                                      \
		"as", "KEY", false, "the key that signs, by its name"          \
	}
#define OPTION_COUNCIL                                                           \
	{                                                                        \
		"council", "SPEC", false,                                        \
			"the emergency council: threshold=N [delayed=M] KEY,…" \
	}
#define OPTION_ACTION                                                          \
	{                                                                      \
		"action", "SPEC", true,                                        \
			"what it does when executed: text WORDS; parameter "   \
			"KEY=VALUE; reputation KEY CONTRIBUTION POINTS; "      \
			"validators add NODE WEIGHT; validators remove NODE; " \
			"council threshold=N [delayed=M] KEY,…; council "    \
			"none; "                                               \
			"upgrade VERSION BUILD HEIGHT; transfer CHAIN "        \
			"TOKEN|coin TO AMOUNT; call CHAIN TARGET DATA gas=N "  \
			"code=HASH [value=N]; override NUMBER"                 \
	}
#define OPTION_VALID                                                           \
	{                                                                      \
		"valid", "SECONDS", false,                                     \
			"how long the signature holds; 3600, at most 86400"    \
	}
#define OPTION_NONCE                                                           \
	{                                                                      \
		"nonce", "N", false,                                           \
			"use this nonce instead of the next free one"          \
	}
#define OPTION_DIR                                                             \
	{                                                                      \
		"dir", "DIR", false, "where the network lives; ./testnet"      \
	}
#define OPTION_LIMIT                                                           \
	{                                                                      \
		"limit", "N", false, "show at most N entries; 0: all"          \
	}
#define OPTION_GENESIS                                                         \
	{                                                                      \
		"genesis", "FILE", false, "the network's genesis"              \
	}
#define OPTION_LISTEN                                                          \
	{                                                                      \
		"listen", "HOST:PORT", false, "where peers reach this node"    \
	}
#define OPTION_ADVERTISE                                                       \
	{                                                                      \
		"advertise", "HOST:PORT", false,                               \
			"the address told to peers, when it differs"           \
	}
#define OPTION_PARAM                                                           \
	{                                                                      \
		"param", "KEY=VALUE", true,                                    \
			"set a parameter of the genesis; params lists them"    \
	}
#define OPTION_ENCRYPT                                                         \
	{                                                                      \
		"encrypt", NULL, false, "protect the key with a passphrase"    \
	}

static const struct cli_option GLOBAL_OPTIONS[] = {
	{"socket", "PATH", false,
	 "the daemon's socket; admin.sock in the data directory"},
	{"data-dir", "DIR", false, "the node's data directory; ~/.bcai-gov"},
	{"keys", "DIR", false,
	 "the folder of keys; keys in the data directory"},
	{"output", "FORMAT", false, "table, json, ndjson or tsv; -o for short"},
	{"wait", "WHAT", false,
	 "for transactions: accepted or finalized (the default)"},
	{"timeout", "SECONDS", false, "give up after that long; 30"},
	{"passphrase-file", "FILE", false, "read the key's passphrase there"},
	{"yes", NULL, false, "ask nothing"},
	{"dry-run", NULL, false, "show what would be sent, send nothing"},
	{"help", NULL, false, "explain the command; -h for short"},
	{"version", NULL, false, "print the version"},
	OPTIONS_END};

static const struct cli_option NO_OPTIONS[] = {OPTIONS_END};
static const struct cli_option INIT_OPTIONS[] = {
	OPTION_GENESIS,
	{"chain-id", "ID", false, "make a new network of that name"},
	{"accounts", "FILE.csv", false,
	 "its accounts: name or public key, stake, reputation"},
	{"validator", "PUBKEY=WEIGHT", true,
	 "its validators; none: this node alone"},
	OPTION_PARAM,
	OPTION_COUNCIL,
	OPTION_LISTEN,
	OPTION_ADVERTISE,
	{"bootstrap", "PEER", true, "PUBKEY@HOST:PORT to dial first"},
	{"role", "ROLE", false, "auto or observer"},
	OPTION_ENCRYPT,
	OPTIONS_END};
static const struct cli_option JOIN_OPTIONS[] = {
	{"genesis-hash", "HASH", false, "what the genesis must hash to"},
	OPTION_LISTEN,
	OPTION_ADVERTISE,
	OPTION_ENCRYPT,
	OPTIONS_END};
static const struct cli_option UP_OPTIONS[] = {
	OPTION_DIR,
	{"validators", "N", false, "how many validators; 4"},
	{"observers", "N", false, "how many observers; 0"},
	{"voters", "FILE.csv", false,
	 "the voters: name,stake,reputation; absent: the ten of the demo"},
	{"chain-id", "ID", false, "the network's name; testnet-1"},
	{"fast", NULL, false,
	 "voting delay, period and timelock in seconds, not days"},
	OPTION_PARAM,
	OPTION_COUNCIL,
	{"set", "KEY=VALUE", true, "a line for each node's configuration"},
	OPTIONS_END};
static const struct cli_option STATUS_OPTIONS[] = {
	{"as", "KEY", false,
	 "tell what waits for this key's vote; absent: the only key there is"},
	OPTIONS_END};
static const struct cli_option DIR_OPTIONS[] = {OPTION_DIR, OPTIONS_END};
static const struct cli_option DOWN_OPTIONS[] = {
	OPTION_DIR,
	{"remove", NULL, false, "remove the directory too"},
	OPTIONS_END};
static const struct cli_option LOGS_OPTIONS[] = {
	OPTION_DIR,
	{"lines", "N", false, "the last N lines of each; 20"},
	OPTIONS_END};
static const struct cli_option BAN_OPTIONS[] = {
	{"for", "SECONDS", false, "how long; absent: for good"}, OPTIONS_END};
static const struct cli_option LIST_OPTIONS[] = {OPTION_LIMIT, OPTIONS_END};
static const struct cli_option PROPOSALS_OPTIONS[] = {
	{"state", "STATE", false,
	 "only those in this state; open: submitted or voting"},
	{"open", NULL, false, "the same as --state open"},
	{"type", "TYPE", false, "only those of this type"},
	{"proposer", "KEY", false, "only this key's, by number"},
	{"not-voted", "KEY", false,
	 "only those open to this key's vote that it has not voted on"},
	{"sort", "ORDER", false,
	 "number (the default), submitted, closing or turnout; the largest "
	 "first"},
	{"ascending", NULL, false, "the smallest first"},
	OPTION_LIMIT,
	OPTIONS_END};
static const struct cli_option DELEGATE_OPTIONS[] = {
	OPTION_AS,
	{"types", "TYPE,TYPE…", false,
	 "for proposals of these types only, before any other delegation"},
	{"amount", "TOKENS", false, "only so much of the own stake"},
	{"expires", "TIME", false,
	 "30d, 12h, 90m or 45s from now; absent: never"},
	OPTION_VALID,
	OPTION_NONCE,
	OPTIONS_END};
static const struct cli_option CLEAR_OPTIONS[] = {
	OPTION_AS,
	{"all", NULL, false, "all of them"},
	OPTION_VALID,
	OPTION_NONCE,
	OPTIONS_END};
static const struct cli_option DELEGATIONS_OPTIONS[] = {
	{"received", NULL, false, "those that lead to it"},
	OPTION_LIMIT,
	OPTIONS_END};
static const struct cli_option VOTERS_OPTIONS[] = {
	{"by", "WHAT", false, "stake (the default) or reputation"},
	{"limit", "N", false, "show at most N entries, up to 200; 100"},
	OPTIONS_END};
static const struct cli_option PROPOSE_OPTIONS[] = {
	OPTION_AS,
	{"type", "TYPE", false,
	 "standard, technical, emergency, constitutional, treasury, "
	 "parameter or crosschain"},
	{"title", "TEXT", false, "one line, at most 200 bytes"},
	{"description", "TEXT", false, "what it is about"},
	{"description-file", "FILE", false, "the same from a file; - is stdin"},
	{"draft", NULL, false, "keep it as a draft until published"},
	OPTION_ACTION,
	OPTION_VALID,
	OPTION_NONCE,
	OPTIONS_END};
static const struct cli_option AMEND_OPTIONS[] = {
	OPTION_AS,
	{"title", "TEXT", false, "one line, at most 200 bytes"},
	{"description", "TEXT", false, "what it is about"},
	{"description-file", "FILE", false, "the same from a file; - is stdin"},
	OPTION_ACTION,
	{"no-actions", NULL, false, "take all actions out"},
	OPTION_VALID,
	OPTION_NONCE,
	OPTIONS_END};
static const struct cli_option SIGN_OPTIONS[] = {OPTION_AS, OPTION_VALID,
						 OPTION_NONCE, OPTIONS_END};
static const struct cli_option REASON_OPTIONS[] = {
	OPTION_AS,
	{"reason", "TEXT", false, "why, at most 1 KiB"},
	OPTION_VALID,
	OPTION_NONCE,
	OPTIONS_END};
static const struct cli_option ALERTS_OPTIONS[] = {
	{"kind", "KIND", false, "only this kind"},
	{"proposal", "NUMBER", false, "only those about this proposal"},
	{"from", "HEIGHT", false, "only those of this block or later"},
	OPTION_LIMIT,
	OPTIONS_END};
static const struct cli_option COUNCIL_ACT_OPTIONS[] = {
	OPTION_AS,
	{"title", "TEXT", false, "one line, at most 200 bytes"},
	{"action", "SPEC", true, "what it does, as for proposal submit"},
	{"revert", "SPEC", true,
	 "what undoes that if the voters do not ratify it"},
	OPTION_VALID,
	OPTION_NONCE,
	OPTIONS_END};
static const struct cli_option VALIDATORS_OPTIONS[] = {
	{"pending", NULL, false, "those that are to be, with today's weight"},
	OPTIONS_END};
static const struct cli_option TALLY_OPTIONS[] = {
	{"explain", NULL, false, "say how the outcome follows"}, OPTIONS_END};
static const struct cli_option RECEIPT_OPTIONS[] = {
	{"file", "FILE", false, "write it there instead of to stdout"},
	OPTIONS_END};
static const struct cli_option VERIFY_OPTIONS[] = {
	OPTION_GENESIS,
	{"genesis-hash", "HASH", false,
	 "the hash the genesis must have; without --genesis, that of the "
	 "genesis in the data directory"},
	OPTIONS_END};
static const struct cli_option DECODE_OPTIONS[] = {
	OPTION_GENESIS,
	{"genesis-hash", "HASH", false,
	 "the network; needed to check the signature"},
	OPTIONS_END};
static const struct cli_option TAIL_OPTIONS[] = {
	{"count", "N", false, "how many; 20"}, OPTIONS_END};
static const struct cli_option KEY_OPTIONS[] = {OPTION_ENCRYPT, OPTIONS_END};
static const struct cli_option PASSWD_OPTIONS[] = {
	{"new-passphrase-file", "FILE", false, "read the new one there"},
	{"remove", NULL, false, "leave the key without a passphrase"},
	OPTIONS_END};
static const struct cli_option WATCH_OPTIONS[] = {
	{"from", "HEIGHT[.POSITION]", false,
	 "begin with that block, or with that event of it"},
	{"count", "N", false, "end after N events"},
	OPTIONS_END};
static const struct cli_option REPLAY_OPTIONS[] = {
	{"titles", "FILE.csv", false, "titles of the proposals, by number"},
	{"dir", "DIR", false, "start the network there and leave it"},
	{"validators", "N", false, "validators of that network; 4"},
	{"network", "DIR", false, "use the running network of testnet up"},
	{"seed", "TEXT", false, "what the voters' keys are derived from"},
	{"independent", NULL, false,
	 "all proposals at once, an account for each ballot: faster, but no "
	 "voter has a history"},
	{"voters-file", "FILE.csv", false,
	 "only write the voters as testnet up --voters takes them"},
	OPTIONS_END};
static const struct cli_option LOAD_OPTIONS[] = {
	{"network", "DIR", false,
	 "use the running network of testnet up; absent: start one"},
	{"validators", "N", false, "validators of the started network; 4"},
	{"dir", "DIR", false,
	 "start the network there, and leave it running; absent: it is "
	 "removed at the end"},
	{"clients", "C", false, "accounts that sign; 500"},
	{"bystanders", "N", false,
	 "further accounts of a started network, that do not vote; 0"},
	{"delegating", "N", false,
	 "of these, how many delegate to one in fifty of those that sign; 0"},
	{"rate", "R", false, "transactions a second; 0: as many as go"},
	{"seconds", "S", false, "for how long; 10"},
	{"txs", "N", false, "transactions, at most; rate times seconds"},
	{"ballots-per-tx", "K", false, "ballots in each, 1 to 128; 1"},
	{"in-flight", "N", false, "most unanswered at a time; 4096"},
	{"limit", NULL, false,
	 "measure also how fast this machine verifies these signatures when "
	 "it does nothing else"},
	OPTIONS_END};

static const struct cli_option *const COMMAND_OPTIONS[CLI_COMMAND_COUNT] = {
	[CLI_INIT] = INIT_OPTIONS,
	[CLI_JOIN] = JOIN_OPTIONS,
	[CLI_TESTNET_UP] = UP_OPTIONS,
	[CLI_TESTNET_DOWN] = DOWN_OPTIONS,
	[CLI_TESTNET_STATUS] = DIR_OPTIONS,
	[CLI_TESTNET_KILL] = DIR_OPTIONS,
	[CLI_TESTNET_START] = DIR_OPTIONS,
	[CLI_TESTNET_LOGS] = LOGS_OPTIONS,
	[CLI_STATUS] = STATUS_OPTIONS,
	[CLI_PEER_BAN] = BAN_OPTIONS,
	[CLI_PROPOSAL_LIST] = PROPOSALS_OPTIONS,
	[CLI_PROPOSAL_SUBMIT] = PROPOSE_OPTIONS,
	[CLI_PROPOSAL_PUBLISH] = SIGN_OPTIONS,
	[CLI_PROPOSAL_AMEND] = AMEND_OPTIONS,
	[CLI_PROPOSAL_CANCEL] = REASON_OPTIONS,
	[CLI_VOTE] = REASON_OPTIONS,
	[CLI_PROPOSAL_VETO] = REASON_OPTIONS,
	[CLI_COUNCIL_LIST] = LIST_OPTIONS,
	[CLI_COUNCIL_ACT] = COUNCIL_ACT_OPTIONS,
	[CLI_COUNCIL_APPROVE] = SIGN_OPTIONS,
	[CLI_VOTE_LIST] = LIST_OPTIONS,
	[CLI_DELEGATE_SET] = DELEGATE_OPTIONS,
	[CLI_DELEGATE_CLEAR] = CLEAR_OPTIONS,
	[CLI_DELEGATE_LIST] = DELEGATIONS_OPTIONS,
	[CLI_STAKE_TRANSFER] = SIGN_OPTIONS,
	[CLI_VOTER_BALLOTS] = LIST_OPTIONS,
	[CLI_VOTER_LIST] = VOTERS_OPTIONS,
	[CLI_TALLY] = TALLY_OPTIONS,
	[CLI_VALIDATORS] = VALIDATORS_OPTIONS,
	[CLI_ALERTS] = ALERTS_OPTIONS,
	[CLI_RECEIPT_GET] = RECEIPT_OPTIONS,
	[CLI_RECEIPT_VERIFY] = VERIFY_OPTIONS,
	[CLI_TX_DECODE] = DECODE_OPTIONS,
	[CLI_TX_SUBMIT] = DECODE_OPTIONS, /* for --dry-run, which decodes */
	[CLI_AUDIT_TAIL] = TAIL_OPTIONS,
	[CLI_EVIDENCE] = LIST_OPTIONS,
	[CLI_KEY_NEW] = KEY_OPTIONS,
	[CLI_KEY_PASSWD] = PASSWD_OPTIONS,
	[CLI_WATCH] = WATCH_OPTIONS,
	[CLI_REPLAY] = REPLAY_OPTIONS,
	[CLI_LOAD] = LOAD_OPTIONS,
};

static struct cli_command commands[CLI_COMMAND_COUNT] = {
#define CLI_ROW(symbol, words, group, fewest, most, arguments, doc)            \
	[CLI_##symbol] = {                                                     \
		words, CLI_GROUP_##group, fewest, most, arguments, doc, NULL},
	CLI_COMMANDS(CLI_ROW)
#undef CLI_ROW
};

const struct cli_command *cli_command(enum cli_command_id id)
{
	struct cli_command *c;

	assert(id < CLI_COMMAND_COUNT);
	c = &commands[id];
	if (!c->options)
		c->options =
			COMMAND_OPTIONS[id] ? COMMAND_OPTIONS[id] : NO_OPTIONS;
	return c;
}

const struct cli_option *cli_global_options(void)
{
	return GLOBAL_OPTIONS;
}

const char *cli_group_title(enum cli_group group)
{
	static const char *const TITLES[CLI_GROUP_COUNT] = {
#define CLI_GROUP_TITLE(symbol, title) title,
		CLI_GROUPS(CLI_GROUP_TITLE)
#undef CLI_GROUP_TITLE
	};

	assert(group < CLI_GROUP_COUNT);
	return TITLES[group];
}
