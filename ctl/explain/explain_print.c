/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_print.c - says what was decided: JSON for programs, and text as a
 * colleague would say it.
 */
#include "conversation.h"
#include "explain.h"
#include "text.h"
#include "worth.h"

#include <inttypes.h>
#include <string.h>

static bool
has_set(uint32_t set, unsigned bit)
{
	return (set & UINT32_C(1) << bit) != 0;
}

static const char *
local_format(const struct listener *l, char *buf, size_t size)
{
	char addr[NETADDR_TEXT_SIZE];
	bool ipv6 = l->addr.family == FAMILY_IPV6;

	snprintf(buf, size, "%s%s%s:%u", ipv6 ? "[" : "",
	    netaddr_format(&l->addr, addr), ipv6 ? "]" : "", l->port);
	return buf;
}

const char *
explain_reply_format(const struct reply *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s%s", r->code,
	    r->enhanced != NULL ? " " : "", r->enhanced ? r->enhanced : "",
	    r->text != NULL ? " " : "", r->text ? r->text : "");
	return buf;
}

static bool
has_reply(const struct decision *d)
{
	return d->reply.code != NULL &&
	       (d->verdict != VERDICT_ACCEPT || d->monitored);
}

/* ---- JSON ------------------------------------------------------------ */

static json_t *
step_json(const struct explained_step *step)
{
	const struct decision *d = &step->decision;
	char text[PRINTABLE_SIZE], where[WHERE_TEXT_SIZE];
	json_t *json = json_pack("{s:s}", "stage", stage_name(d->stage));
	bool refused = has_reply(d);

	if (step->argument != NULL)
		json_put(&json, "argument", text_json(step->argument));
	json_put_text(&json, "verdict", verdict_name(d->verdict));
	if (refused)
		json_put_text(&json, "reply",
		    explain_reply_format(&d->reply, text, sizeof text));
	if (refused)
		json_put_text(&json, "right", d->right);
	json_put_text(&json, "at", where_format(&d->where, where));
	if (refused)
		json_put_text(&json, "why", d->why);
	if (d->monitored)
		json_put(&json, "monitored", json_true());
	return json;
}

static json_t *
names_json(uint32_t set, unsigned count, const char *(*name)(unsigned))
{
	json_t *json = json_array();

	for (unsigned i = 0; i < count; i++) {
		if (has_set(set, i))
			json_add(&json, json_string(name(i)));
	}
	return json;
}

static const char *
right_text(unsigned i)
{
	return right_name((enum right)i);
}

static const char *
principal_text(unsigned i)
{
	return principal_name((enum principal)i);
}

static json_t *
edits_json(const struct explained *e, int type)
{
	json_t *json = json_array();

	for (size_t i = 0; i < e->nedits; i++) {
		const struct edit *edit = &e->edits[i];

		if ((int)edit->type != type)
			continue;
		json_add(&json,
		    type == EDIT_STRIP
			? text_json(edit->name)
			: json_pack("{s:o, s:o}", "name", text_json(edit->name),
			      "value", text_json(edit->value)));
	}
	return json;
}

static json_t *
misses_json(const struct misses *misses)
{
	json_t *json = json_array();
	const struct missed *missed;

	for (size_t i = 0; (missed = misses_get(misses, i)); i++) {
		char range[NETRANGE_TEXT_SIZE], at[WHERE_TEXT_SIZE];
		bool near = missed->range.first.family != FAMILY_NONE;

		json_add(&json,
		    json_pack("{s:s*, s:s*, s:s, s:s, s:s, s:s}", "connector",
			missed->connector, "range",
			near ? netrange_format(&missed->range, range) : NULL,
			"because", missed->because, "edit", missed->edit, "at",
			where_format(&missed->where, at), "would_also_allow",
			missed->would_also_allow));
	}
	return json;
}

static json_t *
limits_json(const struct session *s)
{
	json_t *json = json_object();
	struct limit limit;

	for (size_t i = 0; session_limit(s, i, &limit); i++) {
		json_put(&json, limit.key,
		    limit.word != NULL
			? json_string(limit.word)
			: json_integer((json_int_t)limit.number));
	}
	return json;
}

static json_t *
log_json(const struct explained *e)
{
	const struct explained_log *log = e->log;
	json_t *differences = json_array();

	for (size_t i = 0; i < log->ndifferences; i++) {
		const struct log_difference *d = &log->differences[i];

		json_add(&differences,
		    json_pack("{s:I, s:s, s:s, s:s}", "line",
			(json_int_t)d->line, "stage", d->stage, "logged",
			d->logged, "decided", d->decided));
	}
	return json_pack("{s:o, s:o, s:s, s:I, s:I, s:o}", "file",
	    text_json(e->question->log), "session", text_json(e->question->id),
	    "policy", log->policy, "lines", (json_int_t)log->lines, "decided",
	    (json_int_t)log->decided, "differences", differences);
}

