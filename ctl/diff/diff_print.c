/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_print.c - what changed, as text and as JSON.
 *
 * Text joins what is said of the same clients; JSON has an entry for each
 * range, listener and principal. Each change has a witness: a session that
 * the two policies decide otherwise.
 */
#include "diff_verb.h"
#include "rights.h"
#include "text.h"
#include "count.h"

#include <string.h>
#include <time.h>

enum { AS_SIZE = 200, TIME_SIZE = 32, COMMAND_SIZE = 4096 };

static const char *
time_text(int64_t at, char buf[TIME_SIZE])
{
	time_t t = (time_t)at;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, TIME_SIZE, "%lld", (long long)at);
	return buf;
}

/* "authenticated", and "authenticated+partner" for who is both. */
static const char *
as_format(principal_set as, char buf[AS_SIZE])
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < PRINCIPAL_COUNT; i++)
		if ((as & SET_OF(i)) != 0)
			used += (size_t)snprintf(buf + used, AS_SIZE - used,
			    "%s%s", used > 0 ? "+" : "", principal_name(i));
	return buf;
}

/* ---- JSON ------------------------------------------------------------ */

static json_t *
rights_json(right_set rights)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < RIGHT_COUNT; i++)
		if ((rights & SET_OF(i)) != 0)
			json_add(&array, json_string(right_name(i)));
	return array;
}

/* "a, b" as a list. */
static json_t *
words_json(const char *words)
{
	json_t *array = json_array();

	while (*words != '\0') {
		size_t len = strcspn(words, ",");

		json_add(&array, json_stringn(words, len));
		words += len + (words[len] == ',') * strlen(", ");
	}
	return array;
}

static json_t *
witness_json(const struct diff *diff, const struct changed *change)
{
	struct witness w;
	json_t *json = json_object();

	witness_find(diff, change, &w);
	json_put_text(&json, "client", w.client);
	json_put_text(&json, "local", w.local);
	json_put_text(&json, "auth", w.auth);
	json_put_text(&json, "cert", w.cert);
	json_put_text(&json, "from", w.from);
	json_put_text(&json, "rcpt", w.rcpt);
	json_put_text(&json, "header", w.header);
	return json;
}

static json_t *
change_json(const struct diff *diff, const struct changed *change)
{
	char range[NETRANGE_TEXT_SIZE], listener[LISTENER_TEXT_SIZE];
	char size[ADDRESS_COUNT_SIZE], as[AS_SIZE];
	struct address_count count = { { 0 } };
	json_t *json;

	address_count_add(&count, &change->clients);
	json = json_pack("{s:s, s:s}", "range",
	    netrange_format(&change->clients, range), "listener",
	    listener_format(change->listener, listener));
	if (change->as != 0) {
		json_put_text(&json, "principal", as_format(change->as, as));
		json_put(&json, "gained", rights_json(change->gained));
		json_put(&json, "lost", rights_json(change->lost));
	} else {
		json_put(&json, "what", words_json(change->what));
	}
	json_put(&json, "witness", witness_json(diff, change));
	json_put_text(&json, "addresses", address_count_format(&count, size));
	if (change->certificate)
		json_put(&json, "certificate", json_true());
	json_put(&json, "older", text_json(change->older));
	json_put(&json, "newer", text_json(change->newer));
	return json;
}

static json_t *
setting_json(const struct setting *s)
{
	char where[WHERE_TEXT_SIZE];
	json_t *json = json_object();

	json_put_text(&json, "connector", s->older_connector);
	json_put_text(&json, "newer_connector", s->newer_connector);
	json_put_text(&json, "key", s->key);
	json_put_text(&json, "item", s->item);
	json_put(&json, "older", text_json(s->older));
	json_put(&json, "newer", text_json(s->newer));
	json_put_text(&json, "relation", relation_name(s->relation));
	json_put_text(&json, "older_at", where_format(&s->older_where, where));
	json_put_text(&json, "newer_at", where_format(&s->newer_where, where));
	return json;
}

static json_t *
later_json(const struct later *later)
{
	char at[TIME_SIZE];

	return json_pack("{s:s, s:s, s:b}", "at", time_text(later->at, at),
	    "relation", relation_name(later->relation), "new_relay",
	    (int)later->new_relay);
}

