#include "crypto/passphrase.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/files.h"
#include "crypto/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CONTROL_C 3

struct passphrase {
	size_t size;
	char *guarded; /* PASSPHRASE_BYTES_MAX, sodium_malloc */
};

static struct passphrase *passphrase_new(void)
{
	struct passphrase *p = mem_alloc(sizeof(*p));

	p->guarded = sodium_malloc(PASSPHRASE_BYTES_MAX);
	assert(p->guarded);
	return p;
}

void passphrase_free(struct passphrase **passphrase)
{
	if (!*passphrase)
		return;
	sodium_free((*passphrase)->guarded);
	free(*passphrase);
	*passphrase = NULL;
}

const char *passphrase_bytes(const struct passphrase *passphrase, size_t *size)
{
	*size = passphrase->size;
	return passphrase->guarded;
}

enum err passphrase_from_bytes(struct passphrase **out, const void *bytes,
			       size_t size)
{
	if (size == 0 || size > PASSPHRASE_BYTES_MAX)
		return ERR_KEY_NO_PASSPHRASE;
	*out = passphrase_new();
	memcpy((*out)->guarded, bytes, size);
	(*out)->size = size;
	return ERR_OK;
}

enum err passphrase_from_file(struct passphrase **out, const char *path,
			      struct err_text *text)
{
	uint8_t *data;
	size_t size;
	uint8_t *end;
	enum err e = file_read_private(&data, &size, path,
				       2 * PASSPHRASE_BYTES_MAX, text);

	if (e == ERR_TOO_LARGE)
		return ERR_KEY_NO_PASSPHRASE;
	if (e != ERR_OK)
		return e;
	end = memchr(data, '\n', size);
	e = passphrase_from_bytes(out, data, end ? (size_t)(end - data) : size);
	if (e != ERR_OK)
		err_set(text, e, "the first line of %s is empty or too long",
			path);
	secret_wipe(data, size);
	free(data);
	return e;
}

/* One line into `p`, its end dropped. Ctrl-C and a closed terminal give up. */
static enum err read_line(struct passphrase *p, int fd)
{
	p->size = 0;
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == CONTROL_C)
			return ERR_KEY_NO_PASSPHRASE;
		if (c == '\n')
			return p->size > 0 ? ERR_OK : ERR_KEY_NO_PASSPHRASE;
		if (p->size == PASSPHRASE_BYTES_MAX)
			return ERR_KEY_NO_PASSPHRASE;
		p->guarded[p->size++] = c;
	}
}

static enum err ask_once(struct passphrase *p, int fd, const char *prompt)
{
	struct termios was, silent;
	enum err e;

	if (tcgetattr(fd, &was) != 0)
		return ERR_KEY_NO_PASSPHRASE;
	silent = was;
	/* Signals off, too: a Ctrl-C must not leave the terminal silent. */
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	silent.c_lflag |= ICANON;
	if (tcsetattr(fd, TCSAFLUSH, &silent) != 0)
		return ERR_KEY_NO_PASSPHRASE;
	e = file_write_all(fd, prompt, strlen(prompt)) ? read_line(p, fd)
						       : ERR_KEY_NO_PASSPHRASE;
	if (!file_write_all(fd, "\n", 1))
		e = ERR_KEY_NO_PASSPHRASE;
	tcsetattr(fd, TCSAFLUSH, &was);
	return e;
}

static enum err ask_again(const struct passphrase *first, int fd,
			  struct err_text *text)
{
	struct passphrase *second = passphrase_new();
	enum err e = ask_once(second, fd, "Again: ");

	if (e == ERR_OK &&
	    (first->size != second->size ||
	     !secret_equal(first->guarded, second->guarded, first->size)))
		e = err_set(text, ERR_KEY_NO_PASSPHRASE,
			    "the two passphrases differ");
	passphrase_free(&second);
	return e;
}

static enum err ask_terminal(struct passphrase **out, const char *prompt,
			     bool confirm, struct err_text *text)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct passphrase *p;
	enum err e;

	if (fd < 0)
		return err_set(text, ERR_KEY_NO_PASSPHRASE,
			       "there is no terminal to ask on");
	p = passphrase_new();
	err_set(text, ERR_OK, "none was entered");
	e = ask_once(p, fd, prompt);
	if (e == ERR_OK && confirm)
		e = ask_again(p, fd, text);
	close(fd);
	if (e == ERR_OK)
		*out = p;
	else
		passphrase_free(&p);
	return e;
}

enum err passphrase_obtain(struct passphrase **out, const char *file,
			   const char *prompt, bool confirm,
			   struct err_text *text)
{
	const char *variable;

	if (file)
		return passphrase_from_file(out, file, text);
	variable = getenv(PASSPHRASE_ENVIRONMENT);
	if (!variable)
		return ask_terminal(out, prompt, confirm, text);
	if (passphrase_from_bytes(out, variable, strlen(variable)) != ERR_OK)
		return err_set(text, ERR_KEY_NO_PASSPHRASE,
			       PASSPHRASE_ENVIRONMENT " is empty or too long");
	return ERR_OK;
}
