/* What the tests of the transaction codec share: a key, a network, arenas,
 * and ways to a SignedTx that skip our own encoder. */
#ifndef BCAI_TESTS_CODEC_FIXTURE_H
#define BCAI_TESTS_CODEC_FIXTURE_H

#include "proto/codec_tx.h"
#include "proto/tx.pb-c.h"

extern struct hash GENESIS;
extern struct secret_key *alice;
extern struct arena arena;   /* what decode() fills */
extern struct arena scratch; /* what lives as long as the test */

int codec_set_up(void **state);
int codec_tear_down(void **state);

struct bytes text(const char *s);
struct bytes filled(size_t size, char c);
/* Signed by alice, nonce 5. */
struct bytes sign(const struct payload *payload);
/* Wrap any bytes as a body, with a valid signature. */
struct bytes seal(struct bytes body);
/* A body of this payload, whether or not our checks would let it out. */
struct bytes loose(Bcai__Tx__TxBody *pb);
enum err decode(struct tx *out, struct bytes raw);

#endif
