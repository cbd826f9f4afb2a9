#include "proto/codec_tx.h"

#include "base/assert.h"
#include "governance/prose.h"
#include "proto/codec_action.h"

#include <string.h>

/* What one message may unfold into, out of an arena that serves many. */
struct budget {
	struct arena *arena;
	size_t left;
	bool starved; /* the arena, not the budget, said no */
};

static void *budget_alloc(void *context, size_t size)
{
	struct budget *b = context;
	void *piece;

	if (size > b->left)
		return NULL;
	b->left -= size;
	piece = arena_alloc(b->arena, size);
	b->starved = b->starved || !piece;
	return piece;
}

static void budget_free(void *context, void *piece)
{
	(void)context;
	(void)piece;
}

static enum err check_title(struct bytes title, struct err_text *text)
{
	if (title.size > LIMIT_TITLE_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "title: %zu bytes, at most %u", title.size,
			       LIMIT_TITLE_BYTES);
	if (title.size == 0)
		return err_set(text, ERR_MALFORMED, "title: empty");
	if (!prose_is_line(title))
		return err_set(text, ERR_MALFORMED,
			       "title: not one line of UTF-8 text");
	return ERR_OK;
}

static enum err check_texts(struct bytes title, struct bytes description,
			    struct err_text *text)
{
	enum err err = check_title(title, text);

	if (err)
		return err;
	if (description.size > LIMIT_DESCRIPTION_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "description: %zu bytes, at most %u",
			       description.size, LIMIT_DESCRIPTION_BYTES);
	if (!prose_is_text(description))
		return err_set(text, ERR_MALFORMED,
			       "description: not UTF-8 text");
	return ERR_OK;
}

static enum err check_contents(struct bytes title, struct bytes description,
			       const struct action_list *actions,
			       struct err_text *text)
{
	enum err err = check_texts(title, description, text);

	return err ? err : actions_check_form(actions, text);
}

static enum err check_reason(struct bytes reason, struct err_text *text)
{
	if (reason.size > LIMIT_REASON_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "reason: %zu bytes, at most %u", reason.size,
			       LIMIT_REASON_BYTES);
	if (!prose_is_text(reason))
		return err_set(text, ERR_MALFORMED, "reason: not UTF-8 text");
	return ERR_OK;
}

static enum err check_ballots(const struct payload_vote *vote,
			      struct err_text *text)
{
	if (vote->count == 0)
		return err_set(text, ERR_MALFORMED, "vote: no ballot");
	if (vote->count > LIMIT_TX_BALLOTS)
		return err_set(text, ERR_TOO_LARGE,
			       "vote: %u ballots, at most %u", vote->count,
			       LIMIT_TX_BALLOTS);
	for (uint32_t i = 0; i < vote->count; i++) {
		enum err err;

		if (!choice_name(vote->ballots[i].choice))
			return err_set(text, ERR_MALFORMED,
				       "ballot %u: choice %u is none", i,
				       vote->ballots[i].choice);
		err = check_reason(vote->ballots[i].reason, text);
		if (err)
			return err;
	}
	return ERR_OK;
}

static enum err check_delegate(const struct payload_delegate *d,
			       struct err_text *text)
{
	bool conditional = d->kind == DELEGATION_CONDITIONAL;
	bool limited = d->kind == DELEGATION_LIMITED;

	if (!delegation_kind_name(d->kind))
		return err_set(text, ERR_MALFORMED, "delegate: kind %u is none",
			       d->kind);
	if (!d->has_target && !conditional)
		return err_set(text, ERR_MALFORMED, "delegate: to nobody");
	if (d->types > DELEGATION_TYPES_ALL || (d->types != 0) != conditional)
		return err_set(text, ERR_MALFORMED,
			       "delegate: types go with a conditional one");
	if ((d->amount != 0) != limited)
		return err_set(text, ERR_MALFORMED,
			       "delegate: an amount goes with a limited one");
	return ERR_OK;
}

