/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor.c - connectorctl doctor: the seam between the MTA and the filter.
 *
 * Reads what the MTA reads, and finds what would bypass the filter, open the
 * relay, or lock clients out. Runs Postfix's postconf and postmap, which know
 * what its files mean, and writes nothing; to a UNIX socket it connects, to
 * see whether somebody answers. What cannot be read is said, and is no clean
 * bill.
 */
#include "doctor.h"
#include "files.h"
#include "findings.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024 * 1024, SAY_SIZE = 1024 };

#define POSTFIX_FOLDER "/etc/postfix"
#define SENDMAIL_FILE  "/etc/mail/sendmail.cf"
#define OURS           "connector-milter"

/* ---- What all parts use ---------------------------------------------- */

void
doctor_say(struct doctor *d, enum finding finding, struct where where,
    const char *format, ...)
{
	const char *id = finding_story(finding)->id;
	const struct diagnostic *said;
	char message[SAY_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	for (size_t i = 0; (said = diagnostics_get(d->list, i)) != NULL; i++)
		if (said->id == id && said->where.line == where.line &&
		    strcmp(said->where.file, where.file) == 0 &&
		    strcmp(said->message, message) == 0)
			return;
	diagnostics_add(
	    d->list, finding_severity(finding), id, where, "%s", message);
	d->untold =
	    d->untold || finding == D_UNTOLD || finding == D_NO_POSTCONF;
}

const char *
doctor_text(struct doctor *d, const char *format, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	text = n < 0 ? NULL : arena_alloc(d->arena, (size_t)n + 1);
	if (text == NULL) {
		d->failed = true;
		return "";
	}
	va_start(ap, format);
	vsnprintf(text, (size_t)n + 1, format, ap);
	va_end(ap);
	return text;
}

const char *
doctor_path(struct doctor *d, const char *path)
{
	return doctor_text(d, "%s%s%s", d->root,
	    *d->root != '\0' && *path != '/' ? "/" : "", path);
}

static void
remember(struct doctor *d, const char *shown)
{
	void *read = (void *)d->read;

	if (arena_grow(d->arena, &read, d->nread, sizeof *d->read) < 0) {
		d->failed = true;
		return;
	}
	d->read = read;
	d->read[d->nread++] = shown;
}

int
doctor_read(struct doctor *d, const char *path, char **text, const char **shown)
{
	const char *full = doctor_path(d, path);
	struct files files;
	struct reader reader;
	char *bytes;
	size_t len;
	int rc;

	*shown = full;
	files_init(&files, full);
	reader = files_reader(&files);
	rc = reader.read(reader.ctx, full, FILE_MAX, &bytes, &len);
	if (rc == -ENOENT)
		return rc;
	if (rc < 0) {
		doctor_say(d, D_UNTOLD, (struct where){ .file = full },
		    "it could not be read: %s", strerror(-rc));
		return rc;
	}
	*text = arena_text(d->arena, bytes, len);
	free(bytes);
	if (*text == NULL) {
		d->failed = true;
		return -ENOMEM;
	}
	remember(d, full);
	return 0;
}

bool
doctor_is_ours(const struct doctor *d, const char *name)
{
	return strstr(name, d->ours) != NULL;
}

/* ---- Who may relay --------------------------------------------------- */

struct relay {
	struct rangeset *clients;
	enum family family; /* FAMILY_NONE: both */
};

static int
add_relaying(void *ctx, const struct holding *h)
{
	const struct relay *relay = ctx;

	if (!h->claim.relay || (relay->family != FAMILY_NONE &&
				   relay->family != h->clients.first.family))
		return 0;
	return rangeset_add(relay->clients, &h->clients);
}

int
doctor_relay(
    struct doctor *d, const struct listener *listener, struct rangeset *clients)
{
	struct relay relay = { clients, listener->addr.family };
	int rc =
	    ruleset_walk(d->ruleset, listener, d->now, add_relaying, &relay);

	rangeset_sort(clients);
	return rc;
}

static int
find_relay(struct doctor *d)
{
	struct relay relay = { &d->relay, FAMILY_NONE };
	size_t n = ruleset_listeners(d->ruleset, NULL, 0);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = ruleset_walk_nth(
		    d->ruleset, i, d->now, add_relaying, &relay);
	rangeset_sort(&d->relay);
	return rc;
}

void
doctor_wider(struct doctor *d, enum finding finding, const struct where *where,
    const char *what, const struct rangeset *granted)
{
	char text[NETRANGE_TEXT_SIZE];
	struct netrange first;

	if (rangeset_exceeds(granted, &d->relay, &first))
		doctor_say(d, finding, *where,
		    "%s grants relay to %s, and the policy does not; %s", what,
		    netrange_format(&first, text),
		    finding == D_MYNETWORKS
			? "remove permit_mynetworks"
			: "write it again with connectorctl export");
}

/* ---- The report ------------------------------------------------------ */

static int
print_json(const struct doctor *d, int status)
{
	json_t *findings = json_array(), *read = json_array();

	findings_print(d->list, NULL, &findings);
	for (size_t i = 0; i < d->nread; i++)
		json_add(&read, text_json(d->read[i]));
	return ctl_print_json(d->ctl,
	    json_pack("{s:o, s:o, s:s}", "findings", findings, "read", read,
		"policy", ruleset_id(d->ruleset)),
	    status);
}

static void
print_text(const struct doctor *d, int status)
{
	FILE *out = d->ctl->out;
	size_t notes = diagnostics_count(d->list, SEVERITY_NOTE);
	char file[PRINTABLE_SIZE];

	findings_print(d->list, out, NULL);
	fprintf(out, "Read policy %s (%s)", ruleset_id(d->ruleset),
	    printable(d->ctl->policy, file));
	for (size_t i = 0; i < d->nread; i++)
		fprintf(out, ",\n    %s", printable(d->read[i], file));
	fputs(status == STATUS_YES  ? ".\nNo problems found.\n"
	      : status == STATUS_NO ? ".\n"
				    : ".\nUndecided: see above.\n",
	    out);
	if (notes > 0)
		fputs("connectorctl doctor --explain D-ID tells more\n", out);
}

static int
report(const struct doctor *d)
{
	int status = STATUS_YES;

	if (d->failed)
		return ctl_complain(d->ctl, "out of memory");
	if (diagnostics_count(d->list, SEVERITY_WARNING) > 0)
		status = STATUS_NO;
	else if (d->untold)
		status = STATUS_UNKNOWN;
	if (d->ctl->format == FORMAT_JSON)
		return print_json(d, status);
	print_text(d, status);
	return status;
}

/* ---- The verb -------------------------------------------------------- */

struct doctor_question {
	const char *root, *postfix, *sendmail, *ours;
};

/* What was not named is looked at if it is there. */
static int
examine(struct doctor *d, const struct doctor_question *q)
{
	bool named = q->postfix != NULL || q->sendmail != NULL;
	const char *folder = q->postfix != NULL ? q->postfix : POSTFIX_FOLDER;
	const char *file = q->sendmail != NULL ? q->sendmail : SENDMAIL_FILE;
	int postfix = -ENOENT, sendmail = -ENOENT;

	if (q->postfix != NULL || !named)
		postfix = doctor_postfix(d, folder);
	if (q->postfix != NULL && postfix == -ENOENT)
		return ctl_complain(
		    d->ctl, "%s: no main.cf is there", doctor_path(d, folder));
	if (q->sendmail != NULL || !named)
		sendmail = doctor_sendmail(d, file);
	if (q->sendmail != NULL && sendmail == -ENOENT)
		return ctl_complain(
		    d->ctl, "%s: there is no such file", doctor_path(d, file));
	if (postfix == -ENOENT && sendmail == -ENOENT)
		return ctl_complain(d->ctl,
		    "neither %s%s/main.cf nor %s%s is there; name one with "
		    "--postfix or --sendmail-cf",
		    d->root, folder, d->root, file);
	doctor_hosts(d);
	return report(d);
}

static int
run(const struct ctl *ctl, const struct doctor_question *q)
{
	struct doctor d = {
		.ctl = ctl,
		.root = q->root,
		.ours = q->ours,
		.now = clock_now(),
	};
	int status = ctl_ruleset(ctl, &d.ruleset);

	if (status != STATUS_YES)
		return status;
	d.arena = arena_new(0);
	d.list = diagnostics_new();
	if (d.arena == NULL || d.list == NULL || find_relay(&d) < 0)
		status = ctl_complain(ctl, "out of memory");
	else
		status = examine(&d, q);
	rangeset_fini(&d.relay);
	diagnostics_free(d.list);
	arena_free(d.arena);
	ruleset_unref(d.ruleset);
	return status;
}

static const char *
finding_id(size_t i)
{
	return finding_story(i)->id;
}

static int
take_option(
    struct ctl *ctl, struct doctor_question *q, int c, const char *value)
{
	switch (c) {
	case 'P':
		q->postfix = value;
		return -1;
	case 'S':
		q->sendmail = value;
		return -1;
	case 'R':
		q->root = strcmp(value, "/") == 0 ? "" : value;
		return -1;
	case 'O':
		if (*value == '\0')
			return ctl_usage(ctl, "--ours: write a part of the "
					      "names of our sockets");
		q->ours = value;
		return -1;
	default:
		return ctl_option(ctl, c, value);
	}
}

static int
doctor_main(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "postfix", required_argument, NULL, 'P' },
		{ "sendmail-cf", required_argument, NULL, 'S' },
		{ "root", required_argument, NULL, 'R' },
		{ "ours", required_argument, NULL, 'O' },
		{ "explain", optional_argument, NULL, 'e' },
		CTL_OPTIONS,
		{ 0 },
	};
	static const struct stories stories = { finding_story, finding_id, "D-",
		"a finding" };
	struct doctor_question q = { .root = "", .ours = OURS };
	const char *word = NULL;
	bool explain = false;
	struct ctl ctl;
	int c, status;

	ctl_init(&ctl, verb);
	while ((c = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
		if (c == 'e') {
			explain = true;
			word = optarg;
		} else if ((status = take_option(&ctl, &q, c, optarg)) >= 0) {
			return status;
		}
	}
	if (explain && word == NULL && optind < argc)
		word = argv[optind++];
	if (optind < argc)
		return ctl_usage(&ctl,
		    "%s: folders are named with --postfix, files with "
		    "--sendmail-cf",
		    argv[optind]);
	return explain ? stories_tell(&ctl, &stories, word) : run(&ctl, &q);
}

const struct verb verb_doctor = {
	.name = "doctor",
	.synopsis = "[--postfix DIR] [--sendmail-cf FILE] [--root DIR] "
		    "[--ours TEXT] | --explain [D-ID]",
	.summary = "Find what bypasses the filter, opens the relay or locks "
		   "out.",
	.options =
	    "      --postfix DIR     where main.cf and master.cf are\n"
	    "      --sendmail-cf FILE  Sendmail's configuration; default: "
	    "what is there\n"
	    "      --root DIR        all of the MTA's files are below DIR\n"
	    "      --ours TEXT       sockets with TEXT in their names are "
	    "ours; default\n"
	    "                        " OURS "\n"
	    "      --explain [D-ID]  the story behind a finding, or a list of "
	    "them\n",
	.run = doctor_main,
};
