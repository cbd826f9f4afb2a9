/* What can be proven: transactions, receipts, blocks, checkpoints, the audit
 * log. `receipt verify`, `tx decode` and `audit verify` need no node. */
#include "cli/sign.h"

#include "admin/genesis_json.h"
#include "base/clock.h"
#include "base/hex.h"
#include "cli/render.h"
#include "ledger/receipt.h"
#include "proto/codec_tx.h"
#include "storage/auditlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGAIN_MS  100u
#define INPUT_MAX (4u << 20)
#define ARENA_MAX (16u << 20)

/* --- Input --- */

/* The network's hash: --genesis-hash, or that of --genesis or of the data
 * directory; both must agree when both are given. */
static enum err take_genesis(struct cli *cli, struct hash *out,
			     struct err_text *text)
{
	const char *given = cli_option(cli, "genesis-hash");
	const char *file = cli_option(cli, "genesis");
	char path[FILE_PATH_BYTES];
	struct genesis *g;
	struct hash wanted;
	enum err e;

	if (given && !hex_decode(wanted.b, HASH_BYTES, given, strlen(given)))
		return err_set(text, ERR_USAGE,
			       "--genesis-hash is 64 hex digits");
	if (given && !file) {
		*out = wanted;
		return ERR_OK;
	}
	e = file_path(path, cli->data_dir, "genesis.json");
	if (e)
		return e;
	g = mem_alloc(sizeof(*g));
	genesis_init(g);
	e = genesis_json_read(g, file ? file : path, text);
	if (!e)
		genesis_hash(out, g);
	genesis_fini(g);
	free(g);
	if (!e && given && !hash_equal(out, &wanted))
		e = err_set(text, ERR_CHECK_FAILED,
			    "the genesis has another hash than was given");
	return e;
}

static enum err read_all(const char *path, uint8_t **data, size_t *size,
			 struct err_text *text)
{
	if (strcmp(path, "-") != 0)
		return file_read(data, size, path, INPUT_MAX, text);
	*data = mem_alloc(INPUT_MAX + 1);
	*size = fread(*data, 1, INPUT_MAX, stdin);
	if (ferror(stdin)) {
		free(*data);
		return err_set(text, ERR_IO, "reading stdin failed");
	}
	return ERR_OK;
}

static bool is_hex(const char *text, size_t size)
{
	return size > 0 && size % 2 == 0 &&
	       strspn(text, "0123456789abcdefABCDEF") == size;
}

/* Hex, or the same within {"name":"…"} as our own commands print it. */
static enum err from_text(char *data, size_t size, const char *name,
			  struct bytes *out, struct err_text *text)
{
	json_t *o = json_loadb(data, size, 0, NULL);
	const char *member = json_get_text(o, name);
	uint8_t *raw;
	enum err e = ERR_OK;

	while (size > 0 && strchr(" \t\r\n", data[size - 1]))
		data[--size] = '\0';
	if (member[0]) {
		data = (char *)(uintptr_t)member;
		size = strlen(member);
	}
	if (is_hex(data, size)) {
		raw = mem_alloc(size / 2);
		if (!hex_decode(raw, size / 2, data, size))
			size = 0;
		*out = (struct bytes){raw, size / 2};
	} else {
		e = err_set(text, ERR_MALFORMED, "neither hex nor {\"%s\": …}",
			    name);
	}
	json_decref(o);
	return e;
}

/* A word that is hex itself, a file or "-" that holds it as text or bytes.
 * out->data is the caller's. */
static enum err take_input(const char *word, const char *name,
			   struct bytes *out, struct err_text *text)
{
	uint8_t *data;
	size_t size;
	enum err e;

