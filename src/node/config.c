#include "node/config.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/log.h"
#include "base/nearest.h"
#include "net/address.h"
#include "net/net.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENVIRONMENT_PREFIX "BCAI_GOVD_"
#define NODE_NAME_MAX	   31u /* as much as a line of the log shows */
#define NODE_NAME_LETTERS                                                      \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

enum kind { KIND_TEXT, KIND_NUMBER, KIND_LIST };

/* X(key, kind, default, least, most, words). Numbers are held to least..most;
 * texts to the words, when there are any. */
#define CONFIG_TABLE(X)                                                        \
	X(data_dir, TEXT, "", 0, 0, "")                                        \
	X(listen, TEXT, "127.0.0.1:0", 0, 0, "")                               \
	X(advertise, TEXT, "", 0, 0, "")                                       \
	X(bootstrap, LIST, "", 0, 0, "")                                       \
	X(role, TEXT, "auto", 0, 0, "auto observer")                           \
	X(strangers, TEXT, "allow", 0, 0, "allow refuse")                      \
	X(log_level, TEXT, "info", 0, 0, "")                                   \
	X(log_format, TEXT, "text", 0, 0, "text json")                         \
	X(log_file, TEXT, "", 0, 0, "")                                        \
	X(node_name, TEXT, "", 0, 0, "")                                       \
	X(socket, TEXT, "", 0, 0, "")                                          \
	X(socket_ro, TEXT, "", 0, 0, "")                                       \
	X(socket_group, TEXT, "", 0, 0, "")                                    \
	X(passphrase_file, TEXT, "", 0, 0, "")                                 \
	X(workers, NUMBER, "0", 0, 256, "")                                    \
	X(batch_age_ms, NUMBER, "3", 0, 1000, "")                              \
	X(batch_bytes, NUMBER, "262144", 1024, 458752, "")                     \
	X(batch_txs, NUMBER, "1024", 1, 4096, "")                              \
	X(pool_bytes, NUMBER, "67108864", 1048576, 4294967296, "")             \
	X(account_rate, NUMBER, "1000", 0, 1000000, "")                        \
	X(connection_rate, NUMBER, "50000", 0, 1000000, "")                    \
	X(write_bytes, NUMBER, "268435456", 65536, 4294967296, "")

enum config_key {
#define CONFIG_ENUM(key, ...) KEY_##key,
	CONFIG_TABLE(CONFIG_ENUM)
#undef CONFIG_ENUM
		KEY_COUNT
};

struct config_row {
	const char *key;
	enum kind kind;
	const char *value; /* default */
	uint64_t least, most;
	const char *words;
};

static const struct config_row ROWS[KEY_COUNT] = {
#define CONFIG_ROW(key, kind, value, least, most, words)                       \
	{#key, KIND_##kind, value, UINT64_C(least), UINT64_C(most), words},
	CONFIG_TABLE(CONFIG_ROW)
#undef CONFIG_ROW
};

static const char *const SOURCE_NAMES[] = {"default", "file", "environment",
					   "flag"};

struct config_set {
	struct config config;
	enum config_source source[KEY_COUNT];
};

static void *field(struct config *c, enum config_key key)
{
	void *const fields[KEY_COUNT] = {
#define CONFIG_FIELD(name, ...) [KEY_##name] = &c->name,
		CONFIG_TABLE(CONFIG_FIELD)
#undef CONFIG_FIELD
	};

	return fields[key];
}

static const char *nearest_key(const char *word)
{
	const char *best = ROWS[0].key;

	for (int i = 1; i < KEY_COUNT; i++) {
		if (nearest_distance(word, ROWS[i].key) <
		    nearest_distance(word, best))
			best = ROWS[i].key;
	}
	return best;
}

static bool is_one_of(const char *value, const char *words)
{
	size_t size = strlen(value);

	for (const char *at = words; *at;) {
		size_t word = strcspn(at, " ");

		if (word == size && memcmp(at, value, size) == 0)
			return true;
		at += word + strspn(at + word, " ");
	}
	return false;
}

static char *copy_text(const char *value)
{
	return mem_copy(value, strlen(value) + 1);
}

static enum err set_text(struct config_set *set, enum config_key key,
			 const char *value, struct err_text *text)
{
	char **to = field(&set->config, key);

	if (ROWS[key].words[0] && !is_one_of(value, ROWS[key].words))
		return err_set(text, ERR_CONFIG, "%s: \"%s\" is none of: %s",
			       ROWS[key].key, value, ROWS[key].words);
	free(*to);
	*to = copy_text(value);
	return ERR_OK;
}

static enum err set_number(struct config_set *set, enum config_key key,
			   const char *value, struct err_text *text)
{
	const struct config_row *row = &ROWS[key];
	uint64_t *to = field(&set->config, key);
	uint64_t v;
	char *end;

	errno = 0;
	v = strtoull(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-' ||
	    v < row->least || v > row->most)
		return err_set(text, ERR_CONFIG,
			       "%s: \"%s\" is not a number from %" PRIu64
			       " to %" PRIu64,
			       row->key, value, row->least, row->most);
	*to = v;
	return ERR_OK;
}

static enum err add_to_list(struct config_set *set, const char *value,
			    struct err_text *text)
{
	struct config *c = &set->config;

	if (c->bootstrap_count == CONFIG_BOOTSTRAP_MAX)
		return err_set(text, ERR_CONFIG,
			       "bootstrap: more than %u peers",
			       CONFIG_BOOTSTRAP_MAX);
	c->bootstrap[c->bootstrap_count++] = copy_text(value);
	return ERR_OK;
}

static int find_key(const char *key)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		if (strcmp(ROWS[i].key, key) == 0)
			return i;
	}
	return -1;
}

