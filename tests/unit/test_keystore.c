/* Keys on disk and where passphrases come from. */
#define _GNU_SOURCE /* memmem, the pseudo-terminal */
#include "crypto/hash.h"
#include "crypto/keystore.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[64];
static char key_path[FILE_PATH_BYTES];
static struct secret_key *key;
static struct passphrase *right, *wrong;

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bcai-keys-XXXXXX");
	if (!mkdtemp(folder) ||
	    keystore_path(key_path, folder, "alice") != ERR_OK)
		return -1;
	key = secret_key_new();
	return passphrase_from_bytes(&right, "correct horse", 13) == ERR_OK &&
			       passphrase_from_bytes(&wrong, "correct hors",
						     12) == ERR_OK
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	secret_key_free(&key);
	passphrase_free(&right);
	passphrase_free(&wrong);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static enum err create(const char *name, const struct passphrase *p)
{
	return keystore_create(folder, name, key, p, KEY_COST_INTERACTIVE,
			       NULL);
}

static void assert_opens(const struct passphrase *p)
{
	struct secret_key *opened;
	struct err_text text = {""};

	assert_int_equal(keystore_open(&opened, folder, "alice", p, &text),
			 ERR_OK);
	assert_true(public_key_equal(secret_key_public(opened),
				     secret_key_public(key)));
	secret_key_free(&opened);
}

static void assert_refused(const struct passphrase *p, enum err expected)
{
	struct secret_key *opened;

	assert_int_equal(keystore_open(&opened, folder, "alice", p, NULL),
			 expected);
	assert_null(opened);
}

static void an_encrypted_key_opens_with_its_passphrase_only(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(create("alice", right), ERR_OK);
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_opens(right);
	assert_refused(wrong, ERR_KEY_PASSPHRASE);
	assert_refused(NULL, ERR_KEY_NO_PASSPHRASE);
}

static void a_key_in_clear_opens_without_and_says_so(void **state)
{
	struct key_info info;

	(void)state;
	assert_int_equal(create("alice", NULL), ERR_OK);
	assert_opens(NULL);
	assert_int_equal(keystore_info(&info, folder, "alice", NULL), ERR_OK);
	assert_false(info.encrypted);
	assert_string_equal(info.name, "alice");
	assert_true(public_key_equal(&info.public_key, secret_key_public(key)));
}

static void the_file_of_an_encrypted_key_does_not_hold_its_seed(void **state)
{
	uint8_t seed[SEED_BYTES];
	uint8_t *data;
	size_t size;

	(void)state;
	secret_key_seed(key, seed);
	assert_int_equal(create("alice", right), ERR_OK);
	assert_int_equal(file_read(&data, &size, key_path, 1024, NULL), ERR_OK);
	assert_null(memmem(data, size, seed, 8));
	assert_non_null(memmem(data, size, secret_key_public(key)->b, 32));
	free(data);
	assert_int_equal(create("bob", NULL), ERR_OK);
	assert_int_equal(keystore_path(key_path, folder, "bob"), ERR_OK);
	assert_int_equal(file_read(&data, &size, key_path, 1024, NULL), ERR_OK);
	assert_non_null(memmem(data, size, seed, SEED_BYTES));
	free(data);
}

/* Every byte changed, then every length; the KDF never runs. */
static void assert_every_damage_is_seen(const struct passphrase *p)
{
	uint8_t *data;
	size_t size;

	assert_int_equal(create("alice", p), ERR_OK);
	assert_int_equal(file_read(&data, &size, key_path, 1024, NULL), ERR_OK);
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit += 7) {
			data[i] ^= (uint8_t)(1u << bit);
			assert_int_equal(
				file_replace(key_path, data, size, 0600, NULL),
				ERR_OK);
			assert_refused(p, ERR_KEY_DAMAGED);
			data[i] ^= (uint8_t)(1u << bit);
		}
	}
	for (size_t cut = 0; cut < size; cut++) {
		assert_int_equal(file_replace(key_path, data, cut, 0600, NULL),
				 ERR_OK);
		assert_refused(p, ERR_KEY_DAMAGED);
	}
	assert_int_equal(file_replace(key_path, data, size + 1, 0600, NULL),
			 ERR_OK);
	assert_refused(p, ERR_KEY_DAMAGED);
	assert_int_equal(file_replace(key_path, data, size, 0600, NULL),
			 ERR_OK);
	assert_opens(p);
	free(data);
}

