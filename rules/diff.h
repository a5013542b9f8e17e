/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.h - what changed in meaning between two rulesets.
 */
#ifndef DIFF_H
#define DIFF_H

#include "rules.h"

/* What one policy lets clients do, against another. The union of two is the
 * relation of both together. */
enum relation {
	RELATION_EQUIVALENT = 0,   /* no session is decided otherwise */
	RELATION_NARROWER = 1,     /* some may do less, and none may do more */
	RELATION_WIDER = 2,        /* some may do more, and none may do less */
	RELATION_INCOMPARABLE = 3, /* both, or neither: another text, stamp */
};

const char *relation_name(enum relation); /* "equivalent", ...; static */

struct difference;

/* Compares what two rulesets mean from time now on: every address at every
 * listener, and at each later end of an entry once more. The rulesets must
 * outlive the answer. -ENOMEM. */
int difference_find(const struct ruleset *older, const struct ruleset *newer,
    int64_t now, struct difference **);
void difference_free(struct difference *);

enum relation difference_relation(const struct difference *);
/* Whether somebody may relay as anonymous or externally_secured who could
 * not, or may relay more than before by allowed_senders, allowed_recipients
 * or message_quota, now or later. */
bool difference_new_relay(const struct difference *);
/* One line: "wider: 12 more addresses may relay (anonymous, externally
 * secured), 0 fewer". Lives as long as the difference. */
const char *difference_summary(const struct difference *);

/* Clients that may do more or less than before, or are treated otherwise. A
 * client may use a right if it holds it together with Submit and is not
 * blocked. */
struct changed {
	struct netrange clients;
	const struct listener *listener; /* as ruleset_listeners() has it, of
					    either ruleset; NULL: every one of
					    the family */
	const char *older, *newer;       /* connectors; NULL: none */
	principal_set as; /* whom it is about: one principal, or, as
			     what several make together, more */
	bool certificate; /* a principal by certificate alone */
	right_set gained, lost;
	const char *what; /* as is 0: what is otherwise, as in
			     "max_message_size, ip_allow_list" */
	bool beside;      /* what is more than keys of the connector */
};
/* The i-th, in order of listener and address. False past the end. All
 * pointers live as long as the difference. */
bool difference_change(const struct difference *, size_t i, struct changed *);

/* One key whose value means something else. */
struct setting {
	const char *older_connector, *newer_connector; /* NULL: of the policy */
	struct where older_where, newer_where;         /* of the connectors */
	const char *key;
	const char *item;          /* of a list or mapping, or NULL */
	const char *older, *newer; /* values; NULL: none */
	enum relation relation;
};
/* The i-th, those of the policy first; NULL past the end. */
const struct setting *difference_setting(const struct difference *, size_t i);

/* From the end of an entry on the two are to each other what they were not
 * before. */
struct later {
	int64_t at;
	enum relation relation;
	bool new_relay;
};
const struct later *difference_later(const struct difference *, size_t i);

#endif
