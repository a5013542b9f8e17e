/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl.c - what the verbs of connectorctl share.
 *
 * Complaints about the command line go to stderr with one line of advice, as
 * do those about the policy, except where a verb's answer is about them.
 */
#include "ctl.h"
#include "files.h"
#include "nearest.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HOST_SIZE = 256, COMPLAINT_SIZE = 4096 };

/* An answer could lack what there was no memory for. */
static bool json_short;

static void *
json_alloc(size_t size)
{
	void *p = malloc(size);

	json_short = json_short || !p;
	return p;
}

void
ctl_init(struct ctl *ctl, const struct verb *verb)
{
	json_short = false;
	json_set_alloc_funcs(json_alloc, free);
	*ctl = (struct ctl){
		.verb = verb,
		.policy = POLICY_FILE,
		.format = FORMAT_TEXT,
		.out = stdout,
		.err = stderr,
	};
}

void
verb_help(FILE *out, const struct verb *verb)
{
	fprintf(out,
	    "usage: connectorctl %s %s\n\n%s\n\n%s%s"
	    "      --format FORMAT   text (default) or json\n"
	    "  -h, --help            this text\n\n"
	    "Exit status: 0 yes, 1 no, 2 it could not tell.\n",
	    verb->name, verb->synopsis, verb->summary, verb->options,
	    verb->no_policy
		? ""
		: "  -p, --policy FILE     the policy; default " POLICY_FILE
		  "\n");
}

int
ctl_option(struct ctl *ctl, int option, const char *value)
{
	switch (option) {
	case 'p':
		ctl->policy = value;
		return -1;
	case 'F':
		if (strcmp(value, "text") == 0)
			ctl->format = FORMAT_TEXT;
		else if (strcmp(value, "json") == 0)
			ctl->format = FORMAT_JSON;
		else
			return ctl_usage(
			    ctl, "--format %s: write text or json", value);
		return -1;
	case 'h':
		verb_help(ctl->out, ctl->verb);
		return STATUS_YES;
	default: /* getopt_long() said what is wrong */
		fprintf(
		    ctl->err, "Try: connectorctl %s --help\n", ctl->verb->name);
		return STATUS_UNKNOWN;
	}
}

int
ctl_complain(const struct ctl *ctl, const char *format, ...)
{
	char text[COMPLAINT_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	fprintf(ctl->err, "connectorctl: %s\n", text_clean(text));
	return STATUS_UNKNOWN;
}

int
ctl_usage(const struct ctl *ctl, const char *format, ...)
{
	char text[COMPLAINT_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	fprintf(ctl->err, "connectorctl %s: %s\nusage: connectorctl %s %s\n",
	    ctl->verb->name, text_clean(text), ctl->verb->name,
	    ctl->verb->synopsis);
	return STATUS_UNKNOWN;
}

int
ctl_load(const struct ctl *ctl, struct ruleset **out, struct diagnostics *list)
{
	char host[HOST_SIZE] = "localhost";
	struct reader reader;
	struct files files;
	int rc;

	if (gethostname(host, sizeof host - 1) < 0)
		snprintf(host, sizeof host, "localhost");
	files_init(&files, ctl->policy);
	reader = files_reader(&files);
	rc = ruleset_load(&reader, ctl->policy, host, out, list);
	return rc;
}

const char *
where_format(const struct where *where, char buf[WHERE_TEXT_SIZE])
{
	int n;

	buf[0] = '\0';
	if (where->file == NULL)
		return buf;
	n = snprintf(buf, WHERE_TEXT_SIZE, "%.400s", where->file);
	if (where->line != 0)
		n += snprintf(
		    buf + n, (size_t)(WHERE_TEXT_SIZE - n), ":%u", where->line);
	if (where->line != 0 && where->column != 0)
		snprintf(buf + n, (size_t)(WHERE_TEXT_SIZE - n), ":%u",
		    where->column);
	return text_clean(buf);
}

const char *
listener_format(const struct listener *listener, char buf[LISTENER_TEXT_SIZE])
{
	char addr[NETADDR_TEXT_SIZE];
	bool ipv6;

	if (listener == NULL)
		return "*";
	if (listener->addr.family == FAMILY_NONE)
		return "other";
	ipv6 = listener->addr.family == FAMILY_IPV6;
	snprintf(buf, LISTENER_TEXT_SIZE, "%s%s%s:%u", ipv6 ? "[" : "",
	    netaddr_format(&listener->addr, addr), ipv6 ? "]" : "",
	    (unsigned)listener->port);
	return buf;
}

void
ctl_print_diagnostic(FILE *out, const struct diagnostic *d)
{
	char where[WHERE_TEXT_SIZE];

	where_format(&d->where, where);
	fprintf(out, "%s%s%s: %s [%s]\n", where, where[0] != '\0' ? ": " : "",
	    severity_name(d->severity), d->message, d->id);
}

int
ctl_ruleset(const struct ctl *ctl, struct ruleset **out)
{
	struct diagnostics *list = diagnostics_new();
	const struct diagnostic *d;
	int rc;

	if (list == NULL)
		return ctl_complain(ctl, "out of memory");
	rc = ctl_load(ctl, out, list);
	for (size_t i = 0; rc < 0 && (d = diagnostics_get(list, i)) != NULL;
	     i++)
		ctl_print_diagnostic(ctl->err, d);
	if (rc < 0 && diagnostics_count(list, SEVERITY_NOTE) == 0)
		ctl_complain(ctl, "%s: %s", ctl->policy, strerror(-rc));
	diagnostics_free(list);
	return rc < 0 ? STATUS_UNKNOWN : STATUS_YES;
}

int
ctl_print_json(const struct ctl *ctl, json_t *json, int status)
{
	char *text = json == NULL
			 ? NULL
			 : json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);

	json_decref(json);
	if (text == NULL || json_short) {
		free(text);
		return ctl_complain(ctl, "could not write JSON: %s",
		    "out of memory, or text that is not UTF-8");
	}
	fprintf(ctl->out, "%s\n", text);
	free(text);
	return status;
}

struct verb_names {
	const char *(*name)(size_t);
};

static const char *
name_at(const void *ctx, size_t i)
{
	const struct verb_names *names = ctx;

	return names->name(i);
}

const char *
did_you_mean(const char *word, const char *(*name)(size_t), size_t count)
{
	const struct verb_names names = { name };
	size_t len = strlen(word);

	for (size_t i = 0; i < count && len >= 2; i++)
		if (strncmp(word, name(i), len) == 0)
			return name(i);
	return word_nearest(word, name_at, &names, count);
}

int64_t
clock_now(void)
{
	return (int64_t)time(NULL);
}
