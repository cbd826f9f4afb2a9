/* The layout of a key file, integers big-endian:
 *
 *   14  "bcai-gov key\n" and a NUL
 *    1  version, 1
 *    1  form: 1 in clear, 2 sealed
 *   32  public key
 *  form 1:
 *   32  seed
 *  form 2:
 *    4  Argon2id passes
 *    4  Argon2id memory in KiB
 *   16  salt
 *   24  nonce
 *   48  secretbox of the seed
 *  both:
 *   32  H("bcai-gov/key-file/1", all before)
 */
#include "crypto/keystore.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/hash.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_MAGIC	"bcai-gov key\n"
#define KEY_MAGIC_BYTES 14
#define KEY_VERSION	1
#define KEY_SUFFIX	".key"
#define KEY_DOMAIN	"bcai-gov/key-file/1"
#define KEY_FILE_MAX	256u
#define SEALED_BYTES	(SEED_BYTES + crypto_secretbox_MACBYTES)

/* A file may ask for this much, so that a bad one cannot hang or starve us. */
#define PASSES_MAX     16u
#define MEMORY_KIB_MAX (512u * 1024u)

_Static_assert(sizeof(KEY_MAGIC) == KEY_MAGIC_BYTES, "the NUL counts");
_Static_assert(crypto_pwhash_MEMLIMIT_MODERATE / 1024 <= MEMORY_KIB_MAX,
	       "what we write we read");

enum key_form { KEY_FORM_CLEAR = 1, KEY_FORM_SEALED = 2 };

struct key_file {
	enum key_form form;
	struct public_key public_key;
	uint32_t passes;
	uint32_t memory_kib;
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t nonce[crypto_secretbox_NONCEBYTES];
	uint8_t sealed[SEALED_BYTES];
	uint8_t seed[SEED_BYTES]; /* form 1 only */
};

bool keystore_name_valid(const char *name)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t size = strlen(name);

	return size > 0 && size < KEY_NAME_BYTES && name[0] != '.' &&
	       name[0] != '-' && strspn(name, ALLOWED) == size;
}

enum err keystore_path(char out[FILE_PATH_BYTES], const char *dir,
		       const char *name)
{
	int n;

	if (!keystore_name_valid(name))
		return ERR_KEY_NAME;
	n = snprintf(out, FILE_PATH_BYTES, "%s/%s" KEY_SUFFIX, dir, name);
	return n < 0 || n >= FILE_PATH_BYTES ? ERR_IO : ERR_OK;
}

static size_t key_file_encode(uint8_t out[KEY_FILE_MAX],
			      const struct key_file *f)
{
	struct hash sum;
	struct writer w;

	writer_init(&w, out, KEY_FILE_MAX);
	write_bytes(&w, KEY_MAGIC, KEY_MAGIC_BYTES);
	write_u8(&w, KEY_VERSION);
	write_u8(&w, (uint8_t)f->form);
	write_bytes(&w, f->public_key.b, PUBLIC_KEY_BYTES);
	if (f->form == KEY_FORM_CLEAR) {
		write_bytes(&w, f->seed, SEED_BYTES);
	} else {
		write_u32(&w, f->passes);
		write_u32(&w, f->memory_kib);
		write_bytes(&w, f->salt, sizeof(f->salt));
		write_bytes(&w, f->nonce, sizeof(f->nonce));
		write_bytes(&w, f->sealed, sizeof(f->sealed));
	}
	hash_bytes(&sum, KEY_DOMAIN, out, w.size);
	write_bytes(&w, sum.b, HASH_BYTES);
	assert(!w.bad);
	return w.size;
}

static void read_sealed(struct key_file *f, struct reader *r)
{
	f->passes = read_u32(r);
	f->memory_kib = read_u32(r);
	read_copy(r, f->salt, sizeof(f->salt));
	read_copy(r, f->nonce, sizeof(f->nonce));
	read_copy(r, f->sealed, sizeof(f->sealed));
	if (f->passes < 1 || f->passes > PASSES_MAX ||
	    f->memory_kib < crypto_pwhash_MEMLIMIT_MIN / 1024 ||
	    f->memory_kib > MEMORY_KIB_MAX)
		r->bad = true;
}

