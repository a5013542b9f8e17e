/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_sendmail.c - Sendmail: its filters, its daemons, and who relays.
 *
 * Reads sendmail.cf, which is what Sendmail reads, and the text that the
 * access map was made from: the map's name with .all, as contrib/sendmail
 * makes it, else without. The map itself is a database, and not read.
 */
#include "doctor.h"
#include "folded.h"
#include "sendmail_cf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct seam {
	struct doctor *doctor;
	struct sendmail_cf cf;
	struct where file;
	const struct cf_line *filter; /* ours, or NULL */
};

/* ---- Filters --------------------------------------------------------- */

/* Our filter is known by its socket. */
static void
find_filter(struct seam *s)
{
	const struct cf_line *line = NULL;

	while (
	    (line = sendmail_cf_next(&s->cf, line, CF_FILTER, NULL)) != NULL) {
		const char *socket =
		    sendmail_cf_field(&s->cf, line->value, "S");

		if (socket != NULL && doctor_is_ours(s->doctor, socket))
			s->filter = line;
	}
}

/* How many filters of a list stand before ours; -1: it is not in there. */
static int
place_in(const struct seam *s, const char *list)
{
	static const char ends[] = ",; \t";
	size_t len = strlen(s->filter->name);

	for (int i = 0; *list != '\0'; i++) {
		size_t n;

		list += strspn(list, ends);
		n = strcspn(list, ends);
		if (n == len && strncmp(list, s->filter->name, n) == 0)
			return i;
		list += n;
	}
	return -1;
}

static void
check_list(const struct seam *s, const char *list, const char *whose,
    const struct where *where)
{
	int place = place_in(s, list);

	if (place < 0)
		doctor_say(s->doctor, D_NO_FILTER, *where,
		    "clients of %s do not pass connector-milter: "
		    "InputMailFilters does not name %s",
		    whose, s->filter->name);
	else if (place > 0)
		doctor_say(s->doctor, D_NOT_FIRST, *where,
		    "another filter stands before %s in InputMailFilters; "
		    "write %s first",
		    s->filter->name, s->filter->name);
}

static void
check_flags(struct seam *s)
{
	const char *flags = sendmail_cf_field(&s->cf, s->filter->value, "F");

	if (flags == NULL || strpbrk(flags, "TR4") == NULL)
		doctor_say(s->doctor, D_FAIL_OPEN, s->filter->where,
		    "filter %s has no F=T: without connector-milter mail gets "
		    "through; add F=T",
		    s->filter->name);
}

static void
check_socket(struct seam *s)
{
	const char *spec = sendmail_cf_field(&s->cf, s->filter->value, "S");
	const struct cf_line *user =
	    sendmail_cf_next(&s->cf, NULL, CF_OPTION, "RunAsUser");
	const char *path = strchr(spec, ':'), *name = "root";

	if (path == NULL ||
	    (strncmp(spec, "local:", 6) != 0 && strncmp(spec, "unix:", 5) != 0))
		return;
	if (user != NULL && *user->value != '\0')
		name = doctor_text(s->doctor, "%.*s",
		    (int)strcspn(user->value, ":."), user->value);
	doctor_socket(s->doctor, &s->filter->where, "milter", path + 1, name);
	if (sendmail_cf_next(&s->cf, NULL, CF_OPTION, "DontBlameSendmail") ==
	    NULL)
		doctor_socket_safe(s->doctor, &s->filter->where, path + 1);
}

static void
check_filter(struct seam *s)
{
	const struct cf_line *line = NULL, *list;

	find_filter(s);
	if (s->filter == NULL) {
		doctor_say(s->doctor, D_NO_FILTER, s->file,
		    "no INPUT_MAIL_FILTER has a socket with %s in its name; "
		    "see contrib/sendmail",
		    s->doctor->ours);
		return;
	}
	check_flags(s);
	check_socket(s);
	list = sendmail_cf_next(&s->cf, NULL, CF_OPTION, "InputMailFilters");
	check_list(s, list == NULL ? "" : list->value, "Sendmail",
	    list == NULL ? &s->filter->where : &list->where);
	while ((line = sendmail_cf_next(
		    &s->cf, line, CF_OPTION, "DaemonPortOptions")) != NULL) {
		const char *own =
		    sendmail_cf_field(&s->cf, line->value, "InputMailFilters");

		if (own != NULL)
			check_list(s, own, line->value, &line->where);
	}
}

/* ---- Daemons --------------------------------------------------------- */

