#include "cli/sign.h"

#include "base/arena.h"
#include "base/hex.h"
#include "cli/payload.h"
#include "cli/render.h"
#include "crypto/keystore.h"
#include "governance/actions.h"
#include "proto/codec_tx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALID_DEFAULT_S 3600u
#define REPLAY_TRIES	3

struct signer {
	struct secret_key *key;
	struct hash genesis;
	uint64_t now_ms;
	uint64_t nonce;
	uint64_t valid_until_ms;
	bool nonce_given;
};

int cli_open_key(struct cli *cli, const char *name, struct secret_key **out)
{
	struct err_text text = {""};
	struct passphrase *passphrase = NULL;
	struct key_info info;
	char prompt[96];
	enum err e = keystore_info(&info, cli->keys, name, &text);

	*out = NULL;
	if (!e && info.encrypted) {
		snprintf(prompt, sizeof(prompt), "Passphrase of %s: ", name);
		e = passphrase_obtain(&passphrase,
				      cli_option(cli, "passphrase-file"),
				      prompt, false, &text);
	}
	if (!e)
		e = keystore_open(out, cli->keys, name, passphrase, &text);
	passphrase_free(&passphrase);
	return e ? cli_fail_code(cli, e, text.text) : CLI_EXIT_OK;
}

int cli_public_key(struct cli *cli, const char *word, struct public_key *out)
{
	struct err_text text = {""};
	struct key_info info;
	enum err e;

	if (hex_decode(out->b, PUBLIC_KEY_BYTES, word, strlen(word)))
		return CLI_EXIT_OK;
	e = keystore_info(&info, cli->keys, word, &text);
	if (e)
		return cli_fail_code(cli, e, text.text);
	*out = info.public_key;
	return CLI_EXIT_OK;
}

json_t *tx_value(const struct tx *tx)
{
	json_t *o = json_object();

	json_put(o, "tx", json_hash(&tx->id));
	json_put(o, "account", json_key(&tx->account));
	json_put(o, "nonce", json_u64(tx->nonce));
	json_put(o, "valid_until_ms", json_u64(tx->valid_until_ms));
	payload_put(o, &tx->payload);
	json_put(o, "size", json_count(tx->raw.size));
	json_put(o, "signature", json_hex(tx->signature.b, SIGNATURE_BYTES));
	return o;
}

struct people {
	struct public_key key;
	uint32_t count;
};

static void take_person(void *context, enum err outcome,
			const struct key_info *info)
{
	struct people *people = context;

	if (outcome || strcmp(info->name, "node") == 0)
		return;
	people->key = info->public_key;
	people->count++;
}

bool cli_only_key(struct cli *cli, struct public_key *out)
{
	struct people people = {.count = 0};

	if (keystore_list(cli->keys, take_person, &people, NULL) ||
	    people.count != 1)
		return false;
	*out = people.key;
	return true;
}

/* --- Signing --- */

static int ask_nonce(struct cli *cli, struct signer *s)
{
	char account[2 * PUBLIC_KEY_BYTES + 1];
	struct admin_error error;
	json_t *voter;

	hex_encode(account, secret_key_public(s->key)->b, PUBLIC_KEY_BYTES);
	if (cli_ask(cli, "voter.get", cli_params_text("account", account),
		    &voter, &error))
		return cli_refused(cli, &error);
	s->nonce = json_get_number(voter, "nonce");
	json_decref(voter);
	return CLI_EXIT_OK;
}

static int prepare(struct cli *cli, struct signer *s)
{
	uint64_t seconds = VALID_DEFAULT_S, nonce = 0;
	struct err_text text = {""};
	const char *as = cli_option(cli, "as");
	json_t *status;
	int failed;
	enum err e = cli_number(cli, "valid", 86400, &seconds, &text);

	if (!e)
		e = cli_number(cli, "nonce", UINT64_MAX, &nonce, &text);
	if (!e && !as)
		e = err_set(&text, ERR_USAGE, "--as must name the key");
	if (e)
		return cli_fail_code(cli, e, text.text);
	failed = cli_open_key(cli, as, &s->key);
	if (!failed)
		failed = cli_call(cli, "node.status", NULL, &status);
	if (failed)
		return failed;
	if (!json_get_hash(json_object_get(status, "genesis_hash"),
			   &s->genesis))
		failed = cli_fail_code(cli, ERR_RPC_PARSE, "no genesis hash");
	s->now_ms = json_get_number(status, "now_ms");
	if (s->now_ms < json_get_number(status, "block_time_ms"))
		s->now_ms = json_get_number(status, "block_time_ms");
	s->valid_until_ms = s->now_ms + seconds * 1000;
	json_decref(status);
	s->nonce_given = cli_option(cli, "nonce") != NULL;
	s->nonce = nonce;
	if (!failed && !s->nonce_given)
		failed = ask_nonce(cli, s);
	return failed;
}

static void show_dry(struct cli *cli, const json_t *value)
{
	(void)cli;
	show_changes(json_object_get(value, "preview"));
	printf("signed, not sent\ntx %s\n%s\n", json_get_text(value, "tx"),
	       json_get_text(value, "raw"));
}

static const struct action_list *actions_of(const struct payload *payload)
{
	static const struct action_list NONE;

	if (payload->kind == PAYLOAD_SUBMIT)
		return &payload->submit.actions;
	if (payload->kind == PAYLOAD_AMEND)
		return &payload->amend.actions;
	if (payload->kind == PAYLOAD_COUNCIL_ACT)
		return &payload->council_act.actions;
	return &NONE;
}

/* What the actions would change, as the node sees it; NULL when there are
 * none, or when it does not say. An act may do what an emergency proposal
 * may. */
