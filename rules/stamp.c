/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamp - AuthAs, AuthSource, AuthMechanism, SCL and the report that
 * explains the SCL.
 */
#include "stamp.h"

#include <string.h>

#include "ascii.h"
#include "rights.h"

#define ORGANIZATION "X-MS-Exchange-Organization-"

static bool
has(uint32_t set, unsigned bit)
{
	return (set & SET_OF(bit)) != 0;
}

/* Without Accept-Authentication-Flag an externally secured message counts as
 * external, as on Exchange. */
static const char *
auth_as(const struct stamp_facts *facts)
{
	if (has(facts->principals, PRINCIPAL_AUTHENTICATED))
		return "Internal";
	if (has(facts->principals, PRINCIPAL_EXTERNALLY_SECURED) &&
	    has(facts->rights, RIGHT_AUTHENTICATION_FLAG))
		return "Internal";
	if (has(facts->principals, PRINCIPAL_PARTNER))
		return "Partner";
	return "Anonymous";
}

/* The token of X-MS-Exchange-Organization-Antispam-Report that explains an
 * SCL of -1, or NULL where none is given. Exchange's agents look at the
 * allow list for external sessions only. */
static const char *
bypass_token(const struct stamp_facts *facts)
{
	if (has(facts->principals, PRINCIPAL_EXTERNALLY_SECURED))
		return NULL;
	if (facts->allow_listed &&
	    !has(facts->principals, PRINCIPAL_AUTHENTICATED))
		return "IPOnAllowList";
	if (has(facts->rights, RIGHT_BYPASS_ANTI_SPAM))
		return "MessageSecurityAntispamBypass";
	return NULL;
}

static size_t
add(struct edit *out, size_t n, const char *name, const char *value)
{
	out[n] = (struct edit){
		.type = EDIT_STAMP,
		.name = name,
		.value = value,
		.count = 1,
	};
	return n + 1;
}

bool
stamp_is_identity(const char *name, size_t len)
{
	static const char *const names[] = {
		ORGANIZATION "AuthAs",
		ORGANIZATION "AuthSource",
		ORGANIZATION "AuthMechanism",
		ORGANIZATION "AuthDomain",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len &&
		    ascii_same_n(names[i], name, len))
			return true;
	return false;
}

size_t
stamp_make(const struct stamp_facts *facts, struct edit out[STAMPS_MAX])
{
	const char *token = bypass_token(facts);
	size_t n = 0;

	n = add(out, n, ORGANIZATION "AuthAs", auth_as(facts));
	n = add(out, n, ORGANIZATION "AuthSource", facts->server);
	if (has(facts->principals, PRINCIPAL_EXTERNALLY_SECURED))
		n = add(out, n, ORGANIZATION "AuthMechanism", "10");
	if (token != NULL) {
		n = add(out, n, ORGANIZATION "SCL", "-1");
		n = add(out, n, ORGANIZATION "Antispam-Report", token);
	}
	return n;
}
