/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export.c - connectorctl export: the clients that may relay, in the MTA's
 * own form.
 *
 * They are those whose claim without credentials is to relay on the listener;
 * a host on the block list is not among them. What is written holds exactly
 * these addresses: never one more, where a form is too coarse it is written out
 * instead.
 */
#include "cidr.h"
#include "rangeset.h"
#include "ctl.h"
#include "recording.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct form {
	const char *name;
	const char *value;
	unsigned step4, step6; /* prefixes are multiples of these */
	void (*key)(const struct block *, char buf[BLOCK_TEXT_SIZE]);
	const char *separator;
	const char *how; /* to install it, as comment lines */
};

static void
sendmail_key(const struct block *b, char buf[BLOCK_TEXT_SIZE])
{
	char text[BLOCK_TEXT_SIZE];

	block_parts(b, text);
	snprintf(buf, BLOCK_TEXT_SIZE, "Connect:%s%.80s",
	    b->first.family == FAMILY_IPV6 ? "IPv6:" : "", text);
}

static const struct form forms[] = {
	{
	    .name = "postfix-cidr",
	    .value = "OK",
	    .step4 = 1,
	    .step6 = 1,
	    .key = block_cidr,
	    .separator = " ",
	    .how = "# For check_client_access cidr:FILE, between "
		   "permit_auth_destination and\n"
		   "# reject_unauth_destination in "
		   "smtpd_relay_restrictions.\n"
		   "# Needs no postmap. To install it, in /etc/postfix:\n"
		   "#   connectorctl export postfix-cidr > "
		   "connector-milter.cidr.new &&\n"
		   "#       mv connector-milter.cidr.new "
		   "connector-milter.cidr &&\n"
		   "#       postfix reload\n",
	},
	{
	    .name = "sendmail-access",
	    .value = "RELAY",
	    .step4 = 8,
	    .step6 = 16,
	    .key = sendmail_key,
	    .separator = "\t",
	    .how = "# For FEATURE(`access_db'), beside your own lines in "
		   "access.local. To install it,\n"
		   "# in /etc/mail:\n"
		   "#   { cat access.local && connectorctl export "
		   "sendmail-access; } >access.new &&\n"
		   "#       mv access.new access &&\n"
		   "#       makemap hash access < access\n"
		   "# Needs Sendmail's uncompressed IPv6 form "
		   "(UseCompressedIPv6Addresses unset).\n",
	},
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

struct export
{
	const struct ctl *ctl;
	const struct form *form;
	FILE *text; /* what is written, until all of it is known; or NULL */
	const char *listener_text; /* or NULL: port 25, both families */
	struct listener listener;
	int64_t now;
	json_t *entries;    /* or NULL: text */
	enum family family; /* of the clients that are taken */
	struct rangeset clients;
};

static int
on_block(void *ctx, const struct block *b)
{
	struct export *e = ctx;
	char key[BLOCK_TEXT_SIZE];

	e->form->key(b, key);
	if (e->entries == NULL)
		return fprintf(e->text, "%s%s%s\n", key, e->form->separator,
			   e->form->value) < 0
			   ? -ENOMEM
			   : 0;
	return json_array_append_new(
		   e->entries, json_pack("{s:s, s:s}", "key", key, "value",
				   e->form->value)) < 0
		   ? -ENOMEM
		   : 0;
}

static int
on_holding(void *ctx, const struct holding *h)
{
	struct export *e = ctx;

	if (h->clients.first.family != e->family || !h->claim.relay)
		return 0;
	return rangeset_add(&e->clients, &h->clients);
}

/* Adds the clients of one family that may relay on a listener. */
static int
walk(struct export *e, const struct ruleset *ruleset, enum family family,
    const struct listener *listener)
{
	int rc;

	e->family = family;
	rc = ruleset_walk(ruleset, listener, e->now, on_holding, e);
	if (rc == -EAGAIN)
		return ctl_usage(e->ctl,
		    "connectors are bound to addresses of this host, so the "
		    "answer depends on where a client connects; say it with "
		    "--listener IP:PORT");
	if (rc < 0)
		return ctl_complain(e->ctl, "%s", strerror(-rc));
	return STATUS_YES;
}

static int
write_blocks(struct export *e)
{
	int rc = 0;

	rangeset_sort(&e->clients);
	for (size_t i = 0; i < e->clients.count && rc == 0; i++) {
		const struct netrange *range = &e->clients.items[i];
		bool ipv6 = range->first.family == FAMILY_IPV6;

		rc = blocks_walk(
		    range, ipv6 ? e->form->step6 : e->form->step4, on_block, e);
	}
	return rc < 0 ? ctl_complain(e->ctl, "%s", strerror(-rc)) : STATUS_YES;
}

static int
walk_all(struct export *e, const struct ruleset *ruleset)
{
	struct listener listener = { .port = 25 };
	int status = STATUS_YES;

	if (e->listener_text != NULL)
		status =
		    walk(e, ruleset, e->listener.addr.family, &e->listener);
	for (int i = 0;
	     i < 2 && e->listener_text == NULL && status == STATUS_YES; i++) {
		enum family family = i == 0 ? FAMILY_IPV4 : FAMILY_IPV6;

		listener.addr.family = family;
		status = walk(e, ruleset, family, &listener);
	}
	if (status == STATUS_YES)
		status = write_blocks(e);
	rangeset_fini(&e->clients);
	return status;
}

static void
print_head(const struct export *e, const struct ruleset *ruleset)
{
	fprintf(e->text,
	    "# Clients that may relay by policy %s (%s), on %s.\n"
	    "# Made by connectorctl export %s; changes here are lost.\n%s",
	    ruleset_id(ruleset), ruleset_file(ruleset),
	    e->listener_text != NULL ? e->listener_text : "port 25",
	    e->form->name, e->form->how);
}

static int
export_json(struct export *e, const struct ruleset *ruleset)
{
	int status;

	e->entries = json_array();
	if (e->entries == NULL)
		return ctl_complain(e->ctl, "out of memory");
	status = walk_all(e, ruleset);
	if (status == STATUS_YES)
		status = ctl_print_json(e->ctl,
		    json_pack("{s:O, s:s}", "entries", e->entries, "policy",
			ruleset_id(ruleset)),
		    STATUS_YES);
	json_decref(e->entries);
	return status;
}

/* A table that breaks off would be taken for a whole one. */
static int
export_text(struct export *e, const struct ruleset *ruleset)
{
	char *text = NULL;
	size_t len;
	int status;

	e->text = open_memstream(&text, &len);
	if (e->text == NULL)
		return ctl_complain(e->ctl, "out of memory");
	print_head(e, ruleset);
	status = walk_all(e, ruleset);
	fputs("# end of connectorctl export\n", e->text);
	if (fclose(e->text) != 0 && status == STATUS_YES)
		status = ctl_complain(e->ctl, "out of memory");
	if (status == STATUS_YES && fwrite(text, 1, len, e->ctl->out) != len)
		status = ctl_complain(e->ctl, "%s", strerror(errno));
	free(text);
	return status;
}

static int export(struct export *e)
{
	struct ruleset *ruleset;
	int status = ctl_ruleset(e->ctl, &ruleset);

	assert(e->form != NULL);
	if (status != STATUS_YES)
		return status;
	status = e->ctl->format == FORMAT_JSON ? export_json(e, ruleset)
					       : export_text(e, ruleset);
	ruleset_unref(ruleset);
	return status;
}

/* ---- The command line ------------------------------------------------ */

static const char *
form_name(size_t i)
{
	return forms[i].name;
}

static int
take_form(struct export *e, int argc, char **argv)
{
	const char *meant, *word = optind < argc ? argv[optind] : NULL;

	if (word == NULL || optind + 1 < argc)
		return ctl_usage(
		    e->ctl, "write one form: postfix-cidr or sendmail-access");
	for (size_t i = 0; i < FORM_COUNT; i++) {
		if (strcmp(word, forms[i].name) == 0)
			e->form = &forms[i];
	}
	if (e->form != NULL)
		return -1;
	meant = did_you_mean(word, form_name, FORM_COUNT);
	return ctl_usage(e->ctl, "%s is not a form%s%s%s", word,
	    meant != NULL ? "; did you mean " : "", meant != NULL ? meant : "",
	    meant != NULL ? "?" : "");
}

static int
take_option(struct ctl *ctl, struct export *e, int c, const char *value)
{
	char why[NETADDR_WHY_SIZE];

	if (c == 'A') {
		if (clock_parse(value, &e->now) == 0)
			return -1;
		return ctl_usage(ctl,
		    "--at %s: write 2026-11-21T09:00:00Z, or 2026-11-21",
		    value);
	}
	if (c != 'l')
		return ctl_option(ctl, c, value);
	if (endpoint_parse(value, &e->listener.addr, &e->listener.port, why) <
	    0)
		return ctl_usage(ctl, "--listener %s: %s", value, why);
	e->listener_text = value;
	return -1;
}

static int
export_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listener", required_argument, NULL, 'l' },
		{ "at", required_argument, NULL, 'A' },
		CTL_OPTIONS,
		{ 0 },
	};
	struct ctl ctl;
	struct export e = { .ctl = &ctl, .now = clock_now() };
	int c, status;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if ((status = take_option(&ctl, &e, c, optarg)) >= 0)
			return status;
	}
	if ((status = take_form(&e, argc, argv)) >= 0)
		return status;
	return export(&e);
}

const struct verb verb_export = {
	.name = "export",
	.synopsis = "postfix-cidr|sendmail-access [--listener IP:PORT] "
		    "[--at TIME]",
	.summary = "Write the clients that may relay in the MTA's own form.",
	.options =
	    "      --listener IP:PORT  where clients connect to; default port "
	    "25\n"
	    "      --at TIME         2026-11-21T09:00:00Z or 2026-11-21; "
	    "default now\n",
	.run = export_main,
};