static uint16_t
port_number(const char *text)
{
	int port = text == NULL ? 25 : atoi(text);

	if (text == NULL || strcasecmp(text, "smtp") == 0)
		return 25;
	if (strcasecmp(text, "submission") == 0)
		return 587;
	return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static struct port
port_of(struct seam *s, const struct cf_line *line)
{
	const char *family = sendmail_cf_field(&s->cf, line->value, "Family");
	const char *addr = sendmail_cf_field(&s->cf, line->value, "Addr");
	const char *name = sendmail_cf_field(&s->cf, line->value, "Name");
	char why[NETADDR_WHY_SIZE];
	struct port port = {
		.addr.family = family != NULL && strcmp(family, "inet6") == 0
				   ? FAMILY_IPV6
				   : FAMILY_IPV4,
		.port =
		    port_number(sendmail_cf_field(&s->cf, line->value, "Port")),
		.name = name != NULL ? name : line->value,
		.where = line->where,
	};

	if (addr != NULL && strncasecmp(addr, "IPv6:", 5) == 0)
		addr += 5;
	if (addr != NULL && netaddr_parse(addr, &port.addr, why) < 0)
		port.port = 0;
	return port;
}

static void
check_daemons(struct seam *s)
{
	struct port *ports =
	    arena_array(s->doctor->arena, s->cf.nlines + 1, sizeof *ports);
	const struct cf_line *line = NULL;
	size_t count = 0;

	if (ports == NULL) {
		s->doctor->failed = true;
		return;
	}
	while ((line = sendmail_cf_next(
		    &s->cf, line, CF_OPTION, "DaemonPortOptions")) != NULL)
		ports[count++] = port_of(s, line);
	if (count == 0) /* one daemon, at its defaults */
		ports[count++] = (struct port){
			.addr.family = FAMILY_IPV4,
			.port = 25,
			.name = "Sendmail",
			.where = s->file,
		};
	doctor_ports(s->doctor, ports, count, &s->file);
}

/* ---- Who relays ------------------------------------------------------ */

static void
check_features(const struct seam *s)
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

static void
check_relay_file(const struct seam *s, const struct cf_line *line)
{
	const char *path = strchr(line->value, '/'), *word;
	struct folded folded;
	struct where where = { 0 };
	char *text;

	if (path == NULL ||
	    doctor_read(s->doctor, path, &text, &where.file) < 0)
		return;
	folded = folded_start(text, FOLDED_SENDMAIL);
	while ((word = folded_next(&folded, &where.line)) != NULL)
		doctor_say(s->doctor, D_RELAY_DOMAINS, where,
		    "%s grants relay to clients by name; write To:%s RELAY in "
		    "the access map",
		    word, word);
}

static void
check_relay_domains(const struct seam *s)
{
	const struct cf_line *line = NULL;

	while ((line = sendmail_cf_next(&s->cf, line, CF_CLASS, "R")) != NULL)
		if (*line->value != '\0')
			doctor_say(s->doctor, D_RELAY_DOMAINS, line->where,
			    "RELAY_DOMAIN(`%s') grants relay to clients by "
			    "name; write To:%s RELAY in the access map",
			    line->value, line->value);
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
check_stale(struct doctor *d, const char *map, const char *text,
    const struct where *where)
{
	time_t made = file_time(d, doctor_text(d, "%s.db", map));

	if (made != 0 && made < file_time(d, text))
		doctor_say(d, D_MAP_STALE, *where,
		    "%s.db is older than %s; run makemap again", map, text);
}

static void
check_narrower(const struct seam *s, const struct spans *granted,
    const struct where *where)
{
	struct listener listener = { .port = 25 };
	struct spans policy = { 0 };
	char text[NETRANGE_TEXT_SIZE];
	struct netrange first;
	int rc = 0;

	for (int i = 0; i < 2 && rc == 0; i++) {
		listener.addr.family = i == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
		rc = doctor_relay(s->doctor, &listener, &policy);
	}
	if (rc == 0 && spans_beyond(&policy, granted, &first))
		doctor_say(s->doctor, D_TABLE_NARROWER, *where,
		    "the policy lets %s relay, and the access map does not; "
		    "connectorctl export sendmail-access writes it anew",
		    netrange_format(&first, text));
	spans_fini(&policy);
}

static void
check_access(struct seam *s)
{
	struct doctor *d = s->doctor;
	const struct cf_line *map =
	    sendmail_cf_next(&s->cf, NULL, CF_MAP, "access");
	const char *path = map == NULL ? NULL : strchr(map->value, '/');
	struct spans granted = { 0 };
	const char *text = NULL;
	int rc = -ENOENT;

	if (path == NULL) {
		check_narrower(s, &granted, &s->file);
		return;
	}
	text = doctor_text(d, "%s.all", path);
	if (file_time(d, text) == 0)
		text = path;
	rc = doctor_access(d, text, &granted);
	spans_settle(&granted);
	if (rc == 0)
		check_narrower(s, &granted, &map->where);
	else if (rc == -ENOENT)
		doctor_say(d, D_UNTOLD, map->where,
		    "neither %s.all nor %s, the text of the access map, is "
		    "there",
		    path, path);
	check_stale(d, path, text, &map->where);
	spans_fini(&granted);
}

int
doctor_sendmail(struct doctor *d, const char *file)
{
	struct seam s = { .doctor = d };
	char *text;
	int rc = doctor_read(d, file, &text, &s.file.file);

	if (rc < 0)
		return rc;
	sendmail_cf_read(&s.cf, d->arena, s.file.file, text);
	check_filter(&s);
	check_daemons(&s);
	check_features(&s);
	check_relay_domains(&s);
	check_access(&s);
	d->failed = d->failed || s.cf.failed;
	return 0;
}
