/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_filters.c - INPUT_MAIL_FILTER: whether clients pass
 * connector-milter, in which place, and what happens when it does not answer.
 */
#include "sendmail.h"

#include <string.h>
#include <strings.h>

/* A word is in the list of an option. */
static bool
option_has(const struct sendmail *s, const char *option, const char *word)
{
	static const char ends[] = ", \t";
	const struct cf_line *line =
	    sendmail_cf_next(&s->cf, NULL, CF_OPTION, option);
	const char *list = !line ? "" : line->value;

	while (*(list += strspn(list, ends)) != '\0') {
		size_t len = strcspn(list, ends);

		if (len == strlen(word) && strncasecmp(list, word, len) == 0)
			return true;
		list += len;
	}
	return false;
}

/* Our filter is known by its socket. */
static void
find_filter(struct sendmail *s)
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
place_in(const struct sendmail *s, const char *list)
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
check_list(const struct sendmail *s, const char *list, const char *whose,
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
check_flags(struct sendmail *s)
{
	const char *flags = sendmail_cf_field(&s->cf, s->filter->value, "F");

	if (flags == NULL || strpbrk(flags, "TR4") == NULL)
		doctor_say(s->doctor, D_FAIL_OPEN, s->filter->where,
		    "filter %s has no F=T: without connector-milter mail gets "
		    "through; add F=T",
		    s->filter->name);
}

static void
check_socket(struct sendmail *s)
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

void
sendmail_check_filters(struct sendmail *s)
{
	const struct cf_line *line = NULL, *list;

	find_filter(s);
	if (!s->filter) {
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