static int
print_json(const struct ctl *ctl, const struct explained *e, int status)
{
	const struct session *s = e->session;
	const struct netrange *range = session_range(s, NULL);
	const struct client_limits narrowed = session_client_limits(s);
	json_t *considered = json_array(), *steps = json_array(), *json;
	struct limit limit;
	char client[NETADDR_TEXT_SIZE], local[64];
	char text[NETRANGE_TEXT_SIZE];

	for (size_t i = 0; i < e->nconsidered; i++)
		json_add(&considered, json_pack("{s:s, s:s}", "connector",
					  e->considered[i].connector, "lost",
					  e->considered[i].lost));
	for (size_t i = 0; i < e->nsteps; i++)
		json_add(&steps, step_json(&e->steps[i]));
	json = json_pack("{s:s, s:s, s:s, s:s?, s:o, s:s?, s:o, s:o, s:o, s:o, "
			 "s:o, s:s}",
	    "policy", ruleset_id(session_ruleset(s)), "client",
	    netaddr_format(&e->question->client, client), "local",
	    local_format(&e->question->local, local, sizeof local), "connector",
	    session_connector(s), "principals",
	    names_json(session_principals(s), PRINCIPAL_COUNT, principal_text),
	    "range", range != NULL ? netrange_format(range, text) : NULL,
	    "rights", names_json(session_rights(s), RIGHT_COUNT, right_text),
	    "considered", considered, "steps", steps, "strip",
	    edits_json(e, EDIT_STRIP), "stamp", edits_json(e, EDIT_STAMP),
	    "verdict", verdict_name(e->verdict));
	if (session_limit(s, 0, &limit))
		json_put(&json, "limits", limits_json(s));
	if (e->misses)
		json_put(&json, "missed", misses_json(e->misses));
	if (worth_is_known(&narrowed))
		json_put(&json, "worth", worth_json(&narrowed));
	if (e->log != NULL)
		json_put(&json, "log", log_json(e));
	return ctl_print_json(ctl, json, status);
}

/* ---- Text ------------------------------------------------------------ */

static void
print_choice(FILE *out, const struct explained *e)
{
	const struct session *s = e->session;
	struct where where = { 0 };
	const struct netrange *range = session_range(s, &where);
	char text[NETRANGE_TEXT_SIZE], at[WHERE_TEXT_SIZE];

	if (session_connector(s) == NULL)
		fputs("Connector   none\n", out);
	else
		fprintf(out, "Connector   %s\n", session_connector(s));
	if (range != NULL)
		fprintf(out, "  because   %s holds the client (%s)\n",
		    netrange_format(range, text), where_format(&where, at));
	for (size_t i = 0; i < e->nconsidered; i++) {
		const struct candidate *c = &e->considered[i];

		where_format(&c->where, at);
		fprintf(out, "  not       %s: %s%s%s%s\n", c->connector,
		    c->lost, at[0] != '\0' ? " (" : "", at,
		    at[0] != '\0' ? ")" : "");
	}
}

static void
print_rights(FILE *out, const struct session *s)
{
	const char *label = "Session is";

	for (unsigned i = 0; i < PRINCIPAL_COUNT; i++) {
		if (has_set(session_principals(s), i)) {
			fprintf(out, "%-11s %s\n", label, principal_text(i));
			label = "";
		}
	}
	label = "Rights";
	for (unsigned i = 0; i < RIGHT_COUNT; i++) {
		struct where where = { 0 };
		char at[WHERE_TEXT_SIZE];
		const char *origin =
		    session_right_origin(s, (enum right)i, &where);

		if (!has_set(session_rights(s), i))
			continue;
		where_format(&where, at);
		fprintf(out, "%-11s %-44s %s%s%s%s\n", label, right_text(i),
		    origin != NULL ? origin : "", at[0] != '\0' ? " (" : "", at,
		    at[0] != '\0' ? ")" : "");
		label = "";
	}
	if (session_rights(s) == 0)
		fprintf(out, "%-11s none\n", label);
}

static void
print_limits(FILE *out, const struct session *s)
{
	const char *label = "Limits";
	struct limit limit;

	for (size_t i = 0; session_limit(s, i, &limit); i++) {
		fprintf(out, "%-11s %-44s ", label, limit.key);
		if (limit.word != NULL)
			fprintf(out, "%s\n", limit.word);
		else
			fprintf(out, "%" PRIu64 "%s\n", limit.number,
			    limit.bytes ? " bytes" : "");
		label = "";
	}
}

static void
print_worth(FILE *out, const struct session *s)
{
	const struct client_limits narrowed = session_client_limits(s);

	if (!worth_is_known(&narrowed))
		return;
	fputs("Worth       if it is stolen\n", out);
	worth_print(out, "            ", &narrowed);
}

