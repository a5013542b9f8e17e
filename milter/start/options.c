/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - the options of connector-milter(8), as one table.
 *
 * A row is all that an option needs: it is --socket-mode on the command line
 * and socket_mode in milter.yaml, both read by the row's decoder (schema.h),
 * and a line of --help. To add one, add a member to struct options and a row
 * here; the manual has to tell of it, too. Judges the form of a value only:
 * whether a user or a socket is there is found out by who needs it.
 */
#include "options.h"
#include "arena.h"
#include "files.h"
#include "report.h"
#include "schema.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TEXT_MAX = 4096,
	FILE_MAX = 1 << 16,
	MISTAKES_MAX = 50,
	LONG_BASE = 256, /* above every letter */
	HELP_COLUMN = 26,
	HELP_WIDTH = 79,
};

struct option_row {
	struct field field;
	char letter;
	const char *argument; /* NULL: a switch */
	const char *standard; /* the value that it has before; NULL: none */
	bool command_line;    /* not in the file */
};

static const char *
log_target_word(int i)
{
	static const char *const names[] = {
		[LOG_TARGET_AUTO] = "auto",
		[LOG_TARGET_SYSLOG] = "syslog",
		[LOG_TARGET_JOURNAL] = "journal",
		[LOG_TARGET_STDERR] = "stderr",
	};

	return names[i];
}

static const char *
log_format_word(int i)
{
	static const char *const names[] = {
		[LOG_FORMAT_LOGFMT] = "logfmt",
		[LOG_FORMAT_JSON] = "json",
	};

	return names[i];
}

/* clang-format off */
static const struct words
	log_targets = { "a place for the log", log_target_word, NULL, LOG_TARGET_COUNT, NULL },
	log_levels  = { "a level of the log", log_level_name, NULL, LOG_DEBUG + 1, NULL },
	log_formats = { "a form of the log", log_format_word, NULL, LOG_FORMAT_COUNT, NULL };
/* clang-format on */

static int
value_wrong(
    struct decoder *decoder, const struct item *item, const char *advice)
{
	char show[SHOWN_SIZE];

	complain(decoder->complaints, "E-VALUE", item->where, "%s: \"%s\": %s",
	    decoder->key, shown(item->text, show), advice);
	source_next(decoder->source);
	return -EINVAL;
}

/* A mode_t. */
static int
mode_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	unsigned long mode;
	char *end;

	if (!item)
		return -EINVAL;
	mode = strtoul(item->text, &end, 8);
	if (item->len > 4 || strspn(item->text, "01234567") != item->len ||
	    mode > 0777)
		return value_wrong(
		    decoder, item, "write an octal mode such as 0660");
	schema_store(field, object, mode);
	source_next(decoder->source);
	return 0;
}

/* USER or USER:GROUP. */
static int
user_decode(struct decoder *decoder, const struct field *field, void *object)
{
	const struct item *item = schema_item(decoder);
	struct options *o = object;
	const char *colon;
	char *user;
	size_t len;

	(void)field;
	if (!item)
		return -EINVAL;
	len = strcspn(item->text, ":");
	colon = item->text[len] ? item->text + len : NULL;
	if (!len || (colon && !colon[1]))
		return value_wrong(decoder, item, "write USER or USER:GROUP");
	user = arena_text(decoder->arena, item->text, item->len);
	if (!user)
		return -ENOMEM;
	user[len] = '\0';
	o->user = user;
	o->group = colon ? user + len + 1 : NULL;
	source_next(decoder->source);
	return 0;
}