int
diff_print_json(const struct diff *diff, int status)
{
	const struct difference *d = diff->difference;
	json_t *changes = json_array(), *treated = json_array();
	json_t *settings = json_array(), *laters = json_array();
	const struct setting *setting;
	const struct later *later;
	struct changed change;

	for (size_t i = 0; difference_change(d, i, &change); i++)
		json_add(change.as != 0 ? &changes : &treated,
		    change_json(diff, &change));
	for (size_t i = 0; (setting = difference_setting(d, i)) != NULL; i++)
		json_add(&settings, setting_json(setting));
	for (size_t i = 0; (later = difference_later(d, i)) != NULL; i++)
		json_add(&laters, later_json(later));
	return ctl_print_json(diff->ctl,
	    json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:s, s:s, s:s}",
		"relation", relation_name(difference_relation(d)), "changes",
		changes, "treated", treated, "settings", settings, "later",
		laters, "new_relay", (int)difference_new_relay(d), "summary",
		difference_summary(d), "older", ruleset_id(diff->older),
		"newer", ruleset_id(diff->newer)),
	    status);
}

/* ---- Text ------------------------------------------------------------ */

/* A word for a shell. */
static size_t
add_word(char *out, size_t used, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./_-";
	bool quote = word[0] == '\0' || strspn(word, plain) != strlen(word);

	used += (size_t)snprintf(
	    out + used, COMMAND_SIZE - used, quote ? " '" : " ");
	for (; *word != '\0' && used + 8 < COMMAND_SIZE; word++)
		used += (size_t)snprintf(out + used, COMMAND_SIZE - used,
		    *word == '\'' ? "'\\''" : "%c", *word);
	if (quote)
		used += (size_t)snprintf(out + used, COMMAND_SIZE - used, "'");
	return used;
}

static size_t
add_option(char *out, size_t used, const char *option, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return used;
	used +=
	    (size_t)snprintf(out + used, COMMAND_SIZE - used, " %s", option);
	return add_word(out, used, value);
}

static void
print_witness(const struct diff *diff, const struct changed *change)
{
	char command[COMMAND_SIZE], at[TIME_SIZE];
	struct witness w;
	size_t used = 0;

	witness_find(diff, change, &w);
	used = add_option(command, used, "-p", diff->new_file);
	used = add_option(command, used, "--client", w.client);
	used = add_option(command, used, "--local", w.local);
	used = add_option(command, used, "--auth", w.auth);
	used = add_option(command, used, "--cert", w.cert);
	used = add_option(command, used, "--from", w.from);
	used = add_option(command, used, "--rcpt", w.rcpt);
	used = add_option(command, used, "--header", w.header);
	if (diff->at)
		(void)add_option(
		    command, used, "--at", time_text(diff->now, at));
	fprintf(diff->ctl->out, "  see: connectorctl explain%s\n",
	    text_clean(command));
}

static void
print_rights(FILE *out, const char *what, right_set rights)
{
	bool first = true;

	if (rights == 0)
		return;
	fprintf(out, "    %s ", what);
	for (unsigned i = 0; i < RIGHT_COUNT; i++) {
		if ((rights & SET_OF(i)) == 0)
			continue;
		fprintf(out, "%s%s", first ? "" : ", ", right_name(i));
		first = false;
	}
	fputc('\n', out);
}

static bool
same_clients(const struct changed *a, const struct changed *b)
{
	return a->listener == b->listener && a->older == b->older &&
	       a->newer == b->newer &&
	       netaddr_compare(&a->clients.first, &b->clients.first) == 0 &&
	       netaddr_compare(&a->clients.last, &b->clients.last) == 0;
}

