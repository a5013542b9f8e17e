/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer.c - the MTA's side of the milter protocol, for tests.
 *
 * One row of the table of steps says everything that the protocol says of a
 * command: which bits suppress it or its reply, and its macros.
 */
#include "peer.h"
#include "message.h"
#include "script.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEPS = 9,
	MACROS_MAX = 64,
	REPLIES_MAX = 100000, /* to one command; beyond is a filter gone mad */
};

/* Sent unless the filter asks for others: what Postfix 3.7 sends. */
static const struct step {
	char command;
	int stage; /* SMFIM_*, or -1: no macros of its own */
	uint32_t no, no_reply;
	const char *macros;
} steps[STEPS] = {
	// clang-format off
	{ PEER_CONNECT, SMFIM_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN, "j {daemon_name} {daemon_addr} v _" },
	{ PEER_HELO,    SMFIM_HELO,    SMFIP_NOHELO,    SMFIP_NR_HELO, "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}" },
	{ PEER_MAIL,    SMFIM_ENVFROM, SMFIP_NOMAIL,    SMFIP_NR_MAIL, "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}" },
	{ PEER_RCPT,    SMFIM_ENVRCPT, SMFIP_NORCPT,    SMFIP_NR_RCPT, "i {rcpt_addr} {rcpt_host} {rcpt_mailer}" },
	{ PEER_DATA,    SMFIM_DATA,    SMFIP_NODATA,    SMFIP_NR_DATA, "i" },
	{ PEER_HEADER,  -1,            SMFIP_NOHDRS,    SMFIP_NR_HDR,  "" },
	{ PEER_EOH,     SMFIM_EOH,     SMFIP_NOEOH,     SMFIP_NR_EOH,  "i" },
	{ PEER_BODY,    -1,            SMFIP_NOBODY,    SMFIP_NR_BODY, "" },
	{ PEER_EOM,     SMFIM_EOM,     0,               0,             "i" },
	// clang-format on
};

struct macro {
	char *name, *value;
};

struct peer {
	struct wire wire;
	struct script *script; /* or NULL */
	struct peer_options asked;
	char *symlists[SMFIM_LAST + 1]; /* NULL: not asked */
	struct macro macros[MACROS_MAX];
	size_t nmacros;
	struct message message;
	char *text; /* of the last reply */
};

static const struct step *
step_find(char command)
{
	for (size_t i = 0; i < STEPS; i++)
		if (steps[i].command == command)
			return &steps[i];
	return NULL;
}