/* clang-format off */
static const struct option_row rows[] = {
	{ { .key = "config", .decode = schema_text, AT(options, config),
	    .max = TEXT_MAX, .doc = "the file of these options" },
	  'c', "FILE", CONFIG_DEFAULT, true },
	{ { .key = "policy", .decode = schema_text, AT(options, policy),
	    .max = TEXT_MAX, .doc = "the policy" },
	  'p', "FILE", POLICY_DEFAULT, false },
	{ { .key = "socket", .decode = schema_text, AT(options, milter_socket),
	    .max = TEXT_MAX, .doc = "the milter's socket: unix:/path, "
	    "inet:port[@host],\ninet6:port[@[addr]], fd:N" },
	  's', "SOCKET", "unix:" SOCKET_FOLDER "/milter.sock", false },
	{ { .key = "policy_socket", .decode = schema_text,
	    AT(options, policy_socket), .max = TEXT_MAX,
	    .doc = "Postfix's policy service, or \"none\"" },
	  0, "SOCKET", "unix:" SOCKET_FOLDER "/policy.sock", false },
	{ { .key = "control", .decode = schema_text, AT(options, control),
	    .max = TEXT_MAX, .doc = "the socket for connectorctl, or "
	    "\"none\"\n(" CONTROL_DEFAULT ")" },
	  0, "SOCKET", NULL, false },
	{ { .key = "last_good", .decode = schema_text, AT(options, last_good),
	    .max = TEXT_MAX, .doc = "keeps the good policy there, for a "
	    "start\nwith a bad one" },
	  0, "FOLDER", NULL, false },
	{ { .key = "quota_file", .decode = schema_text, AT(options, quota_file),
	    .max = TEXT_MAX, .doc = "keeps there what is spent of quotas" },
	  0, "PATH", NULL, false },
	{ { .key = "metrics", .decode = schema_text, AT(options, metrics),
	    .max = TEXT_MAX, .doc = "OpenMetrics over HTTP: ADDR:PORT, "
	    "unix:/path\nor fd:N" },
	  0, "SOCKET", NULL, false },
	{ { .key = "watch", .decode = schema_number, AT(options, watch),
	    .max = 3600, .doc = "looks so often whether a file of the\npolicy "
	    "has changed, and reloads it" },
	  0, "SECONDS", "0", false },
	{ { .key = "user", .decode = user_decode, AT(options, user),
	    .doc = "runs as this user" },
	  'u', "USER[:GROUP]", NULL, false },
	{ { .key = "socket_mode", .decode = mode_decode,
	    AT(options, socket_mode), .doc = "of UNIX sockets, octal" },
	  0, "MODE", "0660", false },
	{ { .key = "socket_group", .decode = schema_text,
	    AT(options, socket_group), .max = TEXT_MAX,
	    .doc = "of UNIX sockets (postfix)" },
	  0, "GROUP", NULL, false },
	{ { .key = "log", .decode = schema_word, AT(options, log),
	    .words = &log_targets, .doc = "where lines go; auto: stderr with "
	    "-f,\nelse syslog" },
	  0, "syslog|journal|stderr", "auto", false },
	{ { .key = "log_format", .decode = schema_word,
	    AT(options, log_format), .words = &log_formats,
	    .doc = "the form of a line" },
	  0, "logfmt|json", "logfmt", false },
	{ { .key = "log_level", .decode = schema_word, AT(options, log_level),
	    .words = &log_levels, .doc = "logs no less than this" },
	  0, "LEVEL", "info", false },
	{ { .key = "pid_file", .decode = schema_text, AT(options, pid_file),
	    .max = TEXT_MAX, .doc = "holds the number of the process" },
	  0, "PATH", NULL, false },
	{ { .key = "record", .decode = schema_text, AT(options, record),
	    .max = TEXT_MAX, .doc = "records sessions in this folder" },
	  0, "DIR", NULL, false },
	{ { .key = "record_values", .decode = schema_bool,
	    AT(options, record_values),
	    .doc = "with the values of header fields" },
	  0, NULL, NULL, false },
	{ { .key = "record_max_size", .decode = schema_size,
	    AT(options, record_max_size), .min = 1 << 20, .max = INT64_MAX,
	    .doc = "of all recordings" },
	  0, "SIZE", "1 GB", false },
	{ { .key = "record_max_days", .decode = schema_number,
	    AT(options, record_max_days), .min = 1, .max = 36500,
	    .doc = "age of a recording" },
	  0, "DAYS", "7", false },
	{ { .key = "allow_unsafe_permissions", .decode = schema_bool,
	    AT(options, allow_unsafe_permissions),
	    .doc = "reads files that others may change" },
	  0, NULL, NULL, false },
	{ { .key = "foreground", .decode = schema_bool,
	    AT(options, foreground), .doc = "does not become a daemon" },
	  'f', NULL, NULL, false },
	{ { .key = "test", .decode = schema_bool, AT(options, test),
	    .doc = "tests options and policy: exits with 0 if\nthey are good, else 2" },
	  't', NULL, NULL, true },
	{ { .key = "version", .decode = schema_bool, AT(options, version),
	    .doc = "says its version" },
	  'V', NULL, NULL, true },
	{ { .key = "help", .decode = schema_bool, AT(options, help),
	    .doc = "says this" },
	  'h', NULL, NULL, true },
};
/* clang-format on */

enum { ROWS = sizeof(rows) / sizeof(*rows), NAME_SIZE = 32 };

/* ---- The command line ------------------------------------------------ */

/* The table in the form of getopt_long(3). */
struct option_names {
	char text[ROWS][NAME_SIZE]; /* socket-mode */
	struct option options[ROWS + 1];
	char letters[2 * ROWS + 1];
};

static void
names_fill(struct option_names *names)
{
	size_t n = 0;

	*names = (struct option_names){ 0 };
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];
		char *text = names->text[i];

		snprintf(text, NAME_SIZE, "%s", row->field.key);
		for (char *c = text; *c; c++)
			if (*c == '_')
				*c = '-';
		names->options[i] = (struct option){
			.name = text,
			.has_arg = row->argument != NULL,
			.val = row->letter ? row->letter : LONG_BASE + (int)i,
		};
		if (row->letter)
			names->letters[n++] = row->letter;
		if (row->letter && row->argument)
			names->letters[n++] = ':';
	}
}

