/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall - counts the fields that a right protects.
 *
 * A name is kept as the message has it, since that is what the MTA must be
 * asked to delete; spellings that differ in case only are one name, as they
 * are for an MTA that counts fields of a name.
 */
#include "firewall.h"

#include <string.h>

#include "ascii.h"
#include "rights.h"
#include "stamp.h"

struct firewall_name {
	const char *name;
	size_t whole; /* its length, and without blanks at the end */
	size_t len;
	size_t count;
	enum right right;
};

/* clang-format off */
static const struct {
	const char *name;
	bool prefix;
	enum right right;
} classes[] = {
	{ "X-MS-Exchange-Organization-", true,  RIGHT_HEADERS_ORGANIZATION },
	{ "X-MS-Exchange-Forest-",       true,  RIGHT_HEADERS_FOREST },
	{ "Received",                    false, RIGHT_HEADERS_ROUTING },
	{ "Resent-",                     true,  RIGHT_HEADERS_ROUTING },
};
/* clang-format on */

static size_t
trimmed_length(const char *name)
{
	size_t len = strlen(name);

	while (len != 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	return len;
}

/* The right that protects a name, or RIGHT_COUNT. */
static enum right
protecting_right(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t same = ascii_prefix(name, classes[i].name);

		if (same != 0 && (classes[i].prefix || same == len))
			return classes[i].right;
	}
	return RIGHT_COUNT;
}

void
firewall_init(struct firewall *firewall, struct arena *arena)
{
	*firewall = (struct firewall){ .arena = arena };
}

static void
name_add(struct firewall *firewall, const char *name,
    const struct firewall_name *like)
{
	void *names = firewall->names;
	/* with its blanks: the MTA must find it again */
	const char *copy = arena_text(firewall->arena, name, like->whole);

	if (copy == NULL || arena_grow(firewall->arena, &names, firewall->count,
				sizeof(*firewall->names)) != 0) {
		firewall->failed = true;
		return;
	}
	firewall->names = names;
	firewall->names[firewall->count] = *like;
	firewall->names[firewall->count++].name = copy;
}

void
firewall_header(struct firewall *firewall, const char *name)
{
	struct firewall_name like = {
		.whole = strlen(name),
		.len = trimmed_length(name),
		.count = 1,
	};
	size_t i;

	like.right = protecting_right(name, like.len);
	if (like.right == RIGHT_COUNT || firewall->overflow)
		return;
	if (firewall->fields++ == FIREWALL_FIELDS_MAX) {
		firewall->overflow = true;
		return;
	}
	for (i = 0; i < firewall->count; i++) {
		struct firewall_name *known = &firewall->names[i];

		if (known->whole == like.whole &&
		    ascii_same_n(known->name, name, like.whole)) {
			known->count++;
			return;
		}
	}
	if (firewall->count == FIREWALL_NAMES_MAX)
		firewall->overflow = true;
	else
		name_add(firewall, name, &like);
}

static bool
is_stamped(
    const struct firewall_name *name, const struct edit *stamps, size_t nstamps)
{
	size_t i;

	if (nstamps != 0 && stamp_is_identity(name->name, name->len))
		return true;
	for (i = 0; i < nstamps; i++)
		if (strlen(stamps[i].name) == name->len &&
		    ascii_same_n(stamps[i].name, name->name, name->len))
			return true;
	return false;
}

size_t
firewall_strip(const struct firewall *firewall, right_set rights,
    const struct edit *stamps, size_t nstamps, struct edit *out)
{
	size_t i, n = 0;

	for (i = 0; i < firewall->count; i++) {
		const struct firewall_name *name = &firewall->names[i];

		if ((rights & SET_OF(name->right)) != 0 &&
		    !is_stamped(name, stamps, nstamps))
			continue;
		out[n++] = (struct edit){
			.type = EDIT_STRIP,
			.name = name->name,
			.count = name->count,
		};
	}
	return n;
}

size_t
firewall_edits_max(const struct firewall *firewall)
{
	return firewall->count;
}