static json_t *preview(struct cli *cli, const struct payload *payload,
		       struct arena *arena)
{
	const struct action_list *actions = actions_of(payload);
	uint32_t type = payload->kind == PAYLOAD_SUBMIT ? payload->submit.type
							: TYPE_EMERGENCY;
	json_t *params = json_object(), *result = NULL;
	struct admin_error error;
	struct writer w;
	uint8_t *layout;
	size_t size;

	if (actions->count == 0) {
		json_decref(params);
		return NULL;
	}
	size = actions_size(actions);
	layout = arena_alloc(arena, size);
	if (layout) {
		writer_init(&w, layout, size);
		actions_write(&w, actions);
		json_put(params, "actions", json_hex(layout, size));
	}
	if (payload->kind == PAYLOAD_AMEND)
		json_put(params, "proposal",
			 json_count(payload->amend.proposal));
	else
		json_put(params, "type", json_string(proposal_type_name(type)));
	return cli_ask(cli, "proposal.preview", params, &result, &error)
		       ? NULL
		       : result;
}

static int dry_run(struct cli *cli, const struct signer *s, struct bytes raw,
		   struct arena *arena)
{
	struct err_text text = {""};
	json_t *o, *changes;
	struct tx tx;
	enum err e = codec_tx_decode(&tx, arena, &s->genesis, raw, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	o = tx_value(&tx);
	changes = preview(cli, &tx.payload, arena);
	if (changes)
		json_put(o, "preview", changes);
	json_put(o, "raw", json_hex(raw.data, raw.size));
	return cli_emit(cli, o, show_dry);
}

enum err cli_submit(struct cli *cli, struct bytes raw, json_t **result,
		    struct admin_error *error)
{
	json_t *params = json_object();

	json_put(params, "tx", json_hex(raw.data, raw.size));
	json_put(params, "wait",
		 json_string(cli->finalized ? "finalized" : "accepted"));
	json_put(params, "timeout_ms",
		 json_integer((json_int_t)(cli->timeout_ms < 600000
						   ? cli->timeout_ms
						   : 600000)));
	return cli_ask(cli, "tx.submit", params, result, error);
}

/* An outcome that is an error reads like a refusal. */
static enum err outcome(json_t **result, struct admin_error *error)
{
	const json_t *o = json_object_get(*result, "result");
	int code = (int)json_integer_value(json_object_get(o, "code"));

	if (!o || code == 0)
		return ERR_OK;
	admin_error_set(error, error_from_number(code), NULL);
	error->number = code;
	json_decref(*result);
	*result = NULL;
	return error->code;
}

/* One signature and its fate. */
static enum err attempt(struct cli *cli, const struct signer *s,
			const struct payload *payload, struct arena *arena,
			json_t **result, struct admin_error *error)
{
	struct codec_tx_request request = {
		.key = s->key,
		.genesis = &s->genesis,
		.payload = payload,
		.nonce = s->nonce,
		.valid_until_ms = s->valid_until_ms,
	};
	struct err_text text = {""};
	struct bytes raw;
	enum err e = codec_tx_sign(&raw, NULL, arena, &request, &text);

	*result = NULL;
	if (e)
		return admin_error_set(error, e, text.text);
	e = cli_submit(cli, raw, result, error);
	return e ? e : outcome(result, error);
}

/* Another transaction of the account may have taken the nonce meanwhile. */
static int submit(struct cli *cli, struct signer *s,
		  const struct payload *payload, struct arena *arena,
		  json_t **result)
{
	struct admin_error error;
	enum err e = ERR_OK;

	for (int i = 0; i < REPLAY_TRIES; i++) {
		uint64_t used = s->nonce;
		int failed;

		arena_reset(arena);
		e = attempt(cli, s, payload, arena, result, &error);
		if (e != ERR_REPLAY || s->nonce_given)
			break;
		failed = ask_nonce(cli, s);
		if (failed)
			return failed;
		if (s->nonce == used)
			s->nonce++;
	}
	if (!e)
		json_put(*result, "nonce", json_u64(s->nonce));
	return e ? cli_refused(cli, &error) : CLI_EXIT_OK;
}

static int sign_dry(struct cli *cli, const struct signer *s,
		    const struct payload *payload, struct arena *arena)
{
	struct codec_tx_request request = {s->key, &s->genesis, payload,
					   s->nonce, s->valid_until_ms};
	struct err_text text = {""};
	struct bytes raw;
	enum err e = codec_tx_sign(&raw, NULL, arena, &request, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	return dry_run(cli, s, raw, arena);
}

int cli_transact(struct cli *cli, const struct payload *payload,
		 json_t **result)
{
	struct signer s = {.key = NULL};
	struct err_text text = {""};
	struct arena arena;
	enum err e = codec_tx_check_payload(payload, &text);
	int failed;

	*result = NULL;
	if (e)
		return cli_fail_code(cli, e, text.text);
	/* Before the passphrase is asked for: who gives it, signs. */
	if (cli->format == FORMAT_TABLE && cli_option(cli, "as")) {
		fprintf(stderr, "%s signs: ", cli_option(cli, "as"));
		payload_tell(stderr, payload);
	}
	failed = prepare(cli, &s);
	arena_init(&arena, 2 * CODEC_TX_ARENA_BYTES);
	if (!failed && cli->dry_run)
		failed = sign_dry(cli, &s, payload, &arena);
	else if (!failed && cli->progress && cli->terminal &&
		 !cli_confirm(cli, "send it?"))
		failed = cli_fail_code(cli, ERR_USAGE, "nothing was sent");
	else if (!failed)
		failed = submit(cli, &s, payload, &arena, result);
	arena_fini(&arena);
	secret_key_free(&s.key);
	return failed;
}