static void an_encrypted_file_with_any_byte_changed_is_refused(void **state)
{
	(void)state;
	assert_every_damage_is_seen(right);
}

static void a_clear_file_with_any_byte_changed_is_refused(void **state)
{
	(void)state;
	assert_every_damage_is_seen(NULL);
}

/* Whoever can write the file can also make its hash right again. Offsets as
 * in keystore.c. */
static void a_forged_file_with_a_right_hash_is_refused(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		uint8_t value;
		enum err expected;
	} ROWS[] = {
		{"as it was", 13, 0, ERR_OK},
		{"a later version", 14, 2, ERR_DATA_NEWER},
		{"another form", 15, 3, ERR_KEY_DAMAGED},
		{"form zero", 15, 0, ERR_KEY_DAMAGED},
		{"sealed, said to be in clear", 15, 1, ERR_KEY_DAMAGED},
		{"another public key", 16, 0xee, ERR_KEY_DAMAGED},
		{"no passes", 51, 0, ERR_KEY_DAMAGED},
		{"too many passes", 51, 17, ERR_KEY_DAMAGED},
		{"far too many passes", 48, 1, ERR_KEY_DAMAGED},
		{"too much memory", 53, 0x10, ERR_KEY_DAMAGED},
		{"another salt", 56, 0xee, ERR_KEY_PASSPHRASE},
		{"another nonce", 72, 0xee, ERR_KEY_PASSPHRASE},
		{"another box", 96, 0xee, ERR_KEY_PASSPHRASE},
	};
	uint8_t *data;
	size_t size;

	(void)state;
	assert_int_equal(create("alice", right), ERR_OK);
	assert_int_equal(file_read(&data, &size, key_path, 1024, NULL), ERR_OK);
	assert_int_equal(size, 48 + 96 + HASH_BYTES);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		uint8_t was = data[ROWS[i].offset];
		struct secret_key *opened;
		struct hash sum;

		/* A random byte may be 0xee already. */
		data[ROWS[i].offset] =
			ROWS[i].value == 0xee ? (uint8_t)~was : ROWS[i].value;
		hash_bytes(&sum, "bcai-gov/key-file/1", data,
			   size - HASH_BYTES);
		memcpy(data + size - HASH_BYTES, sum.b, HASH_BYTES);
		assert_int_equal(file_replace(key_path, data, size, 0600, NULL),
				 ERR_OK);
		if (keystore_open(&opened, folder, "alice", right, NULL) !=
		    ROWS[i].expected)
			fail_msg("%s", ROWS[i].name);
		secret_key_free(&opened);
		data[ROWS[i].offset] = was;
	}
	free(data);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
	struct key_info info;

	(void)state;
	assert_int_equal(create("alice", NULL), ERR_OK);
	assert_int_equal(chmod(key_path, 0640), 0);
	assert_refused(NULL, ERR_KEY_PERMISSIONS);
	assert_int_equal(keystore_info(&info, folder, "alice", NULL),
			 ERR_KEY_PERMISSIONS);
	assert_int_equal(chmod(key_path, 0604), 0);
	assert_refused(NULL, ERR_KEY_PERMISSIONS);
	assert_int_equal(chmod(key_path, 0600), 0);
	assert_opens(NULL);
}

