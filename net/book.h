/* The address book: who may be dialled where, and who is banned.
 *
 * Records come from strangers, so the book is bounded and whoever tells us
 * many can only displace its own: each source hashes, with a secret salt,
 * into one of BOOK_BUCKETS buckets of BOOK_BUCKET_ENTRIES. Pinned entries
 * (validators, configured peers, bans) are outside the buckets and stay.
 * Kept on disk as JSON; this module makes and reads the text. */
#ifndef BCAI_NET_BOOK_H
#define BCAI_NET_BOOK_H

#include "net/address.h"

#include <uthash.h>

#define BOOK_BUCKETS	    64u
#define BOOK_BUCKET_ENTRIES 16u
#define BOOK_BANS_MAX	    1024u
#define BOOK_TEXT_BYTES_MAX (16u * 1024u * 1024u)

struct book_entry {
	struct address_record record; /* signed by the peer; host "" if none */
	char configured_host[ADDRESS_HOST_BYTES]; /* by the operator, or "" */
	uint16_t configured_port;
	bool pinned;		  /* a validator */
	uint64_t banned_until_ms; /* 0: not banned */
	uint64_t seen_ms;	  /* last HELLO; 0: never */
	struct public_key source; /* who told us the record */
	unsigned bucket;	  /* of the source */
	uint32_t failures;	  /* dials in vain since seen; not on disk */
	uint64_t tried_ms;	  /* monotonic; not on disk */
	UT_hash_handle hh;
};

struct book {
	struct book_entry *entries; /* Owned; a uthash by record.key. */
	struct hash genesis;
	struct public_key self; /* never an entry */
	struct hash salt;
	bool changed; /* since the last book_text() */
};

void book_init(struct book *b, const struct hash *genesis,
	       const struct public_key *self);
void book_fini(struct book *b);

enum book_learnt {
	BOOK_NEWER,   /* taken; tell others */
	BOOK_NOTHING, /* as old as what we have, or older */
	BOOK_REFUSED, /* bad signature, from the future, or no room */
};

/* A signed record told by `source`. The signature is checked last, and only
 * when the record would be taken. */
enum book_learnt book_learn(struct book *b, const struct address_record *r,
			    const struct public_key *source, uint64_t now_ms);
/* An address given by the operator: it goes before what the peer says of
 * itself, unless dials to it fail. */
void book_configure(struct book *b, const struct public_key *key,
		    const char *host, uint16_t port);
void book_pin(struct book *b, const struct public_key *key, bool pinned);
void book_seen(struct book *b, const struct public_key *key, uint64_t now_ms);
/* 0 lifts it. When there are too many the one that ends first goes. */
void book_ban(struct book *b, const struct public_key *key, uint64_t until_ms);
bool book_is_banned(const struct book *b, const struct public_key *key,
		    uint64_t now_ms);
/* Forget the address; a pin or ban stays. False when there was none. */
bool book_remove(struct book *b, const struct public_key *key);

/* Where to dial next: what the operator said, and in turns with it what the
 * peer said once dials fail. False when there is no address. */
bool book_address(const struct book_entry *e, char host[ADDRESS_HOST_BYTES],
		  uint16_t *port);

/* Borrowed until the next change; NULL when it is not there. */
struct book_entry *book_find(const struct book *b,
			     const struct public_key *key);
uint32_t book_count(const struct book *b);

/* The whole as JSON; the caller's, to free(). Clears `changed`. */
char *book_text(struct book *b);
/* Add what a text holds; records are verified again, those of another network
 * skipped. ERR_DATA_DAMAGED when it is no book; the entries read so far stay.
 */
enum err book_read(struct book *b, const char *text, size_t size,
		   uint64_t now_ms, struct err_text *why) MUST_USE;

#endif
