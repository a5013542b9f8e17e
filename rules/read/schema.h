/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.h - tables of keys, and the one decoder that reads them.
 *
 * A record is a mapping in the file and a struct in memory; a field is one
 * of its keys. A row of a table is all that a key needs: how it is decoded,
 * where it goes, its default, Exchange's name for it and what it means. Keys
 * that are not in the table are errors.
 *
 * Decoders answer 0, -EINVAL after they have complained, or -ENOMEM, and
 * always leave the cursor behind their value.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "arena.h"
#include "yaml_reader.h"

struct field;
struct record;

/* A key that another program's policy may hold, and what to do about it. */
struct refusal {
	const char *key;
	const char *advice;
};

struct schema {
	const struct record *const *records; /* NULL-terminated */
	const struct refusal *elsewhere;     /* settings of the MTA (E-MTA) */
	size_t nelsewhere;
	const char *manual; /* the page that lists the keys */
};

struct decoder {
	const struct schema *schema;
	struct source *source;
	struct arena *arena;
	struct complaints *complaints;
	void *ctx;    /* for the decoders of a caller */
	bool marked;  /* after schema_read(): a line "..." ended the text */
	bool no_list; /* a list that may be empty has no value at all */
	/* The key whose value is being read, for messages. */
	const char *key;
	struct where key_where;
};

/* Reads the value under the cursor into object, at field->offset. */
typedef int decode_fn(struct decoder *, const struct field *, void *object);

enum field_flags {
	FIELD_REQUIRED = 1,
	FIELD_FILLED = 2, /* a list that may not be empty */
	FIELD_ANY = 4,    /* of a record's keys with this flag, one at least */
	FIELD_ONE = 8,    /* of a record's keys with this flag, one */
};

/* What a value looks like, to those who print the tables. */
enum shape {
	SHAPE_TEXT,
	SHAPE_BOOL,
	SHAPE_NUMBER,
	SHAPE_SIZE,
	SHAPE_WORD,
	SHAPE_SET,    /* a list of words */
	SHAPE_LIST,   /* of elements */
	SHAPE_NAMES,  /* a mapping of names to elements */
	SHAPE_RECORD, /* a mapping of keys to values */
};

/* What another value of a key means to a comparison of two policies. */
enum diff_meaning {
	DIFF_CHANGE,  /* neither more nor less */
	DIFF_LIMIT,   /* the higher, the wider; 0 is no limit */
	DIFF_STRICT,  /* true refuses */
	DIFF_LENIENT, /* true, or the later word, lets pass */
	DIFF_NONE,    /* nothing by itself: analyse/diff_keys.c compares it,
			 or diff does so address by address */
};

/* Words that stand for the numbers 0 to count - 1. */
struct words {
	const char *what;           /* "a right" */
	const char *(*name)(int);   /* number to word */
	int (*parse)(const char *); /* word to number, -1: none; may be
				       NULL, then it is name()'s inverse,
				       underscores and dashes aside */
	int count;
	const char *alone; /* the word that excludes the others, or NULL */
};

struct field {
	const char *key;
	decode_fn *decode;
	enum shape shape; /* where the decoder is a caller's */
	unsigned flags;
	size_t offset, size; /* of the member; an element's size is the stride
				of its list */
	size_t count;        /* offset of a list's size_t */
	size_t where;        /* offset of the key's struct where; 0: none */
	int64_t preset;      /* the value of a number, bool or word that is
				not given */
	int64_t min;         /* of a number or a size */
	uint64_t max;        /* of a number or a size; of a text's length */
	const char *word;    /* may stand for a number: "unlimited", */
	int64_t word_value;  /* which this is */
	const struct words *words; /* of a word or a set; names of a mapping */
	const struct record *record;
	const struct field *element; /* of a list, of a mapping of names */
	const struct field *either;  /* another shape of the same value */
	enum diff_meaning diff;
	const char *pattern;  /* of a text or a name: ECMA 262, for
				 editors; decoders do not read it */
	const char *exchange; /* Exchange's name for the key, or NULL */
	const char *absent;   /* what goes without it, for people; NULL:
				 the preset */
	const char *doc;      /* one line for people */
};

/* Where the keys of one mapping stand. */
struct keys;

struct record {
	const char *what; /* "a connector" */
	const struct field *fields;
	size_t nfields;
	const char *shorthand; /* a plain text stands for a mapping with this
				  key alone; or NULL */
	size_t where;          /* offset of the struct where of the first
				  key; 0: none */
	/* Complains of a key that shows that no such mapping was meant, and
	 * moves on to its value; else answers false. May be NULL. */
	bool (*foreign)(struct decoder *);
	/* Complains of what is wrong between the keys; may be NULL. */
	int (*check)(struct decoder *, const struct keys *, void *object);
};

/* Where a member is and how large. */
#define AT(type, member)                         \
	.offset = offsetof(struct type, member), \
	.size = sizeof(((struct type *)NULL)->member)

/* Where a list's pointer is, and its count. */
#define LIST_AT(type, items, number)            \
	.offset = offsetof(struct type, items), \
	.count = offsetof(struct type, number)

/* Decoders of common types. */
decode_fn schema_bool;   /* bool */
decode_fn schema_number; /* uint64_t or smaller; from below 0: int */
decode_fn schema_size;   /* uint64_t: bytes, or a number and KB, MB, ... */
decode_fn schema_text;   /* const char *: one line without control bytes */
decode_fn schema_word;   /* an enum */
decode_fn schema_set;    /* uint32_t: a list of words, one bit each */
decode_fn schema_record; /* a struct */
decode_fn schema_list;   /* a pointer to elements, and their count */

/* Decodes a whole text into the object of a field, which is a record; what
 * names it: "the policy". Answers source_status(): 0 says that all was read,
 * with or without complaints. */
int schema_read(struct decoder *, const struct field *, const char *what,
    const char *text, size_t len, const char *file, void *object);

enum shape schema_shape(const struct field *);

/* The place of a key that was given a good value, else NULL. */
const struct where *keys_good(const struct keys *, const char *key);
/* The place of a key that stands there, with a good value or not, or NULL. */
const struct where *keys_given(const struct keys *, const char *key);

/* The parts that a decoder of a caller is made of. */

/* The text under the cursor; complains and skips where there is none. The
 * text lives until the cursor moves. */
const struct item *schema_item(struct decoder *);
/* Complains that the value under the cursor is not of the kind that is due,
 * and skips it. -EINVAL. */
int schema_mismatch(struct decoder *, enum item_type due);
/* Moves into the mapping under the cursor; complains and skips where there
 * is none. */
int schema_enter_map(struct decoder *);
/* Moves into the list under the cursor, and keeps the key's place where the
 * field says; complains and skips where there is none, or an empty one that
 * may not be. */
int schema_enter_list(struct decoder *, const struct field *, void *object);
/* Whether the cursor is on a further element. */
bool schema_list_goes_on(struct decoder *);
/* Writes a number of field->size bytes; 0: it is kept nowhere. */
void schema_store(const struct field *, void *object, uint64_t value);
/* A copy of the key's or value's text in the arena, checked: one line,
 * printable, 1 to max characters. Does not move the cursor. */
int schema_copy(
    struct decoder *, const struct item *, uint64_t max, const char **);
/* Whether text is an IPv6 address whose last colon YAML took away, and a
 * complaint about it if so. */
bool schema_unquoted_ipv6(struct decoder *, const struct item *key);

#endif
