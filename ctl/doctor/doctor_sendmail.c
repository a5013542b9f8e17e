/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_sendmail.c - Sendmail: its filters, its daemons, and who relays.
 *
 * Reads sendmail.cf, which is what Sendmail reads, and the text that the
 * access map was made from, which has the map's name. The map itself is a
 * database, and not read.
 */
#include "doctor.h"
#include "folded.h"
#include "sendmail_cf.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct seam {
	struct doctor *doctor;
	struct sendmail_cf cf;
	struct where file;
	const struct cf_line *filter; /* ours, or NULL */
};

/* A word is in the list of an option. */
static bool
option_has(const struct seam *s, const char *option, const char *word)
{
	static const char ends[] = ", \t";
	const struct cf_line *line =
	    sendmail_cf_next(&s->cf, NULL, CF_OPTION, option);
	const char *list = line == NULL ? "" : line->value;

	while (*(list += strspn(list, ends)) != '\0') {
		size_t len = strcspn(list, ends);

		if (len == strlen(word) && strncasecmp(list, word, len) == 0)
			return true;
		list += len;
	}
	return false;
}

/* What names a file in a line of the configuration; NULL: none. */
static const char *
path_of(struct doctor *d, const struct cf_line *line)
{
	const char *path = line == NULL ? NULL : strchr(line->value, '/');

	return path == NULL
		   ? NULL
		   : doctor_text(d, "%.*s", (int)strcspn(path, " \t"), path);
}

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
	if (!option_has(s, "DontBlameSendmail", "GroupWritableDirPathSafe"))
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

static struct port
port_of(struct seam *s, const struct cf_line *line)
{
	const char *family = sendmail_cf_field(&s->cf, line->value, "Family");
	const char *addr = sendmail_cf_field(&s->cf, line->value, "Addr");
	const char *name = sendmail_cf_field(&s->cf, line->value, "Name");
	const char *number = sendmail_cf_field(&s->cf, line->value, "Port");
	char why[NETADDR_WHY_SIZE];
	struct port port = {
		.addr.family = family != NULL && strcmp(family, "inet6") == 0
				   ? FAMILY_IPV6
				   : FAMILY_IPV4,
		.port = number == NULL ? 25 : port_number(number),
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

/* A word of class R, which names clients and domains. */
static void
say_relay_domain(
    const struct seam *s, const struct where *where, const char *word)
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
    const struct seam *s, const struct where *where, const char *words)
{
	while (*(words += strspn(words, " \t")) != '\0') {
		size_t len = strcspn(words, " \t");

		say_relay_domain(
		    s, where, doctor_text(s->doctor, "%.*s", (int)len, words));
		words += len;
	}
}

static void
check_relay_file(const struct seam *s, const struct cf_line *line)
{
	const char *path = path_of(s->doctor, line);
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
check_relay_domains(const struct seam *s)
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
check_narrower(const struct seam *s, const struct rangeset *granted,
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
		    "connectorctl export sendmail-access writes it anew",
		    netrange_format(&first, text));
	rangeset_fini(&policy);
}

/* The export has the long form of IPv6 addresses, whose groups can be
 * counted. */
static void
check_form(const struct seam *s)
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
check_access(struct seam *s)
{
	struct doctor *d = s->doctor;
	const struct cf_line *map =
	    sendmail_cf_next(&s->cf, NULL, CF_MAP, "access");
	const char *path = path_of(d, map);
	struct rangeset granted = { 0 };
	int rc;

	if (path == NULL) {
		check_narrower(s, &granted, &s->file);
		return;
	}
	check_form(s);
	rc = doctor_access(d, path, &granted);
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