static enum err key_file_decode(struct key_file *f, const uint8_t *data,
				size_t size)
{
	struct hash sum;
	struct reader r;
	uint8_t form;

	memset(f, 0, sizeof(*f));
	if (size < KEY_MAGIC_BYTES + 2 + HASH_BYTES ||
	    memcmp(data, KEY_MAGIC, KEY_MAGIC_BYTES) != 0)
		return ERR_KEY_DAMAGED;
	size -= HASH_BYTES;
	hash_bytes(&sum, KEY_DOMAIN, data, size);
	if (memcmp(sum.b, data + size, HASH_BYTES) != 0)
		return ERR_KEY_DAMAGED;
	reader_init(&r, data + KEY_MAGIC_BYTES, size - KEY_MAGIC_BYTES);
	if (read_u8(&r) > KEY_VERSION)
		return ERR_DATA_NEWER;
	form = read_u8(&r);
	read_copy(&r, f->public_key.b, PUBLIC_KEY_BYTES);
	if (form == KEY_FORM_CLEAR)
		read_copy(&r, f->seed, SEED_BYTES);
	else if (form == KEY_FORM_SEALED)
		read_sealed(f, &r);
	else
		return ERR_KEY_DAMAGED;
	f->form = form == KEY_FORM_CLEAR ? KEY_FORM_CLEAR : KEY_FORM_SEALED;
	return reader_done(&r) ? ERR_OK : ERR_KEY_DAMAGED;
}

/* The caller wipes *f, whatever the outcome. */
static enum err key_file_load(struct key_file *f, char path[FILE_PATH_BYTES],
			      const char *dir, const char *name,
			      struct err_text *text)
{
	uint8_t *data = NULL;
	size_t size = 0;
	enum err e = keystore_path(path, dir, name);

	memset(f, 0, sizeof(*f));
	if (e != ERR_OK)
		return err_set(text, e, "\"%s\"", name);
	e = file_read_private(&data, &size, path, KEY_FILE_MAX, text);
	if (e == ERR_NOT_FOUND)
		return err_set(text, ERR_KEY_UNKNOWN, "%s", path);
	if (e == ERR_TOO_LARGE)
		return err_set(text, ERR_KEY_DAMAGED, "%s", path);
	if (e != ERR_OK)
		return e;
	e = key_file_decode(f, data, size);
	if (e != ERR_OK)
		err_set(text, e, "%s", path);
	secret_wipe(data, size);
	free(data);
	return e;
}

/* The secretbox key, in guarded memory; NULL when Argon2id had no memory. */
static unsigned char *derive(const struct key_file *f,
			     const struct passphrase *passphrase)
{
	unsigned char *key = sodium_malloc(crypto_secretbox_KEYBYTES);
	size_t size;
	const char *bytes = passphrase_bytes(passphrase, &size);

	assert(key);
	if (crypto_pwhash(key, crypto_secretbox_KEYBYTES, bytes, size, f->salt,
			  f->passes, (size_t)f->memory_kib * 1024,
			  crypto_pwhash_ALG_ARGON2ID13) != 0) {
		sodium_free(key);
		return NULL;
	}
	return key;
}

static enum err unseal(uint8_t seed[SEED_BYTES], const struct key_file *f,
		       const struct passphrase *passphrase)
{
	unsigned char *key;
	int refused;

	if (f->form == KEY_FORM_CLEAR) {
		memcpy(seed, f->seed, SEED_BYTES);
		return ERR_OK;
	}
	if (!passphrase)
		return ERR_KEY_NO_PASSPHRASE;
	key = derive(f, passphrase);
	if (!key)
		return ERR_NO_MEMORY;
	refused = crypto_secretbox_open_easy(seed, f->sealed, SEALED_BYTES,
					     f->nonce, key);
	sodium_free(key);
	return refused ? ERR_KEY_PASSPHRASE : ERR_OK;
}

static enum err seal(struct key_file *f, const struct secret_key *key,
		     const struct passphrase *passphrase, enum key_cost cost)
{
	bool moderate = cost == KEY_COST_MODERATE;
	uint8_t *seed;
	unsigned char *box_key;

	memset(f, 0, sizeof(*f));
	f->public_key = *secret_key_public(key);
	if (!passphrase) {
		f->form = KEY_FORM_CLEAR;
		secret_key_seed(key, f->seed);
		return ERR_OK;
	}
	f->form = KEY_FORM_SEALED;
	f->passes = moderate ? crypto_pwhash_OPSLIMIT_MODERATE
			     : crypto_pwhash_OPSLIMIT_INTERACTIVE;
	f->memory_kib = (moderate ? crypto_pwhash_MEMLIMIT_MODERATE
				  : crypto_pwhash_MEMLIMIT_INTERACTIVE) /
			1024;
	randombytes_buf(f->salt, sizeof(f->salt));
	randombytes_buf(f->nonce, sizeof(f->nonce));
	box_key = derive(f, passphrase);
	if (!box_key)
		return ERR_NO_MEMORY;
	seed = sodium_malloc(SEED_BYTES);
	assert(seed);
	secret_key_seed(key, seed);
	crypto_secretbox_easy(f->sealed, seed, SEED_BYTES, f->nonce, box_key);
	sodium_free(seed);
	sodium_free(box_key);
	return ERR_OK;
}