static enum err check_undelegate(const struct payload_undelegate *u,
				 struct err_text *text)
{
	if (u->count > LIMIT_DELEGATIONS)
		return err_set(text, ERR_TOO_LARGE,
			       "undelegate: %u serials, at most %u", u->count,
			       LIMIT_DELEGATIONS);
	for (uint32_t i = 1; i < u->count; i++)
		if (u->serials[i] <= u->serials[i - 1])
			return err_set(text, ERR_MALFORMED,
				       "undelegate: serials do not ascend");
	return ERR_OK;
}

static enum err check_transfer(const struct payload_transfer *t,
			       struct err_text *text)
{
	if (t->amount == 0)
		return err_set(text, ERR_MALFORMED, "transfer: of nothing");
	return ERR_OK;
}

/* Who stops what others decided says why. */
static enum err check_veto(const struct payload_veto *v, struct err_text *text)
{
	if (v->reason.size == 0)
		return err_set(text, ERR_MALFORMED, "veto: without a reason");
	return check_reason(v->reason, text);
}

static enum err check_some(const struct action_list *actions, const char *what,
			   struct err_text *text)
{
	if (actions->count == 0)
		return err_set(text, ERR_MALFORMED, "council act: without %s",
			       what);
	return actions_check_form(actions, text);
}

static enum err check_council_act(const struct payload_council_act *act,
				  struct err_text *text)
{
	enum err err = check_title(act->title, text);

	if (!err)
		err = check_some(&act->actions, "an action", text);
	return err ? err : check_some(&act->revert, "what takes it back", text);
}

enum err codec_tx_check_payload(const struct payload *payload,
				struct err_text *text)
{
	switch (payload->kind) {
	case PAYLOAD_SUBMIT:
		if (!proposal_type_name(payload->submit.type))
			return err_set(text, ERR_MALFORMED,
				       "submit: type %u is none",
				       payload->submit.type);
		return check_contents(payload->submit.title,
				      payload->submit.description,
				      &payload->submit.actions, text);
	case PAYLOAD_PUBLISH:
		return ERR_OK;
	case PAYLOAD_AMEND:
		return check_contents(payload->amend.title,
				      payload->amend.description,
				      &payload->amend.actions, text);
	case PAYLOAD_CANCEL:
		return check_reason(payload->cancel.reason, text);
	case PAYLOAD_VOTE:
		return check_ballots(&payload->vote, text);
	case PAYLOAD_DELEGATE:
		return check_delegate(&payload->delegate, text);
	case PAYLOAD_UNDELEGATE:
		return check_undelegate(&payload->undelegate, text);
	case PAYLOAD_TRANSFER:
		return check_transfer(&payload->transfer, text);
	case PAYLOAD_VETO:
		return check_veto(&payload->veto, text);
	case PAYLOAD_COUNCIL_ACT:
		return check_council_act(&payload->council_act, text);
	case PAYLOAD_COUNCIL_APPROVE:
		return ERR_OK;
	}
	return err_set(text, ERR_MALFORMED, "body: no payload");
}

/* From protobuf to our structs. */

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool is_known(const ProtobufCMessage *message)
{
	return message->n_unknown_fields == 0;
}

static enum err take_ballots(struct payload *out, struct budget *b,
			     const Bcai__Tx__Vote *pb)
{
	struct ballot *ballots;

	if (pb->n_ballots > LIMIT_TX_BALLOTS)
		return ERR_TOO_LARGE;
	ballots = arena_alloc(b->arena, pb->n_ballots * sizeof(*ballots));
	if (!ballots)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < pb->n_ballots; i++) {
		const Bcai__Tx__Ballot *ballot = pb->ballots[i];

		if (!is_known(&ballot->base))
			return ERR_MALFORMED;
		ballots[i].proposal = ballot->proposal;
		ballots[i].choice = ballot->choice;
		ballots[i].reason = bytes_of(ballot->reason);
	}
	out->vote.ballots = ballots;
	out->vote.count = (uint32_t)pb->n_ballots;
	return ERR_OK;
}

static bool take_key(struct public_key *out, ProtobufCBinaryData data)
{
	if (data.len != PUBLIC_KEY_BYTES)
		return false;
	memcpy(out->b, data.data, PUBLIC_KEY_BYTES);
	return true;
}

