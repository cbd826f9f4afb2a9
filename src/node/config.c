#include "node/config.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/log.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
	X(node_name, TEXT, "", 0, 0, "")                                       \
	X(socket, TEXT, "", 0, 0, "")                                          \
	X(socket_ro, TEXT, "", 0, 0, "")                                       \
	X(socket_group, TEXT, "", 0, 0, "")                                    \
	X(passphrase_file, TEXT, "", 0, 0, "")                                 \
	X(workers, NUMBER, "0", 0, 256, "")                                    \
	X(batch_age_ms, NUMBER, "3", 0, 1000, "")                              \
	X(batch_bytes, NUMBER, "262144", 1024, 458752, "")                     \
	X(batch_txs, NUMBER, "1024", 1, 4096, "")                              \
	X(block_interval_ms, NUMBER, "2", 0, 60000, "")                        \
	X(pool_bytes, NUMBER, "67108864", 1048576, 4294967296, "")

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

/* Levenshtein distance, for suggestions; words are short. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64], diagonal, above;
	size_t n = strlen(b);

	if (n >= 63)
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned cost = diagonal + (a[i - 1] != b[j - 1]);

			above = row[j];
			if (above + 1 < cost)
				cost = above + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
			diagonal = above;
		}
	}
	return row[n];
}

static const char *nearest_key(const char *word)
{
	const char *best = ROWS[0].key;

	for (int i = 1; i < KEY_COUNT; i++) {
		if (distance(word, ROWS[i].key) < distance(word, best))
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
	for (char *at = said->text; *at; at++) {
		if (*at == '\n')
			*at = ' ';
	}
}

static const char *unexpected_key(const char *said, char *out, size_t size)
{
	const char *at = strstr(said, "Unexpected key: ");

	if (!at)
		return NULL;
	at += strlen("Unexpected key: ");
	snprintf(out, size, "%.*s", (int)strcspn(at, " "), at);
	return out;
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

static enum err file_problem(struct err_text *text, const char *path,
			     const char *said)
{
	char key[64];
	unsigned line, column;

	if (!unexpected_key(said, key, sizeof(key)))
		return err_set(text, ERR_CONFIG, "%s: %s", path, said);
	if (!find_in_file(path, key, &line, &column))
		line = column = 0;
	return err_set(text, ERR_CONFIG,
		       "%s: line %u, column %u: unknown key \"%s\"; did you "
		       "mean \"%s\"?",
		       path, line, column, key, nearest_key(key));
}

static enum err apply_file(struct config_set *set,
			   const struct file_config *file,
			   struct err_text *text)
{
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < KEY_COUNT; i++) {
		if (ROWS[i].kind != KIND_LIST && file->value[i])
			e = config_set_value(set, ROWS[i].key, file->value[i],
					     CONFIG_FILE, text);
	}
	for (unsigned i = 0; e == ERR_OK && i < file->bootstrap_count; i++)
		e = config_set_value(set, "bootstrap", file->bootstrap[i],
				     CONFIG_FILE, text);
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
	if (failed != CYAML_OK)
		return file_problem(text, path,
				    said.text[0] ? said.text
						 : cyaml_strerror(failed));
	if (!file)
		return ERR_OK; /* An empty file says nothing. */
	e = apply_file(set, file, text);
	cyaml_free(&how, &top, file, 0);
	return e;
}

enum err config_load_environment(struct config_set *set, struct err_text *text)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		char name[80] = "BCAI_GOVD_";
		size_t n = strlen(name);
		const char *value;
		enum err e;

		for (const char *at = ROWS[i].key; *at && n < 79; at++)
			name[n++] = *at >= 'a' && *at <= 'z'
					    ? (char)(*at - 'a' + 'A')
					    : *at;
		name[n] = '\0';
		value = getenv(name);
		if (!value)
			continue;
		e = config_set_value(set, ROWS[i].key, value,
				     CONFIG_ENVIRONMENT, text);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err config_check(const struct config_set *set, struct err_text *text)
{
	const struct config *c = &set->config;

	if (!c->data_dir[0])
		return err_set(text, ERR_CONFIG,
			       "data_dir is not set; use --data-dir, "
			       "BCAI_GOVD_DATA_DIR or the file");
	if (!strrchr(c->listen, ':'))
		return err_set(text, ERR_CONFIG, "listen: \"%s\" has no port",
			       c->listen);
	return ERR_OK;
}

void config_print(const struct config_set *set, FILE *out)
{
	for (int i = 0; i < KEY_COUNT; i++) {
		const void *at = field((struct config *)&set->config,
				       (enum config_key)i);
		const char *source = SOURCE_NAMES[set->source[i]];

		switch (ROWS[i].kind) {
		case KIND_TEXT:
			fprintf(out, "%s: \"%s\"  # %s\n", ROWS[i].key,
				*(char *const *)at, source);
			break;
		case KIND_NUMBER:
			fprintf(out, "%s: %" PRIu64 "  # %s\n", ROWS[i].key,
				*(const uint64_t *)at, source);
			break;
		case KIND_LIST:
			fprintf(out, "%s:  # %s\n", ROWS[i].key, source);
			for (unsigned j = 0; j < set->config.bootstrap_count;
			     j++)
				fprintf(out, "  - %s\n",
					set->config.bootstrap[j]);
			break;
		}
	}
}
