/* The keys and record layouts of governance state.
 *
 * Fixed layouts written with base/bytes, for this folder, and for those who
 * read one record by itself: a query that wants texts, a proof that wants a
 * ballot. doc/spec/governance.md, "Records", states the bytes. */
#ifndef BCAI_GOVERNANCE_RECORDS_H
#define BCAI_GOVERNANCE_RECORDS_H

#include "crypto/sign.h"
#include "governance/actions.h"
#include "governance/edges.h"
#include "governance/proposal.h"

#define GOVERNANCE_KEY_BYTES_MAX 33
/* An account with a version for each of the most votes that may be open, or a
 * proposal's texts or actions. */
#define GOVERNANCE_RECORD_BYTES_MAX ACTIONS_BYTES_MAX

enum governance_record {
	RECORD_ACCOUNT = 'A',	 /* index(4) */
	RECORD_BALLOT = 'B',	 /* number(4) index(4) */
	RECORD_CARRIED = 'C',	 /* number(4) index(4) */
	RECORD_EDGES = 'D',	 /* index(4): delegations of that account */
	RECORD_PARAMS = 'F',	 /* -: before all that depends on them */
	RECORD_GLOBALS = 'G',	 /* - */
	RECORD_PUBLIC_KEY = 'K', /* public key(32) */
	RECORD_PROPOSAL = 'P',	 /* number(4) */
	RECORD_ACT = 'Q',	 /* act(4) */
	RECORD_REASON = 'R',	 /* number(4): why cancelled or vetoed */
	RECORD_SETTINGS = 'S',	 /* - */
	RECORD_VETOES = 'V',	 /* number(4): of that proposal */
	RECORD_WATCH = 'W',	 /* number(4): what detectors keep of a vote */
	RECORD_TEXTS = 'X',	 /* number(4) */
	RECORD_ACTIONS = 'Y',	 /* number(4): when it has any */
	RECORD_ALERT = 'Z',	 /* alert(4) */
};

struct governance_key {
	uint8_t data[GOVERNANCE_KEY_BYTES_MAX];
	size_t size;
};

/* Does the key's first byte name a record of this folder? */
bool governance_owns_key(struct bytes key);

void governance_key_account(struct governance_key *out, uint32_t account);
void governance_key_ballot(struct governance_key *out, uint32_t proposal,
			   uint32_t account);
void governance_key_carried(struct governance_key *out, uint32_t proposal,
			    uint32_t account);
void governance_key_edges(struct governance_key *out, uint32_t account);
/* Of a record that there is once: globals, parameters, settings. */
void governance_key_single(struct governance_key *out,
			   enum governance_record kind);
void governance_key_public_key(struct governance_key *out,
			       const struct public_key *key);
void governance_key_proposal(struct governance_key *out, uint32_t proposal);
void governance_key_reason(struct governance_key *out, uint32_t proposal);
void governance_key_act(struct governance_key *out, uint32_t act);
void governance_key_vetoes(struct governance_key *out, uint32_t proposal);
void governance_key_texts(struct governance_key *out, uint32_t proposal);
void governance_key_actions(struct governance_key *out, uint32_t proposal);
void governance_key_watch(struct governance_key *out, uint32_t proposal);
void governance_key_alert(struct governance_key *out, uint32_t alert);

/* As stored under RECORD_BALLOT. */
struct ballot_record {
	enum choice choice;
	uint8_t changes;   /* how often it was replaced */
	uint32_t position; /* among the proposal's ballots, from 0 */
	uint64_t nonce;	   /* of the transaction that carried it */
	uint64_t height;   /* of the block that holds that */
	uint64_t tokens;   /* what the account had at the snapshot */
	uint64_t reputation;
	struct bytes reason;
};

/* As stored under RECORD_EDGES. */
struct edges_record {
	uint32_t last_serial; /* the youngest edge that ever was */
	uint32_t change_epoch;
	uint32_t changes;
	uint32_t count;
	/* Ascending by serial; principals and links are not set. */
	struct edge edge[EDGES_KEPT_MAX];
};

/* Each: ERR_DATA_DAMAGED when the bytes are not such a record. Lent parts
 * point into `value`. */
enum err ballot_record_read(struct ballot_record *out,
			    struct bytes value) MUST_USE;
/* What a voter carries for others, before any cap. */
enum err carried_record_read(struct power *out, struct bytes value) MUST_USE;
enum err edges_record_read(struct edges_record *out,
			   struct bytes value) MUST_USE;
/* Number and proposer are set; nothing outside the record is checked. */
enum err proposal_record_read(struct proposal *out, uint32_t number,
			      struct bytes value) MUST_USE;
enum err texts_record_read(struct bytes *title, struct bytes *description,
			   struct bytes value) MUST_USE;
enum err reason_record_read(struct bytes *reason, struct bytes value) MUST_USE;

void ballot_record_write(struct writer *w, const struct ballot_record *b);
void carried_record_write(struct writer *w, const struct power *p);
void edges_record_write(struct writer *w, const struct edges_record *e);
/* The part of a record that is a tally; sums beyond the limits are bad. */
void tally_write(struct writer *w, const struct tally *t);
void tally_read(struct reader *r, struct tally *t);

void proposal_record_write(struct writer *w, const struct proposal *p);
void texts_record_write(struct writer *w, struct bytes title,
			struct bytes description);
void reason_record_write(struct writer *w, struct bytes reason);

#endif