	*out = (struct bytes){NULL, 0};
	if (strlen(word) > 128 && is_hex(word, strlen(word))) {
		data = mem_copy(word, strlen(word) + 1);
		size = strlen(word);
	} else {
		e = read_all(word, &data, &size, text);
		if (e)
			return e;
		data[size] = '\0';
	}
	if (size == 0) {
		free(data);
		return err_set(text, ERR_MALFORMED, "it is empty");
	}
	if (memchr(data, '\0', size) ||
	    (data[0] != '{' && !strchr("0123456789abcdefABCDEF", data[0]))) {
		*out = (struct bytes){data, size};
		return ERR_OK;
	}
	e = from_text((char *)data, size, name, out, text);
	if (e && data[0] != '{') { /* Bytes that happen to look like text. */
		*out = (struct bytes){data, size};
		return ERR_OK;
	}
	free(data);
	return e;
}

/* --- Transactions --- */

static uint64_t number_of(const char *digits)
{
	uint64_t v = 0;

	return parse_u64(digits, &v) ? v : 0;
}

/* What a person is told of a transaction, in this order. */
static const struct {
	const char *member, *label;
	enum {
		LINE_TEXT,
		LINE_ACCOUNT,
		LINE_TIME,
		LINE_COUNT,
		LINE_TOKENS
	} kind;
} LINES[] = {
	{"tx", "tx", LINE_TEXT},
	{"account", "signed by", LINE_ACCOUNT},
	{"nonce", "nonce", LINE_COUNT},
	{"valid_until_ms", "valid until", LINE_TIME},
	{"height", "height", LINE_COUNT},
	{"proposal", "proposal", LINE_COUNT},
	{"act", "act", LINE_COUNT},
	{"delegation", "delegation", LINE_TEXT},
	{"target", "target", LINE_ACCOUNT},
	{"to", "to", LINE_ACCOUNT},
	{"amount", "tokens", LINE_TOKENS},
	{"expires_ms", "expires", LINE_TIME},
	{"reason", "reason", LINE_TEXT},
	{"description", "description", LINE_TEXT},
};

static void show_line(struct cli *cli, size_t i, const json_t *value)
{
	const char *text = json_string_value(value);
	char number[24];

	if (!text) {
		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(value));
		text = number;
	}
	printf("%-12s ", LINES[i].label);
	switch (LINES[i].kind) {
	case LINE_TEXT:
		puts(text);
		break;
	case LINE_ACCOUNT:
		printf("%s (%s)\n", show_account(cli, text), text);
		break;
	case LINE_TIME:
		puts(show_time(number_of(text)));
		break;
	case LINE_COUNT:
		puts(show_thousands(text));
		break;
	case LINE_TOKENS:
		puts(show_decimal(text, 6));
		break;
	}
}

static void show_ballots(const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		printf("%-12s %s on #%" PRIu64 "%s%s\n", "ballot",
		       json_get_text(row, "choice"),
		       json_get_number(row, "proposal"),
		       json_get_text(row, "reason")[0] ? ", saying: " : "",
		       json_get_text(row, "reason"));
	}
}

static void show_actions(const char *label, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row)
		printf("%-12s %s\n", label, json_get_text(row, "words"));
}

static void show_words(const char *label, const json_t *list)
{
	const json_t *word;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	printf("%-12s", label);
	json_array_foreach (list, i, word) {
		if (json_is_string(word))
			printf(" %s", json_string_value(word));
		else
			printf(" %lld", (long long)json_integer_value(word));
	}
	putchar('\n');
}

static void show_kind(const json_t *o)
{
	if (json_get_text(o, "kind")[0])
		printf("%-12s %s%s%s%s%s%s\n", "kind", json_get_text(o, "kind"),
		       json_get_text(o, "type")[0] ? ", " : "",
		       json_get_text(o, "type"),
		       json_get_text(o, "title")[0] ? ": \"" : "",
		       json_get_text(o, "title"),
		       json_get_text(o, "title")[0] ? "\"" : "");
}