/* Ascending, so that a set of types has one encoding. */
static enum err take_delegate(struct payload_delegate *out,
			      const Bcai__Tx__Delegate *pb)
{
	uint32_t last = 0;

	*out = (struct payload_delegate){
		.kind = pb->kind,
		.has_target = pb->target.len > 0,
		.amount = pb->amount,
		.expires_ms = pb->expires_ms,
	};
	if (out->has_target && !take_key(&out->target, pb->target))
		return ERR_MALFORMED;
	for (size_t i = 0; i < pb->n_types; i++) {
		if (pb->types[i] <= last || pb->types[i] > PROPOSAL_TYPES)
			return ERR_MALFORMED;
		last = pb->types[i];
		out->types |= 1u << (last - 1);
	}
	return ERR_OK;
}

static enum err take_undelegate(struct payload_undelegate *out,
				const Bcai__Tx__Undelegate *pb)
{
	if (pb->n_serials > LIMIT_DELEGATIONS)
		return ERR_TOO_LARGE;
	out->serials = pb->serials; /* in the arena, as all that was unpacked */
	out->count = (uint32_t)pb->n_serials;
	return ERR_OK;
}

static enum err take_transfer(struct payload_transfer *out,
			      const Bcai__Tx__Transfer *pb)
{
	out->amount = pb->amount;
	return take_key(&out->to, pb->to) ? ERR_OK : ERR_MALFORMED;
}

static enum err take_council_act(struct payload_council_act *out,
				 struct arena *arena,
				 const Bcai__Tx__CouncilAct *pb)
{
	enum err err = codec_take_actions(&out->actions, arena, pb->actions,
					  pb->n_actions);

	out->title = bytes_of(pb->title);
	return err ? err
		   : codec_take_actions(&out->revert, arena, pb->revert,
					pb->n_revert);
}

static enum err take_payload(struct payload *out, struct budget *b,
			     const Bcai__Tx__TxBody *pb)
{
	const ProtobufCMessage *part = NULL;
	enum err err = ERR_OK;

	switch (pb->payload_case) {
	case BCAI__TX__TX_BODY__PAYLOAD_SUBMIT:
		part = &pb->submit->base;
		out->submit.type = pb->submit->type;
		out->submit.draft = pb->submit->draft != 0;
		out->submit.title = bytes_of(pb->submit->title);
		out->submit.description = bytes_of(pb->submit->description);
		err = codec_take_actions(&out->submit.actions, b->arena,
					 pb->submit->actions,
					 pb->submit->n_actions);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_PUBLISH:
		part = &pb->publish->base;
		out->publish.proposal = pb->publish->proposal;
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_AMEND:
		part = &pb->amend->base;
		out->amend.proposal = pb->amend->proposal;
		out->amend.title = bytes_of(pb->amend->title);
		out->amend.description = bytes_of(pb->amend->description);
		err = codec_take_actions(&out->amend.actions, b->arena,
					 pb->amend->actions,
					 pb->amend->n_actions);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_CANCEL:
		part = &pb->cancel->base;
		out->cancel.proposal = pb->cancel->proposal;
		out->cancel.reason = bytes_of(pb->cancel->reason);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_VOTE:
		part = &pb->vote->base;
		err = take_ballots(out, b, pb->vote);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_DELEGATE:
		part = &pb->delegate->base;
		err = take_delegate(&out->delegate, pb->delegate);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_UNDELEGATE:
		part = &pb->undelegate->base;
		err = take_undelegate(&out->undelegate, pb->undelegate);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_TRANSFER:
		part = &pb->transfer->base;
		err = take_transfer(&out->transfer, pb->transfer);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_VETO:
		part = &pb->veto->base;
		out->veto.proposal = pb->veto->proposal;
		out->veto.reason = bytes_of(pb->veto->reason);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_COUNCIL_ACT:
		part = &pb->council_act->base;
		err = take_council_act(&out->council_act, b->arena,
				       pb->council_act);
		break;
	case BCAI__TX__TX_BODY__PAYLOAD_COUNCIL_APPROVE:
		part = &pb->council_approve->base;
		out->council_approve.act = pb->council_approve->act;
		break;
	case BCAI__TX__TX_BODY__PAYLOAD__NOT_SET:
	case _BCAI__TX__TX_BODY__PAYLOAD__CASE_IS_INT_SIZE:
		return ERR_MALFORMED;
	}
	out->kind = (enum payload_kind)pb->payload_case;
	if (!err && !is_known(part))
		err = ERR_MALFORMED;
	return err;
}

