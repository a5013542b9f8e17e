/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_relay.c - which clients of Sendmail may relay, against the policy.
 */
#include "folded.h"
#include "sendmail.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static void
check_features(const struct sendmail *s)
{
	static const char *const open[] = { "promiscuous_relay",
		"relay_local_from", "relay_mail_from", "relay_based_on_MX",
		"relay_entire_domain", "loose_relay_check" };

	for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
		const struct cf_line *line =
		    sendmail_cf_next(&s->cf, NULL, CF_FEATURE, open[i]);

		if (line != NULL)
			doctor_say(s->doctor, D_RELAY_FEATURE, line->where,
			    "FEATURE(`%s') grants relay whatever the policy "
			    "says; remove it",
			    open[i]);
	}
}

/* A word of class R, which names clients and domains. */
static void
say_relay_domain(
    const struct sendmail *s, const struct where *where, const char *word)
{
	if (word[strspn(word, "0123456789.:")] == '\0')
		doctor_say(s->doctor, D_RELAY_DOMAINS, *where,
		    "%s grants relay to these clients, whatever the policy "
		    "says; remove it",
		    word);
	else
		doctor_say(s->doctor, D_RELAY_DOMAINS, *where,
		    "%s grants relay to clients by name; write To:%s RELAY in "
		    "the access map",
		    word, word);
}

static void
say_relay_domains(
    const struct sendmail *s, const struct where *where, const char *words)
{
	while (*(words += strspn(words, " \t")) != '\0') {
		size_t len = strcspn(words, " \t");

		say_relay_domain(
		    s, where, doctor_text(s->doctor, "%.*s", (int)len, words));
		words += len;
	}
}

static void
check_relay_file(const struct sendmail *s, const struct cf_line *line)
{
	const char *path = sendmail_path(s->doctor, line);
	struct folded folded;
	struct where where = { 0 };
	char *text, *word;

	if (path == NULL ||
	    doctor_read(s->doctor, path, &text, &where.file) < 0)
		return;
	folded = folded_start(text, FOLDED_SENDMAIL);
	while ((word = folded_next(&folded, &where.line)) != NULL) {
		word[strcspn(word, " \t#")] = '\0';
		say_relay_domain(s, &where, word);
	}
}

static void
check_relay_domains(const struct sendmail *s)
{
	const struct cf_line *line = NULL;

	while ((line = sendmail_cf_next(&s->cf, line, CF_CLASS, "R")) != NULL)
		say_relay_domains(s, &line->where, line->value);
	line = NULL;
	while ((line = sendmail_cf_next(&s->cf, line, CF_FILE, "R")) != NULL)
		check_relay_file(s, line);
}

/* The time of a file below the root; 0: it is not there. */
static time_t
file_time(struct doctor *d, const char *path)
{
	struct stat st;

	return stat(doctor_path(d, path), &st) < 0 ? 0 : st.st_mtime;
}

static void
check_stale(struct doctor *d, const char *map, const struct where *where)
{
	time_t made = file_time(d, doctor_text(d, "%s.db", map));

	if (made != 0 && made < file_time(d, map))
		doctor_say(d, D_MAP_STALE, *where,
		    "%s.db is older than %s; run makemap again", map, map);
}

static void
check_narrower(const struct sendmail *s, const struct rangeset *granted,
    const struct where *where)
{
	struct listener listener = { .port = 25 };
	struct rangeset policy = { 0 };
	char text[NETRANGE_TEXT_SIZE];
	struct netrange first;
	int rc = 0;

	for (int i = 0; i < 2 && rc == 0; i++) {
		listener.addr.family = i == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
		rc = doctor_relay(s->doctor, &listener, &policy);
	}
	if (rc == 0 && rangeset_exceeds(&policy, granted, &first))
		doctor_say(s->doctor, D_TABLE_NARROWER, *where,
		    "the policy lets %s relay, and the access map does not; "
		    "write it again with "
		    "connectorctl export sendmail-access",
		    netrange_format(&first, text));
	rangeset_fini(&policy);
}

/* The export has the long form of IPv6 addresses, whose groups can be
 * counted. */
static void
check_form(const struct sendmail *s)
{
	static const char name[] = "UseCompressedIPv6Addresses";
	const struct cf_line *line =
	    sendmail_cf_next(&s->cf, NULL, CF_OPTION, name);

	if (line != NULL && strchr("tTyY", *line->value) != NULL)
		doctor_say(s->doctor, D_TABLE_NARROWER, line->where,
		    "with %s IPv6 addresses are looked up in another form than "
		    "connectorctl export writes; remove it",
		    name);
}

static void
check_access(const struct sendmail *s)
{
	struct doctor *d = s->doctor;
	const struct cf_line *map =
	    sendmail_cf_next(&s->cf, NULL, CF_MAP, "access");
	const char *path = sendmail_path(d, map);
	struct rangeset granted = { 0 };
	int rc;

	if (path == NULL) {
		check_narrower(s, &granted, &s->file);
		return;
	}
	check_form(s);
	rc = sendmail_access(d, path, &granted);
	rangeset_sort(&granted);
	if (rc == 0) {
		struct where table = { .file = doctor_path(d, path) };

		doctor_wider(d, D_TABLE_WIDER, &table, "the table", &granted);
		check_narrower(s, &granted, &map->where);
	} else if (rc == -ENOENT)
		doctor_say(d, D_UNTOLD, map->where,
		    "%s, the text of the access map, is not there", path);
	check_stale(d, path, &map->where);
	rangeset_fini(&granted);
}

void
sendmail_check_relay(struct sendmail *s)
{
	check_features(s);
	check_relay_domains(s);
	check_access(s);
}