enum err config_set_value(struct config_set *set, const char *key,
			  const char *value, enum config_source source,
			  struct err_text *text)
{
	int i = find_key(key);
	enum err e = ERR_OK;

	if (i < 0)
		return err_set(text, ERR_CONFIG,
			       "unknown key \"%s\"; did you mean \"%s\"?", key,
			       nearest_key(key));
	switch (ROWS[i].kind) {
	case KIND_TEXT:
		e = set_text(set, (enum config_key)i, value, text);
		break;
	case KIND_NUMBER:
		e = set_number(set, (enum config_key)i, value, text);
		break;
	case KIND_LIST:
		e = add_to_list(set, value, text);
		break;
	}
	if (e == ERR_OK)
		set->source[i] = source;
	return e;
}

struct config_set *config_new(void)
{
	struct config_set *set = mem_alloc(sizeof(*set));

	for (int i = 0; i < KEY_COUNT; i++) {
		enum err e = ERR_OK;

		if (ROWS[i].kind != KIND_LIST)
			e = config_set_value(set, ROWS[i].key, ROWS[i].value,
					     CONFIG_DEFAULT, NULL);
		/* An empty word list admits the empty default. */
		assert(e == ERR_OK);
	}
	return set;
}

void config_free(struct config_set **pset)
{
	struct config_set *set = *pset;

	if (!set)
		return;
	for (int i = 0; i < KEY_COUNT; i++) {
		if (ROWS[i].kind == KIND_TEXT)
			free(*(char **)field(&set->config, (enum config_key)i));
	}
	for (unsigned i = 0; i < set->config.bootstrap_count; i++)
		free(set->config.bootstrap[i]);
	free(set);
	*pset = NULL;
}

const struct config *config_get(const struct config_set *set)
{
	return &set->config;
}

/* The file as libcyaml reads it: every scalar a string, so that one setter
 * checks values wherever they come from. */
struct file_config {
	char *value[KEY_COUNT];
	char **bootstrap;
	unsigned bootstrap_count;
};

static const cyaml_schema_value_t LIST_ENTRY = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 256),
};

static void fill_schema(cyaml_schema_field_t fields[KEY_COUNT + 1])
{
	memset(fields, 0, (KEY_COUNT + 1) * sizeof(fields[0]));
	for (int i = 0; i < KEY_COUNT; i++) {
		cyaml_schema_field_t *f = &fields[i];

		f->key = ROWS[i].key;
		f->value.flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL;
		f->data_offset =
			(uint32_t)(offsetof(struct file_config, value) +
				   (size_t)i * sizeof(char *));
		if (ROWS[i].kind == KIND_LIST) {
			f->value.type = CYAML_SEQUENCE;
			f->value.data_size = sizeof(char *);
			f->value.sequence.entry = &LIST_ENTRY;
			f->value.sequence.max = CONFIG_BOOTSTRAP_MAX;
			f->data_offset =
				offsetof(struct file_config, bootstrap);
			f->count_offset =
				offsetof(struct file_config, bootstrap_count);
			f->count_size = sizeof(unsigned);
		} else {
			f->value.type = CYAML_STRING;
			f->value.data_size = sizeof(char);
			f->value.string.max = 4096;
		}
	}
}