static void show_tx(struct cli *cli, const json_t *o)
{
	const json_t *outcome = json_object_get(o, "result");
	const json_t *valid = json_object_get(o, "signature_valid");

	show_kind(o);
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		const json_t *value = json_object_get(o, LINES[i].member);

		if (json_is_integer(value) ||
		    (json_is_string(value) && json_string_length(value) > 0))
			show_line(cli, i, value);
	}
	show_ballots(json_object_get(o, "ballots"));
	show_actions("action", json_object_get(o, "actions"));
	show_actions("way back", json_object_get(o, "revert"));
	show_words("types", json_object_get(o, "types"));
	show_words("serials", json_object_get(o, "serials"));
	if (json_is_object(outcome))
		printf("%-12s %s\n", "outcome", json_get_text(outcome, "name"));
	if (json_is_boolean(valid))
		printf("%-12s %s\n", "signature",
		       json_is_true(valid) ? "good ✓" : "WRONG ✗");
	else if (valid)
		printf("%-12s not checked: name the network with "
		       "--genesis-hash\n",
		       "signature");
}

static int check_id(const struct cli *cli)
{
	struct hash hash;

	if (hex_decode(hash.b, HASH_BYTES, cli->words[0],
		       strlen(cli->words[0])))
		return CLI_EXIT_OK;
	return cli_fail_code(cli, ERR_USAGE,
			     "a transaction's id is 64 hex digits");
}

/* What the node has of it, with its content taken apart here. */
int cmd_TX_SHOW(struct cli *cli)
{
	struct admin_error error;
	struct arena arena;
	struct bytes raw = {NULL, 0};
	struct hash genesis = {{0}};
	json_t *o, *status;
	struct tx tx;
	int failed;

	failed = check_id(cli);
	if (failed)
		return failed;
	failed = cli_call(cli, "tx.get", cli_params_text("tx", cli->words[0]),
			  &o);
	if (failed)
		return failed;
	arena_init(&arena, ARENA_MAX);
	if (!cli_ask(cli, "node.status", NULL, &status, &error)) {
		json_get_hash(json_object_get(status, "genesis_hash"),
			      &genesis);
		json_decref(status);
	}
	if (json_is_string(json_object_get(o, "raw")) &&
	    !from_text((char *)(uintptr_t)json_get_text(o, "raw"),
		       strlen(json_get_text(o, "raw")), "raw", &raw, NULL) &&
	    !codec_tx_decode(&tx, &arena, &genesis, raw, NULL)) {
		json_t *content = tx_value(&tx);

		json_object_del(content, "tx");
		json_object_update_missing(o, content);
		json_decref(content);
	}
	arena_fini(&arena);
	free((void *)(uintptr_t)raw.data);
	return cli_emit(cli, o, show_tx);
}