/* -1: getopt_long() did not know it, and said so. */
static int
row_find(int val)
{
	for (int i = 0; i < ROWS; i++)
		if (val == LONG_BASE + i || (val && val == rows[i].letter))
			return i;
	return -1;
}

/* Reads a value of the command line as if it stood in the file, in quotes. */
static int
value_decode(struct options *o, const struct option_row *row, const char *name,
    const char *value, struct complaints *complaints)
{
	struct decoder decoder = {
		.arena = o->texts, .complaints = complaints, .key = name
	};
	char *quoted = malloc(2 * strlen(value) + 3);
	size_t n = 0;
	int rc = -ENOMEM;

	if (!quoted)
		return rc;
	quoted[n++] = '\'';
	for (; *value; value++) {
		if (*value == '\'')
			quoted[n++] = '\'';
		quoted[n++] = *value;
	}
	quoted[n++] = '\'';
	decoder.source = source_new(quoted, n, NULL, complaints);
	if (decoder.source) {
		rc = row->field.decode(&decoder, &row->field, o);
		if (!rc)
			rc = source_status(decoder.source);
	}
	source_free(decoder.source);
	free(quoted);
	return rc;
}

static enum options_result
option_wrong(const char *option, const char *advice)
{
	fprintf(stderr,
	    "connector-milter: %s%s%s; see connector-milter --help\n", option,
	    *option ? ": " : "", advice);
	return OPTIONS_WRONG;
}

/* Reads a value that is the program's own, or an argument. */
static enum options_result
value_take(struct options *o, const struct option_row *row, const char *name,
    const char *value)
{
	struct diagnostics *list = diagnostics_new();
	struct complaints complaints = { list, MISTAKES_MAX };
	enum options_result result = OPTIONS_RUN;
	char option[NAME_SIZE + 2];
	int rc = -ENOMEM;

	snprintf(option, sizeof(option), "--%s", name);
	if (list)
		rc = value_decode(o, row, option, value, &complaints);
	if (rc && list && diagnostics_get(list, 0))
		result = option_wrong("", diagnostics_get(list, 0)->message);
	else if (rc)
		result = option_wrong(option, strerror(-rc));
	diagnostics_free(list);
	return result;
}

static enum options_result
arguments_take(
    struct options *o, const struct option_names *names, int argc, char **argv)
{
	int c;

	optind = 0; /* from the beginning, also when called again */
	while ((c = getopt_long(
		    argc, argv, names->letters, names->options, NULL)) != -1) {
		enum options_result result;
		int i = row_find(c);

		if (i < 0)
			return OPTIONS_WRONG;
		result = value_take(o, &rows[i], names->text[i],
		    rows[i].argument ? optarg : "true");
		if (result != OPTIONS_RUN)
			return result;
	}
	if (optind < argc)
		return option_wrong(argv[optind], "is not an option");
	return OPTIONS_RUN;
}

static enum options_result
standards_take(struct options *o, const struct option_names *names)
{
	struct arena *texts = o->texts;
	enum options_result result = OPTIONS_RUN;

	*o = (struct options){ .texts = texts };
	for (int i = 0; i < ROWS && result == OPTIONS_RUN; i++)
		if (rows[i].standard)
			result = value_take(
			    o, &rows[i], names->text[i], rows[i].standard);
	return result;
}

/* ---- The file -------------------------------------------------------- */

/* A file whose lines are all comments says nothing, which is no mistake. */
static bool
text_is_blank(const char *text)
{
	while (*text) {
		text += strspn(text, " \t\r\n");
		if (*text && *text != '#')
			return false;
		text += strcspn(text, "\n");
	}
	return true;
}

static void
text_decode(struct options *o, const char *text, size_t len,
    struct complaints *complaints)
{
	struct field fields[ROWS];
	struct record record = { .what = "the options", .fields = fields };
	const struct record *const records[] = { &record, NULL };
	const struct schema schema = { .records = records,
		.manual = "connector-milter(8)" };
	const struct field whole = { .decode = schema_record,
		.record = &record };
	struct decoder decoder = {
		.schema = &schema, .arena = o->texts, .complaints = complaints
	};

	for (size_t i = 0; i < ROWS; i++)
		if (!rows[i].command_line)
			fields[record.nfields++] = rows[i].field;
	if (schema_read(&decoder, &whole, "the options", text, len, o->config,
		o) == -ENOMEM)
		complain(complaints, "E-LIMIT",
		    (struct where){ .file = o->config }, "out of memory");
}