static void an_existing_key_is_never_overwritten(void **state)
{
	struct secret_key *other = secret_key_new();

	(void)state;
	assert_int_equal(create("alice", NULL), ERR_OK);
	assert_int_equal(keystore_create(folder, "alice", other, NULL,
					 KEY_COST_INTERACTIVE, NULL),
			 ERR_KEY_EXISTS);
	assert_opens(NULL);
	secret_key_free(&other);
}

static void an_unknown_key_is_said_to_be_unknown(void **state)
{
	struct err_text text;
	struct key_info info;

	(void)state;
	assert_refused(NULL, ERR_KEY_UNKNOWN);
	assert_int_equal(keystore_info(&info, folder, "alice", &text),
			 ERR_KEY_UNKNOWN);
	assert_string_equal(text.text, key_path);
}

static void names_that_could_leave_the_folder_are_refused(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} NAMES[] = {
		{"alice", true},     {"val-3", true},	  {"a.b_c-D9", true},
		{"_x", true},	     {"", false},	  {".", false},
		{"..", false},	     {".hidden", false},  {"a/b", false},
		{"../alice", false}, {"-rf", false},	  {"a b", false},
		{"a\n", false},	     {"\xc3\xa9", false},
	};
	char longest[KEY_NAME_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		struct secret_key *opened;

		if (keystore_name_valid(NAMES[i].name) != NAMES[i].valid)
			fail_msg("name \"%s\"", NAMES[i].name);
		if (NAMES[i].valid)
			continue;
		assert_int_equal(create(NAMES[i].name, NULL), ERR_KEY_NAME);
		assert_int_equal(keystore_open(&opened, folder, NAMES[i].name,
					       NULL, NULL),
				 ERR_KEY_NAME);
	}
	memset(longest, 'n', KEY_NAME_BYTES);
	longest[KEY_NAME_BYTES] = 0;
	assert_false(keystore_name_valid(longest));
	longest[KEY_NAME_BYTES - 1] = 0;
	assert_true(keystore_name_valid(longest));
	assert_int_equal(create(longest, NULL), ERR_OK);
}

static void a_passphrase_can_be_changed_set_and_dropped(void **state)
{
	(void)state;
	assert_int_equal(create("alice", right), ERR_OK);
	assert_int_equal(keystore_passwd(folder, "alice", wrong, right,
					 KEY_COST_INTERACTIVE, NULL),
			 ERR_KEY_PASSPHRASE);
	assert_opens(right);
	assert_int_equal(keystore_passwd(folder, "alice", right, wrong,
					 KEY_COST_INTERACTIVE, NULL),
			 ERR_OK);
	assert_refused(right, ERR_KEY_PASSPHRASE);
	assert_opens(wrong);
	assert_int_equal(keystore_passwd(folder, "alice", wrong, NULL,
					 KEY_COST_INTERACTIVE, NULL),
			 ERR_OK);
	assert_opens(NULL);
	assert_int_equal(keystore_passwd(folder, "alice", NULL, right,
					 KEY_COST_INTERACTIVE, NULL),
			 ERR_OK);
	assert_refused(NULL, ERR_KEY_NO_PASSPHRASE);
	assert_opens(right);
}

struct listing {
	char names[256];
	enum err last;
};

static void list_one(void *context, enum err outcome,
		     const struct key_info *info)
{
	struct listing *l = context;

	strcat(l->names, info->name);
	strcat(l->names, outcome == ERR_OK ? "+ " : "! ");
	l->last = outcome;
}