/* Gather what libcyaml says: the reason, then where. */
static void gather(cyaml_log_t level, void *ctx, const char *format,
		   va_list args)
{
	struct err_text *said = ctx;
	size_t n = strlen(said->text);

	(void)level;
	vsnprintf(said->text + n, sizeof(said->text) - n, format, args);
}

/* libcyaml names the mapping's place, not the key's: find the key itself. */
static bool find_in_file(const char *path, const char *key, unsigned *line,
			 unsigned *column)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0, size = strlen(key);
	bool found = false;

	*line = 0;
	while (f && !found && getline(&text, &room, f) >= 0) {
		size_t indent = strspn(text, " ");

		(*line)++;
		*column = (unsigned)indent + 1;
		found = strncmp(text + indent, key, size) == 0 &&
			text[indent + size +
			     strspn(text + indent + size, " ")] == ':';
	}
	free(text);
	if (f)
		fclose(f);
	return found;
}

/* Where in the file `key` stands, in front of what is wrong with it. */
static enum err key_problem(struct err_text *text, const char *path,
			    const char *key, const char *problem)
{
	unsigned line, column;

	if (!find_in_file(path, key, &line, &column))
		return err_set(text, ERR_CONFIG, "%s: %s", path, problem);
	return err_set(text, ERR_CONFIG, "%s: line %u, column %u: %s", path,
		       line, column, problem);
}

#define LIBYAML "libyaml: "

/* What libcyaml calls it, and what it means to who wrote the file. */
static const struct {
	const char *said, *means;
} MEANINGS[] = {
	{"Expecting STRING", "one value is wanted here"},
	{"Expecting SEQUENCE", "a list is wanted here: lines of \"  - VALUE\""},
	{"Expecting MAPPING", "the file is lines of \"KEY: VALUE\""},
	{"Mapping field already seen", "the key stands there twice"},
	{"STRING length", "the value is too long"},
	{"Excessive entries", "the list is too long"},
	{LIBYAML, "this is not YAML: "},
	{"Could not open file", "it cannot be opened"},
};

/* "Load: REASON" and, lower down, "in mapping field 'KEY' (line: 2, column:
 * 10)". */
static enum err file_problem(struct err_text *text, const char *path,
			     char *said)
{
	static const char UNEXPECTED[] = "Unexpected key: ";
	const char *at = strstr(said, "(line: "), *detail = "";
	const char *unknown = strstr(said, UNEXPECTED), *means;
	const char *where = "line";
	struct err_text problem;
	unsigned line = 0, column = 0;
	size_t i = 0, n = sizeof(MEANINGS) / sizeof(MEANINGS[0]);

	if (at && sscanf(at, "(line: %u, column: %u)", &line, &column) != 2)
		line = 0;
	said[strcspn(said, "\n")] = '\0';
	if (unknown) {
		const char *key = unknown + strlen(UNEXPECTED);

		err_set(&problem, ERR_CONFIG,
			"unknown key \"%.64s\"; did you mean \"%s\"?", key,
			nearest_key(key));
		return key_problem(text, path, key, problem.text);
	}
	while (i < n && !strstr(said, MEANINGS[i].said))
		i++;
	means = i < n ? MEANINGS[i].means : said;
	/* What libyaml stumbles over comes after what was read last. */
	if (i < n && strcmp(MEANINGS[i].said, LIBYAML) == 0) {
		detail = strstr(said, LIBYAML) + strlen(LIBYAML);
		where = "after line";
	}
	if (line == 0)
		return err_set(text, ERR_CONFIG, "%s: %s%s", path, means,
			       detail);
	return err_set(text, ERR_CONFIG, "%s: %s %u, column %u: %s%s", path,
		       where, line, column, means, detail);
}