static void
print_clients(const struct diff *diff, const struct changed *c)
{
	char range[NETRANGE_TEXT_SIZE], listener[LISTENER_TEXT_SIZE];
	char size[ADDRESS_COUNT_SIZE];
	struct address_count count = { { 0 } };
	FILE *out = diff->ctl->out;
	const char *none = "no connector";

	address_count_add(&count, &c->clients);
	address_count_format(&count, size);
	fprintf(out,
	    "\n%s (%s address%s) at %s: ", netrange_format(&c->clients, range),
	    size, strcmp(size, "1") == 0 ? "" : "es",
	    listener_format(c->listener, listener));
	if (c->older == NULL || c->newer == NULL ||
	    strcmp(c->older, c->newer) != 0)
		fprintf(out, "%s -> ", c->older != NULL ? c->older : none);
	fprintf(out, "%s\n", c->newer != NULL ? c->newer : none);
}

/* Keys of a connector are said once, with it, and not for all its clients. */
static bool
is_of_connector(const struct changed *c)
{
	return c->as == 0 && !c->beside && c->older != NULL &&
	       c->newer != NULL && strcmp(c->older, c->newer) == 0;
}

static void
print_changes(const struct diff *diff)
{
	const struct difference *d = diff->difference;
	struct changed last = { 0 }, c, next;
	bool any = false;
	char as[AS_SIZE];
	FILE *out = diff->ctl->out;

	for (size_t i = 0; difference_change(d, i, &c); i++) {
		if (is_of_connector(&c))
			continue;
		if (!any || !same_clients(&last, &c)) {
			print_clients(diff, &c);
			print_witness(diff, &c);
		}
		any = true;
		last = c;
		if (c.as == 0) {
			fprintf(out, "  otherwise: %s\n", c.what);
			continue;
		}
		fprintf(out, "  %s%s", as_format(c.as, as),
		    c.certificate ? " (by certificate)" : "");
		/* Whoever gains and loses the same is named beside. */
		while (difference_change(d, i + 1, &next) &&
		       same_clients(&c, &next) && next.as != 0 &&
		       next.gained == c.gained && next.lost == c.lost) {
			fprintf(out, ", %s%s", as_format(next.as, as),
			    next.certificate ? " (by certificate)" : "");
			i++;
		}
		fputs(":\n", out);
		print_rights(out, "gained", c.gained);
		print_rights(out, "lost", c.lost);
	}
}

/* Whose keys follow. */
static void
print_owner(FILE *out, const struct setting *s)
{
	char was[WHERE_TEXT_SIZE], is[WHERE_TEXT_SIZE];

	if (s->older_connector == NULL)
		fputs("\nPolicy:\n", out);
	else if (strcmp(s->older_connector, s->newer_connector) == 0)
		fprintf(out, "\n%s (%s, %s):\n", s->older_connector,
		    where_format(&s->older_where, was),
		    where_format(&s->newer_where, is));
	else
		fprintf(out, "\n%s (%s) -> %s (%s):\n", s->older_connector,
		    where_format(&s->older_where, was), s->newer_connector,
		    where_format(&s->newer_where, is));
}

static void
print_settings(const struct diff *diff)
{
	const struct setting *s, *last = NULL;
	FILE *out = diff->ctl->out;

	for (size_t i = 0;
	     (s = difference_setting(diff->difference, i)) != NULL; i++) {
		if (last == NULL ||
		    last->older_connector != s->older_connector ||
		    last->newer_connector != s->newer_connector)
			print_owner(out, s);
		last = s;
		fprintf(out, "  %s%s%s: %s -> %s (%s)\n", s->key,
		    s->item != NULL ? " " : "", s->item != NULL ? s->item : "",
		    s->older != NULL ? s->older : "none",
		    s->newer != NULL ? s->newer : "none",
		    relation_name(s->relation));
	}
}

static void
print_laters(const struct diff *diff)
{
	const struct later *later;
	char at[TIME_SIZE];

	for (size_t i = 0;
	     (later = difference_later(diff->difference, i)) != NULL; i++)
		fprintf(diff->ctl->out,
		    "%sFrom %s on, as entries have ended: %s%s; see --at.\n",
		    i == 0 ? "\n" : "", time_text(later->at, at),
		    relation_name(later->relation),
		    later->new_relay ? ", and somebody may relay who could not"
				     : "");
}

int
diff_print_text(const struct diff *diff, int status)
{
	fprintf(diff->ctl->out, "%s\n", difference_summary(diff->difference));
	print_changes(diff);
	print_settings(diff);
	print_laters(diff);
	return status;
}