enum err keystore_create(const char *dir, const char *name,
			 const struct secret_key *key,
			 const struct passphrase *passphrase,
			 enum key_cost cost, struct err_text *text)
{
	uint8_t data[KEY_FILE_MAX];
	char path[FILE_PATH_BYTES];
	struct key_file f;
	enum err e = keystore_path(path, dir, name);

	if (e != ERR_OK)
		return err_set(text, e, "\"%s\"", name);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return file_fail(text, errno, "make folder", dir);
	e = seal(&f, key, passphrase, cost);
	if (e == ERR_OK) {
		size_t size = key_file_encode(data, &f);

		e = file_create(path, data, size, 0600, text);
		secret_wipe(data, sizeof(data));
	}
	if (e == ERR_FILE_EXISTS)
		e = err_set(text, ERR_KEY_EXISTS, "%s", path);
	secret_wipe(&f, sizeof(f));
	return e;
}

/* Open what was loaded; the public key in clear must be the seed's own. */
static enum err key_from_file(struct secret_key **out, const struct key_file *f,
			      const struct passphrase *passphrase,
			      const char *path, struct err_text *text)
{
	uint8_t *seed = sodium_malloc(SEED_BYTES);
	enum err e;

	assert(seed);
	e = unseal(seed, f, passphrase);
	if (e == ERR_OK) {
		*out = secret_key_from_seed(seed);
		if (!public_key_equal(secret_key_public(*out),
				      &f->public_key)) {
			secret_key_free(out);
			e = ERR_KEY_DAMAGED;
		}
	}
	sodium_free(seed);
	return e == ERR_OK ? e : err_set(text, e, "%s", path);
}

enum err keystore_open(struct secret_key **out, const char *dir,
		       const char *name, const struct passphrase *passphrase,
		       struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	struct key_file f;
	enum err e = key_file_load(&f, path, dir, name, text);

	*out = NULL;
	if (e == ERR_OK)
		e = key_from_file(out, &f, passphrase, path, text);
	secret_wipe(&f, sizeof(f));
	return e;
}

enum err keystore_info(struct key_info *out, const char *dir, const char *name,
		       struct err_text *text)
{
	char path[FILE_PATH_BYTES];
	struct key_file f;
	enum err e = key_file_load(&f, path, dir, name, text);

	memset(out, 0, sizeof(*out));
	if (e != ERR_KEY_NAME)
		strcpy(out->name, name);
	if (e == ERR_OK) {
		out->public_key = f.public_key;
		out->encrypted = f.form == KEY_FORM_SEALED;
	}
	secret_wipe(&f, sizeof(f));
	return e;
}

/* The key's name of a file's name; false for a file that is no key. */
static bool name_of_file(char out[KEY_NAME_BYTES], const char *file)
{
	size_t suffix = strlen(KEY_SUFFIX);
	size_t size = strlen(file);

	if (size <= suffix || size - suffix >= KEY_NAME_BYTES ||
	    strcmp(file + size - suffix, KEY_SUFFIX) != 0)
		return false;
	memcpy(out, file, size - suffix);
	out[size - suffix] = 0;
	return keystore_name_valid(out);
}

static int is_key_file(const struct dirent *entry)
{
	char name[KEY_NAME_BYTES];

	return name_of_file(name, entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum err keystore_list(const char *dir,
		       void (*visit)(void *context, enum err outcome,
				     const struct key_info *info),
		       void *context, struct err_text *text)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, is_key_file, by_name);

	if (count < 0 && errno == ENOENT)
		return ERR_OK;
	if (count < 0)
		return file_fail(text, errno, "read folder", dir);
	for (int i = 0; i < count; i++) {
		char name[KEY_NAME_BYTES];
		struct key_info info;

		if (name_of_file(name, entries[i]->d_name)) {
			enum err e = keystore_info(&info, dir, name, NULL);

			visit(context, e, &info);
		}
		free(entries[i]);
	}
	free(entries);
	return ERR_OK;
}

enum err keystore_passwd(const char *dir, const char *name,
			 const struct passphrase *old_passphrase,
			 const struct passphrase *new_passphrase,
			 enum key_cost cost, struct err_text *text)
{
	uint8_t data[KEY_FILE_MAX];
	char path[FILE_PATH_BYTES];
	struct secret_key *key = NULL;
	struct key_file f;
	enum err e = keystore_open(&key, dir, name, old_passphrase, text);

	if (e != ERR_OK)
		return e;
	e = keystore_path(path, dir, name);
	if (e == ERR_OK)
		e = seal(&f, key, new_passphrase, cost);
	if (e == ERR_OK) {
		size_t size = key_file_encode(data, &f);

		e = file_replace(path, data, size, 0600, text);
		secret_wipe(data, sizeof(data));
	}
	secret_wipe(&f, sizeof(f));
	secret_key_free(&key);
	return e;
}