static enum err file_value(struct config_set *set, const char *path,
			   const char *key, const char *value,
			   struct err_text *text)
{
	struct err_text problem;
	enum err e = config_set_value(set, key, value, CONFIG_FILE, &problem);

	return e ? key_problem(text, path, key, problem.text) : ERR_OK;
}

static enum err apply_file(struct config_set *set, const char *path,
			   const struct file_config *file,
			   struct err_text *text)
{
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < KEY_COUNT; i++) {
		if (ROWS[i].kind != KIND_LIST && file->value[i])
			e = file_value(set, path, ROWS[i].key, file->value[i],
				       text);
	}
	for (unsigned i = 0; e == ERR_OK && i < file->bootstrap_count; i++)
		e = file_value(set, path, "bootstrap", file->bootstrap[i],
			       text);
	return e;
}

enum err config_load_file(struct config_set *set, const char *path,
			  struct err_text *text)
{
	cyaml_schema_field_t fields[KEY_COUNT + 1];
	const cyaml_schema_value_t top = {
		CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file_config,
				    fields),
	};
	struct err_text said = {""};
	const cyaml_config_t how = {
		.log_fn = gather,
		.log_ctx = &said,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
	};
	struct file_config *file = NULL;
	cyaml_err_t failed;
	enum err e;

	fill_schema(fields);
	failed =
		cyaml_load_file(path, &how, &top, (cyaml_data_t **)&file, NULL);
	if (failed != CYAML_OK) {
		if (!said.text[0])
			err_set(&said, ERR_CONFIG, "%s",
				cyaml_strerror(failed));
		return file_problem(text, path, said.text);
	}
	if (!file)
		return ERR_OK; /* An empty file says nothing. */
	e = apply_file(set, path, file, text);
	cyaml_free(&how, &top, file, 0);
	return e;
}

/* "batch_txs" of "BATCH_TXS=5"; false for what is too long to be a key. */
static bool key_of_variable(char *key, size_t room, const char *name,
			    size_t size)
{
	if (size >= room)
		return false;
	for (size_t i = 0; i < size; i++)
		key[i] = name[i] >= 'A' && name[i] <= 'Z'
				 ? (char)(name[i] - 'A' + 'a')
				 : name[i];
	key[size] = '\0';
	return true;
}

enum err config_load_environment(struct config_set *set, struct err_text *text)
{
	const size_t prefix = strlen(ENVIRONMENT_PREFIX);

	for (char **at = environ; *at; at++) {
		const char *equals = strchr(*at, '=');
		struct err_text problem;
		char key[64];

		if (!equals || strncmp(*at, ENVIRONMENT_PREFIX, prefix) != 0)
			continue;
		if (!key_of_variable(key, sizeof(key), *at + prefix,
				     (size_t)(equals - *at) - prefix))
			snprintf(key, sizeof(key), "%.60s", *at + prefix);
		if (config_set_value(set, key, equals + 1, CONFIG_ENVIRONMENT,
				     &problem) != ERR_OK)
			return err_set(text, ERR_CONFIG, "environment: %s",
				       problem.text);
	}
	return ERR_OK;
}

static enum err check_address(const char *key, const char *value,
			      struct err_text *text)
{
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;

	if (!strrchr(value, ':'))
		return err_set(text, ERR_CONFIG, "%s: \"%s\" has no port", key,
			       value);
	if (address_split(host, &port, value) != ERR_OK)
		return err_set(text, ERR_CONFIG,
			       "%s: \"%s\" is not a host, a colon and a port "
			       "up to 65535",
			       key, value);
	return ERR_OK;
}

static enum err check_bootstrap(const struct config *c, struct err_text *text)
{
	char address[NET_ADDRESS_BYTES];
	struct public_key key;
	struct err_text why;

	for (unsigned i = 0; i < c->bootstrap_count; i++) {
		if (net_address_parse(&key, address, c->bootstrap[i], &why) !=
		    ERR_OK)
			return err_set(text, ERR_CONFIG, "bootstrap: %s",
				       why.text);
	}
	return ERR_OK;
}

enum err config_check(const struct config_set *set, struct err_text *text)
{
	const struct config *c = &set->config;
	enum err e;

