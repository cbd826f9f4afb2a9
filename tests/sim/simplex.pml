/* Rules 1 to 7 of doc/spec/consensus.md, small and exhaustive.
 *
 * Four validators of equal weight, one of which misbehaves; the quorum is
 * three. Three honest processes go through VIEWS views in which each may, in
 * any order, notarize one of two blocks, nullify, finalize, and move on. The
 * network may delay for ever and reorder at will: what an honest node does
 * not want to know yet it has not heard.
 *
 * The fourth validator: with -DWITH_HELP it has signed everything, always, and
 * its word is worth a vote in every quorum (the worst for safety). Without, it
 * is silent (the worst for progress). It also leads every view up to
 * CROOKED_VIEWS: those have two blocks, each with any parent that the rules
 * let pass; the others have one.
 *
 * What must hold: never two notarizations in a view; never a finalised view
 * nullified; every notarized block stands on every block finalised before it;
 * and nobody is stuck: the only end is past the last view.
 *
 * The bugs -DBUG_FINALIZE, -DBUG_PROOFS, -DBUG_QUORUM, -DBUG_TWICE must be
 * found, and without WITH_HELP -DBUG_DROP. */
#ifndef VIEWS
#define VIEWS 3 /* Or 2. */
#endif
#ifndef CROOKED_VIEWS
#define CROOKED_VIEWS 1
#endif
#define HONEST 3
#ifdef BUG_QUORUM
#define QUORUM 2
#else
#define QUORUM 3
#endif
#ifdef WITH_HELP
#define HELP 1
#else
#define HELP 0
#endif

/* Block 0 is the root, in view 0; view v has blocks 2v - 1 and 2v. */
#define BLOCKS (2 * VIEWS + 1)
#define VIEW_OF(b) (((b) + 1) / 2)
#define FIRST(v) (2 * (v) - 1)
#define NO_PARENT 255

#define COUNT(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1))
#define ENOUGH(set) (COUNT(set) + HELP >= QUORUM)
#define NOTARIZED(b) ((b) == 0 || ENOUGH(notarize[b]))
#define NULLIFIED(v) (ENOUGH(nullify[v]))
#define FINALISED(b) (ENOUGH(finalize[b]))

/* Who said it, a bit each. */
byte notarize[BLOCKS];
byte finalize[BLOCKS];
byte nullify[VIEWS + 1];
byte parent[BLOCKS];
byte view[HONEST];

#define BIT (1 << me)
#define SAID(set) (((set) & BIT) != 0)
#define SAID_NOTARIZE(v) \
	(SAID(notarize[FIRST(v)]) || SAID(notarize[FIRST(v) + 1]))
#define SAID_FINALIZE(v) \
	(SAID(finalize[FIRST(v)]) || SAID(finalize[FIRST(v) + 1]))

/* Rule 3: block b may stand on block p. */
#ifdef BUG_PROOFS
#define BETWEEN(b, p) true
#else
#define SKIPPED(b, v) ((v) >= VIEW_OF(b) || NULLIFIED(v))
#define BETWEEN(b, p) \
	(SKIPPED(b, VIEW_OF(p) + 1) && SKIPPED(b, VIEW_OF(p) + 2))
#endif
#define MAY_STAND(b, p) \
	((p) < FIRST(VIEW_OF(b)) && NOTARIZED(p) && BETWEEN(b, p) && \
	 (parent[b] == NO_PARENT || parent[b] == (p)))

/* Say NOTARIZE for the n-th block of the view, as one that stands on p. */
#ifdef BUG_TWICE
#define FRESH(b) (!SAID(notarize[b]))
#else
#define FRESH(b) (!SAID_NOTARIZE(VIEW_OF(b)))
#endif
#define BLOCK(n) (FIRST(view[me]) + (n))
#define NOTARIZE(n, p) \
	d_step { \
		view[me] <= VIEWS && ((n) == 0 || view[me] <= CROOKED_VIEWS) \
		&& FRESH(BLOCK(n)) && MAY_STAND(BLOCK(n), p) -> \
		parent[BLOCK(n)] = p; \
		notarize[BLOCK(n)] = notarize[BLOCK(n)] | BIT; \
		settle(); \
		check() \
	}

/* Rule 4: FINALIZE what is notarized, unless this node nullified. */
#ifdef BUG_FINALIZE
#define FREE(v) true
#else
#define FREE(v) (!SAID(nullify[v]))
#endif
#define FINALIZE(b) \
	d_step { \
		view[me] > VIEW_OF(b) && NOTARIZED(b) && \
		!SAID_FINALIZE(VIEW_OF(b)) && FREE(VIEW_OF(b)) -> \
		finalize[b] = finalize[b] | BIT; \
		check() \
	}