/* Compares what is written to it with what was read. */
struct compare {
	ProtobufCBuffer base;
	struct bytes want;
	size_t offset;
	bool differs;
};

static void compare_append(ProtobufCBuffer *base, size_t size,
			   const uint8_t *data)
{
	struct compare *c = (struct compare *)(void *)base;

	if (c->differs || size > c->want.size - c->offset ||
	    memcmp(c->want.data + c->offset, data, size) != 0)
		c->differs = true;
	else
		c->offset += size;
}

/* SPEC transactions 3. */
static bool is_canonical(const Bcai__Tx__TxBody *pb, struct bytes body)
{
	struct compare c = {
		.base = {.append = compare_append},
		.want = body,
	};

	protobuf_c_message_pack_to_buffer(&pb->base, &c.base);
	return !c.differs && c.offset == body.size;
}

static enum err decode_body(struct tx *out, struct arena *arena,
			    struct err_text *text)
{
	struct budget budget = {arena, LIMIT_DECODE_BYTES, false};
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
	Bcai__Tx__TxBody *pb = bcai__tx__tx_body__unpack(
		&allocator, out->body.size, out->body.data);
	enum err err;

	if (budget.starved)
		return err_set(text, ERR_NO_MEMORY, "transaction: no room");
	if (!pb || !is_known(&pb->base))
		return err_set(text, ERR_MALFORMED,
			       "body: not a TxBody, or it has unknown fields");
	if (pb->account.len != PUBLIC_KEY_BYTES)
		return err_set(text, ERR_MALFORMED,
			       "account: %zu bytes instead of 32",
			       pb->account.len);
	memcpy(out->account.b, pb->account.data, PUBLIC_KEY_BYTES);
	out->nonce = pb->nonce;
	out->valid_until_ms = pb->valid_until_ms;
	err = take_payload(&out->payload, &budget, pb);
	if (err)
		return err_set(text, err,
			       "payload: missing, too long a list, a field of "
			       "a wrong size, or unknown fields");
	if (!is_canonical(pb, out->body))
		return err_set(text, ERR_MALFORMED,
			       "body: not in the one encoding it has");
	return codec_tx_check_payload(&out->payload, text);
}

enum err codec_tx_decode(struct tx *out, struct arena *arena,
			 const struct hash *genesis, struct bytes raw,
			 struct err_text *text)
{
	enum err err = tx_split(&out->body, &out->signature, raw, text);

	if (err)
		return err;
	out->raw = raw;
	err = decode_body(out, arena, text);
	if (err)
		return err;
	tx_compute_id(&out->id, genesis, out->body);
	return ERR_OK;
}

/* From our structs to protobuf. */

/* The messages a body can need, so that none of them is allocated alone. */
struct parts {
	Bcai__Tx__TxBody body;
	union {
		Bcai__Tx__ProposalSubmit submit;
		Bcai__Tx__ProposalPublish publish;
		Bcai__Tx__ProposalAmend amend;
		Bcai__Tx__ProposalCancel cancel;
		Bcai__Tx__Vote vote;
		Bcai__Tx__Delegate delegate;
		Bcai__Tx__Undelegate undelegate;
		Bcai__Tx__Transfer transfer;
		Bcai__Tx__ProposalVeto veto;
		Bcai__Tx__CouncilAct council_act;
		Bcai__Tx__CouncilApprove council_approve;
	};
	uint32_t types[PROPOSAL_TYPES];
};

