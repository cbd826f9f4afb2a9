#include "cli/payload.h"

#include "admin/action_json.h"
#include "base/hex.h"
#include "cli/render.h"

#include <inttypes.h>

/* --- In words --- */

static void tell_bytes(FILE *out, struct bytes text)
{
	fprintf(out, "%.*s", (int)text.size, (const char *)text.data);
}

static void tell_actions(FILE *out, const struct action_list *actions)
{
	char words[ACTION_WORDS_BYTES];

	for (uint32_t i = 0; i < actions->count; i++) {
		action_words(words, &actions->list[i]);
		fprintf(out, "  %u. %s\n", i + 1, words);
	}
}

static void tell_vote(FILE *out, const struct payload_vote *vote)
{
	for (uint32_t i = 0; i < vote->count; i++) {
		const struct ballot *b = &vote->ballots[i];
		const char *choice = choice_name(b->choice);

		fprintf(out, "vote %s on proposal #%" PRIu32,
			choice ? choice : "?", b->proposal);
		if (b->reason.size > 0) {
			fputs(", saying: ", out);
			tell_bytes(out, b->reason);
		}
		fputc('\n', out);
	}
}

static void tell_key(FILE *out, const struct public_key *key)
{
	char digits[2 * PUBLIC_KEY_BYTES + 1];

	hex_encode(digits, key->b, PUBLIC_KEY_BYTES);
	fputs(digits, out);
}

static void tell_tokens(FILE *out, uint64_t micro)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, micro);
	fprintf(out, "%s tokens", show_decimal(digits, 6));
}

/* Who signs away a vote reads what, to whom and until when. */
static void tell_delegate(FILE *out, const struct payload_delegate *d)
{
	const char *kind = delegation_kind_name(d->kind);

	if (d->has_target) {
		fprintf(out, "delegate (%s) to ", kind ? kind : "?");
		tell_key(out, &d->target);
	} else {
		fputs("opt out of delegating", out);
	}
	if (d->types)
		fputs(", for", out);
	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++)
		if (d->types & 1u << (t - 1))
			fprintf(out, " %s", proposal_type_name(t));
	if (d->amount) {
		fputs(", at most ", out);
		tell_tokens(out, d->amount);
	}
	if (d->expires_ms)
		fprintf(out, ", until %s", show_time(d->expires_ms));
	fputc('\n', out);
}

static void tell_undelegate(FILE *out, const struct payload_undelegate *u)
{
	fputs(u->count ? "clear delegations" : "clear all delegations", out);
	for (uint32_t i = 0; i < u->count; i++)
		fprintf(out, " %" PRIu32, u->serials[i]);
	fputc('\n', out);
}

static void tell_council_act(FILE *out, const struct payload_council_act *act)
{
	fputs("propose an act of the council: \"", out);
	tell_bytes(out, act->title);
	fputs("\"\n", out);
	tell_actions(out, &act->actions);
	fputs("and, unless a vote ratifies it:\n", out);
	tell_actions(out, &act->revert);
}

void payload_tell(FILE *out, const struct payload *p)
{
	const char *type;

	switch (p->kind) {
	case PAYLOAD_SUBMIT:
		type = proposal_type_name(p->submit.type);
		fprintf(out, "%s a proposal of type %s: \"",
			p->submit.draft ? "draft" : "submit",
			type ? type : "?");
		tell_bytes(out, p->submit.title);
		fputs("\"\n", out);
		tell_actions(out, &p->submit.actions);
		break;
	case PAYLOAD_PUBLISH:
		fprintf(out, "publish proposal #%" PRIu32 "\n",
			p->publish.proposal);
		break;
	case PAYLOAD_AMEND:
		fprintf(out, "amend draft #%" PRIu32 " to \"",
			p->amend.proposal);
		tell_bytes(out, p->amend.title);
		fputs("\"\n", out);
		tell_actions(out, &p->amend.actions);
		break;
	case PAYLOAD_CANCEL:
		fprintf(out, "cancel proposal #%" PRIu32 "\n",
			p->cancel.proposal);
		break;
	case PAYLOAD_VOTE:
		tell_vote(out, &p->vote);
		break;
	case PAYLOAD_DELEGATE:
		tell_delegate(out, &p->delegate);
		break;
	case PAYLOAD_UNDELEGATE:
		tell_undelegate(out, &p->undelegate);
		break;
	case PAYLOAD_TRANSFER:
		fputs("transfer ", out);
		tell_tokens(out, p->transfer.amount);
		fputs(" to ", out);
		tell_key(out, &p->transfer.to);
		fputc('\n', out);
		break;
	case PAYLOAD_VETO:
		fprintf(out, "veto proposal #%" PRIu32 ", saying: ",
			p->veto.proposal);
		tell_bytes(out, p->veto.reason);
		fputc('\n', out);
		break;
	case PAYLOAD_COUNCIL_ACT:
		tell_council_act(out, &p->council_act);
		break;
	case PAYLOAD_COUNCIL_APPROVE:
		fprintf(out, "approve act #%" PRIu32 " of the council\n",
			p->council_approve.act);
		break;
	}
}