/* With -DEAGER everybody finalizes as soon as it may. That takes nothing away:
 * FINALIZE is said of views left behind, where nobody nullifies any more, so
 * to say it early forbids nothing and to say it late can be left unheard. */
#ifdef EAGER
#define MAY_FINALIZE(b, j) \
	(view[j] > VIEW_OF(b) && NOTARIZED(b) && \
	 ((nullify[VIEW_OF(b)] >> (j)) & 1) == 0)
inline settle()
{
	f = 1;
	do
	:: f < BLOCKS ->
		g = 0;
		do
		:: g < HONEST && MAY_FINALIZE(f, g) ->
			finalize[f] = finalize[f] | (1 << g); g++
		:: g < HONEST && !MAY_FINALIZE(f, g) -> g++
		:: g >= HONEST -> break
		od;
		f++
	:: f >= BLOCKS -> break
	od;
	f = 0;
	g = 0
}
#else
#define settle() skip
#endif

#define ANY_NOTARIZED(v) (NOTARIZED(FIRST(v)) || NOTARIZED(FIRST(v) + 1))
#ifdef BUG_DROP
#define HEEDED(v) (!SAID(nullify[v]))
#else
#define HEEDED(v) true
#endif

inline check()
{
	v = 1;
	do
	:: v <= VIEWS ->
		assert(!(NOTARIZED(FIRST(v)) && NOTARIZED(FIRST(v) + 1)));
		assert(!(NULLIFIED(v) && FINALISED(FIRST(v))));
		assert(!(NULLIFIED(v) && FINALISED(FIRST(v) + 1)));
		v++
	:: else -> break
	od;
	v = 0;
	f = 1;
	do
	:: f < BLOCKS && FINALISED(f) ->
		g = FIRST(VIEW_OF(f) + 1);
		do
		:: g < BLOCKS && NOTARIZED(g) ->
			k = g;
			do
			:: VIEW_OF(k) > VIEW_OF(f) -> k = parent[k]
			:: else -> break
			od;
			assert(k == f);
			g++
		:: g < BLOCKS && !NOTARIZED(g) -> g++
		:: g >= BLOCKS -> break
		od;
		f++
	:: f < BLOCKS && !FINALISED(f) -> f++
	:: f >= BLOCKS -> break
	od;
	f = 0; g = 0; k = 0
}

proctype Validator(byte me)
{
	byte k, v, f, g;

	do
	:: NOTARIZE(0, 0)
	:: NOTARIZE(1, 0)
	:: NOTARIZE(0, 1)
	:: NOTARIZE(1, 1)
	:: NOTARIZE(0, 2)
	:: NOTARIZE(1, 2)
#if VIEWS > 2
	:: NOTARIZE(0, 3)
	:: NOTARIZE(1, 3)
	:: NOTARIZE(0, 4)
	:: NOTARIZE(1, 4)
#endif
	/* Rule 5: on a timeout at any moment; never after FINALIZE. */
	:: d_step {
		view[me] <= VIEWS && !SAID(nullify[view[me]]) &&
		!SAID_FINALIZE(view[me]) ->
		nullify[view[me]] = nullify[view[me]] | BIT;
		check()
	}
	/* Rules 1, 4, 6: a certificate leads on. One of a later view does so
	 * too; then there is one of this view, for somebody honest came by. */
	:: d_step {
		view[me] <= VIEWS &&
		(NULLIFIED(view[me]) ||
		 (ANY_NOTARIZED(view[me]) && HEEDED(view[me]))) ->
		view[me]++;
		settle();
		check()
	}
#ifndef EAGER
	:: FINALIZE(1)
	:: FINALIZE(2)
	:: FINALIZE(3)
	:: FINALIZE(4)
#if VIEWS > 2
	:: FINALIZE(5)
	:: FINALIZE(6)
#endif
#endif
	/* Nobody can do anything: only past the last view may that be. */
	:: timeout -> assert(view[me] > VIEWS); break
	od
}

init
{
	byte k;

	atomic {
		k = 1;
		do
		:: k < BLOCKS -> parent[k] = NO_PARENT; k++
		:: else -> break
		od;
		k = 0;
		do
		:: k < HONEST -> view[k] = 1; k++
		:: else -> break
		od;
		run Validator(0);
		run Validator(1);
		run Validator(2)
	}
}
