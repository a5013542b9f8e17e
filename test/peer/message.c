/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.c - the header of a message, and the changes that a filter makes.
 */
#include "message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
header_fini(struct peer_header *h)
{
	free((char *)h->name);
	free((char *)h->value);
}

static int
header_init(struct peer_header *h, const char *name, const char *value)
{
	h->name = strdup(name);
	h->value = strdup(value);
	if (h->name && h->value)
		return 0;
	header_fini(h);
	return -ENOMEM;
}

void
message_clear(struct message *m)
{
	for (size_t i = 0; i < m->nheaders; i++)
		header_fini(&m->headers[i]);
	for (size_t i = 0; i < m->nedits; i++) {
		free((char *)m->edits[i].name);
		free((char *)m->edits[i].value);
	}
	free(m->headers);
	free(m->edits);
	*m = (struct message){ 0 };
}

static int
header_insert(struct message *m, size_t at, const char *name, const char *value)
{
	struct peer_header h, *grown;
	int rc = header_init(&h, name, value);

	if (rc)
		return rc;
	grown = reallocarray(m->headers, m->nheaders + 1, sizeof(*grown));
	if (!grown) {
		header_fini(&h);
		return -ENOMEM;
	}
	m->headers = grown;
	if (at > m->nheaders)
		at = m->nheaders;
	memmove(
	    grown + at + 1, grown + at, (m->nheaders - at) * sizeof(*grown));
	grown[at] = h;
	m->nheaders++;
	return 0;
}

int
message_header(struct message *m, const char *name, const char *value)
{
	return header_insert(m, m->nheaders, name, value);
}

static int
header_change(struct message *m, const struct peer_edit *e)
{
	size_t left = e->index ? e->index : 1;

	for (size_t i = 0; i < m->nheaders; i++) {
		struct peer_header *h = &m->headers[i];
		if (strcasecmp(h->name, e->name) || --left)
			continue;
		header_fini(h);
		if (*e->value)
			return header_init(h, e->name, e->value);
		m->nheaders--;
		memmove(h, h + 1, (m->nheaders - i) * sizeof(*h));
		return 0;
	}
	/* Beyond the last one a change adds, a deletion does nothing. */
	return *e->value ? message_header(m, e->name, e->value) : 0;
}

int
message_edit(struct message *m, const struct peer_edit *edit)
{
	struct peer_header copy;
	struct peer_edit *grown;
	int rc = header_init(&copy, edit->name, edit->value);

	if (rc)
		return rc;
	grown = reallocarray(m->edits, m->nedits + 1, sizeof(*grown));
	if (!grown) {
		header_fini(&copy);
		return -ENOMEM;
	}
	m->edits = grown;
	grown[m->nedits++] = (struct peer_edit){
		.op = edit->op,
		.index = edit->index,
		.name = copy.name,
		.value = copy.value,
	};
	switch (edit->op) {
	case PEER_CHANGE:
		return header_change(m, edit);
	case PEER_INSERT:
		return header_insert(m, edit->index, edit->name, edit->value);
	case PEER_ADD:
		return message_header(m, edit->name, edit->value);
	}
	return -EPROTO;
}
