/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy - loading a policy.
 *
 * Reads through the reader alone, and answers a policy or all that is wrong
 * with it. The keys are those of keys.c. Chooses, sorts and counts nothing;
 * that is compile's work.
 */
#include "policy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "between_keys.h"
#include "keys.h"
#include "loading.h"
#include "ranges.h"

enum {
	TEXT_MAX = 64 << 20, /* bytes of a policy and its files together */
	COMPLAINTS_MAX = 200,
};

#define FINGERPRINT_SIZE sizeof(XXH128_canonical_t)

struct load {
	struct loading loading; /* the decoder's ctx */
	const struct reader *reader;
	size_t text_left;
	unsigned char fingerprint[FINGERPRINT_SIZE];
};

/* Each text is hashed with what came before and its length, so that moving
 * text from one file to the next changes the id. */
static void
fingerprint_add(
    unsigned char fingerprint[FINGERPRINT_SIZE], const char *text, size_t len)
{
	unsigned char chain[2 * FINGERPRINT_SIZE + sizeof(uint64_t)];
	XXH128_canonical_t digest;
	size_t i;

	XXH128_canonicalFromHash(&digest, XXH3_128bits(text, len));
	memcpy(chain, fingerprint, FINGERPRINT_SIZE);
	memcpy(chain + FINGERPRINT_SIZE, &digest, FINGERPRINT_SIZE);
	for (i = 0; i < sizeof(uint64_t); i++)
		chain[2 * FINGERPRINT_SIZE + i] =
		    (unsigned char)((uint64_t)len >> (8 * i));
	XXH128_canonicalFromHash(&digest, XXH3_128bits(chain, sizeof(chain)));
	memcpy(fingerprint, &digest, FINGERPRINT_SIZE);
}

static const char *
read_error(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such file";
	case -ENOTDIR:
		return "a part of its path is not a folder";
	case -EACCES:
		return "permission denied";
	case -EPERM:
		return "others than root and the service's user may change "
		       "it, or its folder; see ls -ld, and take that from "
		       "them with chown and chmod go-w";
	case -EISDIR:
		return "it is a folder";
	case -ELOOP:
		return "too many symbolic links";
	case -ENAMETOOLONG:
		return "its name is too long";
	case -ENOMEM:
		return "out of memory";
	case -EINVAL:
		return "it is not a plain file";
	case -EAGAIN:
		return "it changed while it was read; try again";
	default:
		return NULL;
	}
}

/* Where a text ends; the mark before the first line is none of it. */
static struct where
text_end(const char *file, const char *text, size_t len)
{
	struct where where = { .file = file, .line = 1, .column = 1 };
	size_t i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	for (; i < len; i++) {
		if (text[i] == '\n') {
			where.line++;
			where.column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			where.column++;
		}
	}
	return where;
}

static int
text_read(struct decoder *decoder, const char *path, struct where where,
    char **text, size_t *len)
{
	struct load *load = decoder->ctx;
	const struct reader *reader = load->reader;
	char *read;
	char show[SHOWN_SIZE];
	size_t size;
	int result;

	result = reader->read(reader->ctx, path, load->text_left, &read, &size);
	if (result == -EFBIG)
		complain(decoder->complaints, "E-LIMIT", where,
		    "%s: a policy and its files may have %d MiB together",
		    shown(path, show), TEXT_MAX >> 20);
	else if (result != 0 && read_error(result) != NULL)
		complain(decoder->complaints, "E-FILE", where,
		    "cannot read %s: %s", shown(path, show),
		    read_error(result));
	else if (result != 0)
		complain(decoder->complaints, "E-FILE", where,
		    "cannot read %s: error %d", shown(path, show), -result);
	if (result != 0)
		return result;
	assert(size <= load->text_left);
	/* 10.0.0.0/24 less its last byte is another range; what ends with a
	 * bracket or a quote has none that could be missing. A NUL is told
	 * elsewhere. */
	if (size > 0 && strchr("\r\n]}\"'", read[size - 1]) == NULL)
		complain(decoder->complaints, "E-CUT",
		    where.line != 0 ? where : text_end(path, read, size),
		    "%s: the last line has no end: the file may be cut off; "
		    "if it is whole, end the line",
		    shown(path, show));
	load->text_left -= size;
	fingerprint_add(load->fingerprint, read, size);
	*text = read;
	*len = size;
	return 0;
}

static void
policy_id(struct policy *policy, const unsigned char *fingerprint)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i + 1 < sizeof(policy->id); i++)
		policy->id[i] =
		    digits[fingerprint[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
	policy->id[i] = '\0';
}

static int
policy_read(struct policy *policy, const struct reader *reader,
    struct complaints *complaints)
{
	struct load load = {
		.loading = { .policy = policy,
		    .ranges_left = RANGES_MAX,
		    .read = text_read },
		.reader = reader,
		.text_left = TEXT_MAX,
	};
	struct decoder decoder = {
		.schema = &keys_schema,
		.arena = policy->arena,
		.complaints = complaints,
		.ctx = &load,
	};
	char *text;
	size_t len;
	int result;

	result = text_read(&decoder, policy->file,
	    (struct where){ .file = policy->file }, &text, &len);
	if (result != 0)
		return result;
	result = schema_read(&decoder, &keys_policy, "the policy", text, len,
	    policy->file, policy);
	if (result == 0 && policy->end_marker && !decoder.marked)
		complain(complaints, "E-CUT", text_end(policy->file, text, len),
		    "the file says end_marker: true but does not end with a "
		    "line \"...\": it may be cut off");
	/* Without the rest of the text, names would seem unknown. */
	if (result == 0)
		result = contradictions_find(&decoder, policy);
	free(text);
	range_maker_fini(&load.loading.ranges);
	policy_id(policy, load.fingerprint);
	if (result == 0 && complaints->left < COMPLAINTS_MAX)
		result = -EINVAL;
	return result;
}

int
policy_load(const struct reader *reader, const char *file,
    struct policy **loaded, struct diagnostics *diagnostics)
{
	struct complaints complaints = { diagnostics, COMPLAINTS_MAX };
	struct arena *arena = arena_new(0);
	struct policy *policy = NULL;
	int result = -ENOMEM;

	if (arena != NULL)
		policy = arena_alloc(arena, sizeof(*policy));
	if (policy != NULL) {
		policy->arena = arena;
		policy->file = arena_text(arena, file, strlen(file));
	}
	if (policy != NULL && policy->file != NULL)
		result = policy_read(policy, reader, &complaints);
	if (result == 0) {
		*loaded = policy;
		return 0;
	}
	if (result == -ENOMEM)
		complain(&complaints, "E-LIMIT", (struct where){ .file = file },
		    "out of memory while the policy was read");
	arena_free(arena);
	return result;
}

void
policy_free(struct policy *policy)
{
	if (policy != NULL)
		arena_free(policy->arena);
}
