/* What the detectors found, and validators that contradicted themselves. */
#include "admin/values.h"

#include "base/arena.h"
#include "governance/detect_payload.h"
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

/* Cursors from here on are places among the evidence. */
#define EVIDENCE_CURSOR (UINT64_C(1) << 32)
#define EQUIVOCATION	"equivocation"
/* Alerts looked at in one call, when a filter lets few pass. */
#define LOOKS_MAX 20000u

struct query {
	uint32_t kind; /* 0: all */
	bool alerts;
	bool evidence;
	uint32_t proposal; /* 0: all */
	uint64_t from_height;
};

static json_t *accounts_value(const struct governance *g, const struct alert *a)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < a->account_count; i++)
		json_push(list,
			  json_key(&governance_account(g, a->account[i])->key));
	return list;
}

static json_t *alert_value(const struct governance *g, const struct alert *a)
{
	json_t *o = json_object(), *figures = json_object();

	json_put(o, "alert", json_count(a->number));
	json_put(o, "kind", json_word(detector_name(a->kind)));
	json_put(o, "says", json_word(detector_sentence(a->kind)));
	json_put(o, "proposal",
		 a->proposal ? json_count(a->proposal) : json_null());
	json_put(o, "height", json_u64(a->height));
	json_put(o, "time_ms", json_u64(a->time_ms));
	json_put(o, "delayed", json_boolean(a->delayed));
	json_put(o, "accounts", accounts_value(g, a));
	for (size_t i = 0; i < ALERT_FIGURES; i++) {
		const char *name = detector_figure_name(a->kind, i);

		if (*name)
			json_put(figures, name, json_u128(a->figure[i]));
	}
	json_put(o, "figures", figures);
	if (a->kind == DETECT_PAYLOAD)
		json_put(o, "finding",
			 json_word(
				 payload_finding_name((uint32_t)a->figure[1])));
	return o;
}

/* Evidence is no part of the state: every node lists what it holds. */
static json_t *equivocation_value(const struct admin_evidence *e)
{
	json_t *o = json_object(), *accounts = json_array(),
	       *figures = json_object();

	json_put(o, "alert", json_null());
	json_put(o, "kind", json_string(EQUIVOCATION));
	json_put(o, "says", json_string("a validator contradicted itself"));
	json_put(o, "proposal", json_null());
	json_put(o, "height", json_u64(e->height));
	json_put(o, "time_ms", json_null());
	json_put(o, "delayed", json_false());
	json_push(accounts, json_key(&e->signer));
	json_put(o, "accounts", accounts);
	json_put(figures, "epoch", json_u64(e->epoch));
	json_put(figures, "view", json_u64(e->view));
	json_put(o, "figures", figures);
	json_put(o, "evidence", json_hash(&e->id));
	json_put(o, "evidence_kind", json_word(e->kind));
	return o;
}

static enum err take_query(struct rpc_call *call, struct query *q)
{
	const char *kind = call_text(call, "kind");
	uint64_t proposal = call_number(call, "proposal", 0);
	bool only = kind && strcmp(kind, EQUIVOCATION) == 0;

	q->kind = kind && !only ? detector_from_name(kind) : 0;
	if (kind && !only && !q->kind)
		return err_set(&call->text, ERR_RPC_PARAMS,
			       "there is no kind of alert \"%.32s\"", kind);
	if (proposal > governance_proposal_count(call_governance(call)))
		return ERR_UNKNOWN_PROPOSAL;
	q->proposal = (uint32_t)proposal;
	q->from_height = call_number(call, "from_height", 0);
	q->alerts = !only;
	q->evidence = !q->kind && !q->proposal;
	return ERR_OK;
}

/* Newest first; the cursor is the number to go on with. */
static uint64_t list_alerts(const struct governance *g, const struct query *q,
			    json_t *list, uint64_t at, uint32_t limit)
{
	const struct alert *a;

	for (uint32_t looks = 0; looks < LOOKS_MAX; looks++, at--) {
		a = governance_alert(g, (uint32_t)at);
		if (!a || a->height < q->from_height)
			return EVIDENCE_CURSOR;
		if (json_array_size(list) == limit)
			break;
		if ((!q->kind || a->kind == q->kind) &&
		    (!q->proposal || a->proposal == q->proposal))
			json_push(list, alert_value(g, a));
	}
	return at;
}

/* 0 when there is no more. Not in a block yet is newer than any height. */
static uint64_t list_evidence(struct rpc_call *call, const struct query *q,
			      json_t *list, uint64_t at, uint32_t limit)
{
	struct admin_evidence *rows =
		mem_alloc(ADMIN_EVIDENCE_MAX * sizeof(*rows));
	size_t n = call->server->backend->evidence(call->server->ctx, rows,
						   ADMIN_EVIDENCE_MAX);

	if (n > ADMIN_EVIDENCE_MAX)
		n = ADMIN_EVIDENCE_MAX;
	for (; at < n && json_array_size(list) < limit; at++)
		if (rows[at].height == 0 || rows[at].height >= q->from_height)
			json_push(list, equivocation_value(&rows[at]));
	free(rows);
	return at < n ? EVIDENCE_CURSOR + at : 0;
}

enum err rpc_ALERT_LIST_handler(struct rpc_call *call)
{
	const struct governance *g = call_governance(call);
	struct query q = {0};
	uint32_t limit;
	uint64_t at;
	json_t *list;
	enum err e = call_page(call, &limit, &at);

	if (!e)
		e = take_query(call, &q);
	if (e)
		return e;
	list = json_array();
	if (at == 0)
		at = q.alerts ? governance_alert_count(g) : EVIDENCE_CURSOR;
	if (at < EVIDENCE_CURSOR)
		at = list_alerts(g, &q, list, at, limit);
	if (at >= EVIDENCE_CURSOR)
		at = q.evidence ? list_evidence(call, &q, list,
						at - EVIDENCE_CURSOR, limit)
				: 0;
	call->result = json_object();
	json_put(call->result, "alerts", list);
	json_put(call->result, "cursor", at ? json_u64(at) : json_null());
	return ERR_OK;
}
