/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firewall - counts the fields that a right protects.
 *
 * A name is kept as the message has it, since that is what the MTA must be
 * asked to delete; spellings that differ in case only are one name, as they
 * are for an MTA that counts fields of a name.
 */
#include "firewall.h"

#include <errno.h>
#include <string.h>

struct firewall_name {
	const char *name;
	size_t len; /* without blanks at the end */
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
	{ "Resent-Date",                 false, RIGHT_HEADERS_ROUTING },
	{ "Resent-From",                 false, RIGHT_HEADERS_ROUTING },
	{ "Resent-Sender",               false, RIGHT_HEADERS_ROUTING },
	{ "Resent-To",                   false, RIGHT_HEADERS_ROUTING },
	{ "Resent-Cc",                   false, RIGHT_HEADERS_ROUTING },
	{ "Resent-Bcc",                  false, RIGHT_HEADERS_ROUTING },
	{ "Resent-Message-ID",           false, RIGHT_HEADERS_ROUTING },
};
/* clang-format on */

static unsigned char
ascii_lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u - 'A' + 'a') : u;
}

static bool
same_letters(const char *a, const char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

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
		size_t want = strlen(classes[i].name);

		if ((classes[i].prefix ? len >= want : len == want) &&
		    same_letters(name, classes[i].name, want))
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
name_add(
    struct firewall *firewall, const char *name, size_t len, enum right right)
{
	void *names = firewall->names;
	/* with its blanks: the MTA must find it again */
	const char *copy = arena_text(firewall->arena, name, strlen(name));

	if (copy == NULL || arena_grow(firewall->arena, &names, firewall->count,
				sizeof(*firewall->names)) != 0) {
		firewall->failed = true;
		return;
	}
	firewall->names = names;
	firewall->names[firewall->count++] = (struct firewall_name){
		.name = copy,
		.len = len,
		.count = 1,
		.right = right,
	};
}

void
firewall_header(struct firewall *firewall, const char *name)
{
	size_t i, len = trimmed_length(name), whole = strlen(name);
	enum right right = protecting_right(name, len);

	if (right == RIGHT_COUNT)
		return;
	for (i = 0; i < firewall->count; i++) {
		struct firewall_name *known = &firewall->names[i];

		if (strlen(known->name) == whole &&
		    same_letters(known->name, name, whole)) {
			known->count++;
			return;
		}
	}
	if (firewall->count == FIREWALL_NAMES_MAX)
		firewall->overflow = true;
	else
		name_add(firewall, name, len, right);
}

static bool
is_stamped(
    const struct firewall_name *name, const struct edit *stamps, size_t nstamps)
{
	size_t i;

	for (i = 0; i < nstamps; i++)
		if (strlen(stamps[i].name) == name->len &&
		    same_letters(stamps[i].name, name->name, name->len))
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

		if ((rights & UINT32_C(1) << name->right) != 0 &&
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