static bool give_submit(struct parts *p, struct arena *arena,
			const struct payload_submit *submit)
{
	bcai__tx__proposal_submit__init(&p->submit);
	p->submit.type = submit->type;
	p->submit.draft = submit->draft;
	p->submit.title = codec_string(arena, submit->title);
	p->submit.description = codec_string(arena, submit->description);
	p->submit.n_actions = submit->actions.count;
	p->submit.actions = codec_give_actions(arena, &submit->actions);
	p->body.submit = &p->submit;
	return p->submit.title && p->submit.description && p->submit.actions;
}

static bool give_amend(struct parts *p, struct arena *arena,
		       const struct payload_amend *amend)
{
	bcai__tx__proposal_amend__init(&p->amend);
	p->amend.proposal = amend->proposal;
	p->amend.title = codec_string(arena, amend->title);
	p->amend.description = codec_string(arena, amend->description);
	p->amend.n_actions = amend->actions.count;
	p->amend.actions = codec_give_actions(arena, &amend->actions);
	p->body.amend = &p->amend;
	return p->amend.title && p->amend.description && p->amend.actions;
}

static bool give_vote(struct parts *p, struct arena *arena,
		      const struct payload_vote *vote)
{
	Bcai__Tx__Ballot *ballots;

	bcai__tx__vote__init(&p->vote);
	p->vote.n_ballots = vote->count;
	p->vote.ballots =
		arena_alloc(arena, vote->count * sizeof(*p->vote.ballots));
	ballots = arena_alloc(arena, vote->count * sizeof(*ballots));
	if (!p->vote.ballots || !ballots)
		return false;
	for (uint32_t i = 0; i < vote->count; i++) {
		bcai__tx__ballot__init(&ballots[i]);
		ballots[i].proposal = vote->ballots[i].proposal;
		ballots[i].choice = vote->ballots[i].choice;
		ballots[i].reason =
			codec_string(arena, vote->ballots[i].reason);
		if (!ballots[i].reason)
			return false;
		p->vote.ballots[i] = &ballots[i];
	}
	p->body.vote = &p->vote;
	return true;
}

/* Lent for packing only. */
static ProtobufCBinaryData data_of(const struct public_key *key)
{
	return (ProtobufCBinaryData){PUBLIC_KEY_BYTES,
				     (uint8_t *)(uintptr_t)key->b};
}

static void give_delegate(struct parts *p, const struct payload_delegate *d)
{
	bcai__tx__delegate__init(&p->delegate);
	p->delegate.kind = d->kind;
	if (d->has_target)
		p->delegate.target = data_of(&d->target);
	p->delegate.types = p->types;
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++)
		if (d->types & 1u << (t - 1))
			p->types[p->delegate.n_types++] = t;
	p->delegate.amount = d->amount;
	p->delegate.expires_ms = d->expires_ms;
	p->body.delegate = &p->delegate;
}

static bool give_council_act(struct parts *p, struct arena *arena,
			     const struct payload_council_act *act)
{
	Bcai__Tx__CouncilAct *pb = &p->council_act;

	bcai__tx__council_act__init(pb);
	pb->title = codec_string(arena, act->title);
	pb->n_actions = act->actions.count;
	pb->actions = codec_give_actions(arena, &act->actions);
	pb->n_revert = act->revert.count;
	pb->revert = codec_give_actions(arena, &act->revert);
	p->body.council_act = pb;
	return pb->title && pb->actions && pb->revert;
}

