/* Address records, peers' addresses as people write them, and the text of an
 * address book. */
#include "base/assert.h"
#include "net/book.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash GENESIS = {{1}};

static void try_text(const uint8_t *data, size_t size)
{
	char text[1024], host[ADDRESS_HOST_BYTES], again[NET_ADDRESS_BYTES];
	char address[NET_ADDRESS_BYTES], second[ADDRESS_HOST_BYTES];
	struct public_key key;
	uint16_t port, other;
	enum err e;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (address_split(host, &port, text) == ERR_OK) {
		address_join(again, host, port);
		e = address_split(second, &other, again);
		assert(e == ERR_OK && other == port);
		assert(strcmp(host, second) == 0);
	}
	if (net_address_parse(&key, address, text, NULL) == ERR_OK)
		assert(address[0]);
}

static void try_book(const uint8_t *data, size_t size)
{
	struct public_key self = {{2}};
	struct book book, copy;
	char *text;
	enum err e;

	book_init(&book, &GENESIS, &self);
	e = book_read(&book, (const char *)data, size, 1000, NULL);
	text = book_text(&book);
	if (e == ERR_OK) {
		book_init(&copy, &GENESIS, &self);
		e = book_read(&copy, text, strlen(text), 1000, NULL);
		assert(e == ERR_OK);
		assert(book_count(&copy) <= book_count(&book));
		book_fini(&copy);
	}
	free(text);
	book_fini(&book);
}

static void try_record(const uint8_t *data, size_t size)
{
	struct wire_addresses m;
	struct address_record r;
	struct arena arena;

	wire_arena_init(&arena, size);
	if (wire_decode_addresses(&m, &arena, (struct bytes){data, size},
				  NULL) == ERR_OK) {
		for (size_t i = 0; i < m.count; i++) {
			if (address_from_wire(&r, &m.addresses[i]) == ERR_OK)
				(void)address_verify(&r, &GENESIS);
		}
	}
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] % 3 == 0)
		try_text(data + 1, size - 1);
	else if (data[0] % 3 == 1)
		try_book(data + 1, size - 1);
	else
		try_record(data + 1, size - 1);
	return 0;
}
