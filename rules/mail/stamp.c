/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamp - who sent a message, and which SCL it gets and why.
 */
#include "stamp.h"

#include <assert.h>
#include <string.h>

#include "ascii.h"

#define ORGANIZATION "X-MS-Exchange-Organization-"

/* clang-format off */
static const struct {
	const char *word, *header;
	bool identity;
} rows[STAMP_COUNT] = {
	[STAMP_AUTH_AS]         = { "AuthAs",          ORGANIZATION "AuthAs",          true },
	[STAMP_AUTH_SOURCE]     = { "AuthSource",      ORGANIZATION "AuthSource",      true },
	[STAMP_AUTH_MECHANISM]  = { "AuthMechanism",   ORGANIZATION "AuthMechanism",   true },
	[STAMP_AUTH_DOMAIN]     = { "AuthDomain",      ORGANIZATION "AuthDomain",      true },
	[STAMP_SCL]             = { "SCL",             ORGANIZATION "SCL",             false },
	[STAMP_ANTISPAM_REPORT] = { "Antispam-Report", ORGANIZATION "Antispam-Report", false },
};

/* By SCL plus one. */
static const char *const scl_texts[] = {
	"-1", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
};
/* clang-format on */

const char *
stamp_word(enum stamp stamp)
{
	assert(stamp < STAMP_COUNT);
	return rows[stamp].word;
}

bool
stamp_is_identity(const char *name, size_t len)
{
	enum stamp i;

	for (i = 0; i < STAMP_COUNT; i++)
		if (rows[i].identity && strlen(rows[i].header) == len &&
		    ascii_same_n(rows[i].header, name, len))
			return true;
	return false;
}

static bool
is(const struct stamp_facts *facts, enum principal principal)
{
	return (facts->principals & SET_OF(principal)) != 0;
}

static bool
holds(const struct stamp_facts *facts, enum right right)
{
	return (facts->rights & SET_OF(right)) != 0;
}

/* Without Accept-Authentication-Flag a trusted server's message counts as
 * external, as on Exchange. */
static const char *
auth_as(const struct stamp_facts *facts)
{
	if (is(facts, PRINCIPAL_AUTHENTICATED))
		return "Internal";
	if ((is(facts, PRINCIPAL_EXTERNALLY_SECURED) ||
		is(facts, PRINCIPAL_EXCHANGE_SERVER) ||
		is(facts, PRINCIPAL_LEGACY_SERVER)) &&
	    holds(facts, RIGHT_AUTHENTICATION_FLAG))
		return "Internal";
	return is(facts, PRINCIPAL_PARTNER) ? "Partner" : "Anonymous";
}

/* The SCL of a message, or SCL_NONE, and the token of the Antispam-Report
 * that explains it, or NULL. Exchange's agents look at the allow list for
 * external sessions only, partners among them. */
static int
scl_of(const struct stamp_facts *facts, const char **token)
{
	bool trusted = is(facts, PRINCIPAL_EXTERNALLY_SECURED);
	bool bypass = holds(facts, RIGHT_BYPASS_ANTI_SPAM);
	int scl = SCL_NONE;

	*token = NULL;
	if (trusted) {
		scl = facts->scl->externally_secured;
		*token = bypass ? "MessageSecurityAntispamBypass" : NULL;
	} else if (facts->allow_listed && !is(facts, PRINCIPAL_AUTHENTICATED)) {
		scl = facts->scl->ip_allow_list;
		*token = "IPOnAllowList";
	} else if (bypass) {
		scl = facts->scl->bypass_anti_spam;
		*token = "MessageSecurityAntispamBypass";
	}
	if (facts->connector_scl != SCL_UNSET)
		scl = facts->connector_scl;
	/* No token says that the connector chose. */
	if (scl == SCL_NONE || facts->connector_scl != SCL_UNSET)
		*token = NULL;
	return scl;
}

size_t
stamp_make(const struct stamp_facts *facts, struct edit out[STAMPS_MAX])
{
	const char *values[STAMP_COUNT] = { NULL };
	size_t n = 0;
	enum stamp i;
	int scl = scl_of(facts, &values[STAMP_ANTISPAM_REPORT]);

	if (is(facts, PRINCIPAL_EXCHANGE_SERVER) &&
	    holds(facts, RIGHT_HEADERS_ORGANIZATION))
		return 0;
	values[STAMP_AUTH_AS] = auth_as(facts);
	values[STAMP_AUTH_SOURCE] = facts->server;
	if (is(facts, PRINCIPAL_EXTERNALLY_SECURED))
		values[STAMP_AUTH_MECHANISM] = "10";
	if (is(facts, PRINCIPAL_PARTNER))
		values[STAMP_AUTH_DOMAIN] = facts->auth_domain;
	if (scl < SCL_NONE)
		values[STAMP_SCL] = scl_texts[scl + 1];
	for (i = 0; i < STAMP_COUNT; i++)
		if (values[i] != NULL && (facts->chosen & SET_OF(i)) != 0)
			out[n++] = (struct edit){
				.type = EDIT_STAMP,
				.name = rows[i].header,
				.value = values[i],
				.count = 1,
			};
	return n;
}