static bool give_payload(struct parts *p, struct arena *arena,
			 const struct payload *payload)
{
	p->body.payload_case =
		(Bcai__Tx__TxBody__PayloadCase)(int)payload->kind;
	switch (payload->kind) {
	case PAYLOAD_SUBMIT:
		return give_submit(p, arena, &payload->submit);
	case PAYLOAD_PUBLISH:
		bcai__tx__proposal_publish__init(&p->publish);
		p->publish.proposal = payload->publish.proposal;
		p->body.publish = &p->publish;
		return true;
	case PAYLOAD_AMEND:
		return give_amend(p, arena, &payload->amend);
	case PAYLOAD_CANCEL:
		bcai__tx__proposal_cancel__init(&p->cancel);
		p->cancel.proposal = payload->cancel.proposal;
		p->cancel.reason = codec_string(arena, payload->cancel.reason);
		p->body.cancel = &p->cancel;
		return p->cancel.reason != NULL;
	case PAYLOAD_VOTE:
		return give_vote(p, arena, &payload->vote);
	case PAYLOAD_DELEGATE:
		give_delegate(p, &payload->delegate);
		return true;
	case PAYLOAD_UNDELEGATE:
		bcai__tx__undelegate__init(&p->undelegate);
		p->undelegate.n_serials = payload->undelegate.count;
		p->undelegate.serials =
			(uint32_t *)(uintptr_t)payload->undelegate.serials;
		p->body.undelegate = &p->undelegate;
		return true;
	case PAYLOAD_TRANSFER:
		bcai__tx__transfer__init(&p->transfer);
		p->transfer.to = data_of(&payload->transfer.to);
		p->transfer.amount = payload->transfer.amount;
		p->body.transfer = &p->transfer;
		return true;
	case PAYLOAD_VETO:
		bcai__tx__proposal_veto__init(&p->veto);
		p->veto.proposal = payload->veto.proposal;
		p->veto.reason = codec_string(arena, payload->veto.reason);
		p->body.veto = &p->veto;
		return p->veto.reason != NULL;
	case PAYLOAD_COUNCIL_ACT:
		return give_council_act(p, arena, &payload->council_act);
	case PAYLOAD_COUNCIL_APPROVE:
		bcai__tx__council_approve__init(&p->council_approve);
		p->council_approve.act = payload->council_approve.act;
		p->body.council_approve = &p->council_approve;
		return true;
	}
	return false;
}

enum err codec_tx_encode_body(struct bytes *out, struct arena *arena,
			      const struct payload *payload,
			      const struct public_key *account, uint64_t nonce,
			      uint64_t valid_until_ms, struct err_text *text)
{
	struct public_key key = *account;
	struct parts p;
	uint8_t *data;
	enum err err = codec_tx_check_payload(payload, text);

	if (err)
		return err;
	bcai__tx__tx_body__init(&p.body);
	p.body.account.data = key.b;
	p.body.account.len = PUBLIC_KEY_BYTES;
	p.body.nonce = nonce;
	p.body.valid_until_ms = valid_until_ms;
	if (!give_payload(&p, arena, payload))
		return err_set(text, ERR_NO_MEMORY, "transaction: no room");
	out->size = bcai__tx__tx_body__get_packed_size(&p.body);
	if (out->size > LIMIT_TX_BYTES - TX_ENVELOPE_BYTES)
		return err_set(text, ERR_TOO_LARGE,
			       "transaction: a body of %zu bytes, at most %u",
			       out->size,
			       LIMIT_TX_BYTES -
				       (unsigned int)TX_ENVELOPE_BYTES);
	data = arena_alloc(arena, out->size);
	if (!data)
		return err_set(text, ERR_NO_MEMORY, "transaction: no room");
	bcai__tx__tx_body__pack(&p.body, data);
	out->data = data;
	return ERR_OK;
}

enum err codec_tx_sign(struct bytes *raw, struct hash *id, struct arena *arena,
		       const struct codec_tx_request *request,
		       struct err_text *text)
{
	struct signature signature;
	struct bytes body;
	struct writer w;
	struct hash h;
	uint8_t *data;
	enum err err = codec_tx_encode_body(
		&body, arena, request->payload, secret_key_public(request->key),
		request->nonce, request->valid_until_ms, text);

	if (err)
		return err;
	tx_compute_id(&h, request->genesis, body);
	sign_message(&signature, request->key, h.b, HASH_BYTES);
	data = arena_alloc(arena, body.size + TX_ENVELOPE_BYTES);
	if (!data)
		return err_set(text, ERR_NO_MEMORY, "transaction: no room");
	writer_init(&w, data, body.size + TX_ENVELOPE_BYTES);
	tx_join(&w, body, &signature);
	assert(!w.bad);
	raw->data = w.data;
	raw->size = w.size;
	if (id)
		*id = h;
	return ERR_OK;
}
