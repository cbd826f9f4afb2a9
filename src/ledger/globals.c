#include "ledger/globals.h"

#include <string.h>

#define VERSION 1u

void globals_init(struct globals *g, const struct hash *genesis,
		  uint64_t time_ms)
{
	struct block_header header;

	memset(g, 0, sizeof(*g));
	block_genesis(&header, &g->last.digest, genesis, time_ms);
	g->last.time_ms = time_ms;
	g->checkpoint_time_ms = time_ms;
	g->checkpoint_block = g->last.digest;
	merkle_init(&g->outcomes);
}

void globals_write(struct writer *w, const struct globals *g)
{
	write_u8(w, VERSION);
	write_u64(w, g->last.height);
	write_u64(w, g->last.view);
	write_u32(w, g->last.epoch);
	write_u64(w, g->last.time_ms);
	write_bytes(w, g->last.digest.b, HASH_BYTES);
	write_u64(w, g->result_count);
	write_u64(w, g->checkpoint_height);
	write_u64(w, g->checkpoint_previous);
	write_u64(w, g->checkpoint_time_ms);
	write_bytes(w, g->checkpoint_block.b, HASH_BYTES);
	write_u32(w, g->checkpoint_epoch);
	write_bytes(w, g->checkpoint_outcome.b, HASH_BYTES);
	write_u32(w, g->fresh_blocks);
	merkle_write(w, &g->outcomes);
}

void globals_read(struct reader *r, struct globals *g)
{
	if (read_u8(r) != VERSION)
		r->bad = true;
	g->last.height = read_u64(r);
	g->last.view = read_u64(r);
	g->last.epoch = read_u32(r);
	g->last.time_ms = read_u64(r);
	read_copy(r, g->last.digest.b, HASH_BYTES);
	g->result_count = read_u64(r);
	g->checkpoint_height = read_u64(r);
	g->checkpoint_previous = read_u64(r);
	g->checkpoint_time_ms = read_u64(r);
	read_copy(r, g->checkpoint_block.b, HASH_BYTES);
	g->checkpoint_epoch = read_u32(r);
	read_copy(r, g->checkpoint_outcome.b, HASH_BYTES);
	g->fresh_blocks = read_u32(r);
	merkle_read(r, &g->outcomes);
	if (g->checkpoint_height > g->last.height)
		r->bad = true;
}

/* SPEC ledger 6. */
static bool is_due(const struct globals *g, const struct network_params *params)
{
	uint64_t age = g->last.time_ms - g->checkpoint_time_ms;

	if (g->fresh_blocks == 0)
		return false;
	return g->fresh_blocks >= params->value[NETWORK_CHECKPOINT_BLOCKS] ||
	       age >= params->value[NETWORK_CHECKPOINT_MS];
}

void globals_advance(struct globals *g, const struct network_params *params,
		     const struct ledger_update *up)
{
	g->last = up->block;
	g->result_count += up->result_count;
	if (up->result_count > 0) {
		struct hash leaf;

		outcome_leaf(&leaf, up->block.height, &up->results_root);
		merkle_add(&g->outcomes, &leaf);
	}
	if (up->result_count > 0 || up->event_count > 0)
		g->fresh_blocks++;
	if (!is_due(g, params))
		return;
	g->checkpoint_previous = g->checkpoint_height;
	g->checkpoint_height = g->last.height;
	g->checkpoint_time_ms = g->last.time_ms;
	g->checkpoint_block = g->last.digest;
	g->checkpoint_epoch = g->last.epoch;
	merkle_root(&g->checkpoint_outcome, &g->outcomes);
	g->fresh_blocks = 0;
	merkle_init(&g->outcomes);
}

void globals_checkpoint(struct checkpoint *out, const struct globals *g)
{
	memset(out, 0, sizeof(*out));
	out->epoch = g->checkpoint_epoch;
	out->height = g->checkpoint_height;
	out->previous = g->checkpoint_previous;
	out->time_ms = g->checkpoint_time_ms;
	out->block = g->checkpoint_block;
	out->outcome_root = g->checkpoint_outcome;
}