int cmd_TX_DECODE(struct cli *cli)
{
	struct err_text text = {""}, none = {""};
	struct bytes raw = {NULL, 0};
	struct hash genesis = {{0}};
	struct arena arena;
	struct tx tx;
	bool known;
	json_t *o;
	enum err e = take_input(cli->words[0], "raw", &raw, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	known = take_genesis(cli, &genesis, &none) == ERR_OK;
	arena_init(&arena, ARENA_MAX);
	e = codec_tx_decode(&tx, &arena, &genesis, raw, &text);
	if (!e) {
		o = tx_value(&tx);
		/* Without the network its id and signature mean nothing. */
		if (!known)
			json_put(o, "tx", json_null());
		json_put(o, "signature_valid",
			 known ? json_boolean(sign_verify(&tx.account, tx.id.b,
							  HASH_BYTES,
							  &tx.signature))
			       : json_null());
	}
	arena_fini(&arena);
	free((void *)(uintptr_t)raw.data);
	if (e)
		return cli_fail_code(cli, e, text.text);
	return cli_emit(cli, o, show_tx);
}

int cmd_TX_SUBMIT(struct cli *cli)
{
	struct admin_error error;
	struct err_text text = {""};
	struct bytes raw = {NULL, 0};
	json_t *result;
	int code;
	enum err e = take_input(cli->words[0], "raw", &raw, &text);

	if (e)
		return cli_fail_code(cli, e, text.text);
	if (cli->dry_run) {
		free((void *)(uintptr_t)raw.data);
		return cmd_TX_DECODE(cli);
	}
	e = cli_submit(cli, raw, &result, &error);
	free((void *)(uintptr_t)raw.data);
	if (e)
		return cli_refused(cli, &error);
	code = (int)json_integer_value(
		json_object_get(json_object_get(result, "result"), "code"));
	if (code == 0)
		return cli_emit(cli, result, show_tx);
	json_decref(result);
	admin_error_set(&error, error_from_number(code), NULL);
	return cli_refused(cli, &error);
}

/* --- Receipts --- */

static void show_saved(struct cli *cli, const json_t *o)
{
	printf("%s: receipt of %s, %zu bytes\n", cli_option(cli, "file"),
	       json_get_text(o, "tx"), strlen(json_get_text(o, "receipt")) / 2);
}

/* A receipt is for a file: people get the same text as --file writes. */
static void show_receipt(struct cli *cli, const json_t *o)
{
	(void)cli;
	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* A receipt wants a checkpoint above its block: that is waited for. */
static int fetch_receipt(struct cli *cli, json_t **out)
{
	uint64_t until = clock_mono_ms() + cli->timeout_ms;
	const struct timespec pause = {0, AGAIN_MS * 1000000l};
	struct admin_error error;
	enum err e;

	for (;;) {
		e = cli_ask(cli, "receipt.get",
			    cli_params_text("tx", cli->words[0]), out, &error);
		if (e != ERR_NOT_READY || clock_mono_ms() >= until)
			return e ? cli_fail(cli, &error) : CLI_EXIT_OK;
		nanosleep(&pause, NULL);
	}
}

int cmd_RECEIPT_GET(struct cli *cli)
{
	const char *file = cli_option(cli, "file");
	struct err_text text = {""};
	int failed = check_id(cli);
	json_t *o;
	char *dump;
	enum err e;

	if (!failed)
		failed = fetch_receipt(cli, &o);
	if (failed)
		return failed;
	if (!file)
		return cli_emit(cli, o, show_receipt);
	dump = json_dumps(o, JSON_INDENT(2));
	e = dump ? file_replace(file, dump, strlen(dump), 0644, &text)
		 : ERR_NO_MEMORY;
	free(dump);
	if (e) {
		json_decref(o);
		return cli_fail_code(cli, e, text.text);
	}
	return cli_emit(cli, o, show_saved);
}

static void put_content(json_t *o, struct arena *arena,
			const struct hash *genesis, struct bytes raw)
{
	struct tx tx;

	if (!codec_tx_decode(&tx, arena, genesis, raw, NULL))
		json_put(o, "content", tx_value(&tx));
}

static json_t *facts_value(const struct receipt_facts *f)
{
	json_t *o = json_object(), *weight = json_object();

	json_put(o, "valid", json_true());
	json_put(o, "tx", json_hash(&f->tx));
	json_put(o, "account", json_key(&f->account));
	json_put(o, "height", json_u64(f->height));
	json_put(o, "time_ms", json_u64(f->time_ms));
	json_put(o, "block", json_hash(&f->block));
	json_put(o, "final_height", json_u64(f->final_height));
	json_put(weight, "signed", json_u64(f->weight));
	json_put(weight, "total", json_u64(f->weight_total));
	json_put(o, "weight", weight);
	json_put(o, "result",
		 f->has_outcome ? json_outcome((uint32_t)f->code)
				: json_null());
	json_put(o, "checkpoint_height",
		 f->has_outcome ? json_u64(f->checkpoint_height) : json_null());
	return o;
}

static void show_facts(struct cli *cli, const json_t *o)
{
	const json_t *weight = json_object_get(o, "weight");
	const json_t *outcome = json_object_get(o, "result");

	printf("the receipt holds %s\n", show_mark(true));
	printf("transaction  %s\n", json_get_text(o, "tx"));
	printf("signed by    %s\n",
	       show_account(cli, json_get_text(o, "account")));
	printf("in block     height %s, %s\n",
	       show_thousands(json_get_text(o, "height")),
	       show_time(json_get_number(o, "time_ms")));
	printf("finalised    by weight %s of %s at height %s\n",
	       json_get_text(weight, "signed"), json_get_text(weight, "total"),
	       show_thousands(json_get_text(o, "final_height")));
	if (json_is_object(outcome))
		printf("outcome      %s, certified at height %s\n",
		       json_get_text(outcome, "name"),
		       json_get_text(o, "checkpoint_height"));
	else
		printf("outcome      not covered by a checkpoint yet\n");
	show_kind(json_object_get(o, "content"));
	show_ballots(json_object_get(json_object_get(o, "content"), "ballots"));
}

/* A receipt's file names its transaction in the clear: it must be the one that
 * is proven. */
static enum err check_named(const char *path, const struct hash *tx,
			    struct err_text *text)
{
	struct hash named;
	json_t *o = json_load_file(path, 0, NULL);
	const json_t *name = json_object_get(o, "tx");
	bool good = !name ||
		    (json_get_hash(name, &named) && hash_equal(&named, tx));

	json_decref(o);
	return good ? ERR_OK
		    : err_set(text, ERR_CHECK_FAILED,
			      "the file names another transaction than the "
			      "one it proves");
}

int cmd_RECEIPT_VERIFY(struct cli *cli)
{
	struct err_text text = {""};
	struct receipt_facts facts;
	struct receipt *receipt = mem_alloc(sizeof(*receipt));
	struct bytes raw = {NULL, 0};
	struct hash genesis;
	struct arena arena;
	json_t *o = NULL;
	enum err e = take_genesis(cli, &genesis, &text);

	arena_init(&arena, ARENA_MAX);
	if (!e)
		e = take_input(cli->words[0], "receipt", &raw, &text);
	if (!e) {
		e = receipt_read(receipt, &arena, raw, &text);
		if (!e)
			e = receipt_verify(&facts, receipt, &genesis, &text);
		if (!e)
			e = check_named(cli->words[0], &facts.tx, &text);
		if (e)
			e = ERR_CHECK_FAILED;
	}
	if (!e) {
		o = facts_value(&facts);
		put_content(o, &arena, &genesis, receipt->tx);
	}
	arena_fini(&arena);
	free((void *)(uintptr_t)raw.data);
	free(receipt);
	if (e)
		return cli_fail_code(cli, e, text.text);
	return cli_emit(cli, o, show_facts);
}

/* --- Blocks and checkpoints --- */

static void show_block(struct cli *cli, const json_t *b)
{
	const json_t *row;
	size_t i;

	(void)cli;
	printf("height    %s   %s\n",
	       show_thousands(json_get_text(b, "height")),
	       show_time(json_get_number(b, "time_ms")));
	printf("hash      %s\nparent    %s\n", json_get_text(b, "hash"),
	       json_get_text(b, "parent"));
	printf("proposer  %s  view %s  epoch %s\n",
	       show_short(json_get_text(b, "proposer")),
	       json_get_text(b, "view"), json_get_text(b, "epoch"));
	printf("batches   %" PRIu64 ", transactions %zu\n",
	       json_get_number(b, "batches"),
	       json_array_size(json_object_get(b, "txs")));
	json_array_foreach (json_object_get(b, "txs"), i, row) {
		printf("  %s  %s\n", json_get_text(row, "tx"),
		       json_get_text(json_object_get(row, "result"), "name"));
	}
}

int cmd_BLOCK(struct cli *cli)
{
	struct err_text text = {""};
	uint64_t height = 0;

	if (strcmp(cli->words[0], "latest") != 0 &&
	    cli_word_number(cli, 0, &height, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	return cli_show(cli, "block.get", cli_params_number("height", height),
			show_block);
}

static void show_checkpoint(struct cli *cli, const json_t *c)
{
	const json_t *weight = json_object_get(c, "weight"), *row;
	size_t i;

	(void)cli;
	printf("height        %s, %s\n",
	       show_thousands(json_get_text(c, "height")),
	       json_is_true(json_object_get(c, "certified")) ? "certified"
							     : "open");
	printf("block         %s\n", json_get_text(c, "block_hash"));
	printf("state root    %s\n", json_get_text(c, "state_root"));
	printf("outcome root  %s\n", json_get_text(c, "outcome_root"));
	printf("signed by     %s of %s\n", json_get_text(weight, "signed"),
	       json_get_text(weight, "total"));
	json_array_foreach (json_object_get(c, "signatures"), i, row) {
		printf("  %s  %s\n", json_get_text(row, "node_id"),
		       json_get_text(row, "weight"));
	}
}

int cmd_CHECKPOINT(struct cli *cli)
{
	struct err_text text = {""};
	uint64_t height = 0;

	if (cli->word_count > 0 && cli_word_number(cli, 0, &height, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	return cli_show(cli, "checkpoint.get",
			cli_params_number("height", height), show_checkpoint);
}

/* --- Audit --- */

static void show_audit(struct cli *cli, const json_t *list)
{
	struct table *t = table_new(6);
	const json_t *row;
	size_t i;

	(void)cli;
	table_head(t, (const char *const[]){"#", "TIME", "USER", "PROCESS",
					    "METHOD", "OUTCOME"});
	table_right(t, 0);
	table_right(t, 2);
	table_right(t, 3);
	json_array_foreach (list, i, row) {
		char uid[16], pid[16];

		snprintf(uid, sizeof(uid), "%" PRIu64,
			 json_get_number(row, "uid"));
		snprintf(pid, sizeof(pid), "%" PRIu64,
			 json_get_number(row, "pid"));
		table_cell(t, json_get_text(row, "number"));
		table_cell(t, show_time(json_get_number(row, "time_ms")));
		table_cell(t, uid);
		table_cell(t, pid);
		table_cell(t, json_get_text(row, "method"));
		table_cell(t, json_get_text(json_object_get(row, "result"),
					    "name"));
	}
	table_print(&t, stdout);
}

int cmd_AUDIT_TAIL(struct cli *cli)
{
	struct err_text text = {""};
	uint64_t count = 20;
	json_t *result, *list;
	int failed;

	if (cli_number(cli, "count", 1000, &count, &text))
		return cli_fail_code(cli, ERR_USAGE, text.text);
	failed = cli_call(cli, "audit.tail", cli_params_number("count", count),
			  &result);
	if (failed)
		return failed;
	list = json_incref(json_object_get(result, "entries"));
	json_decref(result);
	return cli_emit(cli, list, show_audit);
}

static void show_chain(struct cli *cli, const json_t *o)
{
	(void)cli;
	printf("%s entries, each bound to the one before %s\nnewest hash %s\n",
	       show_thousands(json_get_text(o, "entries")), show_mark(true),
	       json_get_text(o, "last"));
}

int cmd_AUDIT_VERIFY(struct cli *cli)
{
	char path[FILE_PATH_BYTES];
	struct audit_summary summary;
	struct err_text text = {""};
	json_t *o;
	enum err e = file_path(path, cli->data_dir, "audit.log");

	if (!e)
		e = auditlog_verify(&summary,
				    cli->word_count ? cli->words[0] : path,
				    NULL, &text);
	if (e)
		return cli_fail_code(cli, e, text.text);
	o = json_object();
	json_put(o, "entries", json_u64(summary.entries));
	json_put(o, "last", json_hash(&summary.last));
	return cli_emit(cli, o, show_chain);
}