/* guarded: a file that others may change is refused. */
static void
file_read(struct options *o, bool guarded, struct complaints *complaints)
{
	struct files files;
	struct reader reader;
	size_t len;
	char *text;
	int rc;

	files_init(&files, o->config);
	if (guarded)
		files_guard(&files, geteuid());
	reader = files_reader(&files);
	rc = reader.read(reader.ctx, o->config, FILE_MAX, &text, &len);
	if (rc == -ENOENT && !strcmp(o->config, CONFIG_DEFAULT))
		return;
	if (rc) {
		complain(complaints, "E-FILE",
		    (struct where){ .file = o->config }, "cannot read it: %s",
		    rc == -EINVAL  ? "it is not a plain file"
		    : rc == -EPERM ? "others than root may change it, or its "
				     "folder; see ls -ld, and take that from "
				     "them with chown and chmod go-w"
				   : strerror(-rc));
		return;
	}
	if (!text_is_blank(text))
		text_decode(o, text, len, complaints);
	free(text);
}

static enum options_result
file_take(struct options *o, bool guarded)
{
	struct diagnostics *list = diagnostics_new();
	struct complaints complaints = { list, MISTAKES_MAX };
	bool wrong;

	if (!list)
		return option_wrong("", strerror(ENOMEM));
	file_read(o, guarded, &complaints);
	wrong = diagnostics_count(list, SEVERITY_ERROR) > 0;
	report_print(list);
	diagnostics_free(list);
	return wrong ? OPTIONS_WRONG : OPTIONS_RUN;
}

/* ---- Together -------------------------------------------------------- */

/* Lines of text from HELP_COLUMN on; the first one begins at column. Answers
 * the column behind the last one. */
static int
lines_print(const char *text, int column)
{
	const char *end = text + strcspn(text, "\n");

	for (; *end; end = text + strcspn(text, "\n")) {
		printf("%*s%.*s\n", HELP_COLUMN - column, "", (int)(end - text),
		    text);
		text = end + 1;
		column = 0;
	}
	return column + printf("%*s%s", HELP_COLUMN - column, "", text);
}

static void
row_print(const struct option_row *row, const char *name)
{
	int n = row->letter ? printf("  -%c, ", row->letter) : printf("      ");

	n += printf("--%s%s%s", name, row->argument ? " " : "",
	    row->argument ? row->argument : "");
	if (n >= HELP_COLUMN) {
		putchar('\n');
		n = 0;
	}
	n = lines_print(row->field.doc, n);
	if (row->standard && n + (int)strlen(row->standard) + 3 > HELP_WIDTH)
		printf("\n%*s", HELP_COLUMN - 1, "");
	if (row->standard)
		printf(" (%s)", row->standard);
	putchar('\n');
}

static void
help_print(const struct option_names *names)
{
	fputs("usage: connector-milter [OPTION]...\n\n"
	      "Exchange Receive connectors for Postfix and Sendmail.\n\n",
	    stdout);
	for (size_t i = 0; i < ROWS; i++)
		row_print(&rows[i], names->text[i]);
	fputs("\nThe same options can stand in the file, as in "
	      "\"socket_mode: 0660\".\n"
	      "SIGUSR1 reloads the policy, SIGTERM ends the program.\n",
	    stdout);
}

static enum options_result
options_settle(struct options *o)
{
	if (o->log == LOG_TARGET_AUTO)
		o->log = o->foreground ? LOG_TARGET_STDERR : LOG_TARGET_SYSLOG;
	/* A daemon has no standard error. */
	if (!o->foreground && !o->test && o->log == LOG_TARGET_STDERR)
		return option_wrong("--log stderr", "needs -f");
	return OPTIONS_RUN;
}

enum options_result
options_parse(struct options *o, int argc, char **argv)
{
	enum options_result result;
	struct option_names names;
	const char *config;
	bool guarded;

	names_fill(&names);
	*o = (struct options){ .texts = arena_new(0) };
	if (!o->texts)
		return option_wrong("", strerror(ENOMEM));
	/* Once to find the file, and once more on top of it. */
	result = standards_take(o, &names);
	if (result == OPTIONS_RUN)
		result = arguments_take(o, &names, argc, argv);
	if (result != OPTIONS_RUN)
		return result;
	if (o->help)
		help_print(&names);
	else if (o->version)
		puts("connector-milter " VERSION);
	if (o->help || o->version)
		return OPTIONS_DONE;
	config = o->config;
	/* A test judges a text, wherever it is. */
	guarded = !o->test && !o->allow_unsafe_permissions;
	result = standards_take(o, &names);
	o->config = config;
	if (result == OPTIONS_RUN)
		result = file_take(o, guarded);
	if (result == OPTIONS_RUN)
		result = arguments_take(o, &names, argc, argv);
	return result == OPTIONS_RUN ? options_settle(o) : result;
}