	if (!c->data_dir[0])
		return err_set(text, ERR_CONFIG,
			       "data_dir is not set; use --data-dir, "
			       "BCAI_GOVD_DATA_DIR or the file");
	if (strlen(c->node_name) > NODE_NAME_MAX ||
	    c->node_name[strspn(c->node_name, NODE_NAME_LETTERS)])
		return err_set(text, ERR_CONFIG,
			       "node_name: \"%.64s\" is not up to %u letters, "
			       "digits, dots, dashes and underscores",
			       c->node_name, NODE_NAME_MAX);
	e = check_address("listen", c->listen, text);
	if (e == ERR_OK && c->advertise[0])
		e = check_address("advertise", c->advertise, text);
	return e ? e : check_bootstrap(c, text);
}

enum err config_check_places(const struct config_set *set,
			     struct err_text *text)
{
	const struct config *c = &set->config;
	struct stat st;

	if (stat(c->data_dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(text, ERR_CONFIG,
			       "data_dir: there is no folder %s; make it with "
			       "\"bcai-gov init\" or \"bcai-gov join\"",
			       c->data_dir);
	if (c->passphrase_file[0] && access(c->passphrase_file, R_OK) != 0)
		return err_set(text, ERR_CONFIG, "passphrase_file: %s: %s",
			       c->passphrase_file, strerror(errno));
	if (c->socket_group[0] && !getgrnam(c->socket_group))
		return err_set(text, ERR_CONFIG,
			       "socket_group: there is no group \"%s\"",
			       c->socket_group);
	return ERR_OK;
}

/* --- Reloading --- */

static bool is_live(enum config_key key)
{
	return key == KEY_log_level || key == KEY_log_format ||
	       key == KEY_log_file || key == KEY_node_name;
}

static bool same_list(const struct config *a, const struct config *b)
{
	if (a->bootstrap_count != b->bootstrap_count)
		return false;
	for (unsigned i = 0; i < a->bootstrap_count; i++) {
		if (strcmp(a->bootstrap[i], b->bootstrap[i]) != 0)
			return false;
	}
	return true;
}

static bool same_value(const struct config_set *a, const struct config_set *b,
		       enum config_key key)
{
	const void *x = field((struct config *)(uintptr_t)&a->config, key);
	const void *y = field((struct config *)(uintptr_t)&b->config, key);

	switch (ROWS[key].kind) {
	case KIND_TEXT:
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	case KIND_NUMBER:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	case KIND_LIST:
		return same_list(&a->config, &b->config);
	}
	return true;
}

bool config_needs_restart(const struct config_set *now,
			  const struct config_set *wanted,
			  struct err_text *keys)
{
	size_t used = 0;

	keys->text[0] = '\0';
	for (int i = 0; i < KEY_COUNT; i++) {
		if (is_live((enum config_key)i) ||
		    same_value(now, wanted, (enum config_key)i))
			continue;
		if (used < sizeof(keys->text))
			used += (size_t)snprintf(
				keys->text + used, sizeof(keys->text) - used,
				"%s%s", used ? ", " : "", ROWS[i].key);
	}
	return used > 0;
}

/* In quotes, so that what is printed can be read again. */
static void print_quoted(const char *value, FILE *out)
{
	fputc('"', out);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

static void print_list(const struct config *c, const char *key,
		       const char *source, FILE *out)
{
	fprintf(out, "%s:%s  # %s\n", key, c->bootstrap_count ? "" : " []",
		source);
	for (unsigned i = 0; i < c->bootstrap_count; i++) {
		fputs("  - ", out);
		print_quoted(c->bootstrap[i], out);
		fputc('\n', out);
	}
}

void config_print(const struct config_set *set, FILE *out)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		const void *at = field((struct config *)&set->config,
				       (enum config_key)i);
		const char *source = SOURCE_NAMES[set->source[i]];

		switch (ROWS[i].kind) {
		case KIND_TEXT:
			fprintf(out, "%s: ", ROWS[i].key);
			print_quoted(*(char *const *)at, out);
			fprintf(out, "  # %s\n", source);
			break;
		case KIND_NUMBER:
			fprintf(out, "%s: %" PRIu64 "  # %s\n", ROWS[i].key,
				*(const uint64_t *)at, source);
			break;
		case KIND_LIST:
			print_list(&set->config, ROWS[i].key, source, out);
			break;
		}
	}
}