static void
print_step(FILE *out, const struct explained_step *step)
{
	const struct decision *d = &step->decision;
	char text[PRINTABLE_SIZE], at[WHERE_TEXT_SIZE];
	char argument[PRINTABLE_SIZE];

	fprintf(out, "%-11s %s%s%s\n", stage_name(d->stage),
	    step->argument != NULL ? printable(step->argument, argument) : "",
	    step->argument != NULL ? ": " : "",
	    has_reply(d) ? explain_reply_format(&d->reply, text, sizeof text)
			 : verdict_name(d->verdict));
	if (d->monitored)
		fputs("            let pass: mode monitor\n", out);
	where_format(&d->where, at);
	if (d->why != NULL && d->why[0] != '\0')
		fprintf(out, "  because   %s%s%s%s\n", d->why,
		    at[0] != '\0' ? " (" : "", at, at[0] != '\0' ? ")" : "");
}

static void
print_edits(FILE *out, const struct explained *e, int type, const char *label)
{
	for (size_t i = 0; i < e->nedits; i++) {
		const struct edit *edit = &e->edits[i];
		char name[PRINTABLE_SIZE];

		if ((int)edit->type != type)
			continue;
		fprintf(out, "%-11s %s%s%s\n", label,
		    printable(edit->name, name), type == EDIT_STAMP ? ": " : "",
		    type == EDIT_STAMP ? edit->value : "");
		label = "";
	}
}

static void
print_misses(FILE *out, const struct misses *misses)
{
	const struct missed *missed;
	const char *label = "Nearest";

	for (size_t i = 0; (missed = misses_get(misses, i)); i++) {
		char range[NETRANGE_TEXT_SIZE], at[WHERE_TEXT_SIZE];
		bool near = missed->range.first.family != FAMILY_NONE;

		fprintf(out, "%-11s %s%s%s%s%s (%s)\n", label,
		    missed->connector ? missed->connector : "",
		    missed->connector ? ": " : "",
		    near ? netrange_format(&missed->range, range) : "",
		    near ? " " : "", missed->because,
		    where_format(&missed->where, at));
		fprintf(out, "  edit      %s; also allows %s other address%s\n",
		    missed->edit, missed->would_also_allow,
		    strcmp(missed->would_also_allow, "1") == 0 ? "" : "es");
		label = "";
	}
}

static void
print_log(const struct ctl *ctl, const struct explained *e)
{
	char shown[PRINTABLE_SIZE];
	const char *file = printable(e->question->log, shown);
	const char *id = ruleset_id(session_ruleset(e->session));
	const struct explained_log *log = e->log;
	FILE *out = ctl->out;

	fprintf(out, "Log         %s: %zu lines, %zu decided again, %s\n", file,
	    log->lines, log->decided,
	    log->ndifferences == 0 ? "as logged" : "not as logged");
	for (size_t i = 0; i < log->ndifferences; i++) {
		const struct log_difference *d = &log->differences[i];

		fprintf(out, "  %s:%u: %s: logged %s, decided %s\n", file,
		    d->line, d->stage, d->logged, d->decided);
	}
	if (log->decided < log->lines)
		fputs("  the others need what no log has: the message, "
		      "what was counted,\n  or a value that was cut\n",
		    out);
	if (log->policy[0] != '\0' && strcmp(log->policy, id) != 0)
		fprintf(out, "  by another policy then: %s, now %s\n",
		    log->policy, id);
}

static int
print_text(const struct ctl *ctl, const struct explained *e, int status)
{
	static const char *const outcome[] = {
		[VERDICT_ACCEPT] = "accepted",
		[VERDICT_REJECT] = "refused",
		[VERDICT_TEMPFAIL] = "refused for now",
	};
	char client[NETADDR_TEXT_SIZE], local[64], file[PRINTABLE_SIZE];
	FILE *out = ctl->out;

	fprintf(out, "Client      %s to %s\n",
	    netaddr_format(&e->question->client, client),
	    local_format(&e->question->local, local, sizeof local));
	fprintf(out, "Policy      %s (%s)\n",
	    printable(ruleset_file(session_ruleset(e->session)), file),
	    ruleset_id(session_ruleset(e->session)));
	print_choice(out, e);
	print_rights(out, e->session);
	print_limits(out, e->session);
	print_worth(out, e->session);
	for (size_t i = 0; i < e->nsteps; i++)
		print_step(out, &e->steps[i]);
	print_edits(out, e, EDIT_STRIP, "Strips");
	print_edits(out, e, EDIT_STAMP, "Stamps");
	fprintf(out, "Outcome     %s\n", outcome[e->verdict]);
	if (e->misses)
		print_misses(out, e->misses);
	if (e->log != NULL)
		print_log(ctl, e);
	return status;
}

int
explain_print(const struct ctl *ctl, const struct explained *e)
{
	bool yes = e->verdict == VERDICT_ACCEPT;
	int status;

	if (e->log != NULL)
		yes = e->log->ndifferences == 0;
	status = yes ? STATUS_YES : STATUS_NO;
	if (ctl->format == FORMAT_JSON)
		return print_json(ctl, e, status);
	return print_text(ctl, e, status);
}