/* --- As JSON --- */

static json_t *bytes_text(struct bytes b)
{
	return json_text(b.data, b.size);
}

static json_t *ballots_value(const struct payload_vote *vote)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < vote->count; i++) {
		const struct ballot *b = &vote->ballots[i];
		const char *choice = choice_name(b->choice);
		json_t *row = json_object();

		json_put(row, "proposal", json_count(b->proposal));
		json_put(row, "choice",
			 choice ? json_string(choice) : json_count(b->choice));
		json_put(row, "reason", bytes_text(b->reason));
		json_push(list, row);
	}
	return list;
}

static void put_delegate(json_t *o, const struct payload_delegate *d)
{
	const char *kind = delegation_kind_name(d->kind);
	json_t *types = json_array();

	for (uint32_t t = 1; t <= PROPOSAL_TYPES; t++)
		if (d->types & 1u << (t - 1))
			json_push(types, json_string(proposal_type_name(t)));
	json_put(o, "delegation",
		 kind ? json_string(kind) : json_count(d->kind));
	json_put(o, "target",
		 d->has_target ? json_key(&d->target) : json_null());
	json_put(o, "types", types);
	json_put(o, "amount", d->amount ? json_u64(d->amount) : json_null());
	json_put(o, "expires_ms",
		 d->expires_ms ? json_u64(d->expires_ms) : json_null());
}

static json_t *serials_value(const struct payload_undelegate *u)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < u->count; i++)
		json_push(list, json_count(u->serials[i]));
	return list;
}

void payload_put(json_t *o, const struct payload *p)
{
	const char *type;

	switch (p->kind) {
	case PAYLOAD_SUBMIT:
		type = proposal_type_name(p->submit.type);
		json_put(o, "kind", json_string("proposal submit"));
		json_put(o, "type",
			 type ? json_string(type) : json_count(p->submit.type));
		json_put(o, "draft", json_boolean(p->submit.draft));
		json_put(o, "title", bytes_text(p->submit.title));
		json_put(o, "description", bytes_text(p->submit.description));
		json_put(o, "actions", actions_value(&p->submit.actions));
		break;
	case PAYLOAD_PUBLISH:
		json_put(o, "kind", json_string("proposal publish"));
		json_put(o, "proposal", json_count(p->publish.proposal));
		break;
	case PAYLOAD_AMEND:
		json_put(o, "kind", json_string("proposal amend"));
		json_put(o, "proposal", json_count(p->amend.proposal));
		json_put(o, "title", bytes_text(p->amend.title));
		json_put(o, "description", bytes_text(p->amend.description));
		json_put(o, "actions", actions_value(&p->amend.actions));
		break;
	case PAYLOAD_CANCEL:
		json_put(o, "kind", json_string("proposal cancel"));
		json_put(o, "proposal", json_count(p->cancel.proposal));
		json_put(o, "reason", bytes_text(p->cancel.reason));
		break;
	case PAYLOAD_VOTE:
		json_put(o, "kind", json_string("vote"));
		json_put(o, "ballots", ballots_value(&p->vote));
		break;
	case PAYLOAD_DELEGATE:
		json_put(o, "kind", json_string("delegate set"));
		put_delegate(o, &p->delegate);
		break;
	case PAYLOAD_UNDELEGATE:
		json_put(o, "kind", json_string("delegate clear"));
		json_put(o, "serials", serials_value(&p->undelegate));
		break;
	case PAYLOAD_TRANSFER:
		json_put(o, "kind", json_string("transfer"));
		json_put(o, "to", json_key(&p->transfer.to));
		json_put(o, "amount", json_u64(p->transfer.amount));
		break;
	case PAYLOAD_VETO:
		json_put(o, "kind", json_string("proposal veto"));
		json_put(o, "proposal", json_count(p->veto.proposal));
		json_put(o, "reason", bytes_text(p->veto.reason));
		break;
	case PAYLOAD_COUNCIL_ACT:
		json_put(o, "kind", json_string("council act"));
		json_put(o, "title", bytes_text(p->council_act.title));
		json_put(o, "actions", actions_value(&p->council_act.actions));
		json_put(o, "revert", actions_value(&p->council_act.revert));
		break;
	case PAYLOAD_COUNCIL_APPROVE:
		json_put(o, "kind", json_string("council approve"));
		json_put(o, "act", json_count(p->council_approve.act));
		break;
	}
}