int
peer_open(const char *spec, int timeout, struct peer **out)
{
	struct peer *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	rc = wire_open(&p->wire, spec, timeout);
	if (rc) {
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void
peer_free(struct peer *p)
{
	if (!p)
		return;
	wire_close(&p->wire);
	message_clear(&p->message);
	for (size_t i = 0; i <= SMFIM_LAST; i++)
		free(p->symlists[i]);
	for (size_t i = 0; i < p->nmacros; i++) {
		free(p->macros[i].name);
		free(p->macros[i].value);
	}
	free(p->text);
	free(p);
}

void
peer_write_down(struct peer *p, struct script *script)
{
	p->script = script;
}

int
peer_send(struct peer *p, char command, const void *data, size_t len)
{
	if (p->script)
		return script_add(p->script, command, data, len);
	return wire_send(&p->wire, command, data, len);
}

int
peer_send_raw(struct peer *p, const void *bytes, size_t len)
{
	return wire_write(&p->wire, bytes, len);
}

int
peer_read(struct peer *p, char *command, const char **data, size_t *len)
{
	return wire_read(&p->wire, command, data, len);
}

static uint32_t
word_get(const char *data)
{
	uint32_t word;

	memcpy(&word, data, sizeof(word));
	return ntohl(word);
}

static void
word_put(char *data, uint32_t word)
{
	word = htonl(word);
	memcpy(data, &word, sizeof(word));
}

/* Behind the options: a stage and a text with its NUL, and so on. */
static int
symlists_read(struct peer *p, const char *data, size_t len)
{
	while (len) {
		const char *end;
		uint32_t stage;

		if (len < 5)
			return -EPROTO;
		stage = word_get(data);
		end = memchr(data + 4, '\0', len - 4);
		if (!end || stage > SMFIM_LAST || p->symlists[stage])
			return -EPROTO;
		p->symlists[stage] = strdup(data + 4);
		if (!p->symlists[stage])
			return -ENOMEM;
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	return 0;
}

int
peer_negotiate(struct peer *p, const struct peer_options *offer)
{
	static const struct peer_options usual = {
		.version = 6,
		.actions = SMFI_CURR_ACTS,
		.steps = SMFI_CURR_PROT,
	};
	char packet[MILTER_OPTLEN], command;
	const char *data;
	size_t len;
	int rc;

	if (!offer)
		offer = &usual;
	word_put(packet, offer->version);
	word_put(packet + 4, offer->actions);
	word_put(packet + 8, offer->steps);
	rc = peer_send(p, SMFIC_OPTNEG, packet, sizeof(packet));
	if (!rc && p->script)
		return script_wait(p->script);
	if (!rc)
		rc = peer_read(p, &command, &data, &len);
	if (rc)
		return rc;
	if (command != SMFIC_OPTNEG || len < MILTER_OPTLEN)
		return -EPROTO;
	p->asked.version = word_get(data);
	p->asked.actions = word_get(data + 4);
	p->asked.steps = word_get(data + 8);
	/* More than was offered: an MTA takes the filter for broken. */
	if (p->asked.actions & ~offer->actions ||
	    p->asked.steps & ~offer->steps)
		return -EPROTO;
	return symlists_read(p, data + MILTER_OPTLEN, len - MILTER_OPTLEN);
}

struct peer_options
peer_asked(const struct peer *p)
{
	return p->asked;
}

const char *
peer_symlist(const struct peer *p, enum peer_command command)
{
	const struct step *step = step_find((char)command);

	return step && step->stage >= 0 ? p->symlists[step->stage] : NULL;
}

int
peer_define(struct peer *p, const char *name, const char *value)
{
	struct macro *m = p->macros, *end = m + p->nmacros;
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -ENOMEM;
	while (m < end && strcmp(m->name, name) != 0)
		m++;
	if (m == end) {
		char *own = p->nmacros < MACROS_MAX ? strdup(name) : NULL;
		if (!own) {
			free(copy);
			return -ENOMEM;
		}
		*m = (struct macro){ .name = own };
		p->nmacros++;
	}
	free(m->value);
	m->value = copy;
	return 0;
}

/* A growing packet: texts with their NULs, and bytes. */
struct packet {
	char *data;
	size_t len;
	int rc;
};

static void
packet_bytes(struct packet *k, const void *bytes, size_t len)
{
	char *grown;

	if (k->rc)
		return;
	grown = realloc(k->data, k->len + len);
	if (!grown) {
		k->rc = -ENOMEM;
		return;
	}
	k->data = grown;
	memcpy(grown + k->len, bytes, len);
	k->len += len;
}

static void
packet_text(struct packet *k, const char *text)
{
	packet_bytes(k, text, strlen(text) + 1);
}

static int
packet_send(struct peer *p, char command, struct packet *k)
{
	int rc = k->rc;

	if (!rc)
		rc = peer_send(p, command, k->data, k->len);
	free(k->data);
	*k = (struct packet){ 0 };
	return rc;
}

static const char *
macro_find(const struct peer *p, const char *name, size_t len)
{
	for (size_t i = 0; i < p->nmacros; i++)
		if (strlen(p->macros[i].name) == len &&
		    !memcmp(p->macros[i].name, name, len))
			return p->macros[i].value;
	return NULL;
}

static int
macros_send(struct peer *p, const struct step *step)
{
	const char *list = step->macros, *name;
	struct packet k = { 0 };

	if (step->stage < 0)
		return 0;
	if (p->symlists[step->stage])
		list = p->symlists[step->stage];
	packet_bytes(&k, &step->command, 1);
	for (name = list + strspn(list, " "); *name;
	     name += strspn(name, " ")) {
		size_t len = strcspn(name, " ");
		const char *value = macro_find(p, name, len);
		if (value) {
			packet_bytes(&k, name, len);
			packet_bytes(&k, "", 1);
			packet_text(&k, value);
		}
		name += len;
	}
	return packet_send(p, SMFIC_MACRO, &k);
}

static int
edit_read(struct peer *p, char op, const char *data, size_t len)
{
	struct peer_edit e = { 0 };
	const char *end = data + len, *nul;

	switch (op) {
	case SMFIR_ADDHEADER:
		e.op = PEER_ADD;
		break;
	case SMFIR_CHGHEADER:
	case SMFIR_INSHEADER:
		e.op = op == SMFIR_CHGHEADER ? PEER_CHANGE : PEER_INSERT;
		if (len < 4)
			return -EPROTO;
		e.index = word_get(data);
		data += 4;
		break;
	default:
		return -EPROTO;
	}
	nul = memchr(data, '\0', (size_t)(end - data));
	if (!nul || nul == data)
		return -EPROTO;
	e.name = data;
	e.value = nul + 1;
	nul = memchr(e.value, '\0', (size_t)(end - e.value));
	if (!nul || nul + 1 != end)
		return -EPROTO;
	return message_edit(&p->message, &e);
}

/* The text of a reply as an MTA says it; "%%" is a percent sign. */
static int
text_read(struct peer *p, const char *data, size_t len)
{
	char *to;

	if (len < 4 || data[len - 1] || memchr(data, '\0', len - 1))
		return -EPROTO;
	free(p->text);
	p->text = to = malloc(len);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		*to++ = data[i];
		if (data[i] == '%' && data[i + 1] == '%')
			i++;
	}
	return 0;
}

static int
reply_read(struct peer *p, char asked, struct peer_reply *reply)
{
	for (int i = 0; i < REPLIES_MAX; i++) {
		const char *data;
		char command;
		size_t len;
		int rc = peer_read(p, &command, &data, &len);

		if (rc)
			return rc;
		switch (command) {
		case SMFIR_PROGRESS:
			continue;
		case SMFIR_REPLYCODE:
			rc = text_read(p, data, len);
			if (rc)
				return rc;
			reply->verdict = PEER_REPLYCODE;
			reply->text = p->text;
			return 0;
		case SMFIR_CONTINUE:
		case SMFIR_ACCEPT:
		case SMFIR_REJECT:
		case SMFIR_TEMPFAIL:
		case SMFIR_DISCARD:
		case SMFIR_SKIP:
		case SMFIR_SHUTDOWN:
			reply->verdict = (enum peer_verdict)command;
			reply->text = "";
			return len ? -EPROTO : 0;
		default:
			if (asked != PEER_EOM)
				return -EPROTO;
			rc = edit_read(p, command, data, len);
			if (rc)
				return rc;
		}
	}
	return -EPROTO;
}

static int
step_take(
    struct peer *p, char command, struct packet *k, struct peer_reply *reply)
{
	const struct step *step = step_find(command);
	int rc = macros_send(p, step);

	if (rc || p->asked.steps & step->no) {
		free(k->data);
		*reply = (struct peer_reply){ PEER_UNSENT, "" };
		return rc;
	}
	rc = packet_send(p, command, k);
	if (rc)
		return rc;
	*reply = (struct peer_reply){ PEER_CONTINUE, "" };
	if (p->asked.steps & step->no_reply)
		return 0;
	if (p->script)
		return script_wait(p->script);
	return reply_read(p, command, reply);
}

int
peer_connect(struct peer *p, const char *hostname, const char *address,
    uint16_t port, struct peer_reply *reply)
{
	struct packet k = { 0 };
	uint16_t wire_port = htons(port);
	char name[80];

	if (!hostname) {
		snprintf(
		    name, sizeof(name), "[%s]", address ? address : "unknown");
		hostname = name;
	}
	packet_text(&k, hostname);
	if (!address) {
		packet_bytes(&k, "U", 1);
		return step_take(p, PEER_CONNECT, &k, reply);
	}
	packet_bytes(&k, strchr(address, ':') ? "6" : "4", 1);
	packet_bytes(&k, &wire_port, sizeof(wire_port));
	if (strchr(address, ':'))
		packet_bytes(&k, "IPv6:", 5);
	packet_text(&k, address);
	return step_take(p, PEER_CONNECT, &k, reply);
}

int
peer_helo(struct peer *p, const char *name, struct peer_reply *reply)
{
	struct packet k = { 0 };

	packet_text(&k, name);
	return step_take(p, PEER_HELO, &k, reply);
}

static int
argv_take(struct peer *p, char command, const char *const *argv,
    struct peer_reply *reply)
{
	struct packet k = { 0 };

	for (; *argv; argv++)
		packet_text(&k, *argv);
	return step_take(p, command, &k, reply);
}

int
peer_mail(struct peer *p, const char *const *argv, struct peer_reply *reply)
{
	message_clear(&p->message);
	return argv_take(p, PEER_MAIL, argv, reply);
}

int
peer_rcpt(struct peer *p, const char *const *argv, struct peer_reply *reply)
{
	return argv_take(p, PEER_RCPT, argv, reply);
}

int
peer_data(struct peer *p, struct peer_reply *reply)
{
	return step_take(p, PEER_DATA, &(struct packet){ 0 }, reply);
}

int
peer_header(struct peer *p, const char *name, const char *value,
    struct peer_reply *reply)
{
	struct packet k = { 0 };
	int rc = message_header(&p->message, name, value);

	if (rc)
		return rc;
	packet_text(&k, name);
	packet_text(&k, value);
	return step_take(p, PEER_HEADER, &k, reply);
}

int
peer_eoh(struct peer *p, struct peer_reply *reply)
{
	return step_take(p, PEER_EOH, &(struct packet){ 0 }, reply);
}

int
peer_body(
    struct peer *p, const void *bytes, size_t len, struct peer_reply *reply)
{
	const char *at = bytes;
	int rc;

	do {
		size_t n = len < MILTER_CHUNK_SIZE ? len : MILTER_CHUNK_SIZE;
		struct packet k = { 0 };

		packet_bytes(&k, at, n);
		rc = step_take(p, PEER_BODY, &k, reply);
		at += n;
		len -= n;
	} while (!rc && len && reply->verdict == PEER_CONTINUE);
	return rc;
}

int
peer_eom(struct peer *p, struct peer_reply *reply)
{
	return step_take(p, PEER_EOM, &(struct packet){ 0 }, reply);
}

int
peer_abort(struct peer *p)
{
	return peer_send(p, SMFIC_ABORT, NULL, 0);
}

int
peer_quit(struct peer *p)
{
	return peer_send(p, SMFIC_QUIT, NULL, 0);
}

const struct peer_edit *
peer_edits(const struct peer *p, size_t *count)
{
	*count = p->message.nedits;
	return p->message.edits;
}

const struct peer_header *
peer_headers(const struct peer *p, size_t *count)
{
	*count = p->message.nheaders;
	return p->message.headers;
}