static void the_list_has_every_key_and_nothing_else(void **state)
{
	struct listing l = {""};
	char path[FILE_PATH_BYTES];

	(void)state;
	assert_int_equal(keystore_list("/nonexistent/keys", list_one, &l, NULL),
			 ERR_OK);
	assert_string_equal(l.names, "");
	assert_int_equal(create("carol", NULL), ERR_OK);
	assert_int_equal(create("alice", NULL), ERR_OK);
	assert_int_equal(create("zed", NULL), ERR_OK);
	assert_int_equal(keystore_path(path, folder, "zed"), ERR_OK);
	assert_int_equal(file_replace(path, "junk", 4, 0600, NULL), ERR_OK);
	assert_int_equal(file_path(path, folder, "sign.log"), ERR_OK);
	assert_int_equal(file_create(path, "x", 1, 0600, NULL), ERR_OK);
	assert_int_equal(keystore_list(folder, list_one, &l, NULL), ERR_OK);
	assert_string_equal(l.names, "alice+ carol+ zed! ");
	assert_int_equal(l.last, ERR_KEY_DAMAGED);
}

static void a_missing_folder_is_made_for_its_owner_alone(void **state)
{
	char inner[FILE_PATH_BYTES];
	struct stat st;

	(void)state;
	assert_int_equal(file_path(inner, folder, "keys"), ERR_OK);
	assert_int_equal(keystore_create(inner, "n", key, NULL,
					 KEY_COST_INTERACTIVE, NULL),
			 ERR_OK);
	assert_int_equal(stat(inner, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void assert_passphrase(struct passphrase **p, const char *expected)
{
	size_t size;
	const char *bytes = passphrase_bytes(*p, &size);

	assert_int_equal(size, strlen(expected));
	assert_memory_equal(bytes, expected, size);
	passphrase_free(p);
	assert_null(*p);
}

static void a_passphrase_file_gives_its_first_line(void **state)
{
	struct passphrase *p = NULL;
	char path[FILE_PATH_BYTES];
	char big[PASSPHRASE_BYTES_MAX + 1];

	(void)state;
	assert_int_equal(file_path(path, folder, "pass"), ERR_OK);
	assert_int_equal(passphrase_from_file(&p, path, NULL), ERR_NOT_FOUND);
	assert_int_equal(file_replace(path, "first\nsecond", 12, 0600, NULL),
			 ERR_OK);
	assert_int_equal(passphrase_from_file(&p, path, NULL), ERR_OK);
	assert_passphrase(&p, "first");
	assert_int_equal(file_replace(path, "no end", 6, 0600, NULL), ERR_OK);
	assert_int_equal(passphrase_obtain(&p, path, "", false, NULL), ERR_OK);
	assert_passphrase(&p, "no end");
	assert_int_equal(file_replace(path, "\nx", 2, 0600, NULL), ERR_OK);
	assert_int_equal(passphrase_from_file(&p, path, NULL),
			 ERR_KEY_NO_PASSPHRASE);
	memset(big, 'b', sizeof(big));
	assert_int_equal(file_replace(path, big, sizeof(big), 0600, NULL),
			 ERR_OK);
	assert_int_equal(passphrase_from_file(&p, path, NULL),
			 ERR_KEY_NO_PASSPHRASE);
	assert_int_equal(file_replace(path, "open", 4, 0644, NULL), ERR_OK);
	assert_int_equal(passphrase_from_file(&p, path, NULL),
			 ERR_KEY_PERMISSIONS);
}

static void the_environment_gives_a_passphrase_when_no_file_does(void **state)
{
	struct passphrase *p = NULL;

	(void)state;
	assert_int_equal(setenv(PASSPHRASE_ENVIRONMENT, "from env", 1), 0);
	assert_int_equal(passphrase_obtain(&p, NULL, "", false, NULL), ERR_OK);
	assert_passphrase(&p, "from env");
	assert_int_equal(setenv(PASSPHRASE_ENVIRONMENT, "", 1), 0);
	assert_int_equal(passphrase_obtain(&p, NULL, "", false, NULL),
			 ERR_KEY_NO_PASSPHRASE);
	unsetenv(PASSPHRASE_ENVIRONMENT);
}

/* In a child with its own terminal: 0 when the passphrase is "typed it" and
 * the terminal echoes again. */
static int ask_in_child(const char *terminal, bool confirm)
{
	struct passphrase *p = NULL;
	struct termios t;
	int fd;
	size_t size;
	enum err e;

	setsid();
	fd = open(terminal, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0)
		return 10;
	unsetenv(PASSPHRASE_ENVIRONMENT);
	e = passphrase_obtain(&p, NULL, "Passphrase: ", confirm, NULL);
	if (tcgetattr(fd, &t) != 0 || !(t.c_lflag & ECHO) ||
	    !(t.c_lflag & ISIG))
		return 11;
	if (e == ERR_KEY_NO_PASSPHRASE)
		return 12;
	if (e != ERR_OK)
		return 13;
	return strncmp(passphrase_bytes(p, &size), "typed it", 8) == 0 &&
			       size == 8
		       ? 0
		       : 14;
}

/* Wait for `prompt`, then type `line`; what was shown goes into `shown`. */
static void type_at(int master, const char *prompt, const char *line,
		    char *shown, size_t capacity)
{
	size_t used = 0;

	memset(shown, 0, capacity);
	while (!strstr(shown, prompt)) {
		ssize_t n = read(master, shown + used, capacity - 1 - used);

		assert_true(n > 0);
		used += (size_t)n;
	}
	assert_true(write(master, line, strlen(line)) > 0);
}

static int run_on_terminal(const char *first, const char *second, char *shown,
			   size_t capacity)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int status;
	pid_t child;
	ssize_t n;
	char *end;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	child = fork();
	if (child == 0)
		_exit(ask_in_child(ptsname(master), second != NULL));
	type_at(master, "Passphrase: ", first, shown, capacity);
	if (second)
		type_at(master, "Again: ", second, shown, capacity);
	end = shown + strlen(shown);
	n = read(master, end, capacity - 1 - (size_t)(end - shown));
	assert_int_equal(waitpid(child, &status, 0), child);
	if (n > 0)
		end[n] = 0;
	close(master);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void the_terminal_asks_without_echo_and_echoes_afterwards(void **state)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	char shown[512];

	(void)state;
	if (terminal < 0) {
		print_message("reason: no pseudo-terminal can be had here\n");
		skip();
	}
	close(terminal);
	assert_int_equal(run_on_terminal("typed it\n", NULL, shown, 512), 0);
	assert_null(strstr(shown, "typed"));
	assert_int_equal(
		run_on_terminal("typed it\n", "typed it\n", shown, 512), 0);
	assert_int_equal(
		run_on_terminal("typed it\n", "typed at\n", shown, 512), 12);
	assert_int_equal(run_on_terminal("\n", NULL, shown, 512), 12);
	assert_int_equal(run_on_terminal("half\003\n", NULL, shown, 512), 12);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int start(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(an_encrypted_key_opens_with_its_passphrase_only),
		IN_FOLDER(a_key_in_clear_opens_without_and_says_so),
		IN_FOLDER(the_file_of_an_encrypted_key_does_not_hold_its_seed),
		IN_FOLDER(an_encrypted_file_with_any_byte_changed_is_refused),
		IN_FOLDER(a_clear_file_with_any_byte_changed_is_refused),
		IN_FOLDER(a_forged_file_with_a_right_hash_is_refused),
		IN_FOLDER(a_key_that_others_can_read_is_refused),
		IN_FOLDER(an_existing_key_is_never_overwritten),
		IN_FOLDER(an_unknown_key_is_said_to_be_unknown),
		IN_FOLDER(names_that_could_leave_the_folder_are_refused),
		IN_FOLDER(a_passphrase_can_be_changed_set_and_dropped),
		IN_FOLDER(the_list_has_every_key_and_nothing_else),
		IN_FOLDER(a_missing_folder_is_made_for_its_owner_alone),
		IN_FOLDER(a_passphrase_file_gives_its_first_line),
		cmocka_unit_test(
			the_environment_gives_a_passphrase_when_no_file_does),
		cmocka_unit_test(
			the_terminal_asks_without_echo_and_echoes_afterwards),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
